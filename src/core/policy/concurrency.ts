/**
 * How many requests an origin is sent at once, learned.
 *
 * It starts at 4 and doubles a round while answers come as quickly as before; a round lasts as long as an answer takes, and at least
 * 50 ms, so that a near origin with a small limit is not overrun before its first refusal is back. When a larger limit brought longer
 * answers instead of more of them, it steps back and grows by one from there (the idea of Netflix's concurrency-limits: latency that
 * rises without throughput is a queue). Where this process itself has no time left the queue is its own: then it stays where it is.
 *
 * Overload shrinks it, but broken pages must not: a share of failures that is there at every number says nothing of the number. So failures
 * count once they are clearly more than is usual here. Timeouts, resets and failed connects then take three tenths away, once for all that
 * was in flight together. Refused streams and 503s are the origin's word on its number: it goes back to what was in flight beside them.
 *
 * Deterministic: time is handed in, in milliseconds.
 */
export class ConcurrencyLimit {
  readonly #ceiling: number;
  readonly #adapt: boolean;
  readonly #isBusy: () => boolean;
  /** What the server allows (SETTINGS_MAX_CONCURRENT_STREAMS). */
  #told = Number.POSITIVE_INFINITY;
  #limit: number;
  #slowStart = true;
  #roundStart = -1;
  #roundGood = 0;
  #roundLatencySum = 0;
  #roundBinding = false;
  #base: RoundSample | undefined;
  #holdRounds = 0;
  /** Good answers that are still to come before it grows. */
  #holdGood = 0;
  #lastCut = Number.NEGATIVE_INFINITY;
  /** As many others were in flight with a request that was answered well. */
  #proven = 0;
  /** Shares of failures: lately, and as is usual here. */
  #recentShare = 0;
  #usualShare = 0;
  /** In flight when one was not taken; less those that were not taken either. */
  #besideCrowded = 0;
  /** The limit at which that was last so, and how many times in a row. */
  #crowdedAt = 0;
  #crowdedInRow = 0;
  /** So many were taken beside those that were refused, last time. */
  #taken = 0;

  /** @param isBusy this process itself had hardly any time left in the round that ends now */
  constructor(ceiling: number, adapt: boolean, isBusy: () => boolean) {
    this.#ceiling = Math.max(1, ceiling);
    this.#adapt = adapt;
    this.#isBusy = isBusy;
    this.#limit = adapt ? Math.min(START, this.#ceiling) : this.#ceiling;
  }

