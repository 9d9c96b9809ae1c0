/** A response that may be held back. */
export interface Throttled {
  /** It may deliver until `grantBytes` are used up; then it asks again. */
  onGrant(): void;
}

/** A response may deliver so much at a time: what the limit lets through in so many seconds, between these bounds. */
const GRANT_SECONDS = 0.02;
const LEAST_GRANT_BYTES = 512;
/** About one HTTP/2 DATA frame or TLS record. */
const MOST_GRANT_BYTES = 16 * 1024;
/** What is left unused is kept for so long: short enough that any two seconds stay within 5 % of the limit. */
const BURST_SECONDS = 0.04;
const MIN_WAIT_MS = 2;

/**
 * Bytes per second over all responses together (`--limit-rate`): a token bucket with debt.
 *
 * A response delivers only what it was granted; where a chunk is larger than its grant, the difference is paid back before anybody else
 * is granted anything, so the mean holds whatever the chunks. What a body leaves of its grant goes to the next one as it ends.
 */
export class RateLimiter {
  readonly #bytesPerMs: number;
  readonly #burstBytes: number;
  /** Of a grant. */
  readonly grantBytes: number;
  readonly #now: () => number;
  readonly #waiting: Throttled[] = [];
  #available = 0;
  #refilledAt: number;
  #timer: NodeJS.Timeout | undefined;
  /** When the timer fires. */
  #wakeAt = 0;

  constructor(bytesPerSecond: number, now: () => number = () => performance.now()) {
    this.#bytesPerMs = bytesPerSecond / 1_000;
    this.grantBytes = Math.round(
      Math.min(MOST_GRANT_BYTES, Math.max(LEAST_GRANT_BYTES, bytesPerSecond * GRANT_SECONDS)),
    );
    this.#burstBytes = Math.max(1, bytesPerSecond * BURST_SECONDS);
    this.#now = now;
    this.#refilledAt = now();
  }

  /** True: granted at once. False: wait for `onGrant`. */
  request(response: Throttled): boolean {
    this.#refill();
    if (this.#waiting.length === 0 && this.#available > 0) {
      this.#available -= this.grantBytes;
      return true;
    }
    this.#waiting.push(response);
    this.#schedule();
    return false;
  }

  /** Settles a grant: unused bytes come back (positive), what went over it is a debt (negative). */
  giveBack(bytes: number): void {
    this.#available += bytes;
    this.#schedule();
  }

  /** It waits no longer. */
  withdraw(response: Throttled): void {
    const index = this.#waiting.indexOf(response);
    if (index !== -1) this.#waiting.splice(index, 1);
  }

  destroy(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waiting.length = 0;
  }

  #refill(): void {
    const now = this.#now();
    this.#available = Math.min(this.#burstBytes, this.#available + (now - this.#refilledAt) * this.#bytesPerMs);
    this.#refilledAt = now;
  }

  /** A grant that comes back early wakes who waits early. */
  #schedule(): void {
    if (this.#waiting.length === 0) return;
    const waitMs = Math.max(MIN_WAIT_MS, Math.min(1_000, -this.#available / this.#bytesPerMs));
    const wakeAt = this.#refilledAt + waitMs;
    if (this.#timer !== undefined && this.#wakeAt <= wakeAt) return;
    clearTimeout(this.#timer);
    this.#wakeAt = wakeAt;
    this.#timer = setTimeout(this.#wake, waitMs);
  }

  readonly #wake = (): void => {
    this.#timer = undefined;
    this.#refill();
    while (this.#available > 0) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      this.#available -= this.grantBytes;
      next.onGrant();
    }
    this.#schedule();
  };
}
