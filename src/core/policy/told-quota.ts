import type { RateLimitHint } from './rate-limit-headers.ts';

/** What remains in a window, as the origin's headers say: what remains is what is started. Times are monotonic milliseconds. */
export class ToldQuota {
  #left = 0;
  #until = Number.NEGATIVE_INFINITY;

  /** @param uncounted requests that the origin may not have counted when it said so: in flight, or started later and back already */
  heed(hint: RateLimitHint, uncounted: number, now: number): void {
    // Of a window that is over.
    if (hint.resetMs === 0) return;
    this.#left = hint.remaining - uncounted;
    this.#until = now + (hint.resetMs ?? UNTOLD_RESET_MS) + RESET_MARGIN_MS;
  }

  onStart(): void {
    this.#left -= 1;
  }

  /** Until when nothing may be started; not later than `now` where something may. */
  opensAt(now: number): number {
    return this.#left > 0 ? now : this.#until;
  }

  /** It was waited for: what comes now is another window. */
  forget(): void {
    this.#until = Number.NEGATIVE_INFINITY;
  }

  isOver(now: number): boolean {
    return this.#until <= now;
  }
}

const UNTOLD_RESET_MS = 1_000;
/** A moment before its window begins a request is refused: fractions of milliseconds get lost on the way from clock to clock. */
const RESET_MARGIN_MS = 1;
