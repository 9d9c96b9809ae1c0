import type { Gauges } from '../core/event.ts';
import type { Samples } from './samples.ts';
import { speedOver, timeLeftMs } from './samples.ts';
import type { ProgressState } from './state.ts';
import { donePages, totalPages } from './state.ts';

/** A moment, by both clocks: `nowMs` is monotonic, `wallMs` the epoch's. */
export interface Moment {
  readonly nowMs: number;
  readonly wallMs: number;
}

/** What is shown, as numbers: made once a frame, out of everything there is to know. */
export interface Figures {
  readonly done: number;
  readonly total: number;
  /** False while the list is still being read: `total` and `leftMs` are then the least that it will be. */
  readonly listRead: boolean;
  /** OK, already stored ones included. */
  readonly ok: number;
  readonly notOk: number;
  readonly pagesPerSecond: number;
  readonly bytesPerSecond: number;
  /** Undefined where nobody knows. */
  readonly leftMs: number | undefined;
}

export function figuresOf(
  state: ProgressState,
  samples: Samples,
  gauges: Gauges,
  moment: Moment,
  speedWindowMs: number,
): Figures {
  const done = donePages(state);
  const total = totalPages(state);
  const now = { atMs: moment.nowMs, fetched: fetchedPages(state), receivedBytes: gauges.receivedBytes };
  const { pagesPerSecond, bytesPerSecond } = speedOver(samples, now, speedWindowMs);
  const leftMs = timeLeftMs(samples, now, total - done, gauges, moment.wallMs);
  const ok = state.ok + state.alreadyStored;
  return { done, total, listRead: state.listRead, ok, notOk: state.notOk, pagesPerSecond, bytesPerSecond, leftMs };
}

/** Pages that were asked for and are final: what speed is measured by. */
export function fetchedPages(state: ProgressState): number {
  return state.ok + state.notOk - state.invalid;
}
