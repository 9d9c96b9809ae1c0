/**
 * The quota that an origin renews as a whole, learned from its refusals: what it lets through in a window is what is started in a window.
 * After ten windows without a refusal one request more is started when the quota is used up, and more still as long as they are let through:
 * where it is refused, its wait ends with the window, which had to be waited for anyway.
 *
 * Starts are spread over the first fifth of a window: quick enough that the last one costs little, slow enough for origins that count
 * over a sliding window, which give each place back only when its request is a window old. Deterministic: time is handed in, in
 * milliseconds.
 */
export class LearnedWindow {
  readonly windowMs: number;
  #quota: number;
  #begin: number;
  #used = 0;
  /** Answered of those that were started in this window. */
  #good = 0;
  /** So many may be started in this window; more than the quota while it is probed. */
  #most: number;
  #refusedAt: number;
  /** Windows without a refusal before the next probe: twice as many after each that was in vain. */
  #quietWindows = QUIET_WINDOWS;
  #refused: { readonly at: number; readonly used: number } | undefined;

  /** @param begin when a window began: a told time has come */
  constructor(quota: number, windowMs: number, begin: number) {
    this.#quota = quota;
    this.windowMs = windowMs;
    this.#begin = begin;
    this.#most = quota;
    this.#refusedAt = begin;
  }

  /** Starts a second while a window lets any. */
  get ratePerSecond(): number {
    return (this.#quota * 1000) / (this.windowMs * SPREAD);
  }

  /** Requests per second, windows taken together. */
  get meanPerSecond(): number {
    return (this.#quota * 1000) / this.windowMs;
  }

  /** When the next request may be started; not later than `now` where one may be now. */
  opensAt(now: number): number {
    const passed = Math.floor((now - this.#begin) / this.windowMs);
    if (passed > 0) {
      this.#begin += passed * this.windowMs;
      this.#used = 0;
      this.#good = 0;
    }
    if (this.#used === this.#quota && now >= this.#refusedAt + this.windowMs * this.#quietWindows) {
      this.#most = Math.max(this.#most, this.#quota + 1);
    }
    return this.#used < this.#most ? now : this.#begin + this.windowMs;
  }

  onGood(startedAt: number): void {
    if (startedAt < this.#begin) return;
    this.#good += 1;
    if (this.#good < this.#most || this.#most === this.#quota) return;
    this.#quota = this.#most;
    this.#quietWindows = QUIET_WINDOWS;
    this.#most += Math.max(1, Math.floor(this.#quota * GROWTH));
  }

  onStart(): void {
    this.#used += 1;
  }

  /** `inFlight` were started, and may have been refused as well. */
  onRefusal(now: number, inFlight: number): void {
    if (this.#refused !== undefined) return;
    this.#refused = { at: now, used: Math.max(0, this.#used - inFlight - 1) };
    this.#refusedAt = now;
    if (this.#used > this.#quota) this.#quietWindows *= 2;
    this.#most = this.#quota;
  }

  /** The wait that a refusal brought is over. After a long one a window begins now; a short one only puts the window off. */
  onResume(now: number): void {
    const refused = this.#refused;
    this.#refused = undefined;
    if (refused === undefined) return;
    if (now - refused.at < this.windowMs * SHORT_WAIT) {
      // Places are given back as they were taken, and that was later than it was thought to be.
      this.#begin += now - refused.at;
      this.#used = refused.used + 1;
      this.#good = this.#used;
      return;
    }
    if (refused.used > 0 && refused.used < this.#quota) this.#quota = refused.used;
    this.#most = this.#quota;
    this.#begin = now;
    this.#used = 1;
    this.#good = 1;
  }
}

const SPREAD = 0.2;
const QUIET_WINDOWS = 10;
/** While all are let through, a share of the quota more with every round. */
const GROWTH = 0.25;
/** Shares of a window: a wait below it does not end one. */
const SHORT_WAIT = 0.25;
