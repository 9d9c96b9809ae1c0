import type { Page } from './core/page.ts';
import type { Body, StoreSession, TrailStep } from './core/ports.ts';
import type { PageRecord } from './core/record.ts';

/** A page's record; without a `store`, an OK page has its decoded body too. */
export type FetchedPage = PageRecord & { readonly body?: Buffer };

/** Of bodies that nobody took yet, so many bytes may lie outside of the run's own budget of memory. */
const BYTES_AHEAD = 16 * 2 ** 20;

interface Waiting {
  readonly page: FetchedPage;
  readonly taken: () => void;
}

/**
 * A store that hands each page to whoever iterates, and calls it kept when it was taken: so a consumer that takes its time holds the
 * fetching up. Where there is a store behind it, that keeps the page first.
 */
export class Handover implements StoreSession {
  readonly stored: StoreSession['stored'];
  readonly notices: readonly string[];
  readonly archives: boolean;
  readonly validators?: NonNullable<StoreSession['validators']>;
  readonly draft?: NonNullable<StoreSession['draft']>;
  readonly #behind: StoreSession | undefined;
  readonly #pagesAhead: number;
  readonly #waiting: Waiting[] = [];
  #bytesWaiting = 0;
  #wake: (() => void) | undefined;
  #ended: { readonly failure: { readonly error: unknown } | undefined } | undefined;
  #released = false;

  /** @param pagesAhead pages that count as kept before they are taken, as far as their bodies are small */
  constructor(pagesAhead: number, behind: StoreSession | undefined) {
    this.#pagesAhead = pagesAhead;
    this.#behind = behind;
    this.stored = behind?.stored ?? { pages: 0 };
    this.notices = behind?.notices ?? [];
    this.archives = behind?.archives ?? false;
    // What a store cannot do is a method that it has not.
    if (behind?.validators !== undefined) this.validators = behind.validators.bind(behind);
    if (behind?.draft !== undefined) this.draft = behind.draft.bind(behind);
  }

  has(page: Page): boolean {
    return this.#behind?.has(page) ?? false;
  }

  async keep(
    page: Page,
    record: PageRecord,
    body: Body | undefined,
    trail?: readonly TrailStep[],
  ): Promise<PageRecord> {
    if (this.#behind !== undefined) {
      const kept = await this.#behind.keep(page, record, body, trail);
      await this.#put(kept);
      return kept;
    }
    const chunks = body !== undefined && 'chunks' in body ? body.chunks : undefined;
    await this.#put(chunks === undefined ? record : { ...record, body: Buffer.concat(chunks) });
    return record;
  }

  async note(record: PageRecord): Promise<void> {
    await this.#behind?.note(record);
    await this.#put(record);
  }

  /** Whoever opened the store behind it closes that too. */
  async close(): Promise<void> {}

  /** The run is over: the iteration ends once all is taken. */
  end(failure: { readonly error: unknown } | undefined): void {
    this.#ended = { failure };
    this.#wake?.();
  }

  /** Nobody takes any more. */
  release(): void {
    this.#released = true;
    for (const { taken } of this.#waiting.splice(0)) taken();
  }

  async *pages(): AsyncGenerator<FetchedPage, void, undefined> {
    for (;;) {
      const next = this.#waiting.shift();
      if (next !== undefined) {
        this.#bytesWaiting -= next.page.body?.length ?? 0;
        next.taken();
        yield next.page;
      } else if (this.#ended !== undefined) {
        if (this.#ended.failure !== undefined) throw this.#ended.failure.error;
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  #put(page: FetchedPage): Promise<void> {
    if (this.#released) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ page, taken: resolve });
    this.#bytesWaiting += page.body?.length ?? 0;
    if (this.#waiting.length <= this.#pagesAhead && this.#bytesWaiting <= BYTES_AHEAD) resolve();
    this.#wake?.();
    return promise;
  }
}
