/**
 * How many requests an origin is sent at once, learned.
 *
 * It starts at 4 and doubles a round while answers come as quickly as before; a round lasts as long as an answer takes, and at least
 * 50 ms, so that a near origin with a small limit is not overrun before its first refusal is back. When a larger limit brought longer
 * answers instead of more of them, it steps back and grows by one from there (the idea of Netflix's concurrency-limits: latency that
 * rises without throughput is a queue). Overload (timeouts, resets, failed connects, 503 without a told time) takes three tenths away,
 * once a round.
 *
 * Deterministic: time is handed in, in milliseconds.
 */
export class ConcurrencyLimit {
  readonly #ceiling: number;
  readonly #adapt: boolean;
  #limit: number;
  #slowStart = true;
  #roundStart = -1;
  #roundGood = 0;
  #roundLatencySum = 0;
  #roundBinding = false;
  #base: RoundSample | undefined;
  #holdRounds = 0;
  #lastCut = Number.NEGATIVE_INFINITY;
  /** As many others were in flight with a request that was answered well. */
  #proven = 0;

  constructor(ceiling: number, adapt: boolean) {
    this.#ceiling = Math.max(1, ceiling);
    this.#adapt = adapt;
    this.#limit = adapt ? Math.min(START, this.#ceiling) : this.#ceiling;
  }

  get limit(): number {
    return this.#limit;
  }

  /** A request is about to be started while `inFlight` others are. */
  onStart(now: number, inFlight: number): void {
    if (this.#roundStart < 0) this.#roundStart = now;
    if (inFlight + 1 >= this.#limit) this.#roundBinding = true;
  }

  /** An answer came, `latencyMs` after its request, which was started while `inFlightBefore` others were in flight. `mayGrow` is false while something else (a learned rate, a fresh refusal) forbids more. */
  onGood(now: number, latencyMs: number, inFlightBefore: number, mayGrow: boolean): void {
    if (!this.#adapt) return;
    if (inFlightBefore > this.#proven) this.#proven = inFlightBefore;
    this.#roundGood += 1;
    this.#roundLatencySum += latencyMs;
    const meanMs = this.#roundLatencySum / this.#roundGood;
    if (now - this.#roundStart < Math.max(meanMs, SHORTEST_ROUND_MS)) return;
    this.#endRound(now, meanMs, mayGrow);
  }

  /** A sign of overload that is no refusal, of a request that was started at `startedAt`. */
  onOverload(now: number, startedAt: number): void {
    if (!this.#adapt || startedAt < this.#lastCut) return;
    this.#cutTo(Math.floor(this.#limit * OVERLOAD_FACTOR), now);
  }

  /**
   * The origin refused a request that was started while `inFlightBefore` others were in flight: so many were evidently still welcome.
   * Where far more than that were welcome before, it is not their number that it minds. (Not just more: what is in flight here has often
   * been answered there.)
   *
   * @returns true where the number in flight may have been the reason
   */
  onRefusal(now: number, inFlightBefore: number): boolean {
    if (!this.#adapt || inFlightBefore < this.#proven * FUZZY) return false;
    this.#cutTo(Math.min(this.#limit, inFlightBefore), now);
    return true;
  }

  #cutTo(limit: number, now: number): void {
    this.#limit = Math.max(1, limit);
    this.#slowStart = false;
    this.#base = undefined;
    this.#lastCut = now;
    this.#newRound(now);
  }

  #endRound(now: number, meanMs: number, mayGrow: boolean): void {
    const sample: RoundSample = {
      limit: this.#limit,
      perSecond: (this.#roundGood * 1000) / Math.max(1, now - this.#roundStart),
      latencyMs: meanMs,
    };
    const binding = this.#roundBinding;
    this.#newRound(now);
    if (!binding || !mayGrow) return;
    if (this.#base !== undefined && isSaturated(this.#base, sample)) {
      this.#limit = this.#base.limit;
      this.#slowStart = false;
      this.#base = undefined;
      this.#holdRounds = HOLD_ROUNDS;
      return;
    }
    if (this.#holdRounds > 0) {
      this.#holdRounds -= 1;
      return;
    }
    if (this.#base === undefined || sample.limit >= this.#base.limit * COMPARABLE_GROWTH) this.#base = sample;
    this.#limit = Math.min(this.#ceiling, this.#slowStart ? this.#limit * 2 : this.#limit + 1);
  }

  #newRound(now: number): void {
    this.#roundStart = now;
    this.#roundGood = 0;
    this.#roundLatencySum = 0;
    this.#roundBinding = false;
  }
}

interface RoundSample {
  readonly limit: number;
  readonly perSecond: number;
  readonly latencyMs: number;
}

const START = 4;
const SHORTEST_ROUND_MS = 50;
const OVERLOAD_FACTOR = 0.7;
const FUZZY = 0.5;
/** Rounds without growth after a step back. */
const HOLD_ROUNDS = 20;
/** Two limits tell something of each other when they are so far apart. */
const COMPARABLE_GROWTH = 1.25;

/** More in flight brought hardly more answers and clearly slower ones. */
function isSaturated(base: RoundSample, now: RoundSample): boolean {
  const growth = now.limit / base.limit;
  if (growth < COMPARABLE_GROWTH) return false;
  const gained = now.perSecond / base.perSecond;
  const slower = now.latencyMs / base.latencyMs;
  return gained < 1 + 0.15 * (growth - 1) && slower > 1 + 0.5 * (growth - 1);
}
