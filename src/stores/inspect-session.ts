import type { Page } from '../core/page.ts';
import type { StoreSession } from '../core/ports.ts';
import type { PageRecord } from '../core/record.ts';
import type { LogScan } from './scan-log.ts';

/** A store that is only looked at (--dry-run): without a lock, so that it works while a run has the store; nothing is changed. */
export class InspectSession implements StoreSession {
  readonly stored: StoreSession['stored'];
  readonly notices: readonly string[] = [];
  readonly #pages: LogScan['pages'] | undefined;

  constructor(scan: LogScan | undefined) {
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

export function storedPages(scan: LogScan | undefined): StoreSession['stored'] {
  if (scan === undefined) return { pages: 0 };
  return { pages: scan.pages.size, ...(scan.newest === undefined ? {} : { newest: scan.newest }) };
}
