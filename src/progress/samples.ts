import type { Gauges } from '../core/event.ts';
import type { OriginSpeeds } from './origin-speeds.ts';
import { watchOrigins } from './origin-speeds.ts';

/** What had been done at a moment of the run. */
export interface Sample {
  readonly atMs: number;
  /** Pages brought to their end by asking for them. */
  readonly fetched: number;
  /** Of these, pages that are not OK. */
  readonly failed: number;
  readonly receivedBytes: number;
}

const SAMPLE_EVERY_MS = 1_000;
/** A minute, the window that the time left is told from, and a little more. */
const MAX_SAMPLES = 64;
/** Nobody looked for so long: the process was stopped, or the machine asleep. */
const ASLEEP_MS = 10_000;

/**
 * The last minute, a sample a second.
 *
 * While the whole run stands still because it was told to wait, no samples are taken: a wait that is announced is added to
 * the time left as it is, and must not be counted once more as slowness of the minute before it.
 */
export interface Samples {
  readonly taken: readonly Sample[];
  readonly startedAtMs: number;
  /** Since when the whole run stands still. */
  readonly stillSinceMs?: number;
  readonly lookedAtMs: number;
  /** When a page or a byte came last. */
  readonly cameAtMs: number;
  readonly origins: OriginSpeeds;
}

export function firstSample(atMs: number): Samples {
  return firstOf({ atMs, fetched: 0, failed: 0, receivedBytes: 0 }, new Map());
}

function firstOf(sample: Sample, origins: OriginSpeeds): Samples {
  return { taken: [sample], startedAtMs: sample.atMs, lookedAtMs: sample.atMs, cameAtMs: sample.atMs, origins };
}

/** True while nothing is in flight and pages wait behind origins that are paused. */
function standsStill(gauges: Gauges): boolean {
  return gauges.inFlight === 0 && gauges.origins.some((origin) => origin.paused !== undefined && origin.waiting > 0);
}

/** Called as often as one likes: takes a sample where one is due. What is known of the origins is changed in place. */
export function takeSample(samples: Samples, now: Sample, gauges: Gauges): Samples {
  // A time in which nobody ran says nothing of how fast anything is.
  if (now.atMs - samples.lookedAtMs > ASLEEP_MS) return firstOf(now, new Map());
  const still = standsStill(gauges);
  const { taken, origins, startedAtMs, stillSinceMs } = samples;
  const last = taken.at(-1);
  const hasCome = last === undefined || now.fetched > last.fetched || now.receivedBytes > last.receivedBytes;
  const cameAtMs = hasCome || still ? now.atMs : samples.cameAtMs;
  const seen = { origins, startedAtMs, lookedAtMs: now.atMs, cameAtMs };
  if (still && stillSinceMs !== undefined) return { ...seen, taken, stillSinceMs };
  const changed = still !== (stillSinceMs !== undefined);
  if (!changed && last !== undefined && now.atMs - last.atMs < SAMPLE_EVERY_MS) return { ...seen, taken };
  watchOrigins(origins, gauges.origins, now.atMs);
  const more = { ...seen, taken: [...taken, now].slice(-MAX_SAMPLES) };
  return still ? { ...more, stillSinceMs: now.atMs } : more;
}

export interface Speed {
  readonly pagesPerSecond: number;
  readonly bytesPerSecond: number;
  /** What it was measured over: less than was asked for while the run is young. */
  readonly overMs: number;
}

/** The mean speed of the last `windowMs` before `now`. */
export function speedOver(samples: Samples, now: Sample, windowMs: number): Speed {
  const start = sampleAt(samples, now, now.atMs - windowMs);
  const overMs = now.atMs - start.atMs;
  if (overMs <= 0) return { pagesPerSecond: 0, bytesPerSecond: 0, overMs: 0 };
  return {
    pagesPerSecond: ((now.fetched - start.fetched) / overMs) * 1_000,
    bytesPerSecond: ((now.receivedBytes - start.receivedBytes) / overMs) * 1_000,
    overMs,
  };
}

/** What had been done at a moment: between two samples, in proportion; before the first one, the first one. */
export function sampleAt({ taken }: Samples, now: Sample, atMs: number): Sample {
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
  const at = (from: number, to: number): number => from + (to - from) * share;
  return {
    atMs,
    fetched: at(before.fetched, after.fetched),
    failed: at(before.failed, after.failed),
    receivedBytes: at(before.receivedBytes, after.receivedBytes),
  };
}
