import type { Gauges } from '../core/event.ts';

/** What had been done at a moment of the run. */
export interface Sample {
  readonly atMs: number;
  /** Pages brought to their end by asking for them. */
  readonly fetched: number;
  readonly receivedBytes: number;
}

const SAMPLE_EVERY_MS = 1_000;
/** A minute, the window that the time left is told from, and a little more. */
const MAX_SAMPLES = 64;

/**
 * The last minute, a sample a second.
 *
 * While the whole run stands still because it was told to wait, no samples are taken: a wait that is announced is added to
 * the time left as it is, and must not be counted once more as slowness of the minute before it.
 */
export interface Samples {
  readonly taken: readonly Sample[];
  /** Since when the whole run stands still. */
  readonly stillSinceMs?: number;
}

export function firstSample(atMs: number): Samples {
  return { taken: [{ atMs, fetched: 0, receivedBytes: 0 }] };
}

/** True while nothing is in flight and pages wait behind origins that are paused. */
function standsStill(gauges: Gauges): boolean {
  return gauges.inFlight === 0 && gauges.origins.some((origin) => origin.paused !== undefined && origin.waiting > 0);
}

/** Called as often as one likes: takes a sample where one is due. */
export function takeSample(samples: Samples, now: Sample, gauges: Gauges): Samples {
  const still = standsStill(gauges);
  if (still && samples.stillSinceMs !== undefined) return samples;
  const changed = still !== (samples.stillSinceMs !== undefined);
  const last = samples.taken.at(-1);
  if (!changed && last !== undefined && now.atMs - last.atMs < SAMPLE_EVERY_MS) return samples;
  const taken = [...samples.taken, now].slice(-MAX_SAMPLES);
  return still ? { taken, stillSinceMs: now.atMs } : { taken };
}

export interface Speed {
  readonly pagesPerSecond: number;
  readonly bytesPerSecond: number;
  /** What it was measured over: less than was asked for while the run is young. */
  readonly overMs: number;
}

/** The mean speed of the last `windowMs` before `now`. */
export function speedOver(samples: Samples, now: Sample, windowMs: number): Speed {
  const start = sampleAt(samples.taken, now, now.atMs - windowMs);
  const overMs = now.atMs - start.atMs;
  if (overMs <= 0) return { pagesPerSecond: 0, bytesPerSecond: 0, overMs: 0 };
  return {
    pagesPerSecond: ((now.fetched - start.fetched) / overMs) * 1_000,
    bytesPerSecond: ((now.receivedBytes - start.receivedBytes) / overMs) * 1_000,
    overMs,
  };
}

/** What had been done at a moment: between two samples, in proportion; before the first one, the first one. */
function sampleAt(taken: readonly Sample[], now: Sample, atMs: number): Sample {
  let after = now;
  for (let index = taken.length - 1; index >= 0; index--) {
    const before = taken[index];
    if (before === undefined) break;
    if (before.atMs <= atMs) return between(before, after, atMs);
    after = before;
  }
  return after;
}

function between(before: Sample, after: Sample, atMs: number): Sample {
  const span = after.atMs - before.atMs;
  const share = span <= 0 ? 0 : (atMs - before.atMs) / span;
  return {
    atMs,
    fetched: before.fetched + (after.fetched - before.fetched) * share,
    receivedBytes: before.receivedBytes + (after.receivedBytes - before.receivedBytes) * share,
  };
}

const TIME_LEFT_WINDOW_MS = 60_000;
/** A guess from less than this would jump about. */
const TIME_LEFT_AFTER_MS = 2_000;

/**
 * How long `pages` more will take, waits counted in: at the speed of the last minute, its waits included, and not before the origin that
 * waits longest may be asked. While everything waits: the speed of the minute before, behind the wait. Undefined where nobody knows.
 */
export function timeLeftMs(
  samples: Samples,
  now: Sample,
  pages: number,
  gauges: Gauges,
  wallMs: number,
): number | undefined {
  if (pages <= 0) return 0;
  const waitMs = gauges.origins.reduce((longest, origin) => Math.max(longest, pauseMs(origin, wallMs)), 0);
  const until = samples.stillSinceMs === undefined ? now : { ...now, atMs: samples.stillSinceMs };
  const speed = speedOver(samples, until, TIME_LEFT_WINDOW_MS);
  if (speed.overMs < TIME_LEFT_AFTER_MS || speed.pagesPerSecond <= 0) return undefined;
  const workMs = (pages / speed.pagesPerSecond) * 1_000;
  return samples.stillSinceMs === undefined ? Math.max(workMs, waitMs) : waitMs + workMs;
}

function pauseMs(origin: Gauges['origins'][number], wallMs: number): number {
  return origin.paused !== undefined && origin.waiting > 0 ? origin.paused.untilWall - wallMs : 0;
}
