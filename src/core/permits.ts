import pLimit, { type LimitFunction } from 'p-limit';

/** One permit more for every while without such a failure. */
const GROW_BACK_MS = 2_000;

/**
 * The permits of a run: so many exchanges at once, and fewer while this machine is short of what a connection takes. Nobody ever queues for
 * one: whoever has work asks `hasFree` first.
 */
export class Permits {
  readonly #most: number;
  readonly #limit: LimitFunction;
  /** p-limit frees one a moment before whoever used it is told. */
  #inUse = 0;
  #shrunkAt = Number.NEGATIVE_INFINITY;
  #grownAt = Number.NEGATIVE_INFINITY;

  constructor(most: number) {
    this.#most = most;
    this.#limit = pLimit(most);
  }

  get inUse(): number {
    return this.#inUse;
  }

  get hasFree(): boolean {
    return this.#limit.activeCount < this.#limit.concurrency;
  }

  /** More are in use than there are now. */
  get areTooMany(): boolean {
    return this.#limit.activeCount > this.#limit.concurrency;
  }

  /** Takes one for as long as the work goes on. */
  async use(work: () => Promise<void>): Promise<void> {
    this.#inUse += 1;
    try {
      await this.#limit(work);
    } finally {
      this.#inUse -= 1;
    }
  }

  /**
   * This machine cannot hold so many connections, which is never a page's fault. Those that were in flight together are one event.
   *
   * @param startedAt when the exchange was started that failed for it
   * @returns false where that is known already
   */
  shrink(now: number, startedAt: number): boolean {
    if (startedAt < this.#shrunkAt) return false;
    this.#shrunkAt = now;
    this.#grownAt = now;
    this.#limit.concurrency = Math.max(1, Math.floor(this.#limit.concurrency / 2));
    return true;
  }

  /** What this machine ran out of may have been given back. */
  growBack(now: number): void {
    if (this.#limit.concurrency >= this.#most || now < this.#grownAt + GROW_BACK_MS) return;
    this.#grownAt = now;
    this.#limit.concurrency += 1;
  }
}
