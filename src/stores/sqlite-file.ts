import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { lstat, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreError } from '../core/failure.ts';
import { errorCode } from './disk-error.ts';
import { closeFile, openFile, READ_ONLY, readAt } from './file-io.ts';
import { isRegularFile } from './single-file.ts';
import { APPLICATION_ID, SCHEMA, SCHEMA_VERSION } from './sqlite-schema.ts';

/** sqlite.org/fileformat2.html, 1.3: the database header. */
const HEADER_BYTES = 100;
const MAGIC = 'SQLite format 3\0';
const USER_VERSION_AT = 60;
const APPLICATION_ID_AT = 68;

/**
 * Passes a path where nothing is (false), an empty file (false) and a database of ours (true).
 *
 * Only the header is read: a database that is opened by SQLite may be changed by that alone (its journal is played back), and one that is
 * somebody else's is not to be touched.
 *
 * @param place the store, as the user wrote it.
 * @throws StoreError where it is something else, or of a newer version.
 */
export async function isOurDatabase(path: string, place: string): Promise<boolean> {
  if (!(await isRegularFile(path, place))) return false;
  const fd = await openFile(path, READ_ONLY);
  const buffer = Buffer.alloc(HEADER_BYTES);
  const bytes = await readAt(fd, buffer, 0).finally(() => closeFile(fd));
  if (bytes === 0) return false;
  const isDatabase = bytes === HEADER_BYTES && buffer.toString('latin1', 0, MAGIC.length) === MAGIC;
  if (!isDatabase || buffer.readUInt32BE(APPLICATION_ID_AT) !== APPLICATION_ID) {
    const what = isDatabase ? 'is a database of another program' : 'is no SQLite database';
    throw new StoreError(`${place} ${what}, so it was not touched. Give another -o, or move the file away.`);
  }
  if (buffer.readUInt32BE(USER_VERSION_AT) > SCHEMA_VERSION) {
    throw new StoreError(`${place} was written by a newer fetch-pages. Update fetch-pages, or give another -o.`);
  }
  return true;
}

/** The file itself, where `path` is a link to it: two links to one file are one store, and SQLite's own files stand beside it. */
export async function realDatabasePath(path: string, place: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
  const there = await lstat(path).catch(() => undefined);
  if (there?.isSymbolicLink() === true) {
    throw new StoreError(`${place} is a symbolic link to nothing. Move it away, or give another -o.`);
  }
  return path;
}

/**
 * Makes an empty database of ours where nothing, or an empty file, is: written beside and renamed, so that a file under that name always has
 * a header to be known by.
 */
export async function createDatabase(path: string, place: string): Promise<void> {
  await refuseOrphanedLog(path, place);
  const fresh = join(dirname(path), `.${basename(path)}.new`);
  for (const left of [fresh, `${fresh}-journal`]) rmSync(left, { force: true });
  const database = new DatabaseSync(fresh);
  try {
    database.exec(
      `BEGIN; PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}; ${SCHEMA} COMMIT;`,
    );
  } catch (error) {
    database.close();
    for (const left of [fresh, `${fresh}-journal`]) rmSync(left, { force: true });
    throw error;
  }
  database.close();
  renameSync(fresh, path);
  syncFolder(dirname(path));
}

/** SQLite takes a log for that of whatever database has its name. */
async function refuseOrphanedLog(path: string, place: string): Promise<void> {
  for (const ending of ['-wal', '-journal']) {
    const there = await stat(`${path}${ending}`).catch(() => undefined);
    if (there === undefined || there.size === 0) continue;
    throw new StoreError(
      `${place} is not there, but its log ${place}${ending} is: pages may be in it. Put the database back, or move the log away.`,
    );
  }
}

/** A new name is on the disk when its folder is. Windows has no such thing as opening a folder. */
function syncFolder(path: string): void {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return;
  }
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
