import type { RunEvent } from '../core/event.ts';
import type { Column, Timeline } from './timeline.ts';

/** More origins than so many are not kept apart: then a quarter stays that was asked most, and one that sent most. */
const MAX_ORIGINS = 1_000;
/** So many have their figures over time. */
const MAX_TRACKED = 32;
/** A learned rate that stands for none. */
export const NO_LIMIT = Number.POSITIVE_INFINITY;

/** How an origin's figures moved. */
export interface OriginTrack {
  readonly answers: Column;
  readonly refusals: Column;
  readonly concurrency: Column;
  /** Requests per second; `NO_LIMIT` where none was found. */
  readonly rate: Column;
}

export interface OriginFigures {
  readonly origin: string;
  readonly requests: number;
  readonly refusals: number;
  readonly failures: number;
  readonly wireBytes: number;
  readonly pausedMs: number;
  readonly concurrency?: number;
  readonly ratePerSecond?: number;
  /** The code of the failure with which it was given up. */
  readonly givenUp?: string;
  readonly track?: OriginTrack;
}

type Order = 'requests' | 'wireBytes';

interface Origin {
  readonly origin: string;
  requests: number;
  refusals: number;
  failures: number;
  wireBytes: number;
  pausedMs: number;
  pausedSince: number | undefined;
  concurrency: number | undefined;
  ratePerSecond: number | undefined;
  givenUp: string | undefined;
  track: OriginTrack | undefined;
}

export interface OriginsRead {
  /** The first by what was asked for. */
  readonly top: readonly OriginFigures[];
  /** All the rest together. */
  readonly others: { readonly origins: number; readonly requests: number; readonly wireBytes: number };
  /** True where origins were dropped on the way: one that came back later is told with less than it had. */
  readonly isRough: boolean;
}

/** What was seen of each origin, in bounded memory. Times are milliseconds since the run's start. */
export class Origins {
  readonly #timeline: Timeline;
  readonly #origins = new Map<string, Origin>();
  readonly #tracked = new Set<Origin>();
  readonly #dropped = { origins: 0, requests: 0, wireBytes: 0 };

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  attempt({ url, result, sequel }: Extract<RunEvent, { type: 'attempt' }>, elapsedMs: number): void {
    const origin = this.#origin(originOf(url));
    const isRefusal = sequel.type === 'again' && sequel.cost === 'refusal';
    origin.requests += 1;
    if (isRefusal) origin.refusals += 1;
    if (result.type === 'failure') origin.failures += 1;
    else origin.wireBytes += result.wireBytes;
    this.#trackIfDue(origin, elapsedMs);
    const { track } = origin;
    if (track === undefined) return;
    const bin = this.#timeline.bin(elapsedMs);
    if (result.type === 'answer' && !isRefusal) track.answers.add(bin, 1);
    if (isRefusal) track.refusals.add(bin, 1);
  }

  learned(name: string, concurrency: number, ratePerSecond: number | undefined, elapsedMs: number): void {
    const origin = this.#origin(name);
    origin.concurrency = concurrency;
    origin.ratePerSecond = ratePerSecond;
    if (origin.track !== undefined) this.#noteLearned(origin, origin.track, elapsedMs);
  }

  paused(name: string, elapsedMs: number): void {
    this.#origin(name).pausedSince ??= elapsedMs;
  }

  resumed(name: string, elapsedMs: number): void {
    const origin = this.#origin(name);
    if (origin.pausedSince !== undefined) origin.pausedMs += elapsedMs - origin.pausedSince;
    origin.pausedSince = undefined;
  }

  givenUp(name: string, code: string, elapsedMs: number): void {
    this.resumed(name, elapsedMs);
    this.#origin(name).givenUp = code;
  }

