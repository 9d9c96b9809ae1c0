import { dirname } from 'node:path';
import type { Page } from '../core/page.ts';
import type { Body, Store, StoreOptions, StoreSession } from '../core/ports.ts';
import { isOk, type PageRecord, type Validators } from '../core/record.ts';
import { AppendLog } from './append-log.ts';
import { diskError, isSystemError, wholePages } from './disk-error.ts';
import { closeFile, openFile, READ_ONLY, READ_WRITE_CREATE, truncateFile } from './file-io.ts';
import { InspectSession, storedPages } from './inspect-session.ts';
import { makeFolder } from './make-folder.ts';
import { mendLog, notOurs, tornNotice } from './mend-log.ts';
import { NDJSON_MAX_BODY_BYTES, ndjsonLine } from './ndjson-line.ts';
import { isLocalDisk, QuickDisk } from './quick-disk.ts';
import { type LogScan, scanLog, whoseLog } from './scan-log.ts';
import { hasLock, isRegularFile, lockPath } from './single-file.ts';
import { stdoutStore } from './stdout.ts';
import { StoreLock } from './store-lock.ts';
import { StoredVersions, validatorsOf } from './stored-versions.ts';
import type { StoreTarget } from './target.ts';

/**
 * One file with a line of JSON a page: its record, and its body last. Without a path: standard output.
 *
 * SIGKILL leaves at most one torn last line, which the next run cuts; so does a loss of power, which may take the lines of the last seconds
 * as well. `.NAME.lock` beside the file is its lock and its memory. A file without one, such as several put together with `cat`, is
 * taken on if its first line is a record.
 */
export function ndjsonStore(target: StoreTarget): Store {
  const { path, place, stdout } = target;
  if (path === undefined) return stdoutStore(place, stdout);
  return {
    place,
    maxBodyBytes: NDJSON_MAX_BODY_BYTES,
    async open(options: StoreOptions): Promise<StoreSession> {
      try {
        const file = options.path ?? path;
        return options.mode === 'inspect' ? await inspect(file, place) : await openForRun(file, place, options);
      } catch (error) {
        throw isSystemError(error) ? diskError(error, `${place} could not be opened`) : error;
      }
    },
  };
}

async function inspect(path: string, place: string): Promise<StoreSession> {
  if (!(await isRegularFile(path, place))) return new InspectSession(undefined);
  const fd = await openFile(path, READ_ONLY);
  try {
    await refuseForeign(fd, place, await hasLock(await lockPath(path)));
    return new InspectSession(await scanLog(fd, place));
  } finally {
    await closeFile(fd);
  }
}

async function openForRun(path: string, place: string, options: StoreOptions): Promise<StoreSession> {
  await makeFolder(dirname(path));
  const locked = await lockPath(path);
  // Before anything is made beside it.
  if (await isRegularFile(path, place)) {
    const fd = await openFile(path, READ_ONLY);
    await refuseForeign(fd, place, await hasLock(locked)).finally(() => closeFile(fd));
  }
  const lock = await StoreLock.take(locked, place, 'ndjson');
  let fd: number | undefined;
  try {
    fd = await openFile(path, READ_WRITE_CREATE);
    await refuseForeign(fd, place, true);
    if (options.restart) await truncateFile(fd, 0);
    const scan = await scanLog(fd, place);
    lock.remember(options.request, scan.pages.size > 0);
    const size = await mendLog(fd, scan);
    return new NdjsonSession({ path, place, lock, scan, notices: tornNotice(place, scan), fd, size });
  } catch (error) {
    if (fd !== undefined) await closeFile(fd);
    lock.release();
    throw error;
  }
}

/** A torn first line alone is ours only where the lock says that a run of ours began here. */
async function refuseForeign(fd: number, place: string, locked: boolean): Promise<void> {
  const whose = await whoseLog(fd);
  if (whose === 'foreign' || (whose === 'torn' && !locked)) throw notOurs(place);
}

interface OpenedNdjson {
  readonly path: string;
  readonly place: string;
  readonly lock: StoreLock;
  readonly scan: LogScan;
  readonly notices: readonly string[];
  readonly fd: number;
  readonly size: number;
}

class NdjsonSession implements StoreSession {
  readonly stored: StoreSession['stored'];
  readonly notices: readonly string[];
  readonly #lock: StoreLock;
  readonly #before: LogScan['pages'];
  readonly #log: AppendLog;
  readonly #versions: StoredVersions;
  #kept: number;

  constructor({ path, place, lock, scan, notices, fd, size }: OpenedNdjson) {
    this.stored = storedPages(scan);
    this.notices = notices;
    this.#lock = lock;
    this.#before = scan.pages;
    this.#kept = scan.pages.size;
    this.#versions = new StoredVersions(path);
    const explain = (error: unknown) => diskError(error, `${place} could not be written`, wholePages(this.#kept));
    this.#log = new AppendLog(fd, size, explain, new QuickDisk(isLocalDisk(path)));
  }

  has(page: Page): boolean {
    return this.#before.has(page.hashHigh, page.hashLow);
  }

  async validators(page: Page): Promise<Validators | undefined> {
    const record = await this.#versions.find(page);
    return record === undefined ? undefined : validatorsOf(record);
  }

  async keep(page: Page, record: PageRecord, body: Body | undefined): Promise<PageRecord> {
    await this.#log.append(ndjsonLine(record, body));
    if (isOk(record.outcome) && !this.has(page)) this.#kept += 1;
    return record;
  }

  note(record: PageRecord): Promise<void> {
    return this.#log.append(ndjsonLine(record, undefined));
  }

  async close(): Promise<void> {
    try {
      await this.#log.close();
    } finally {
      await this.#versions.close();
      this.#lock.release();
    }
  }
}
