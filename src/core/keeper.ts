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

/** A page that is final, and when it became so. */
interface Final {
  readonly job: PageJob;
  readonly ending: Ending;
  readonly collected: CollectedBody | undefined;
  readonly now: number;
  readonly wallMs: number;
}

/**
 * Hands final pages to the store, and tells them when they are kept. Not before the end of the turn: the requests that take their places
 * are on their way then, and the servers at work while we are.
 */
export class Keeper {
  readonly #options: KeeperOptions;
  #pending = 0;
  #finals: Final[] = [];

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  /** Pages that the store has not kept yet. */
  get pending(): number {
    return this.#pending;
  }

  keep(job: PageJob, ending: Ending, collected: CollectedBody | undefined): void {
    const { clock } = this.#options;
    if (this.#finals.length === 0) clock.atTurnEnd(() => this.#keepFinals());
    this.#pending += 1;
    this.#finals.push({ job, ending, collected, now: clock.now(), wallMs: clock.wall() });
  }

  #keepFinals(): void {
    const { store } = this.#options;
    const finals = this.#finals;
    this.#finals = [];
    for (const { job, ending, collected, now, wallMs } of finals) {
      try {
        const record = recordOf(job, ending, now, wallMs);
        const trail = store.archives === true ? job.trail : undefined;
        this.#whenKept(store.keep(job.page, record, collected?.body, trail), job.page, collected?.release);
      } catch (bug) {
        this.#pending -= 1;
        this.#options.onFailure(bug);
      }
    }
  }

  keepInvalid(line: string, text: string, why: string): void {
    const { store, clock } = this.#options;
    const record = invalidRecord(line, text, why, clock.wall());
    const keeping = store.note(record).then(() => record);
    this.#pending += 1;
    this.#whenKept(keeping, undefined);
  }

  #whenKept(keeping: Promise<PageRecord>, page: Page | undefined, release?: () => void): void {
    const { announcer, onKept, onFailure } = this.#options;
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
