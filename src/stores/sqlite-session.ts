import type { DatabaseSync } from 'node:sqlite';
import type { Verdict } from '../core/event.ts';
import type { Page } from '../core/page.ts';
import type { Body, Draft, StoreSession } from '../core/ports.ts';
import type { PageRecord, Validators } from '../core/record.ts';
import { wholePages } from './disk-error.ts';
import { Checkpoints } from './sqlite-checkpoints.ts';
import {
  type FinishedDraft,
  type HeldDrafts,
  joined,
  MOST_INLINE_BYTES,
  removeChunks,
  SqliteDraft,
} from './sqlite-draft.ts';
import { sqliteError } from './sqlite-error.ts';
import { SqliteLookup } from './sqlite-lookup.ts';
import { SqliteRows } from './sqlite-rows.ts';
import type { SqliteRun } from './sqlite-runs.ts';
import { SqliteWriter } from './sqlite-writer.ts';
import type { StoreLock } from './store-lock.ts';

/** About what a row without a body takes. */
const ROW_BYTES = 1_000;

/** What a database was found to be when it was opened. */
export interface OpenedSqlite {
  readonly path: string;
  readonly place: string;
  readonly lock: StoreLock;
  readonly database: DatabaseSync;
  readonly run: SqliteRun;
}

/** A database that a run writes into. */
export class SqliteSession implements StoreSession {
  readonly stored: StoreSession['stored'];
  readonly notices: readonly string[] = [];
  readonly #place: string;
  readonly #lock: StoreLock;
  readonly #database: DatabaseSync;
  readonly #run: SqliteRun;
  readonly #lookup: SqliteLookup;
  readonly #rows: SqliteRows;
  readonly #checkpoints: Checkpoints;
  readonly #writer: SqliteWriter;
  readonly #held: HeldDrafts = { bytes: 0 };
  #closing: Promise<void> | undefined;

  constructor({ path, place, lock, database, run }: OpenedSqlite) {
    this.#place = place;
    this.#lock = lock;
    this.#database = database;
    this.#run = run;
    this.#lookup = new SqliteLookup(database);
    this.#rows = new SqliteRows(database);
    this.#checkpoints = new Checkpoints(path, (error) => this.#writer.fail(error));
    this.#writer = new SqliteWriter(database, this.#checkpoints, (error) => this.#explain(error, 'written'));
    this.stored = this.#lookup.stored();
  }

  has(page: Page): boolean {
    return this.#read(() => this.#lookup.has(page));
  }

  validators(page: Page): Validators | undefined {
    return this.#read(() => this.#lookup.validators(page));
  }

  async draft(): Promise<Draft> {
    return new SqliteDraft(this.#writer, this.#rows, this.#held);
  }

  async keep(page: Page, record: PageRecord, body: Body | undefined): Promise<PageRecord> {
    if (record.outcome === 'ok') await this.#keepVersion(page, record, body && (await this.#finish(body)));
    else await this.#writer.write(() => this.#rows.putState(page, record), ROW_BYTES);
    return record;
  }

  note(record: PageRecord): Promise<void> {
    return this.#writer.write(() => this.#rows.putInvalid(record), ROW_BYTES);
  }

  async ended(verdict: Verdict): Promise<void> {
    if (!this.#writer.failed) await this.#writer.write(() => this.#run.end(verdict), ROW_BYTES);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      await this.#writer.close();
    } finally {
      await this.#checkpoints.close();
      try {
        if (!this.#writer.failed) this.#bringHome();
      } finally {
        this.#database.close();
        this.#lock.release();
      }
    }
  }

  async #keepVersion(page: Page, record: PageRecord, body: FinishedDraft | undefined): Promise<void> {
    let replaced: number | undefined;
    const bytes = body === undefined || body.bytes > MOST_INLINE_BYTES ? 0 : body.bytes;
    await this.#writer.write(() => {
      replaced = this.#rows.bodyId(page);
      this.#rows.putVersion(page, record, this.#storedBody(body));
    }, ROW_BYTES + bytes);
    if (body !== undefined && 'chunks' in body) body.release?.();
    if (replaced !== undefined) removeChunks(this.#writer, this.#rows, replaced, this.#rows.countChunks(replaced));
    if (body !== undefined && 'bodyId' in body && bytes > 0) {
      removeChunks(this.#writer, this.#rows, body.bodyId, body.rows);
    }
  }

  #storedBody(body: FinishedDraft | undefined) {
    if (body === undefined) return undefined;
    if ('chunks' in body) return { bytes: joined(body.chunks) };
    return body.bytes > MOST_INLINE_BYTES ? { bodyId: body.bodyId } : { bytes: this.#rows.readChunks(body.bodyId) };
  }

  async #finish(body: Body): Promise<FinishedDraft> {
    if ('draft' in body) {
      if (!(body.draft instanceof SqliteDraft)) throw new Error('a draft of another store');
      return body.draft.finish();
    }
    const bytes = body.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    if (bytes <= MOST_INLINE_BYTES) return { bytes, chunks: body.chunks };
    const draft = new SqliteDraft(this.#writer, this.#rows, this.#held);
    for (const chunk of body.chunks) await draft.write(chunk);
    return draft.finish();
  }

  /** Everything into the database itself and onto the disk. SQLite would try it too, and say nothing where it fails. */
  #bringHome(): void {
    try {
      this.#database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get();
    } catch (error) {
      throw this.#explain(error, 'written');
    }
  }

  #read<T>(look: () => T): T {
    try {
      return look();
    } catch (error) {
      throw this.#explain(error, 'read');
    }
  }

  #explain(error: unknown, done: 'read' | 'written'): Error {
    return sqliteError(error, `${this.#place} could not be ${done}`, this.#whole());
  }

  /** Counted when it is asked for: a database that fails can mostly still be read. */
  #whole(): string | undefined {
    try {
      return wholePages(this.#lookup.stored().pages);
    } catch {
      return undefined;
    }
  }
}
