import type { Sample, Samples } from './samples.ts';
import { sampleAt } from './samples.ts';

/** Speed over time: what was done in each of the last bins of equal length, the newest last. */
export interface Trend {
  /** `bytes` where pages end too seldom to say anything. */
  readonly of: 'pages' | 'bytes';
  readonly perSecond: readonly number[];
  readonly overMs: number;
}

const WINDOW_MS = 60_000;
/** Fewer pages than that in a minute would be a comb. */
const LEAST_PAGES = 60;

/** A minute has a whole number of each. */
const BINS_MS = [1_000, 1_500, 2_000, 3_000, 4_000, 6_000] as const;
const LONGEST_BIN_MS = 6_000;

/**
 * The last minute in at most `columns` bins, or the run so far where it is younger. Bins begin at whole multiples of their length since the
 * first sample, and only those that are over are told: so what is drawn moves to the left, and does not change its shape.
 */
export function trendOf(samples: Samples, now: Sample, columns: number): Trend {
  const ageMs = now.atMs - samples.startedAtMs;
  const spanMs = Math.min(WINDOW_MS, ageMs);
  const binMs = BINS_MS.find((length) => spanMs / length <= columns) ?? LONGEST_BIN_MS;
  const end = Math.floor(ageMs / binMs);
  const first = Math.max(0, end - WINDOW_MS / binMs);
  const edges: Sample[] = [];
  for (let edge = first; edge <= end; edge++) edges.push(sampleAt(samples, now, samples.startedAtMs + edge * binMs));
  const amount = amountOf(edges[0] ?? now, now, spanMs);
  const perSecond = edges.slice(1).map((edge, index) => {
    const before = edges[index] ?? edge;
    return ((edge[amount] - before[amount]) / binMs) * 1_000;
  });
  return { of: amount === 'fetched' ? 'pages' : 'bytes', perSecond, overMs: (end - first) * binMs };
}

function amountOf(start: Sample, now: Sample, overMs: number): 'fetched' | 'receivedBytes' {
  const isSlow = now.fetched - start.fetched < (LEAST_PAGES * overMs) / WINDOW_MS;
  return isSlow && now.receivedBytes > start.receivedBytes ? 'receivedBytes' : 'fetched';
}

const BLOCKS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;

/** A column a value. The lowest block is nothing at all, so that a wait is told from a slow second. */
export function sparkline(values: readonly number[]): string {
  const highest = Math.max(0, ...values);
  const steps = BLOCKS.length - 1;
  return values
    .map((value) => BLOCKS[value <= 0 || highest === 0 ? 0 : Math.max(1, Math.round((value / highest) * steps))])
    .join('');
}
