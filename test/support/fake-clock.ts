import type { Clock } from '../../src/core/ports.ts';

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly wake: () => void;
}

/** Virtual time: it passes only in `run`, from one timer to the next. */
export class FakeClock implements Clock {
  readonly #timers: Timer[] = [];
  readonly #wallOffset: number;
  #now = 0;
  #order = 0;

  constructor(wallStart = Date.UTC(2026, 10, 23, 12)) {
    this.#wallOffset = wallStart;
  }

  now(): number {
    return this.#now;
  }

  wall(): number {
    return this.#wallOffset + this.#now;
  }

  timer(delayMs: number, wake: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, delayMs), order: this.#order++, wake };
    this.#insert(timer);
    return () => {
      const index = this.#timers.indexOf(timer);
      if (index >= 0) this.#timers.splice(index, 1);
    };
  }

  isBusy(): boolean {
    return false;
  }

  atTurnEnd(work: () => void): void {
    queueMicrotask(work);
  }

  /** Lets time pass until the promise is settled. Throws where nothing would ever settle it. */
  async run<T>(promise: Promise<T>, untilMs = Number.POSITIVE_INFINITY): Promise<T> {
    const state = { settled: false };
    const mark = () => {
      state.settled = true;
    };
    promise.then(mark, mark);
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      if (state.settled) return promise;
      const next = this.#timers.pop();
      if (next === undefined) throw new Error(`at ${this.#now} ms nothing is left that could happen`);
      if (next.at > untilMs) throw new Error(`not settled by ${untilMs} ms`);
      this.#now = Math.max(this.#now, next.at);
      next.wake();
      while (this.#timers.at(-1)?.at === this.#now) this.#timers.pop()?.wake();
    }
  }

  /** Kept latest first, so that the next one is at the end. */
  #insert(timer: Timer): void {
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#timers[middle];
      const isLater =
        other !== undefined && (other.at > timer.at || (other.at === timer.at && other.order > timer.order));
      if (isLater) low = middle + 1;
      else high = middle;
    }
    this.#timers.splice(low, 0, timer);
  }
}
