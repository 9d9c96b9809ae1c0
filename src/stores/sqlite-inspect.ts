import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import type { Page } from '../core/page.ts';
import type { StoreSession } from '../core/ports.ts';
import type { PageRecord } from '../core/record.ts';
import { SqliteLookup } from './sqlite-lookup.ts';

/**
 * A database that is only looked at (--dry-run), also while a run writes into it.
 *
 * Where no log is beside it, it is opened as one that cannot change: SQLite would else leave two files of its own there.
 */
export class SqliteInspectSession implements StoreSession {
  readonly stored: StoreSession['stored'];
  readonly notices: readonly string[] = [];
  readonly #database: DatabaseSync;
  readonly #lookup: SqliteLookup;

  constructor(path: string) {
    const hasLog = (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0;
    const url = pathToFileURL(path);
    if (!hasLog) url.search = '?immutable=1';
    this.#database = new DatabaseSync(url, { readOnly: true });
    try {
      this.#lookup = new SqliteLookup(this.#database);
      this.stored = this.#lookup.stored();
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  has(page: Page): boolean {
    return this.#lookup.has(page);
  }

  async keep(): Promise<PageRecord> {
    throw new Error('a store that is inspected keeps nothing');
  }

  async note(): Promise<void> {
    throw new Error('a store that is inspected keeps nothing');
  }

  async close(): Promise<void> {
    this.#database.close();
  }
}