  get limit(): number {
    return Math.min(this.#limit, this.#told);
  }

  /** The server said how many streams it allows at once (RFC 9113 §6.5.2). One is sent even where it is none: nothing else would show that it allows more again. */
  heedMaxStreams(maxStreams: number): void {
    this.#told = Math.max(1, maxStreams);
  }

  /** A request is about to be started while `inFlight` others are. */
  onStart(now: number, inFlight: number): void {
    if (this.#roundStart < 0) this.#roundStart = now;
    if (inFlight + 1 >= this.limit) this.#roundBinding = true;
  }

  /** An answer came, `latencyMs` after its request, which was started while `inFlightBefore` others were in flight. `mayGrow` is false while something else (a learned rate, a fresh refusal) forbids more. */
  onGood(now: number, latencyMs: number, inFlightBefore: number, mayGrow: boolean): void {
    if (!this.#adapt) return;
    this.#countShare(0);
    if (this.#holdGood > 0) this.#holdGood -= 1;
    if (inFlightBefore > this.#proven && now - latencyMs >= this.#lastCut) this.#proven = inFlightBefore;
    this.#roundGood += 1;
    this.#roundLatencySum += latencyMs;
    const meanMs = this.#roundLatencySum / this.#roundGood;
    if (now - this.#roundStart < Math.max(meanMs, SHORTEST_ROUND_MS)) return;
    this.#endRound(now, meanMs, mayGrow && this.#holdGood === 0);
  }

  /** A sign of overload that is no refusal, of a request that was started at `startedAt`. */
  onOverload(now: number, startedAt: number): void {
    if (!this.#adapt || startedAt < this.#lastCut) return;
    if (this.#isUnusual()) this.#cutTo(Math.floor(this.limit * OVERLOAD_FACTOR), now);
  }

  /**
   * The origin would not take one more (a refused stream, a plain 503): `inFlightBefore` others were in flight when the request was started,
   * `inFlightNow` are now.
   *
   * @param isCertain it cannot be the page's own failure
   */
  onCrowded(now: number, startedAt: number, inFlightBefore: number, inFlightNow: number, isCertain: boolean): void {
    if (!this.#adapt) return;
    if (startedAt < this.#lastCut) {
      // Of the same burst: what is left of it is all that can have been taken.
      this.#besideCrowded -= 1;
      this.#holdGood += GOOD_PER_CROWDED;
      this.#limit = Math.max(1, Math.min(this.limit, this.#besideCrowded));
    } else if (isCertain || (this.#isUnusual() && inFlightBefore >= this.#proven * FUZZY)) {
      this.#crowdedInRow = this.limit > this.#crowdedAt * COMPARABLE_GROWTH ? 0 : this.#crowdedInRow + 1;
      this.#crowdedAt = this.limit;
      this.#besideCrowded = inFlightNow;
      this.#holdGood = GOOD_PER_CROWDED * 2 ** Math.min(MOST_DOUBLINGS, this.#crowdedInRow);
      this.#cutTo(Math.min(this.limit - 1, Math.max(inFlightBefore, Math.floor(this.#proven * FUZZY))), now);
    }
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
    this.#cutTo(Math.min(this.limit, inFlightBefore), now);
    return true;
  }

  /** Another refusal of the same event. */
  onRefusedToo(inFlightBefore: number): void {
    if (!this.#adapt || inFlightBefore < this.#proven * FUZZY) return;
    this.#limit = Math.max(1, Math.min(this.limit, inFlightBefore));
  }

  /**
   * What was in flight at a refusal has come back: `taken` of it were not refused. An origin that takes so many at once shows the same number
   * time after time, wherever the requests are between here and there; one that minds their rate does not.
   *
   * @returns true where their number was the reason
   */
  onRefusalsOver(taken: number): boolean {
    const before = this.#taken;
    this.#taken = taken;
    if (this.#adapt && taken >= LEAST_TAKEN) this.#limit = Math.min(this.limit, taken);
    if (!this.#adapt || taken < LEAST_TAKEN || Math.abs(taken - before) > Math.max(1, taken * ALIKE)) return false;
    this.#limit = Math.min(this.limit, Math.max(taken, before));
    return true;
  }

  /** Refusals that were taken for its number's were not: it grows as at the start. */
  loosen(): void {
    this.#slowStart = true;
    this.#base = undefined;
    this.#taken = 0;
  }

  /** Counts a failure: are there more lately than usual? Not of one alone: that may be a broken page. */
  #isUnusual(): boolean {
    this.#countShare(1);
    return this.#recentShare > TWO_FAILURES && this.#recentShare > this.#usualShare * UNUSUAL;
  }

  #countShare(failed: 0 | 1): void {
    this.#recentShare += (failed - this.#recentShare) / RECENT;
    this.#usualShare += (failed - this.#usualShare) / USUAL;
  }

  #cutTo(limit: number, now: number): void {
    this.#limit = Math.max(1, limit);
    this.#proven = Math.min(this.#proven, this.#limit);
    this.#slowStart = false;
    this.#base = undefined;
    this.#lastCut = now;
    this.#newRound(now);
  }

  #endRound(now: number, meanMs: number, mayGrow: boolean): void {
    const { limit } = this;
    const sample: RoundSample = {
      limit,
      perSecond: (this.#roundGood * 1000) / Math.max(1, now - this.#roundStart),
      latencyMs: meanMs,
    };
    const binding = this.#roundBinding;
    const isBusy = this.#isBusy();
    this.#newRound(now);
    if (!binding || !mayGrow || this.#told <= this.#limit) return;
    if (this.#base !== undefined && isSaturated(this.#base, sample)) {
      if (!isBusy) this.#limit = this.#base.limit;
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
    this.#limit = Math.min(this.#ceiling, this.#slowStart ? limit * 2 : limit + 1);
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
/** Requests over which the share of failures is taken: lately, and as a habit. */
const RECENT = 50;
const USUAL = 200;
/** More than the share that one failure alone makes. */
const TWO_FAILURES = 1.3 / RECENT;
/** So many times the usual share is unusual. The first failures of a well origin are four times it. */
const UNUSUAL = 3;
/** Good answers before it grows again, for every request that was not taken: so no more than 1% are; twice as many each time that it was in vain. */
const GOOD_PER_CROWDED = 100;
const MOST_DOUBLINGS = 6;
/** Fewer than this are alike by chance. */
const LEAST_TAKEN = 4;
const ALIKE = 0.05;
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
