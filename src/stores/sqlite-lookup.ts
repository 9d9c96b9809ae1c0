import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Page } from '../core/page.ts';
import { hashText } from '../core/page-key.ts';
import type { StoreSession } from '../core/ports.ts';
import type { Validators } from '../core/record.ts';
import { validatorsOf } from './stored-versions.ts';

/** What is asked of the database of pages: some microseconds each, and nothing of it is kept in memory. */
export class SqliteLookup {
  readonly #database: DatabaseSync;
  readonly #has: StatementSync;
  readonly #version: StatementSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#has = database.prepare('SELECT 1 FROM pages WHERE key = ? AND storedAt IS NOT NULL');
    this.#version = database.prepare('SELECT url, finalUrl, headers FROM pages WHERE key = ? AND storedAt IS NOT NULL');
  }

  stored(): StoreSession['stored'] {
    const row = this.#database
      .prepare('SELECT count(*) AS pages, max(storedAt) AS newest FROM pages WHERE storedAt IS NOT NULL')
      .get();
    const newest = row?.newest;
    return { pages: Number(row?.pages), ...(typeof newest === 'string' ? { newest } : {}) };
  }

  has(page: Page): boolean {
    return this.#has.get(hashText(page)) !== undefined;
  }

  validators(page: Page): Validators | undefined {
    const row = this.#version.get(hashText(page));
    if (row === undefined) return undefined;
    return validatorsOf({
      url: String(row.url),
      ...(row.finalUrl === null ? undefined : { finalUrl: String(row.finalUrl) }),
      ...(row.headers === null ? undefined : { headers: JSON.parse(String(row.headers)) }),
    });
  }
}
