import type { Announcer } from './announcer.ts';
import type { CollectedBody } from './body-collector.ts';
import type { Page } from './page.ts';
import { type Ending, invalidRecord, type PageJob, recordOf } from './page-job.ts';
import type { Clock, StoreSession } from './ports.ts';
import type { PageRecord } from './record.ts';

export interface KeeperOptions {
  readonly store: StoreSession;
  readonly clock: Clock;
  readonly announcer: Announcer;
  /** A page is final, kept and told. */
  readonly onKept: (record: PageRecord) => void;
  readonly onFailure: (error: unknown) => void;
}

/** Hands final pages to the store, and tells them when they are kept. */
export class Keeper {
  readonly #options: KeeperOptions;
  #pending = 0;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  /** Pages that the store has not kept yet. */
  get pending(): number {
    return this.#pending;
  }

  keep(job: PageJob, ending: Ending, collected: CollectedBody | undefined): void {
    const { store, clock } = this.#options;
    const record = recordOf(job, ending, clock.now(), clock.wall());
    const trail = store.archives === true ? job.trail : undefined;
    this.#whenKept(store.keep(job.page, record, collected?.body, trail), job.page, collected?.release);
  }

  keepInvalid(line: string, text: string, why: string): void {
    const { store, clock } = this.#options;
    const record = invalidRecord(line, text, why, clock.wall());
    const keeping = store.note(record).then(() => record);
    this.#whenKept(keeping, undefined);
  }

  #whenKept(keeping: Promise<PageRecord>, page: Page | undefined, release?: () => void): void {
    const { announcer, onKept, onFailure } = this.#options;
    this.#pending += 1;
    keeping.then(
      (record) => {
        this.#pending -= 1;
        release?.();
        announcer.tell(page === undefined ? { type: 'page', record } : { type: 'page', record, page });
        onKept(record);
      },
      (error: unknown) => {
        this.#pending -= 1;
        release?.();
        onFailure(error);
      },
    );
  }
}
