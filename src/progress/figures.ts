import type { Gauges } from '../core/event.ts';
import type { Sample, Samples } from './samples.ts';
import { speedOver } from './samples.ts';
import type { ProgressState } from './state.ts';
import { donePages, totalPages } from './state.ts';
import { timeLeft } from './time-left.ts';

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
  /** `leftMs` is the least that it will be. */
  readonly leftIsLeast: boolean;
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
  const now = sampleOf(state, gauges, moment);
  const { pagesPerSecond, bytesPerSecond } = speedOver(samples, now, speedWindowMs);
  const left = timeLeft(samples, now, total - done, gauges, moment.wallMs);
  return {
    done,
    total,
    listRead: state.listRead,
    ok: state.ok + state.alreadyStored,
    notOk: state.notOk,
    pagesPerSecond,
    bytesPerSecond,
    leftMs: left?.ms,
    leftIsLeast: left?.isLeast === true || !state.listRead,
  };
}

/** What has been done now: speeds are made of it. Invalid lines were never asked for. */
export function sampleOf(state: ProgressState, gauges: Gauges, { nowMs }: Pick<Moment, 'nowMs'>): Sample {
  const failed = state.notOk - state.invalid;
  return { atMs: nowMs, fetched: state.ok + failed, failed, receivedBytes: gauges.receivedBytes };
}
