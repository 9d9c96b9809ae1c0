import type { OriginGauge } from '../core/event.ts';
import { most } from './most.ts';

/** How quickly an origin answers while it is asked: good answers and the time for them, older ones counting ever less. */
interface OriginSpeed {
  /** When it was looked at last, and how many answers it had given. */
  atMs: number;
  answers: number;
  wasPaused: boolean;
  recentAnswers: number;
  recentMs: number;
}

/** By origin. Changed in place: a run looks at it every second. */
export type OriginSpeeds = Map<string, OriginSpeed>;

/** Those with the most pages behind them: a run takes as long as its slowest origin, and that is among them. */
const MOST_WATCHED = 200;
/** What came so long ago counts for a third of what comes now. */
const MEMORY_MS = 30_000;
/** A guess from less than this would jump about. */
const KNOWN_AFTER_MS = 2_000;
/** Before that, an origin that is slower than was learned of it has only just begun. */
const TELLING_AFTER_MS = 10_000;

/** To be called about once a second. Waits that were told are no slowness: time in which an origin was paused is not counted. */
export function watchOrigins(speeds: OriginSpeeds, gauges: readonly OriginGauge[], atMs: number): void {
  const watched = most(gauges, MOST_WATCHED, ({ waiting }) => waiting);
  for (const gauge of watched) watch(speeds, gauge, atMs);
  if (speeds.size <= MOST_WATCHED * 2) return;
  const kept = new Set(watched.map(({ origin }) => origin));
  for (const origin of speeds.keys()) if (!kept.has(origin)) speeds.delete(origin);
}

function watch(speeds: OriginSpeeds, { origin, answers, paused }: OriginGauge, atMs: number): void {
  const isPaused = paused !== undefined;
  const known = speeds.get(origin);
  if (known === undefined || answers < known.answers) {
    speeds.set(origin, { atMs, answers, wasPaused: isPaused, recentAnswers: 0, recentMs: 0 });
    return;
  }
  const overMs = atMs - known.atMs;
  const came = answers - known.answers;
  if (!(isPaused && known.wasPaused) || came > 0) {
    const rest = Math.exp(-overMs / MEMORY_MS);
    known.recentAnswers = known.recentAnswers * rest + came;
    known.recentMs = known.recentMs * rest + overMs;
  }
  known.atMs = atMs;
  known.answers = answers;
  known.wasPaused = isPaused;
}

/**
 * Requests per second that an origin answers while it is asked: what was learned of it, or less where it was long seen to be slower; where nothing
 * was learned, what was seen. Undefined where nobody knows.
 */
export function answersPerSecond(speeds: OriginSpeeds, { origin, ratePerSecond }: OriginGauge): number | undefined {
  const seen = speeds.get(origin);
  if (seen === undefined || seen.recentMs < KNOWN_AFTER_MS || seen.recentAnswers <= 0) return ratePerSecond;
  const measured = (seen.recentAnswers / seen.recentMs) * 1_000;
  if (ratePerSecond === undefined) return measured;
  return seen.recentMs < TELLING_AFTER_MS ? ratePerSecond : Math.min(ratePerSecond, measured);
}
