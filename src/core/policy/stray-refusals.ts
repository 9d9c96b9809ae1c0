/** What went before one event of refusals. */
export interface RefusalEvent {
  /** Good answers since the event before it was over. */
  readonly good: number;
  /** Requests per second that it was asked when it refused. */
  readonly perSecond: number;
  /** Of what was started after the refused request and before its refusal was known, a good part was refused as well. */
  readonly isBurst: boolean;
}

/**
 * Tells refusals that have nothing to do with how hard an origin is asked, such as a backend of many that now and then answers 503. Obeying
 * them is right; learning a rate or a number from each of them would end in a crawl.
 *
 * A limit is known by its effect: asked a fifth less, the origin refuses no more, or hardly. Where it goes on refusing single requests
 * just as often, they are strays. They stay strays as long as they do not come clearly more often, and not in bursts. Of an origin that has
 * shown both, strays and a limit, a single refusal is a stray where it is asked a fifth less than it has borne for a while since it last
 * refused many at once.
 */
export class StrayRefusals {
  #events: RefusalEvent[] = [];
  /** Good answers for each stray, as is usual here; undefined while refusals count. */
  #usualGood: number | undefined;
  #recentGood = 0;
  #doubt = 1;
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

  /** Is a refusal that comes `good` good answers after the last one, asked `perSecond` requests a second, to be taken for a stray? */
  isStray({ good, perSecond }: Pick<RefusalEvent, 'good' | 'perSecond'>): boolean {
    const hasStraysToo = this.#doubt > 1;
    if (hasStraysToo && this.#borne !== undefined && perSecond <= this.#borne * EASED) return true;
    return this.#isUsual(good);
  }

  #isUsual(good: number): boolean {
    return this.#usualGood !== undefined && this.#next(good) * OFTEN >= this.#usualGood;
  }

  /**
   * An event is over: all that was in flight with it is back.
   *
   * @returns where it has just shown that the refusals are strays: the rate at which the origin was asked before they had any effect,
   * requests per second
   */
  onEvent(event: RefusalEvent): number | undefined {
    if (event.isBurst) {
      // There is a limit as well as strays: from now on more has to be in vain before it is forgotten again.
      if (this.#usualGood !== undefined) this.#doubt *= 2;
      this.#events = [];
      this.#usualGood = undefined;
      if (this.#borne !== undefined) this.#borne = Math.min(this.#borne, event.perSecond) * EASED;
      this.#goodOfWhile = 0;
      this.#whileFrom = undefined;
      return undefined;
    }
    if (this.#usualGood !== undefined) {
      if (!this.#isUsual(event.good)) this.#usualGood = undefined;
      this.#recentGood = this.#next(event.good);
      return undefined;
    }
    // What lasted so long is what a limit shows when it is probed.
    if (event.good >= LASTED) this.#events = [];
    this.#events = [...this.#events.slice(1 - MOST_EVENTS), event];
    return this.#showsStrays(event);
  }

  #next(good: number): number {
    return this.#recentGood + (good - this.#recentGood) / RECENT;
  }

  #showsStrays(last: RefusalEvent): number | undefined {
    const hardest = Math.max(...this.#events.map(({ perSecond }) => perSecond));
    const isEased = last.perSecond <= hardest * EASED ** this.#doubt;
    if (this.#events.length < LEAST_EVENTS || !isEased) return undefined;
    this.#usualGood = this.#events.reduce((sum, { good }) => sum + good, 0) / this.#events.length;
    this.#recentGood = this.#usualGood;
    this.#events = [];
    return hardest;
  }
}

const LEAST_EVENTS = 4;
const MOST_EVENTS = 16;
/** A fifth less. */
const EASED = 0.8;
/** Good answers; a held rate is probed no sooner. */
const LASTED = 400;
/** Events over which the mean is taken. */
const RECENT = 4;
/** So many times as often as usual is clearly more often. */
const OFTEN = 4;
/** Good answers, and the time of them, that show a rate which is borne for a while: no burst that was saved up. */
const LEAST_BORNE = 100;
const WHILE_MS = 4_000;
