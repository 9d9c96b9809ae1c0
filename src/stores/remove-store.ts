import { rename, rmdir, stat, unlink } from 'node:fs/promises';
import { errorCode } from './disk-error.ts';
import { closeFile, openFile, READ_ONLY_NO_FOLLOW } from './file-io.ts';
import { readRecords } from './scan-log.ts';
import { OWN, type StoreFolder } from './store-folder.ts';

/** Names as this program makes them. A manifest that somebody wrote by hand cannot name anything else for removal. */
const SAFE_NAME = /^[A-Za-z0-9._@=+,~-]+(?:\/[A-Za-z0-9._@=+,~-]+)*$/;
const BATCH = 64;

/**
 * Removes what the manifest names and the manifest itself, then the folders that are empty by that; nothing else.
 *
 * The manifest is set aside first and removed last: a run that is killed in the middle leaves no manifest that names files which are gone,
 * and the next one finishes the removal (`finishRemoval`).
 */
export async function removeStore(folder: StoreFolder): Promise<void> {
  try {
    await rename(folder.join(OWN.manifest), folder.join(OWN.removing));
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
  await finishRemoval(folder);
}

/** Goes on with a removal that was begun; does nothing where none was. */
export async function finishRemoval(folder: StoreFolder): Promise<void> {
  const list = folder.join(OWN.removing);
  if ((await stat(list).catch(() => undefined)) === undefined) return;
  const fd = await openFile(list, READ_ONLY_NO_FOLLOW);
  const folders = new Set<string>();
  try {
    let batch: string[] = [];
    let removal = Promise.resolve();
    await readRecords(fd, (_head, record) => {
      if (!('file' in record) || typeof record.file !== 'string' || !isPageName(record.file)) return;
      batch.push(record.file);
      if (batch.length < BATCH) return;
      const full = batch;
      batch = [];
      removal = removal.then(() => removeFiles(folder, full, folders));
    });
    await removal;
    await removeFiles(folder, batch, folders);
  } finally {
    await closeFile(fd);
  }
  // The deepest first.
  for (const name of [...folders].sort((a, b) => b.length - a.length))
    await rmdir(folder.join(name)).catch(() => undefined);
  await unlink(list);
}

async function removeFiles(folder: StoreFolder, names: readonly string[], folders: Set<string>): Promise<void> {
  for (const name of names) {
    if (!(await folder.isReachable(name))) continue;
    try {
      await unlink(folder.join(name));
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
    }
    for (let slash = name.lastIndexOf('/'); slash > 0; slash = name.lastIndexOf('/', slash - 1)) {
      folders.add(name.slice(0, slash));
    }
  }
}

function isPageName(name: string): boolean {
  const parts = name.split('/');
  const own = Object.values<string>(OWN).includes(parts[0] ?? '');
  return SAFE_NAME.test(name) && !own && parts.every((part) => !/^\.+$/.test(part));
}