  /**
   * @param by what the first have most of
   * @param elapsedMs now, for pauses that go on
   */
  read(rows: number, by: Order, elapsedMs: number): OriginsRead {
    const sorted = this.#sorted(by);
    const others = { ...this.#dropped };
    for (const origin of sorted.slice(rows)) addTo(others, origin);
    const top = sorted.slice(0, rows).map((origin) => figuresOf(origin, elapsedMs));
    return { top, others, isRough: this.#dropped.origins > 0 };
  }

  #origin(name: string): Origin {
    const known = this.#origins.get(name);
    if (known !== undefined) return known;
    if (this.#origins.size >= MAX_ORIGINS) this.#dropSmall();
    const origin = {
      origin: name,
      requests: 0,
      refusals: 0,
      failures: 0,
      wireBytes: 0,
      pausedMs: 0,
      pausedSince: undefined,
      concurrency: undefined,
      ratePerSecond: undefined,
      givenUp: undefined,
      track: undefined,
    };
    this.#origins.set(name, origin);
    return origin;
  }

  #sorted(by: Order): Origin[] {
    return [...this.#origins.values()].sort((a, b) => b[by] - a[by]);
  }

  #dropSmall(): void {
    const quarter = MAX_ORIGINS / 4;
    const large = [...this.#sorted('requests').slice(0, quarter), ...this.#sorted('wireBytes').slice(0, quarter)];
    const kept = new Set(large);
    for (const origin of [...this.#origins.values()]) {
      if (kept.has(origin)) continue;
      addTo(this.#dropped, origin);
      this.#untrack(origin);
      this.#origins.delete(origin.origin);
    }
  }

  /** An origin that is asked twice as much as the least asked of those that are tracked takes its place. */
  #trackIfDue(origin: Origin, elapsedMs: number): void {
    if (origin.track !== undefined) return;
    if (this.#tracked.size >= MAX_TRACKED) {
      let least = origin;
      for (const tracked of this.#tracked) if (tracked.requests < least.requests) least = tracked;
      if (origin.requests < 2 * least.requests || least === origin) return;
      this.#untrack(least);
    }
    const column = this.#timeline.column.bind(this.#timeline);
    origin.track = {
      answers: column('sum'),
      refusals: column('sum'),
      concurrency: column('last'),
      rate: column('last'),
    };
    this.#tracked.add(origin);
    this.#noteLearned(origin, origin.track, elapsedMs);
  }

  #untrack(origin: Origin): void {
    for (const column of Object.values(origin.track ?? {})) this.#timeline.forget(column);
    origin.track = undefined;
    this.#tracked.delete(origin);
  }

  #noteLearned({ concurrency, ratePerSecond }: Origin, track: OriginTrack, elapsedMs: number): void {
    if (concurrency === undefined) return;
    const bin = this.#timeline.bin(elapsedMs);
    track.concurrency.add(bin, concurrency);
    track.rate.add(bin, ratePerSecond ?? NO_LIMIT);
  }
}

/** Of a URL that is normalised; `new URL` would cost ten times as much for each request. */
function originOf(url: string): string {
  const end = url.indexOf('/', url.indexOf('://') + 3);
  return end < 0 ? url : url.slice(0, end);
}

function addTo(others: { origins: number; requests: number; wireBytes: number }, origin: Origin): void {
  others.origins += 1;
  others.requests += origin.requests;
  others.wireBytes += origin.wireBytes;
}

function figuresOf(origin: Origin, elapsedMs: number): OriginFigures {
  const { pausedSince, concurrency, ratePerSecond, givenUp, track } = origin;
  return {
    origin: origin.origin,
    requests: origin.requests,
    refusals: origin.refusals,
    failures: origin.failures,
    wireBytes: origin.wireBytes,
    pausedMs: origin.pausedMs + (pausedSince === undefined ? 0 : elapsedMs - pausedSince),
    ...(concurrency === undefined ? undefined : { concurrency }),
    ...(ratePerSecond === undefined ? undefined : { ratePerSecond }),
    ...(givenUp === undefined ? undefined : { givenUp }),
    ...(track === undefined ? undefined : { track }),
  };
}
