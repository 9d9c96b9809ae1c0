import type { Gauges, OriginGauge } from '../core/event.ts';
import { answersPerSecond } from './origin-speeds.ts';
import type { Sample, Samples } from './samples.ts';
import { speedOver } from './samples.ts';

/** How long it will take still. */
export interface TimeLeft {
  readonly ms: number;
  /** It may well be more: nobody knows how long some origin will take. */
  readonly isLeast: boolean;
}

const WINDOW_MS = 60_000;
/** A guess from less than this would jump about. */
const AFTER_MS = 2_000;
/** Slower than a request in ten days is no speed. */
const LEAST_PER_SECOND = 1e-6;

/**
 * How long `pages` more will take, waits counted in. Undefined where nobody knows.
 *
 * A run takes as long as its slowest origin: that one's wait, and then what is behind it at the speed that was learned or seen of it. And it takes no
 * less than all that is left at the speed of the last minute, the waits that came in that minute included, for such may come again.
 */
export function timeLeft(
  samples: Samples,
  now: Sample,
  pages: number,
  gauges: Gauges,
  wallMs: number,
): TimeLeft | undefined {
  if (pages <= 0) return { ms: 0, isLeast: false };
  const all = allAtSpeedMs(samples, now, pages, gauges, wallMs);
  let slowestMs = 0;
  let isLeast = all === undefined;
  for (const gauge of gauges.origins) {
    const alone = originMs(samples, gauge, wallMs);
    slowestMs = Math.max(slowestMs, alone.ms);
    isLeast ||= alone.isLeast;
  }
  const ms = Math.max(slowestMs, all ?? 0);
  return ms <= 0 ? undefined : { ms, isLeast };
}

/** What is left over the speed of the last minute; while everything waits, over that of the minute before, behind the shortest wait. */
function allAtSpeedMs(
  samples: Samples,
  now: Sample,
  pages: number,
  gauges: Gauges,
  wallMs: number,
): number | undefined {
  const { stillSinceMs } = samples;
  const speed = speedOver(samples, stillSinceMs === undefined ? now : { ...now, atMs: stillSinceMs }, WINDOW_MS);
  if (speed.overMs < AFTER_MS || speed.pagesPerSecond <= 0) return undefined;
  const workMs = (pages / speed.pagesPerSecond) * 1_000;
  return stillSinceMs === undefined ? workMs : workMs + shortestPauseMs(gauges, wallMs);
}

function shortestPauseMs(gauges: Gauges, wallMs: number): number {
  let shortest = Number.POSITIVE_INFINITY;
  for (const gauge of gauges.origins) {
    if (gauge.paused !== undefined && gauge.waiting > 0) shortest = Math.min(shortest, pauseMs(gauge, wallMs));
  }
  return Number.isFinite(shortest) ? shortest : 0;
}

function pauseMs({ paused }: OriginGauge, wallMs: number): number {
  return paused === undefined ? 0 : Math.max(0, paused.untilWall - wallMs);
}

/** An origin that is down comes back nobody knows when; of one that waits and never answered nobody knows how quick it is. */
function originMs({ origins }: Samples, gauge: OriginGauge, wallMs: number): TimeLeft {
  if (gauge.waiting === 0) return { ms: 0, isLeast: false };
  const waitMs = pauseMs(gauge, wallMs);
  const perSecond = answersPerSecond(origins, gauge);
  if (perSecond === undefined || perSecond < LEAST_PER_SECOND)
    return { ms: waitMs, isLeast: gauge.paused !== undefined };
  const workMs = ((gauge.waiting + gauge.inFlight) / perSecond) * 1_000;
  return { ms: waitMs + workMs, isLeast: gauge.paused?.reason === 'down' };
}
