import type { PaceConfig } from '../config.ts';
import { LearnedWindow } from './learned-window.ts';
import { LearnedRate } from './pacing.ts';
import { RateCap } from './rate-cap.ts';

/** When the next request may be started. `isQuota`: because all that a window lets through has been. */
export interface NextStart {
  readonly at: number;
  readonly isQuota: boolean;
}

/** How quickly an origin is asked: what the user allows (--rate), and what was learned of its rate or its window. Times are monotonic milliseconds. */
export class OriginPace {
  readonly #adapt: boolean;
  readonly #cap: RateCap | undefined;
  readonly #rate = new LearnedRate();
  #window: LearnedWindow | undefined;
  #nextPaced = Number.NEGATIVE_INFINITY;

  constructor(pace: PaceConfig) {
    this.#adapt = pace.adapt;
    this.#cap = pace.ratePerSecond === undefined ? undefined : new RateCap(pace.ratePerSecond);
  }

  /** Requests per second that were learned; undefined where no limit was found. */
  learnedRate(now: number): number | undefined {
    if (this.#window !== undefined) return this.#window.meanPerSecond;
    return this.#rate.isKnown ? this.#rate.rateAt(now) : undefined;
  }

  /** It is asked more than it is known to bear. */
  isProbing(now: number): boolean {
    return this.#window === undefined && this.#rate.isProbing(now);
  }

  nextStart(now: number): NextStart {
    const at = Math.max(this.#cap?.nextAt ?? now, this.#nextPaced);
    if (at > now) return { at, isQuota: false };
    const opensAt = this.#window?.opensAt(now) ?? now;
    return { at: opensAt, isQuota: opensAt > now };
  }

  /** The pace, not the number in flight, holds the next start back. */
  isHoldingBack(now: number): boolean {
    return this.#nextPaced > now;
  }

  /** Nothing is known that would be missed. */
  isForgettable(now: number): boolean {
    return !this.#rate.isKnown && (this.#cap === undefined || this.#cap.nextAt <= now);
  }

  onStart(now: number): void {
    this.#cap?.onStart(now);
    this.#window?.onStart();
    this.#pace(now);
  }

  onGood(now: number, startedAt: number): void {
    this.#rate.onGood(now, startedAt);
    this.#window?.onGood(startedAt);
  }

  /** A refusal that begins a wait, with `inFlight` others that may be refused as well. */
  onRefusal(now: number, inFlight: number): void {
    this.#rate.onRefusal(now);
    this.#window?.onRefusal(now, inFlight);
  }

  /** The wait is over: the origin answered a probe that was started at `probeStartedAt`. `behind`: pages that wait for it. `ofNumber`: what it minded was the number in flight. */
  onResume(now: number, probeStartedAt: number, behind: number, ofNumber: boolean): void {
    this.#rate.onResume(now, behind, ofNumber);
    this.#window?.onResume(now);
    this.#window ??= this.#newWindow(now);
    // The probe was a start like any other: the next one keeps its distance.
    this.#nextPaced = probeStartedAt;
    this.#pace(probeStartedAt);
  }

  /** The wait that a stray refusal brought, at `refusedAt`, is over. It taught nothing. */
  onStrayOver(now: number, probeStartedAt: number, refusedAt: number): void {
    this.#rate.onStrayOver(now, refusedAt);
    this.#nextPaced = probeStartedAt;
    this.#pace(probeStartedAt);
  }

  /** Refusals taught what was not so: `perSecond` was borne as well. */
  loosen(now: number, perSecond: number): void {
    this.#rate.loosen(now, perSecond);
    this.#window = undefined;
    this.#nextPaced = now;
  }

  #newWindow(now: number): LearnedWindow | undefined {
    const found = this.#rate.window;
    if (found === undefined || !this.#adapt) return undefined;
    const window = new LearnedWindow(found.quota, found.windowMs, now);
    window.onStart();
    return window;
  }

  #pace(startedAt: number): void {
    if (!this.#adapt) return;
    const rate = this.#window?.ratePerSecond ?? this.#rate.rateAt(startedAt);
    if (rate === undefined) return;
    // An origin that bears hardly any burst takes a start that makes up for a late one amiss.
    const madeUpMs = this.#rate.burst < BURST_FOR_MAKING_UP ? 0 : MADE_UP_MS;
    this.#nextPaced = Math.max(this.#nextPaced, startedAt - madeUpMs) + 1000 / rate;
  }
}

/** A paced start that came late may be made up for within so long. */
const MADE_UP_MS = 20;
const BURST_FOR_MAKING_UP = 5;
