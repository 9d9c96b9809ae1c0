/**
 * The rate at which an origin lets requests through, learned from its refusals. Until the first refusal nothing is paced. Then:
 *
 * 1. **Search.** After the wait, starts are paced from three times the rate that the first epoch is sure to have (what was let through, over
 *    its time and the wait after it), doubling every 250 ms, until the second refusal. An origin that lets B at once and R a second through
 *    lets at most `B + R·d` through in any d seconds, and exactly so many in those before a refusal, from when it was last at rest. The
 *    first epoch and the second together give R without B. Where the second was too short for that, there is one more search.
 * 2. **Settle.** From that estimate the rate climbs, at first by 1% a second and then faster, until the next refusal: so slow a climb shows
 *    the rate to a few percent, whatever kind of limit it is. The dearer a refusal's wait, the slower the climb.
 * 3. **Hold.** Starts are paced just under what was found. From there the rate follows the curve of CUBIC (RFC 9438 §4.2; AWS SDK's
 *    adaptive retry mode): flat near what is known to work, and above it only after a hundred times what a refusal costs in waiting, so
 *    that probing costs at most 1% of the time. A refusal that comes earlier lowers the rate: a little at first, and by more each time
 *    until an epoch lasts, for then the limit itself has changed.
 *
 * Where the waits are long (`LONG_WAIT_MS`) there is no settling: the rate is held from the second refusal on. An origin whose quota is
 * renewed as a whole, after such waits, is better known by its window (`windowOf`).
 *
 * What is held may be what others left, who are gone since: where it is far below what was borne once, or hardly anything, the rate climbs
 * again after a while, quickly (`#isWorthSeeking`).
 *
 * An *epoch* is the time between the end of one wait and the next refusal. Deterministic: time is handed in, in milliseconds; rates are
 * requests per second.
 */
export class LearnedRate {
  #phase: 'free' | 'search' | 'settle' | 'hold' = 'free';
  /** What was started before is of no epoch that counts. */
  #countFrom = Number.NEGATIVE_INFINITY;
  /** When the first answer of the epoch came. Answers are timed, not requests: those may wait for a connection first. */
  #epochStart: number | undefined;
  #epochGood = 0;
  /** When the good answers of the epoch came, as long as the rate is sought. */
  #answers = new AnswerLog();
  #roundTripMs = 0;
  #first: Epoch | undefined;
  #firstAnswers = new AnswerLog();
  #second: Epoch | undefined;
  #searches = 0;
  #quickRefusals = 0;
  #burst = 0;
  /** Search: the rate at the epoch's start. Settle and hold: the rate that is believed to be the origin's. */
  #rate = 0;
  #resumedAt = 0;
  /** When the refusal came that ended the epoch; what was in flight then still tells of it until the wait is over. */
  #endedAt: number | undefined;
  #plateauMs = 0;
  #settleUnitMs = 1_000;
  #doublingMs = SEARCH_DOUBLING_MS;
  #lastWaitMs = 0;
  /** The most that an epoch with the wait after it brought, requests per second. */
  #borne = 0;
  /** The rate that was held when a better one was sought last, and how often in a row that was in vain. */
  #soughtFrom = 0;
  #soughtInVain = 0;
  #isSeeking = false;

