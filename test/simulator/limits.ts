/** Modelled limits of an origin: may a request that arrives now pass, and if not, when would one? Milliseconds of the server's own time. */
export interface Limit {
  /** Takes what a request costs. `inFlight` counts the request itself. */
  admit(nowMs: number, inFlight: number): boolean;
  /** Milliseconds until a request would pass; what Retry-After is made of. */
  waitMs(nowMs: number): number;
  /** What the rate-limit headers would say after this request. */
  state(nowMs: number): LimitState;
}

export interface LimitState {
  readonly remaining: number;
  readonly resetMs: number;
  readonly limit: number;
  readonly windowMs: number;
  /** What a bucket holds. */
  readonly burst?: number;
}

/** Lets `burst` through at once and `perSecond` a second: nginx's limit_req, most API gateways. */
export class TokenBucket implements Limit {
  readonly #burst: number;
  readonly #rateAt: (nowMs: number) => number;
  #level: number;
  #at = 0;

  constructor(perSecond: number | ((nowMs: number) => number), burst: number) {
    this.#rateAt = typeof perSecond === 'number' ? () => perSecond : perSecond;
    this.#burst = burst;
    this.#level = burst;
  }

  admit(nowMs: number): boolean {
    this.#fill(nowMs);
    if (this.#level < 1 - 1e-9) return false;
    this.#level -= 1;
    return true;
  }

  waitMs(nowMs: number): number {
    this.#fill(nowMs);
    return (Math.max(0, 1 - this.#level) * 1000) / this.#rateAt(nowMs);
  }

  state(nowMs: number): LimitState {
    this.#fill(nowMs);
    const rate = this.#rateAt(nowMs);
    const resetMs = ((this.#burst - this.#level) * 1000) / rate;
    return { remaining: Math.floor(this.#level), resetMs, limit: rate, windowMs: 1000, burst: this.#burst };
  }

  #fill(nowMs: number): void {
    this.#level = Math.min(this.#burst, this.#level + ((nowMs - this.#at) * this.#rateAt(this.#at)) / 1000);
    this.#at = nowMs;
  }
}

/** `quota` in every window of the clock: GitHub, Twitter, most documented "N per minute". */
export class FixedWindow implements Limit {
  readonly #quotaAt: (nowMs: number) => number;
  readonly #windowMs: number;
  readonly #offsetMs: number;
  #window = -1;
  #used = 0;

  constructor(quota: number | ((nowMs: number) => number), windowMs: number, offsetMs = 0) {
    this.#quotaAt = typeof quota === 'number' ? () => quota : quota;
    this.#windowMs = windowMs;
    this.#offsetMs = offsetMs;
  }

  admit(nowMs: number): boolean {
    this.#turn(nowMs);
    if (this.#used >= this.#quotaAt(nowMs)) return false;
    this.#used += 1;
    return true;
  }

  waitMs(nowMs: number): number {
    return this.#windowMs - ((nowMs + this.#offsetMs) % this.#windowMs);
  }

  state(nowMs: number): LimitState {
    this.#turn(nowMs);
    const limit = this.#quotaAt(nowMs);
    return { remaining: limit - this.#used, resetMs: this.waitMs(nowMs), limit, windowMs: this.#windowMs };
  }

  #turn(nowMs: number): void {
    const window = Math.floor((nowMs + this.#offsetMs) / this.#windowMs);
    if (window === this.#window) return;
    this.#window = window;
    this.#used = 0;
  }
}

/** `quota` in any stretch of `windowMs`, by a log of the requests: Redis-backed limiters. */
export class SlidingWindow implements Limit {
  readonly #quota: number;
  readonly #windowMs: number;
  #log: number[] = [];

  constructor(quota: number, windowMs: number) {
    this.#quota = quota;
    this.#windowMs = windowMs;
  }

  admit(nowMs: number): boolean {
    this.#forget(nowMs);
    if (this.#log.length >= this.#quota) return false;
    this.#log.push(nowMs);
    return true;
  }

  waitMs(nowMs: number): number {
    this.#forget(nowMs);
    const oldest = this.#log[0];
    return oldest === undefined || this.#log.length < this.#quota ? 0 : oldest + this.#windowMs - nowMs;
  }

  state(nowMs: number): LimitState {
    this.#forget(nowMs);
    const oldest = this.#log[0] ?? nowMs;
    const resetMs = oldest + this.#windowMs - nowMs;
    return { remaining: this.#quota - this.#log.length, resetMs, limit: this.#quota, windowMs: this.#windowMs };
  }

  #forget(nowMs: number): void {
    let expired = 0;
    while (expired < this.#log.length && (this.#log[expired] ?? 0) <= nowMs - this.#windowMs) expired += 1;
    if (expired > 0) this.#log = this.#log.slice(expired);
  }
}

/** At most so many at once. */
export class ConcurrencyCap implements Limit {
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  admit(_nowMs: number, inFlight: number): boolean {
    return inFlight <= this.#most;
  }

  waitMs(): number {
    return 0;
  }

  state(): LimitState {
    return { remaining: 1, resetMs: 0, limit: this.#most, windowMs: 0 };
  }
}

export class NoLimit implements Limit {
  admit(): boolean {
    return true;
  }

  waitMs(): number {
    return 0;
  }

  state(): LimitState {
    return { remaining: 1_000_000, resetMs: 1000, limit: 1_000_000, windowMs: 1000 };
  }
}
