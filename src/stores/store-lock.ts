import { lstatSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { StoreError, UsageError } from '../core/failure.ts';
import { diskError, errorCode } from './disk-error.ts';

/** `PRAGMA application_id` of a lock file: "FtPg". */
const APPLICATION_ID = 0x46745067;
const VERSION = 1;
/** A run that was killed a moment ago may not be quite gone. */
const BUSY_WAIT_MS = 250;
/** Primary result codes (sqlite.org/rescode.html). */
const SQLITE = {
  busy: 5,
  locked: 6,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  protocol: 15,
  notADatabase: 26,
};

/**
 * The lock of a store, and what is remembered of it.
 *
 * An exclusive SQLite transaction on a file of its own: the system lets go of it when the process ends, however it ends, and it holds
 * across containers that share the folder. A PID file was rejected: PIDs mean nothing in another container, and are given out again.
 * The file stays when the run ends, for it holds the request that the store's pages were asked with.
 */
export class StoreLock {
  readonly #database: DatabaseSync;
  readonly #place: string;

  private constructor(database: DatabaseSync, place: string) {
    this.#database = database;
    this.#place = place;
  }

  /**
   * @param path of the lock file; made where it is missing.
   * @param place the store, as the user wrote it.
   * @throws StoreError where another run has it, or where the file is somebody else's.
   */
  static async take(path: string, place: string, format: string): Promise<StoreLock> {
    // Imported only here: a run without such a store does not pay for SQLite.
    const { DatabaseSync } = await import('node:sqlite');
    let database: DatabaseSync | undefined;
    try {
      if (isLink(path)) throw new StoreError(`${path} is a symbolic link. Move it away: it is the lock of ${place}.`);
      database = new DatabaseSync(path, { timeout: BUSY_WAIT_MS });
      database.exec('BEGIN EXCLUSIVE');
      const lock = new StoreLock(database, place);
      lock.#prepare(path, format);
      return lock;
    } catch (error) {
      database?.close();
      throw explain(error, path, place);
    }
  }

  /**
   * Remembers what is asked of every page.
   *
   * @param bound true where pages are stored: what was asked of them must then be what is asked now.
   * @throws UsageError naming what changed.
   */
  remember(request: Readonly<Record<string, string>>, bound: boolean): void {
    const rows = this.#database.prepare('SELECT name, value FROM request').all();
    const before = new Map(rows.map((row) => [String(row.name), String(row.value)]));
    const names = [...new Set([...before.keys(), ...Object.keys(request)])].sort();
    const changed = names.filter(
      (name) => before.get(name) !== (Object.hasOwn(request, name) ? request[name] : undefined),
    );
    // Without a lock file (a store put together with cat) there is nothing to compare with yet.
    const remembers = this.get('remembers') === 'yes';
    if (remembers && changed.length === 0) return;
    if (remembers && bound) throw changedRequest(this.#place, changed);
    this.#write(() => {
      this.#database.exec("INSERT OR REPLACE INTO store (name, value) VALUES ('remembers', 'yes')");
      this.#database.exec('DELETE FROM request');
      const insert = this.#database.prepare('INSERT INTO request (name, value) VALUES (?, ?)');
      for (const [name, value] of Object.entries(request)) insert.run(name, value);
    });
  }

  /** A value that the store keeps about itself. */
  get(name: string): string | undefined {
    const row = this.#database.prepare('SELECT value FROM store WHERE name = ?').get(name);
    return row === undefined ? undefined : String(row.value);
  }

  set(values: Readonly<Record<string, string>>): void {
    const changed = Object.entries(values).filter(([name, value]) => this.get(name) !== value);
    if (changed.length === 0) return;
    this.#write(() => {
      const replace = this.#database.prepare('INSERT OR REPLACE INTO store (name, value) VALUES (?, ?)');
      for (const [name, value] of changed) replace.run(name, value);
    });
  }

  release(): void {
    this.#database.close();
  }

  #prepare(path: string, format: string): void {
    const database = this.#database;
    const tables = Number(database.prepare('SELECT count(*) AS count FROM sqlite_schema').get()?.count);
    if (tables === 0) {
      this.#write(() => {
        database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
        database.exec('CREATE TABLE store (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID');
        database.exec('CREATE TABLE request (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID');
        const insert = database.prepare('INSERT INTO store (name, value) VALUES (?, ?)');
        insert.run('format', format);
        insert.run('version', String(VERSION));
      });
      return;
    }
    const id = database.prepare('PRAGMA application_id').get()?.application_id;
    if (id !== APPLICATION_ID) throw foreignLock(path, this.#place);
    if (Number(this.get('version')) > VERSION) {
      throw new StoreError(
        `${this.#place} was written by a newer fetch-pages. Update fetch-pages, or give another -o.`,
      );
    }
    if (this.get('format') !== format) {
      throw new StoreError(`${this.#place} is a ${this.get('format')} store, not ${format}. Give another -o.`);
    }
  }

  /**
   * Makes what was written last. The transaction that is the lock ends by it and the next one begins; should another run slip in between, it has
   * the store and this one is refused. (`locking_mode = EXCLUSIVE` has no such gap, but leaves a journal beside the lock when it is killed.)
   */
  #write(work: () => void): void {
    try {
      work();
      this.#database.exec('COMMIT');
      this.#database.exec('BEGIN EXCLUSIVE');
    } catch (error) {
      throw explain(error, 'its lock file', this.#place);
    }
  }
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}

function changedRequest(place: string, names: readonly string[]): UsageError {
  return new UsageError(
    `The pages in ${place} were asked for with other options; changed: ${names.join(', ')}. ` +
      'Begin anew with --restart, or give another -o.',
  );
}

function foreignLock(path: string, place: string): StoreError {
  return new StoreError(
    `${path} is not the lock of a fetch-pages store. Move it away, or give another -o than ${place}.`,
  );
}

function explain(error: unknown, path: string, place: string): Error {
  if (error instanceof StoreError || error instanceof UsageError) return error;
  const result = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : undefined;
  switch (result) {
    case SQLITE.busy:
    case SQLITE.locked:
      return new StoreError(
        `${place} is in use by another run of fetch-pages. Wait for it to end, or give another -o.`,
      );
    case SQLITE.notADatabase:
      return foreignLock(path, place);
    case SQLITE.corrupt:
      return new StoreError(
        `${path} is damaged. Remove it: the pages in ${place} are not in it, and a new one is made.`,
      );
    case SQLITE.full:
      return diskError(withCode('ENOSPC'), `${place} could not be locked`);
    case SQLITE.readOnly:
    case SQLITE.cannotOpen:
      return diskError(withCode(openFailure(path)), `${place} could not be locked`);
    case SQLITE.ioError:
    case SQLITE.protocol:
      return new StoreError(
        `${place} could not be locked: its file system gives no locks. Give another -o, on a local disk.`,
      );
    default:
      return diskError(error, `${place} could not be locked`);
  }
}

/** SQLite says only that it cannot open the file; what is in the way can be looked at. */
function openFailure(path: string): string {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true ? 'EISDIR' : 'EACCES';
  } catch (error) {
    return errorCode(error);
  }
}

function withCode(code: string): Error {
  return Object.assign(new Error(code), { code });
}
