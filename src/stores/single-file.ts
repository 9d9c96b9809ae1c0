import { lstat, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { StoreError } from '../core/failure.ts';
import { errorCode } from './disk-error.ts';

/** Where the lock of a store that is one file stands: beside the file itself, where `path` is a link to it: two links to one file are one store. */
export async function lockPath(path: string): Promise<string> {
  const real = await realpath(path).catch(() => path);
  return join(dirname(real), `.${basename(real)}.lock`);
}

export async function hasLock(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined)) !== undefined;
}

/** False where nothing is. @throws StoreError where something is that is no file */
export async function isRegularFile(path: string, place: string): Promise<boolean> {
  try {
    const there = await stat(path);
    if (there.isFile()) return true;
    const what = there.isDirectory() ? 'a folder' : 'no regular file';
    throw new StoreError(`${place} is ${what}, so it cannot be continued. Give another -o; -o - writes to stdout.`);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}
