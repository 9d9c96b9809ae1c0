/**
 * The rate at which an origin lets requests through, learned from its refusals.
 *
 * Until the first refusal nothing is paced. Then:
 *
 * 1. **Search.** After the told wait, starts are paced from three times the rate that the first epoch is sure to have (what was let through,
 *    over its time and the wait after it), doubling every 250 ms, until the second refusal.
 * 2. **Hold.** An origin that lets B at once and R a second through lets at most `B + R·d` through in any d seconds, and exactly so many in
 *    those before a refusal, from when it was last at rest. The first epoch gives B, the second then R. Starts are paced 1% under it.
 * 3. **Probe.** From there the rate follows the curve of CUBIC (RFC 9438 §4.2; AWS SDK's adaptive retry mode): flat near what is known to
 *    work, and above it only after a hundred times what a refusal costs in told waiting, so that probing costs at most 1% of the time.
 *    A refusal that comes earlier means that the limit has changed: the rate falls by three tenths.
 *
 * An *epoch* is the time between the end of one wait and the next refusal. Deterministic: time is handed in, in milliseconds; rates are
 * requests per second.
 */
export class LearnedRate {
  #phase: 'free' | 'search' | 'hold' = 'free';
  /** What was started before is of no epoch that counts. */
  #countFrom = Number.NEGATIVE_INFINITY;
  /** When the first answer of the epoch came. Answers are timed, not requests: those may wait for a connection first. */
  #epochStart: number | undefined;
  #epochGood = 0;
  /** When the good answers of a search came. */
  #answers = new AnswerLog();
  #roundTripMs = 0;
  #first: Epoch | undefined;
  /** Search: the rate at the epoch's start. Hold: the rate that is believed to be the origin's. */
  #rate = 0;
  #resumedAt = 0;
  /** When the refusal came that ended the epoch; what was in flight then still tells of it until the wait is over. */
  #endedAt: number | undefined;
  #plateauMs = SHORTEST_PLATEAU_MS;

