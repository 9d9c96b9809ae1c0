/**
 * `--rate`: evenly spaced starts, and never more than asked in any second.
 *
 * A start that comes up to 50 ms late (a timer, a busy machine) is made up for; one that comes later was not waited for, and nothing is
 * made up. No window of a second ever holds more than asked (rounded up): a ring of the last starts sees to it.
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
    const perWindow = Math.min(LARGEST_RING, Math.ceil(ratePerSecond));
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
    this.#next = (now - this.#next <= MADE_UP_MS ? this.#next : now) + this.#intervalMs;
  }
}

const LARGEST_RING = 100_000;
const MADE_UP_MS = 50;