  /** Requests per second that may be started now; undefined where nothing limits them. */
  rateAt(now: number): number | undefined {
    const elapsedMs = Math.max(0, now - this.#resumedAt);
    switch (this.#phase) {
      case 'free':
        return undefined;
      case 'search': {
        const rate = this.#rate * 2 ** Math.min(40, elapsedMs / this.#doublingMs);
        return rate > UNLIMITED ? undefined : rate;
      }
      case 'settle':
        return this.#rate * climb(elapsedMs / this.#settleUnitMs);
      case 'hold':
        return this.#rate * (1 + HOLD_DEPTH * (elapsedMs / this.#plateauMs - 1) ** 3);
    }
  }

  /** True once refusals have taught a rate that is worth telling. */
  get isKnown(): boolean {
    return this.#phase === 'settle' || this.#phase === 'hold';
  }

  /** It is asked more than it is known to bear: a refusal now is what was to be found out. */
  isProbing(now: number): boolean {
    return this.#isSeeking || (this.#phase === 'hold' && now - this.#resumedAt > this.#plateauMs);
  }

  /** How many it bears at once beyond its rate, as far as is known. */
  get burst(): number {
    return this.#burst;
  }

  onGood(now: number, startedAt: number): void {
    if (startedAt < this.#countFrom || startedAt > (this.#endedAt ?? now)) return;
    this.#epochStart ??= now;
    this.#epochGood += 1;
    const latencyMs = now - startedAt;
    this.#roundTripMs = this.#roundTripMs === 0 ? latencyMs : this.#roundTripMs * 0.9 + latencyMs * 0.1;
    if (this.#phase !== 'hold') this.#answers.add(now);
    if (this.isKnown && this.#isWorthSeeking(now)) this.#seek(now);
  }

  /**
   * What is held may be what others left, who are gone since. So it is searched for again after ten waits and ten answers without a refusal
   * where it is far below what the origin bore once, or so low that a wait holds up hardly anything; after twice as long each time that it
   * was in vain.
   */
  #isWorthSeeking(now: number): boolean {
    const isFarBelow = this.#rate < this.#borne * FAR_BELOW;
    const isCheap = this.#lastWaitMs >= LEAST_CHEAP_WAIT_MS && (this.#rate * this.#lastWaitMs) / 1000 < FEW;
    if (!isFarBelow && !isCheap) return false;
    const quietMs = Math.max(this.#lastWaitMs, 1000 / this.#rate) * (isFarBelow ? QUIET : VERY_QUIET);
    return now - this.#resumedAt > quietMs * 2 ** this.#soughtInVain;
  }

  #seek(now: number): void {
    const isInVain = this.#rate < this.#soughtFrom * FOUND;
    this.#soughtInVain = isInVain ? this.#soughtInVain + 1 : 0;
    if (isInVain) this.#borne /= 2;
    this.#soughtFrom = this.#rate;
    this.#quickRefusals = 0;
    this.#settle(this.#rate, SEEKING_REQUESTS / this.#rate);
    this.#isSeeking = true;
    this.#resumedAt = now;
    this.#beginEpoch(now);
  }

  /** A refusal that begins a wait, or makes it longer. Those in flight with it belong to the same event and need not be told. */
  onRefusal(now: number): void {
    this.#endedAt ??= now;
  }

  /**
   * The wait is over and the origin answered its probe: what the epoch before it teaches is taken to heart.
   *
   * @param behind requests that wait for the origin, as far as is known
   * @param ofNumber too many were in flight at once: that says nothing of a rate
   */
  onResume(now: number, behind: number, ofNumber: boolean): void {
    const start = this.#epochStart;
    const end = this.#endedAt;
    if (end !== undefined && ofNumber) {
      this.#goOn(now, end);
    } else if (start !== undefined && end !== undefined && this.#epochGood > 0) {
      this.#learn({ good: this.#epochGood, ms: Math.max(1, end - start), waitMs: now - end }, end, behind);
      this.#resumedAt = now;
    } else {
      this.#resumedAt = now;
    }
    this.#beginEpoch(now);
  }

  /** A refusal at `refusedAt` that taught nothing was waited for. */
  onStrayOver(now: number, refusedAt: number): void {
    this.#goOn(now, refusedAt);
    this.#beginEpoch(now);
  }

  /** What was learned was not so: `perSecond` was borne as well. It is searched for anew from there. */
  loosen(now: number, perSecond: number): void {
    this.#first = undefined;
    this.#second = undefined;
    this.#searches = 0;
    this.#quickRefusals = 0;
    this.#search(perSecond, 0);
    this.#resumedAt = now;
  }

  #beginEpoch(now: number): void {
    this.#countFrom = now;
    this.#endedAt = undefined;
    this.#epochStart = now;
    this.#epochGood = 1;
    this.#answers = new AnswerLog();
  }

  /** As if there had been no wait. */
  #goOn(now: number, end: number): void {
    if (this.#phase === 'search') this.#rate = Math.min(UNLIMITED, this.rateAt(end) ?? UNLIMITED);
    this.#resumedAt = this.#phase === 'search' ? now : this.#resumedAt + now - end;
  }

  /** The quota and window of an origin that renews its quota as a whole; undefined where two epochs do not look like it. */
  get window(): { readonly quota: number; readonly windowMs: number } | undefined {
    return this.#first === undefined || this.#second === undefined ? undefined : windowOf(this.#first, this.#second);
  }

  #learn(epoch: Epoch, end: number, behind: number): void {
    const asked = this.rateAt(end) ?? 0;
    const ms = epoch.ms + epoch.waitMs;
    if (ms >= SHORTEST_BORNE_MS) this.#borne = Math.max(this.#borne, (epoch.good * 1000) / ms);
    if (this.#first === undefined) {
      this.#first = epoch;
      this.#firstAnswers = this.#answers;
      this.#firstAnswers.end(end);
      this.#burst = epoch.good;
      this.#search((3 * epoch.good * 1000) / (epoch.ms + epoch.waitMs), epoch.waitMs);
    } else if (this.#phase === 'search') {
      this.#afterSearch(this.#first, epoch, end, behind);
    } else if (this.#phase === 'settle') {
      const least = this.#isSeeking ? Math.max(this.#soughtFrom, asked * SOUGHT_SHARE) : asked * SETTLED_SHARE;
      this.#hold(Math.min(Math.max(this.#beyondBurst(end), least), asked * PROBED_SHARE), epoch.waitMs);
    } else {
      this.#afterHeldRefusal(epoch, asked, end);
    }
    this.#lastWaitMs = epoch.waitMs;
  }

  #afterSearch(first: Epoch, epoch: Epoch, end: number, behind: number): void {
    this.#second ??= epoch;
    const beyondBurst = this.#beyondBurst(end);
    const rate = Math.max(beyondBurst, atLeast(first, epoch));
    this.#burst = Math.max(1, this.#firstAnswers.burst(rate));
    // Two epochs with the same number are a quota's rather than a bucket's, and say little of the rate.
    const isSure = beyondBurst === rate && !isAlike(first, this.#second);
    if (epoch.waitMs >= LONG_WAIT_MS) this.#hold(rate * DEAR_SHARE, epoch.waitMs);
    else if (isSure && (behind / rate) * CLIMB_GAIN * 1000 < epoch.waitMs)
      this.#hold(rate * lessError(first, epoch), epoch.waitMs);
    else if (isSure) this.#settle(rate * SURE_SHARE, epoch.waitMs * SURE_CLIMB);
    else if (this.#searches < MOST_SEARCHES) this.#search(rate, epoch.waitMs);
    else this.#settle(rate, epoch.waitMs);
  }

  #afterHeldRefusal(epoch: Epoch, asked: number, end: number): void {
    this.#quickRefusals = end - this.#resumedAt < QUICK_REFUSAL_MS ? this.#quickRefusals + 1 : 0;
    const lowered = asked * (LOWERED[Math.min(this.#quickRefusals, LOWERED.length - 1)] ?? 1);
    // Where the wait before gave the burst back, what came beyond it is the rate itself.
    const isSmallBurst = this.#burst < asked * SMALL_BURST_S;
    const isGivenBack = (this.#lastWaitMs * asked) / 1000 >= this.#burst;
    const beyondBurst = ((epoch.good - this.#burst) * 1000) / epoch.ms;
    const isTelling = isSmallBurst && isGivenBack && epoch.ms >= SHORTEST_STRETCH_MS;
    this.#hold(isTelling ? Math.min(asked * PROBED_SHARE, Math.max(asked / 2, beyondBurst)) : lowered, epoch.waitMs);
  }

  /** The rate at which the first epoch and the one that ended at `end` show the same burst; 0 where the later one shows none beyond it. */
  #beyondBurst(end: number): number {
    this.#answers.end(end);
    return rateOfSameBurst(this.#firstAnswers, this.#answers);
  }

  #search(rate: number, waitMs: number): void {
    this.#phase = 'search';
    this.#isSeeking = false;
    this.#searches += 1;
    this.#rate = Math.max(SLOWEST, rate);
    // The dearer the wait, the more is to be learned from the next refusal, and the fewer requests are to be refused with it.
    const patientMs = Math.min(SLOWEST_DOUBLING_MS, waitMs / DOUBLINGS_PER_WAIT);
    this.#doublingMs = Math.max(SEARCH_DOUBLING_MS * this.#searches, 2 * this.#roundTripMs, patientMs);
  }

  #settle(rate: number, unitMs: number): void {
    this.#phase = 'settle';
    this.#rate = Math.max(SLOWEST, rate);
    this.#settleUnitMs = Math.min(SURE_CLIMB * 1_000, Math.max(100, unitMs));
  }

  #hold(rate: number, waitMs: number): void {
    this.#phase = 'hold';
    this.#isSeeking = false;
    this.#rate = Math.max(SLOWEST, rate);
    this.#plateauMs = Math.max(waitMs * PLATEAU_PER_WAIT, (REQUESTS_PER_PROBE * 1000) / this.#rate);
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
const SLOWEST_DOUBLING_MS = 3_000;
const DOUBLINGS_PER_WAIT = 20;
const MOST_SEARCHES = 2;
/** An estimate that the burst was taken out of is nearly right: the climb begins just under it, and is so many times slower. */
const SURE_SHARE = 0.975;
const SURE_CLIMB = 5;
/** Such a climb finds hardly more than this: where that saves less time than a refusal costs, there is none. */
const CLIMB_GAIN = 0.03;
/** Waits from here on are too dear to learn more by them than two tell. */
const LONG_WAIT_MS = 5_000;
/** And too dear to begin a percent too high. */
const DEAR_SHARE = 0.985;
/** Of the rate at which a climb was refused, at least so much is the origin's. */
const SETTLED_SHARE = 0.95;
/** A quicker climb overshoots more. */
const SOUGHT_SHARE = 0.7;
/** Such a climb takes its steps in the time of so many thousandths of a request. */
const SEEKING_REQUESTS = 200;
/** And at most so much. */
const PROBED_SHARE = 0.99;
/** So much under the estimate a held rate begins. */
const HOLD_DEPTH = 0.01;
/** After refusals while a rate is held, each sooner than `QUICK_REFUSAL_MS` after the wait before it. */
const LOWERED = [0.97, 0.95, 0.9, 0.8, 0.7];
const QUICK_REFUSAL_MS = 5_000;
/** A burst of less than so many seconds' requests is a bucket's; a larger one may be a window's quota. */
const SMALL_BURST_S = 0.4;
/** A probe may cost 1% of the time since the last refusal, in waits ... */
const PLATEAU_PER_WAIT = 100;
/** ... and some requests, of which it should not cost 1% either. */
const REQUESTS_PER_PROBE = 400;
/** A burst alone is nothing that an origin bears. */
const SHORTEST_BORNE_MS = 2_000;
const FAR_BELOW = 0.4;
/** Requests that a wait holds up. */
const FEW = 1;
const QUIET = 10;
const VERY_QUIET = 40;
const LEAST_CHEAP_WAIT_MS = 1_000;
/** Less than so many times as much is nothing that was found. */
const FOUND = 1.5;
/** Requests per second: once in five minutes. */
const SLOWEST = 1 / 300;
/** A pace beyond this limits nothing. */
const UNLIMITED = 1e6;

function climb(units: number): number {
  return 1 + 0.01 * units + 0.003 * units ** 2;
}

/**
 * What is sure of a rate after two epochs with a wait between them: the larger of two that are each no more than it.
 *
 * - What the second let through, over its time and the wait before it: all that a quota can have gathered since.
 * - Where the wait gave the first epoch's burst back, that burst over the first epoch and the wait: a window's quota over the window.
 */
function atLeast(first: Epoch, second: Epoch): number {
  const gathered = (second.good * 1000) / (first.waitMs + second.ms);
  const isRenewed = second.good >= first.good * 0.8 && second.ms <= first.waitMs + first.ms;
  return isRenewed ? Math.max(gathered, (first.good * 1000) / (first.waitMs + first.ms)) : gathered;
}

/** An estimate rests on what the second epoch let through beyond the first: a request more or less is its error. */
function lessError(first: Epoch, second: Epoch): number {
  return 1 - 1 / Math.max(2, second.good - first.good);
}

/** Two epochs that let the same number through, quickly, each followed by a long wait: a quota for a window of the clock. */
function windowOf(first: Epoch, second: Epoch): { readonly quota: number; readonly windowMs: number } | undefined {
  const windowMs = second.ms + second.waitMs;
  const isQuick = first.ms < first.waitMs && second.ms < second.waitMs / 2;
  if (!isAlike(first, second) || !isQuick || second.waitMs < LONG_WAIT_MS) return undefined;
  return { quota: Math.min(first.good, second.good), windowMs: roundedWindow(windowMs) };
}

function isAlike(first: Epoch, second: Epoch): boolean {
  return Math.abs(first.good - second.good) <= Math.max(2, first.good * 0.03);
}

/** Told in whole seconds, a window's end is up to a second late: a round number near by is meant. */
function roundedWindow(windowMs: number): number {
  for (const roundMs of [3_600_000, 900_000, 300_000, 60_000, 10_000, 5_000, 1_000]) {
    const rounded = Math.round(windowMs / roundMs) * roundMs;
    if (rounded > 0 && Math.abs(rounded - windowMs) <= 1_500) return rounded;
  }
  return windowMs;
}

/** When the answers of an epoch came, thinned out when they become many. */
class AnswerLog {
  #times: number[] = [];
  #weight = 1;
  #skipped = 0;
  #end = 0;

  add(at: number): void {
    this.#skipped += 1;
    if (this.#skipped < this.#weight) return;
    this.#skipped = 0;
    this.#times.push(at);
    if (this.#times.length < MOST_TIMES) return;
    this.#times = this.#times.filter((_, index) => index % 2 === 1);
    this.#weight *= 2;
  }

  /** The refusal came then. */
  end(at: number): void {
    this.#end = at;
  }

  /** The most that a stretch up to the end let through beyond what the rate alone would have. */
  burst(ratePerSecond: number): number {
    const times = this.#times;
    let most = 0;
    for (let index = 0; index < times.length; index++) {
      const stretchMs = Math.max(0, this.#end - (times[index] ?? 0));
      most = Math.max(most, (times.length - index) * this.#weight - (ratePerSecond * stretchMs) / 1000);
    }
    return most;
  }

  /** More than this no stretch of any length can show. */
  get count(): number {
    return this.#times.length * this.#weight;
  }
}

/**
 * An origin that lets B at once and R a second through lets no more than `B + R·d` through in any stretch of d, and just so many in the
 * one that begins when it was last at rest and ends with a refusal. So B, seen as a function of R, is the same in two epochs at the true R
 * alone: the longer epoch's falls more steeply.
 */
function rateOfSameBurst(first: AnswerLog, second: AnswerLog): number {
  if (second.count <= first.count) return 0;
  let low = 0;
  let high = 1;
  while (second.burst(high) > first.burst(high) && high < UNLIMITED) high *= 2;
  for (let step = 0; step < BISECTIONS; step++) {
    const middle = (low + high) / 2;
    if (second.burst(middle) > first.burst(middle)) low = middle;
    else high = middle;
  }
  return low;
}

const BISECTIONS = 30;
const MOST_TIMES = 4_096;
const SHORTEST_STRETCH_MS = 200;