  /** Requests per second that may be started now; undefined where nothing limits them. */
  rateAt(now: number): number | undefined {
    if (this.#phase === 'free') return undefined;
    if (this.#phase === 'search') {
      const doublingMs = Math.max(SEARCH_DOUBLING_MS, 2 * this.#roundTripMs);
      const rate = this.#rate * 2 ** Math.min(40, (now - this.#resumedAt) / doublingMs);
      return rate > UNLIMITED ? undefined : rate;
    }
    const x = (now - this.#resumedAt) / this.#plateauMs - 1;
    return this.#rate * (1 + HOLD_DEPTH * Math.max(-1, x) ** 3);
  }

  /** True once a refusal has taught a rate that is worth telling. */
  get isHolding(): boolean {
    return this.#phase === 'hold';
  }

  onGood(now: number, startedAt: number): void {
    if (startedAt < this.#countFrom || startedAt > (this.#endedAt ?? now)) return;
    this.#epochStart ??= now;
    this.#epochGood += 1;
    const latencyMs = now - startedAt;
    this.#roundTripMs = this.#roundTripMs === 0 ? latencyMs : this.#roundTripMs * 0.9 + latencyMs * 0.1;
    if (this.#phase === 'search') this.#answers.add(now);
  }

  /** A refusal that begins a wait, or makes it longer. Those in flight with it belong to the same event and need not be told. */
  onRefusal(now: number): void {
    this.#endedAt ??= now;
  }

  /** The wait is over and the origin answered its probe: what the epoch before it teaches is taken to heart. */
  onResume(now: number): void {
    const start = this.#epochStart;
    const end = this.#endedAt;
    if (start !== undefined && end !== undefined && this.#epochGood > 0) {
      this.#learn({ good: this.#epochGood, ms: Math.max(1, end - start), waitMs: now - end }, end);
    }
    this.#countFrom = now;
    this.#endedAt = undefined;
    this.#epochStart = now;
    this.#epochGood = 1;
    this.#answers = new AnswerLog();
    this.#resumedAt = now;
  }

  #learn(epoch: Epoch, end: number): void {
    const first = this.#first;
    if (first === undefined) {
      this.#first = epoch;
      this.#search(epoch);
    } else if (this.#phase === 'hold') {
      this.#afterHeldRefusal(first, epoch, end);
    } else {
      this.#hold(estimate(first, epoch, this.#answers, end), epoch.waitMs);
    }
  }

  #search(epoch: Epoch): void {
    this.#phase = 'search';
    this.#rate = Math.max(SLOWEST, (3 * epoch.good * 1000) / (epoch.ms + epoch.waitMs));
  }

  #hold(rate: number, waitMs: number): void {
    this.#phase = 'hold';
    this.#rate = Math.max(SLOWEST, rate);
    this.#plateauMs = Math.max(SHORTEST_PLATEAU_MS, waitMs * PLATEAU_PER_WAIT);
  }

  #afterHeldRefusal(first: Epoch, epoch: Epoch, end: number): void {
    const asked = this.rateAt(end) ?? this.#rate;
    const sustained = (Math.max(0, epoch.good - first.good) * 1000) / epoch.ms;
    this.#hold(Math.min(asked * PROBED_FACTOR, Math.max(asked * CHANGED_FACTOR, sustained)), epoch.waitMs);
  }
}

interface Epoch {
  /** Requests that were let through. */
  readonly good: number;
  /** From its first good answer to the first refusal. */
  readonly ms: number;
  /** From there to the first good answer after it. */
  readonly waitMs: number;
}

const SEARCH_DOUBLING_MS = 250;
/** So much under the estimate a held rate begins. */
const HOLD_DEPTH = 0.01;
/** After a refusal while a rate is held: between three tenths and a twentieth less than was asked. */
const CHANGED_FACTOR = 0.7;
const PROBED_FACTOR = 0.95;
const PLATEAU_PER_WAIT = 100;
const SHORTEST_PLATEAU_MS = 10_000;
/** Requests per second: once in five minutes. */
const SLOWEST = 1 / 300;
/** A pace beyond this limits nothing. */
const UNLIMITED = 1e6;

/**
 * The rate of an origin from two epochs with a wait between them: the largest of three that are each no more than it.
 *
 * - What the second let through, over its time and the wait before it: all that a quota can have gathered since.
 * - What it let through beyond the first one's burst (`steepest`).
 * - Where the wait gave the first epoch's burst back, that burst over the first epoch and the wait: a window's quota over the window.
 */
function estimate(first: Epoch, second: Epoch, answers: AnswerLog, end: number): number {
  let rate = (second.good * 1000) / (first.waitMs + second.ms);
  if (second.good >= first.good * 0.8) rate = Math.max(rate, (first.good * 1000) / (first.waitMs + first.ms));
  // The first epoch let through its burst and, while it lasted, the rate that is sought: the burst comes closer with each step.
  for (let step = 0; step < 3; step++) {
    const burst = Math.max(0, first.good - (rate * first.ms) / 1000);
    rate = Math.max(rate, STEEPEST_TRUST * answers.steepest(end, burst));
  }
  return rate;
}

/** Times of answers in order, thinned out when they become many. */
class AnswerLog {
  #times: number[] = [];
  #weight = 1;
  #skipped = 0;

  add(at: number): void {
    this.#skipped += 1;
    if (this.#skipped < this.#weight) return;
    this.#skipped = 0;
    this.#times.push(at);
    if (this.#times.length < MOST_TIMES) return;
    this.#times = this.#times.filter((_, index) => index % 2 === 1);
    this.#weight *= 2;
  }

  /**
   * The largest rate that a stretch up to `end` shows beyond a burst. A bucket lets no more than its burst and its rate through in any
   * stretch, and just so much in the one that begins when it was last full: the largest is the rate itself. Very short stretches are
   * left out: where a window's quota begins anew in one, they show two bursts.
   */
  steepest(end: number, burst: number): number {
    const times = this.#times;
    const whole = end - (times[0] ?? end);
    const shortest = Math.max(SHORTEST_STRETCH_MS, whole * SHORTEST_SHARE);
    let rate = 0;
    for (let index = 0; index < times.length; index++) {
      const stretch = end - (times[index] ?? end);
      if (stretch < shortest) break;
      rate = Math.max(rate, (((times.length - index) * this.#weight - burst) * 1000) / stretch);
    }
    return rate;
  }
}

/** A stretch is short, so a request more or less in it shows: an estimate that is too high costs another refusal. */
const STEEPEST_TRUST = 1;
const MOST_TIMES = 4_096;
const SHORTEST_STRETCH_MS = 200;
const SHORTEST_SHARE = 0.65;
