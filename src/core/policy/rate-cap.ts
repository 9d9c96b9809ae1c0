/**
 * `--rate`: evenly spaced starts, and never more than asked in any second.
 *
 * A start that comes late (a timer, a busy machine) may be made up for within 50 ms, but no window of a second ever holds more than asked:
 * a ring of the last starts sees to it.
 */
export class RateCap {
  readonly #intervalMs: number;
  readonly #ring: Float64Array;
  readonly #windowMs: number;
  #next = Number.NEGATIVE_INFINITY;
  #index = 0;

  /** @param ratePerSecond more than 0 */
  constructor(ratePerSecond: number) {
    this.#intervalMs = 1000 / ratePerSecond;
    const perWindow = Math.min(LARGEST_RING, Math.max(1, Math.floor(ratePerSecond)));
    this.#windowMs = perWindow * this.#intervalMs;
    this.#ring = new Float64Array(perWindow).fill(Number.NEGATIVE_INFINITY);
  }

  /** When the next request may be started, milliseconds. */
  get nextAt(): number {
    return Math.max(this.#next, (this.#ring[this.#index] ?? 0) + this.#windowMs);
  }

  onStart(now: number): void {
    this.#ring[this.#index] = now;
    this.#index = (this.#index + 1) % this.#ring.length;
    this.#next = Math.max(this.#next, now - MADE_UP_MS) + this.#intervalMs;
  }
}

const LARGEST_RING = 100_000;
const MADE_UP_MS = 50;
