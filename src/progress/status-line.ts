import type { Gauges } from '../core/event.ts';
import type { Moment } from './figures.ts';
import { figuresOf } from './figures.ts';
import { bytes, count, counted, duration, percent } from './format.ts';
import { most } from './most.ts';
import type { Samples } from './samples.ts';
import type { ProgressState } from './state.ts';
import { pageRate, pauseFacts, STOP_REASONS, shownOrigin } from './wording.ts';

/** What a line is told from: about the time between two of them. */
const LINE_SPEED_WINDOW_MS = 10_000;

/** The run in one plain line, complete in itself: for where there is no terminal, and for whoever asks. */
export function renderLine(state: ProgressState, samples: Samples, gauges: Gauges, moment: Moment): string {
  const figures = figuresOf(state, samples, gauges, moment, LINE_SPEED_WINDOW_MS);
  const { done, total, ok, notOk, pagesPerSecond, bytesPerSecond, leftMs, leftIsLeast } = figures;
  const sign = figures.listRead ? '' : '≥';
  const parts = [`${count(done)} of ${sign}${counted(total, 'page')}`];
  if (done > 0) parts.push(`${percent(ok, done)} OK`);
  if (notOk > 0) parts.push(`${count(notOk)} not OK`);
  parts.push(pageRate(pagesPerSecond).long, `${bytes(bytesPerSecond)}/s`);
  if (leftMs !== undefined && leftMs > 0) {
    parts.push(`${leftIsLeast ? '≥' : ''}${duration(Math.ceil(leftMs / 1_000) * 1_000)} left`);
  }
  parts.push(`${count(gauges.inFlight)} in flight`);
  if (state.refusals > 0) parts.push(counted(state.refusals, 'refusal'));
  if (state.retries > 0) parts.push(counted(state.retries, 'retry', 'retries'));
  if (!figures.listRead) parts.push('list still being read');
  if (state.stopping !== undefined) parts.push(`stopping (${STOP_REASONS[state.stopping]})`);
  return [...parts, ...waits(gauges, moment.wallMs)].join(', ');
}

function waits(gauges: Gauges, wallMs: number): string[] {
  const paused = gauges.origins.filter(({ paused: pause, waiting }) => pause !== undefined && waiting > 0);
  const [first] = most(paused, 1, ({ waiting }) => waiting);
  if (first?.paused === undefined) return [];
  const facts = pauseFacts(first.paused, wallMs);
  const line = `${count(first.waiting)} waiting for ${shownOrigin(first.origin)} (${facts})`;
  const others = paused.length - 1;
  if (others === 0) return [line];
  return [line, `${counted(others, 'more origin')} ${others === 1 ? 'waits' : 'wait'}`];
}

/** When a line was printed, and which share of the pages was done then. */
export interface LineMark {
  readonly atMs: number;
  readonly share: number;
}

const LINE_EVERY_MS = 10_000;
/** Of a long run a line a minute says enough. */
const LONG_RUN_MS = 600_000;
const LINE_EVERY_MS_OF_LONG_RUN = 60_000;
const LINE_EVERY_SHARE = 0.1;
const MIN_BETWEEN_LINES_MS = 1_000;

/** Is it time for another line: every 10 s (of a long run, every minute), and after every tenth of the pages, but never more than one a second. */
export function isLineDue(last: LineMark, now: LineMark, elapsedMs: number): boolean {
  const sinceMs = now.atMs - last.atMs;
  if (sinceMs < MIN_BETWEEN_LINES_MS) return false;
  if (Math.floor(now.share / LINE_EVERY_SHARE) > Math.floor(last.share / LINE_EVERY_SHARE)) return true;
  return sinceMs >= (elapsedMs < LONG_RUN_MS ? LINE_EVERY_MS : LINE_EVERY_MS_OF_LONG_RUN);
}
