import type { HashSet } from '../core/hash-set.ts';
import type { Page } from '../core/page.ts';
import type { StoreSession } from '../core/ports.ts';
import type { PageRecord } from '../core/record.ts';

/** What was found in a store. */
export interface FoundPages {
  /** That are OK. */
  readonly pages: Pick<HashSet, 'has' | 'size'>;
  /** When the newest of them was fetched. */
  readonly newest?: string;
}

/** A store that is only looked at (--dry-run): without a lock, so that it works while a run has the store; nothing is changed. */
export class InspectSession implements StoreSession {
  readonly stored: StoreSession['stored'];
  readonly notices: readonly string[] = [];
  readonly #pages: FoundPages['pages'] | undefined;

  constructor(scan: FoundPages | undefined) {
    this.#pages = scan?.pages;
    this.stored = storedPages(scan);
  }

  has(page: Page): boolean {
    return this.#pages?.has(page.hashHigh, page.hashLow) ?? false;
  }

  async keep(): Promise<PageRecord> {
    throw new Error('a store that is inspected keeps nothing');
  }

  async note(): Promise<void> {
    throw new Error('a store that is inspected keeps nothing');
  }

  async close(): Promise<void> {}
}

export function storedPages(scan: FoundPages | undefined): StoreSession['stored'] {
  if (scan === undefined) return { pages: 0 };
  return { pages: scan.pages.size, ...(scan.newest === undefined ? {} : { newest: scan.newest }) };
}
