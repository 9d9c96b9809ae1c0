import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreError } from '../core/failure.ts';
import type { StoreOptions, StoreSession } from '../core/ports.ts';
import { InspectSession } from './inspect-session.ts';
import { makeFolder } from './make-folder.ts';
import { lockPath } from './single-file.ts';
import { createDatabase, isOurDatabase, realDatabasePath } from './sqlite-file.ts';
import { SqliteInspectSession } from './sqlite-inspect.ts';
import { SqliteRun } from './sqlite-runs.ts';
import { TABLES } from './sqlite-schema.ts';
import { SqliteSession } from './sqlite-session.ts';
import { StoreLock } from './store-lock.ts';

const CACHE_KIBIBYTES = 8 * 1024;
/** Of what a killed run left: in slices, so that the log stays small. */
const ORPHANS_AT_ONCE = 256;

export async function inspect(path: string, place: string): Promise<StoreSession> {
  const real = await realDatabasePath(path, place);
  return (await isOurDatabase(real, place)) ? new SqliteInspectSession(real) : new InspectSession(undefined);
}

export async function openForRun(path: string, place: string, options: StoreOptions): Promise<StoreSession> {
  await makeFolder(dirname(path));
  const real = await realDatabasePath(path, place);
  // Before anything is made beside it.
  await isOurDatabase(real, place);
  const lock = await StoreLock.take(await lockPath(real), place, 'sqlite');
  let database: DatabaseSync | undefined;
  try {
    if (!(await isOurDatabase(real, place))) await createDatabase(real, place);
    database = new DatabaseSync(real);
    prepareConnection(database, place);
    if (options.restart) removeAll(database);
    lock.remember(options.request, holdsPages(database));
    removeOrphans(database);
    const run = new SqliteRun(database, options.run);
    return new SqliteSession({ path: real, place, lock, database, run });
  } catch (error) {
    database?.close();
    lock.release();
    throw error;
  }
}

/**
 * With `synchronous = NORMAL` a commit is handed to the system and not waited for on the disk; a checkpoint is. In a log that is written ahead
 * (WAL) a loss of power can then take the last commits away, and damage nothing (sqlite.org/pragma.html#pragma_synchronous).
 */
function prepareConnection(database: DatabaseSync, place: string): void {
  // Before anything is read: what is locked by another program is told at once.
  const mode = database.prepare('PRAGMA journal_mode = WAL').get()?.journal_mode;
  if (mode !== 'wal') {
    throw new StoreError(
      `${place} could not be opened: its file system lacks what SQLite's log (WAL) needs. Give another -o, on a local disk.`,
    );
  }
  database.exec(
    `PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 0; PRAGMA cache_size = -${CACHE_KIBIBYTES}`,
  );
}

function holdsPages(database: DatabaseSync): boolean {
  return database.prepare('SELECT 1 FROM pages WHERE storedAt IS NOT NULL LIMIT 1').get() !== undefined;
}

/** All or nothing. The room is used again; the file does not shrink. */
function removeAll(database: DatabaseSync): void {
  database.exec(`BEGIN IMMEDIATE; ${TABLES.map((table) => `DELETE FROM ${table};`).join(' ')} COMMIT;`);
}

/** Chunks that no page names: of bodies that were on their way when a run was killed. */
function removeOrphans(database: DatabaseSync): void {
  const remove = database.prepare(
    `DELETE FROM body_chunks WHERE rowid IN (SELECT rowid FROM body_chunks
     WHERE bodyId NOT IN (SELECT bodyId FROM pages WHERE bodyId IS NOT NULL) LIMIT ${ORPHANS_AT_ONCE})`,
  );
  while (Number(remove.run().changes) > 0) database.exec('PRAGMA wal_checkpoint(PASSIVE)');
}
