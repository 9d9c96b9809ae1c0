import type { Gauges } from '../core/event.ts';
import { failureLines } from './failure-lines.ts';
import type { Moment } from './figures.ts';
import { figuresOf } from './figures.ts';
import { headLines } from './head-lines.ts';
import { originLines, waitingOrigins } from './origin-lines.ts';
import type { Samples } from './samples.ts';
import type { ProgressState } from './state.ts';
import type { Theme } from './theme.ts';

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

const SPEED_WINDOW_MS = 5_000;
/** Where both have more lines than there is room for. */
const SHARE_OF_FAILURES = 0.4;

/**
 * The live view: none of its lines wider than `columns`, and one fewer than `rows`, but one at least. How far, how fast, how long still; whether all is
 * well; who makes us wait; what went wrong last. The fewer rows there are, the more of it is left out, from the least important on.
 */
export function renderLive(
  state: ProgressState,
  samples: Samples,
  gauges: Gauges,
  moment: Moment,
  { columns, rows }: Size,
  theme: Theme,
): string[] {
  const limit = Math.max(1, rows - 1);
  const figures = figuresOf(state, samples, gauges, moment, SPEED_WINDOW_MS);
  const view = { state, samples, gauges, moment, figures, columns, theme };
  const waits = waitingOrigins(gauges);
  const failures = state.lastFailures;
  const head = headLines(view, limit, Math.min(1, waits.length) + Math.min(1, failures.length));
  const room = limit - head.length;
  const shareOfFailures = room < 2 ? 0 : Math.max(1, Math.floor(room * SHARE_OF_FAILURES));
  const failureRows = Math.min(failures.length, Math.max(room - waits.length, shareOfFailures));
  return [
    ...head,
    ...originLines(waits, room - failureRows, view),
    ...failureLines(failureRows === 0 ? [] : failures.slice(-failureRows), view),
  ];
}
