import { isUtf8 } from 'node:buffer';
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { Page } from '../core/page.ts';
import { hashText } from '../core/page-key.ts';
import type { PageRecord } from '../core/record.ts';
import { mayBeText } from './body-field.ts';
import { ANSWER_COLUMNS, STATE_COLUMNS } from './sqlite-schema.ts';

/** What a version's body is: its bytes, the number of its chunks' rows, or none at all (HEAD). */
export type StoredBody = { readonly bytes: Buffer } | { readonly bodyId: number } | undefined;

const COLUMNS = ['url', 'method', 'key', ...STATE_COLUMNS, ...ANSWER_COLUMNS];
/** Parameters: one a column, and before the body whether it is text. */
const VALUES = COLUMNS.map((column) => (column === 'body' ? 'iif(?, CAST(? AS TEXT), ?)' : '?')).join(', ');
const STATE_UPDATE = STATE_COLUMNS.map((column) => `${column} = excluded.${column}`);
const INSERT = `INSERT INTO pages (${COLUMNS.join(', ')}) VALUES (${VALUES}) ON CONFLICT (key) DO UPDATE SET `;

/** Writes rows. To be called within a transaction: a page is one row, its chunks and nothing else. */
export class SqliteRows {
  readonly #putVersion: StatementSync;
  readonly #putState: StatementSync;
  readonly #putChunk: StatementSync;
  readonly #getChunks: StatementSync;
  readonly #removeChunk: StatementSync;
  readonly #bodyId: StatementSync;
  readonly #countChunks: StatementSync;
  readonly #putInvalid: StatementSync;

  constructor(database: DatabaseSync) {
    const all = ANSWER_COLUMNS.map((column) => `${column} = excluded.${column}`);
    const unlessStored = ANSWER_COLUMNS.map(
      (column) => `${column} = iif(storedAt IS NULL, excluded.${column}, ${column})`,
    );
    this.#putVersion = database.prepare(INSERT + [...STATE_UPDATE, ...all].join(', '));
    this.#putState = database.prepare(INSERT + [...STATE_UPDATE, ...unlessStored].join(', '));
    this.#putChunk = database.prepare('INSERT INTO body_chunks (bodyId, n, chunk) VALUES (?, ?, ?)');
    this.#getChunks = database.prepare('SELECT chunk FROM body_chunks WHERE bodyId = ? ORDER BY n');
    this.#removeChunk = database.prepare('DELETE FROM body_chunks WHERE bodyId = ? AND n = ?');
    this.#bodyId = database.prepare('SELECT bodyId FROM pages WHERE key = ? AND bodyId IS NOT NULL');
    this.#countChunks = database.prepare('SELECT count(*) AS count FROM body_chunks WHERE bodyId = ?');
    this.#putInvalid = database.prepare(
      'INSERT OR REPLACE INTO invalid (line, text, errorMessage, fetchedAt) VALUES (?, ?, ?, ?)',
    );
  }

  /** A page that is OK: what was stored of it before is replaced. */
  putVersion(page: Page, record: PageRecord, body: StoredBody): void {
    this.#putVersion.run(...values(page, record, record.fetchedAt, body));
  }

  /** A page that is not, or still what is stored: what is stored of it stays. */
  putState(page: Page, record: PageRecord): void {
    this.#putState.run(...values(page, record, null, undefined));
  }

  putInvalid({ line, url, error, fetchedAt }: PageRecord): void {
    this.#putInvalid.run(line, url, error?.message ?? '', fetchedAt);
  }

  putChunk(bodyId: number, n: number, chunk: Buffer): void {
    this.#putChunk.run(bodyId, n, chunk);
  }

  readChunks(bodyId: number): Buffer {
    return Buffer.concat(this.#getChunks.all(bodyId).map((row) => row.chunk as Uint8Array));
  }

  countChunks(bodyId: number): number {
    return Number(this.#countChunks.get(bodyId)?.count);
  }

  removeChunk(bodyId: number, n: number): void {
    this.#removeChunk.run(bodyId, n);
  }

  /** The chunks that hold the body of a page's stored version; undefined where it is in its row. */
  bodyId(page: Page): number | undefined {
    const id = this.#bodyId.get(hashText(page))?.bodyId;
    return typeof id === 'number' ? id : undefined;
  }
}

function values(page: Page, record: PageRecord, storedAt: string | null, body: StoredBody): SQLInputValue[] {
  const bodyId = body !== undefined && 'bodyId' in body ? body.bodyId : null;
  const bytes = body !== undefined && 'bytes' in body ? body.bytes : null;
  const isText = bytes !== null && mayBeText(record.contentType) && isPlainText(bytes);
  return [
    record.url,
    record.method,
    hashText(page),
    record.line,
    record.id ?? null,
    record.outcome,
    record.fetchedAt,
    record.status ?? null,
    record.error?.code ?? null,
    record.error?.message ?? null,
    record.attempts,
    record.requests,
    record.elapsedMs,
    record.waitedMs,
    storedAt,
    record.finalUrl ?? null,
    json(record.redirects),
    record.httpVersion ?? null,
    record.contentType ?? null,
    record.complete ?? null,
    record.bytes ?? null,
    record.sha256 ?? null,
    json(record.headers),
    bodyId,
    isText ? 1 : 0,
    isText ? bytes : null,
    isText ? null : bytes,
  ];
}

/** SQL's functions for text end at a NUL, so a body with one is a blob, whatever its type. */
function isPlainText(bytes: Buffer): boolean {
  return isUtf8(bytes) && !bytes.includes(0);
}

function json(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}
