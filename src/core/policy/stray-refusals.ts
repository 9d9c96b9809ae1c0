/** One event of refusals, and what went before it. */
export interface RefusalEvent {
  /** Good answers since the event before it was over. */
  readonly good: number;
  /** Requests per second that it was asked when it refused. */
  readonly perSecond: number;
  /** More than it was known to bear: such refusals are looked for. */
  readonly isProbing: boolean;
  /** Of what was started after the refused request and before its refusal was known, so many were taken ... */
  readonly taken: number;
  /** ... and so many refused as well. */
  readonly refused: number;
}

/** What an event was, now that all that was in flight with it is back. */
export interface Attribution {
  readonly isStray: boolean;
  /** It has just shown that the refusals before it were strays too: requests per second that it was asked before they had any effect. */
  readonly bornePerSecond?: number;
}

/**
 * Tells refusals that have nothing to do with how hard an origin is asked, such as a backend of many that now and then answers 503. Obeying
 * them is right; learning a rate or a number from each of them would end in a crawl.
 *
 * A limit is known by its effect: asked less, the origin refuses no more, or hardly. Where it goes on refusing
 * single requests just as often, they are strays, and their share of all requests is known. There may be a limit all the same. From then on a refusal is the
 * limit's where others that were started with it are refused as well, more of them than strays explain, or where refusals come so often
 * that strays do not explain them; but not where the origin is asked a good deal less than it has borne for a while.
 */
export class StrayRefusals {
  #events: RefusalEvent[] = [];
  /** Good answers for each stray, as is usual here; undefined while refusals count. */
  #goodPerStray: number | undefined;
  /** The most that was ever usual. */
  #mostGoodPerStray = 0;
  /** Refusals lately, less those that strays explain. */
  #excess = 0;
  /** The highest rate that it has borne for a while. */
  #borne: number | undefined;
  #goodOfWhile = 0;
  #whileFrom: number | undefined;

  onGood(now: number): void {
    this.#whileFrom ??= now;
    this.#goodOfWhile += 1;
    const ms = now - this.#whileFrom;
    if (ms < WHILE_MS || this.#goodOfWhile < LEAST_BORNE) return;
    this.#borne = Math.max(this.#borne ?? 0, (this.#goodOfWhile * 1000) / ms);
    this.#goodOfWhile = 0;
    this.#whileFrom = now;
  }

  /** Is a refusal that comes `good` good answers after the last one, asked `perSecond` requests a second, to be taken for a stray as far as is known? */
  isStray({ good, perSecond }: Pick<RefusalEvent, 'good' | 'perSecond'>): boolean {
    if (this.#goodPerStray === undefined) return false;
    return this.#isBorne(perSecond) || this.#excessAfter(good) + 1 <= MOST_EXCESS;
  }

  /** An event is over. */
  onEvent(event: RefusalEvent): Attribution {
    const goodPerStray = this.#goodPerStray;
    if (goodPerStray === undefined) return this.#sought(event);
    const excess = this.#excessAfter(event.good) + 1 + event.refused;
    const isBurst = !isChance(event.refused, (event.refused + event.taken) / (goodPerStray + 1));
    if (isBurst || (excess > MOST_EXCESS && !this.#isBorne(event.perSecond))) {
      this.#excess = 0;
      if (isBurst) this.#forgetBorne(event.perSecond);
      return { isStray: false };
    }
    this.#excess = Math.min(excess, MOST_EXCESS);
    const next = goodPerStray + (event.good - goodPerStray) / RECENT;
    this.#mostGoodPerStray = Math.max(this.#mostGoodPerStray, next);
    // A limit that is overrun for a while must not become what is usual.
    this.#goodPerStray = next > MOST_GOOD_PER_STRAY ? undefined : Math.max(next, this.#mostGoodPerStray / 2);
    return { isStray: true };
  }

  #isBorne(perSecond: number): boolean {
    return this.#borne !== undefined && perSecond <= this.#borne * EASED;
  }

  #excessAfter(good: number): number {
    const share = EXPLAINED / ((this.#goodPerStray ?? 0) + 1) + OVERLOOKED;
    return Math.max(0, this.#excess - good * share);
  }

  #forgetBorne(perSecond: number): void {
    if (this.#borne !== undefined) this.#borne = Math.min(this.#borne, perSecond) * EASED;
    this.#goodOfWhile = 0;
    this.#whileFrom = undefined;
  }

  #sought(event: RefusalEvent): Attribution {
    if (event.refused >= LEAST_BURST && event.refused >= (event.refused + event.taken) * BURST_SHARE) {
      this.#events = [];
      this.#forgetBorne(event.perSecond);
      return { isStray: false };
    }
    if (event.isProbing) {
      this.#events = [];
      return { isStray: false };
    }
    this.#events = [...this.#events.slice(1 - MOST_EVENTS), event];
    const hardest = Math.max(...this.#events.map(({ perSecond }) => perSecond));
    if (this.#events.length < LEAST_EVENTS || sumOfGood(this.#events) < LEAST_GOOD) return { isStray: false };
    const isInVain =
      event.perSecond < SLOW ? this.#isBorne(event.perSecond) : event.perSecond <= hardest * EASED_IN_VAIN;
    if (!isInVain) return { isStray: false };
    this.#goodPerStray = meanGood(this.#events);
    this.#mostGoodPerStray = this.#goodPerStray;
    this.#events = [];
    return { isStray: true, bornePerSecond: hardest };
  }
}

function sumOfGood(events: readonly RefusalEvent[]): number {
  return events.reduce((sum, { good }) => sum + good, 0);
}

function meanGood(events: readonly RefusalEvent[]): number {
  return sumOfGood(events) / events.length;
}

/** Would so many strays come together now and then, where `expected` do in the mean? (The first term of Poisson's upper tail.) */
function isChance(count: number, expected: number): boolean {
  let chance = 1;
  for (let index = 1; index <= count; index++) chance *= expected / index;
  return chance >= LEAST_CHANCE;
}

const LEAST_EVENTS = 3;
const MOST_EVENTS = 16;
/** Good answers in all of them: where there were fewer, each refusal may well be a small limit's. */
const LEAST_GOOD = 40;
/** Requests per second. Just over so slow a limit its refusals are as far apart whether it is asked a little less or not. */
const SLOW = 10;
/** Asked a tenth less, an origin with a limit refuses no more. */
const EASED_IN_VAIN = 0.9;
/** At a fifth less than it has borne for a while a single refusal is no limit's. */
const EASED = 0.8;
/** Events over which the mean is taken. */
const RECENT = 16;
/** Strays this rare are not worth telling from a limit that is probed. */
const MOST_GOOD_PER_STRAY = 2_000;
/** So many times their usual share, and a little, is explained by strays. Twice their share would let a limit be overrun by as much again. */
const EXPLAINED = 1.5;
const OVERLOOKED = 0.01;
/** Refusals that strays do not explain, before they are a limit's. */
const MOST_EXCESS = 5;
const LEAST_CHANCE = 0.005;
/** Refusals in one flight, and their share of it, that are no chance where no strays are known. */
const LEAST_BURST = 2;
const BURST_SHARE = 0.2;
/** Good answers, and the time of them, that show a rate which is borne for a while: no burst that was saved up. */
const LEAST_BORNE = 100;
const WHILE_MS = 4_000;
