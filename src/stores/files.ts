import { lstat, opendir, stat } from 'node:fs/promises';
import { StoreError } from '../core/failure.ts';
import type { Store, StoreOptions, StoreSession } from '../core/ports.ts';
import { diskError, errorCode, isSystemError } from './disk-error.ts';
import { closeFile, openFile, READ_ONLY_NO_FOLLOW, READ_WRITE_CREATE_NO_FOLLOW } from './file-io.ts';
import { FilesSession } from './files-session.ts';
import { InspectSession } from './inspect-session.ts';
import { makeFolder } from './make-folder.ts';
import { mendLog, notOurs, tornNotice } from './mend-log.ts';
import { PowerLossCheck } from './power-loss.ts';
import { finishRemoval, removeStore } from './remove-store.ts';
import { scanLog, whoseLog } from './scan-log.ts';
import type { Busy } from './small-files.ts';
import { OWN, StoreFolder } from './store-folder.ts';
import { StoreLock } from './store-lock.ts';
import type { StoreTarget } from './target.ts';

/**
 * A folder with a file for each page's body, and `manifest.ndjson` with the records.
 *
 * A body is written beside (`.fetch-pages.tmp/`) and renamed when it is whole; its record follows in the manifest. SIGKILL leaves at most a
 * file that no record tells of, which the next run writes anew under the same name. When the power fails, the records of the last
 * seconds may be gone, and files that had not reached the disk are found by their size and asked for again (see `PowerLossCheck`).
 *
 * A page is stored where the manifest has an OK record of it: the files themselves are not looked at, for a million of them would
 * take longer than the whole resuming may. Who deletes some by hand deletes their lines in the manifest too.
 *
 * @param busy from when on a thread of its own writes small files.
 */
export function filesStore({ path, place }: StoreTarget, busy?: Busy): Store {
  return {
    place,
    async open(options: StoreOptions): Promise<StoreSession> {
      const root = options.path ?? path;
      if (root === undefined) throw new Error('a files store needs a path');
      const folder = new StoreFolder(root, place);
      try {
        return options.mode === 'inspect'
          ? await inspect(folder, place)
          : await openForRun(folder, place, options, busy);
      } catch (error) {
        throw isSystemError(error) ? diskError(error, `${place} could not be opened`) : error;
      }
    },
  };
}

async function openForRun(
  folder: StoreFolder,
  place: string,
  options: StoreOptions,
  busy?: Busy,
): Promise<StoreSession> {
  await requireFolder(folder, place);
  await makeFolder(folder.path);
  await refuseForeign(folder, place);
  const lock = await StoreLock.take(folder.join(OWN.lock), place, 'files');
  let fd: number | undefined;
  try {
    await finishRemoval(folder);
    if (options.restart) await removeStore(folder);
    fd = await openFile(folder.join(OWN.manifest), READ_WRITE_CREATE_NO_FOLLOW);
    const manifest = fd;
    const log = manifestPlace(place);
    if ((await whoseLog(manifest)) === 'foreign') throw notOurs(log);
    const check = new PowerLossCheck(folder, lock);
    const scan = await scanLog(manifest, log, (head, line) => check.believes(manifest, head, line));
    lock.remember(options.request, scan.pages.size > 0);
    const size = await mendLog(manifest, scan);
    const lost = check.settle(scan.pages, size);
    await folder.clearTemp();
    const notices = [...tornNotice(log, scan), ...lostNotice(lost)];
    return new FilesSession({ folder, place, lock, scan, notices, manifest, size, busy });
  } catch (error) {
    if (fd !== undefined) await closeFile(fd);
    lock.release();
    throw error;
  }
}

async function inspect(folder: StoreFolder, place: string): Promise<StoreSession> {
  await requireFolder(folder, place);
  await refuseForeign(folder, place);
  const path = folder.join(OWN.manifest);
  // A removal that was begun counts as done.
  if (!(await exists(path))) return new InspectSession(undefined);
  const fd = await openFile(path, READ_ONLY_NO_FOLLOW);
  try {
    return new InspectSession(await scanLog(fd, manifestPlace(place)));
  } finally {
    await closeFile(fd);
  }
}

function manifestPlace(place: string): string {
  return `${place.replace(/\/+$/, '')}/${OWN.manifest}`;
}

/** Passes a folder and a path where nothing is. */
async function requireFolder(folder: StoreFolder, place: string): Promise<void> {
  const there = await stat(folder.path).catch(() => undefined);
  if (there === undefined || there.isDirectory()) return;
  throw new StoreError(
    `${place} is a file, and a files store needs a folder. Give another -o, or one that ends in .ndjson for a single file.`,
  );
}

/** A folder with something in it and without a lock or manifest of ours is somebody else's. */
async function refuseForeign(folder: StoreFolder, place: string): Promise<void> {
  if (await exists(folder.join(OWN.lock))) return;
  if (await exists(folder.join(OWN.manifest))) {
    const fd = await openFile(folder.join(OWN.manifest), READ_ONLY_NO_FOLLOW);
    const whose = await whoseLog(fd).finally(() => closeFile(fd));
    if (whose === 'ours') return;
  } else if (await isEmpty(folder.path)) return;
  throw new StoreError(
    `${place} is not empty and was not made by fetch-pages, so nothing in it was touched. Give -o a new or an empty folder.`,
  );
}

async function isEmpty(path: string): Promise<boolean> {
  try {
    const entries = await opendir(path);
    const first = await entries.read();
    await entries.close();
    return first === null;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return true;
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

function lostNotice(pages: number): string[] {
  if (pages === 0) return [];
  const which = pages === 1 ? 'one stored page was' : `${pages.toLocaleString('en-US')} stored pages were`;
  return [`${which} not whole on the disk after the machine was started anew: asked for again.`];
}
