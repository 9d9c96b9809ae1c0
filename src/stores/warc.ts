import { readdir, realpath, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Store, StoreOptions, StoreSession } from '../core/ports.ts';
import { diskError, isSystemError } from './disk-error.ts';
import { closeFile, openFile, READ_ONLY, READ_WRITE_CREATE, readAt, truncateFile } from './file-io.ts';
import { InspectSession } from './inspect-session.ts';
import { makeFolder } from './make-folder.ts';
import { hasLock, isRegularFile, lockPath } from './single-file.ts';
import { StoreLock } from './store-lock.ts';
import type { StoreTarget } from './target.ts';
import { WarcIndex } from './warc-index.ts';
import { readPages } from './warc-pages.ts';
import { readRecordAt } from './warc-reader.ts';
import { foreignArchive, whoseArchive } from './warc-scan.ts';

const GZIP_MAGIC = 0x1f;

/** What stands beside an archive. */
interface Beside {
  readonly lock: string;
  readonly index: string;
  /** What the names of bodies on their way begin with. */
  readonly temp: string;
}

/**
 * One file in the format of web archives (WARC 1.1, ISO 28500:2017): every exchange of each page as it went over the wire, and the page's
 * record as metadata behind them. Compressed, one gzip member a record, where its name ends in `.gz`; an archive that is there is continued
 * as it is.
 *
 * A page's records are appended in one, its metadata last, so SIGKILL leaves at most the beginning of one page at the end, which the next
 * run cuts; so does a loss of power, which may take the pages of the last seconds as well. Beside the file stand `.NAME.lock`, its lock and
 * memory, and `.NAME.index`, which only saves time.
 */
export function warcStore({ path, place, cdxj }: StoreTarget): Store {
  return {
    place,
    async open(options: StoreOptions): Promise<StoreSession> {
      const file = options.path ?? path;
      if (file === undefined) throw new Error('a WARC store needs a path');
      try {
        return options.mode === 'inspect' ? await inspect(file, place) : await openForRun(file, place, options, cdxj);
      } catch (error) {
        throw isSystemError(error) ? diskError(error, `${place} could not be opened`) : error;
      }
    },
  };
}

async function besideOf(path: string): Promise<Beside> {
  const real = await realpath(path).catch(() => path);
  const hidden = join(dirname(real), `.${basename(real)}`);
  return { lock: await lockPath(path), index: `${hidden}.index`, temp: `${hidden}.tmp-` };
}

async function inspect(path: string, place: string): Promise<StoreSession> {
  if (!(await isRegularFile(path, place))) return new InspectSession(undefined);
  const fd = await openFile(path, READ_ONLY);
  try {
    const beside = await besideOf(path);
    const whose = await refuseForeign(fd, place, await hasLock(beside.lock));
    if (whose !== 'ours') return new InspectSession(undefined);
    return new InspectSession(await readPages(fd, place, beside.index, async () => undefined));
  } finally {
    await closeFile(fd);
  }
}

async function openForRun(
  path: string,
  place: string,
  options: StoreOptions,
  cdxj: string | undefined,
): Promise<StoreSession> {
  await makeFolder(dirname(path));
  const beside = await besideOf(path);
  // Before anything is made beside it.
  if (await isRegularFile(path, place)) {
    const fd = await openFile(path, READ_ONLY);
    await refuseForeign(fd, place, await hasLock(beside.lock)).finally(() => closeFile(fd));
  }
  const lock = await StoreLock.take(beside.lock, place, 'warc');
  let fd: number | undefined;
  let index: WarcIndex | undefined;
  try {
    fd = await openFile(path, READ_WRITE_CREATE);
    const archive = fd;
    const whose = await refuseForeign(archive, place, true);
    await removeDrafts(beside.temp);
    if (options.restart) await truncateFile(archive, 0);
    const isContinued = whose === 'ours' && !options.restart;
    const first = isContinued ? await readRecordAt(archive, 0) : undefined;
    // Imported only here: a run without such a store does not pay for it.
    const { WarcSession } = await import('./warc-session.ts');
    const { warcInfo } = await import('./warc-record.ts');
    const info = await warcInfo(basename(path), options.run?.version ?? 'unknown', new Date(Date.now()).toISOString());
    const archiveId = first?.fields.get('warc-record-id') ?? info.id;
    const found = await readPages(archive, place, beside.index, async (indexed) => {
      index = await WarcIndex.write(beside.index, archiveId, isContinued ? (indexed?.entries ?? 0) : 0);
      return (group) => index?.add(group);
    });
    lock.remember(options.request, found.pages.size > 0);
    if (found.tornBytes > 0) await truncateFile(archive, found.wholeBytes);
    const isGzip = first === undefined ? path.toLowerCase().endsWith('.gz') : await beginsAsGzip(archive);
    return new WarcSession({
      path,
      place,
      temp: beside.temp,
      indexPath: beside.index,
      lock,
      found,
      index,
      archive,
      info,
      isGzip,
      name: basename(path),
      cdxj,
    });
  } catch (error) {
    if (fd !== undefined) await closeFile(fd);
    await index?.close();
    lock.release();
    throw error;
  }
}

/** A torn first record alone is ours only where the lock says that a run of ours began here. */
async function refuseForeign(fd: number, place: string, locked: boolean): Promise<'ours' | 'empty' | 'torn'> {
  const whose = await whoseArchive(fd, place);
  if (whose === 'foreign' || (whose === 'torn' && !locked)) throw foreignArchive(place);
  return whose;
}

/** Bodies that a killed run left half written. */
async function removeDrafts(temp: string): Promise<void> {
  const folder = dirname(temp);
  const begin = basename(temp);
  for (const name of await readdir(folder)) {
    if (name.startsWith(begin) && /^\d+$/.test(name.slice(begin.length))) await rm(join(folder, name), { force: true });
  }
}

async function beginsAsGzip(fd: number): Promise<boolean> {
  const first = Buffer.alloc(1);
  await readAt(fd, first, 0);
  return first[0] === GZIP_MAGIC;
}
