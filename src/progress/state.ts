import type { PauseReason, RunEvent, StopReason } from '../core/event.ts';
import type { PageRecord } from '../core/record.ts';
import { isOk } from '../core/record.ts';

/** A page that is not OK, as it is shown. */
export interface ShownFailure {
  readonly code: string;
  readonly url: string;
  readonly message: string;
}

export interface Pause {
  readonly reason: PauseReason;
  readonly status?: number;
  readonly untilWall: number;
}

/** What the events of a run so far add up to. Its size is bounded, however long the run. Texts are as they came: not yet fit to be shown. */
export interface ProgressState {
  /** Distinct pages read from the lists so far. */
  readonly listed: number;
  /** True when the lists have been read to their end. */
  readonly listRead: boolean;
  /** OK, fetched by this run. */
  readonly ok: number;
  /** Final and not OK, invalid lines included. */
  readonly notOk: number;
  readonly invalid: number;
  /** Met in the list, and OK since an earlier run. */
  readonly alreadyStored: number;
  readonly duplicates: number;
  /** Tries begun again, free repeats included. */
  readonly retries: number;
  /** Answers that were the origin's wish to be left alone. */
  readonly refusals: number;
  /** Pages that are not OK, by code. */
  readonly causes: ReadonlyMap<string, number>;
  /** The last ones, the newest last: as many as the highest terminal has room for. */
  readonly lastFailures: readonly ShownFailure[];
  readonly originsGivenUp: number;
  /** Of origins that are paused now, those that were paused last. */
  readonly pauses: ReadonlyMap<string, Pause>;
  readonly stopping?: StopReason;
}

type Mutable = { -readonly [Key in keyof ProgressState]: ProgressState[Key] } & {
  pauses: Map<string, Pause>;
  causes: Map<string, number>;
  lastFailures: ShownFailure[];
};

const LAST_FAILURES = 100;
/** More pauses than anybody reads; a bound where a list names a million dead hosts. */
const MAX_PAUSES = 1_000;

export function initialState(): ProgressState {
  return {
    listed: 0,
    listRead: false,
    ok: 0,
    notOk: 0,
    invalid: 0,
    alreadyStored: 0,
    duplicates: 0,
    retries: 0,
    refusals: 0,
    causes: new Map(),
    lastFailures: [],
    originsGivenUp: 0,
    pauses: new Map(),
  };
}

/** Final pages: OK, not OK, already stored. */
export function donePages(state: ProgressState): number {
  return state.ok + state.notOk + state.alreadyStored;
}

/** Pages known of. Never fewer than those that are done, in whichever order the two are told. */
export function totalPages(state: ProgressState): number {
  return Math.max(state.listed, donePages(state));
}

/** Adds an event. Called millions of times: what it is given may be changed in place, so only what it returns may be used after. */
export function fold(state: ProgressState, event: RunEvent): ProgressState {
  const next = state as Mutable;
  switch (event.type) {
    case 'listed':
      next.listed = event.pages;
      next.listRead = event.done;
      return next;
    case 'duplicate':
      next.duplicates++;
      return next;
    case 'already-stored':
      next.alreadyStored++;
      return next;
    case 'attempt':
      if (event.sequel.type !== 'again') return next;
      if (event.sequel.cost === 'refusal') next.refusals++;
      else next.retries++;
      return next;
    case 'page':
      return foldRecord(next, event.record);
    case 'origin-paused':
      return foldPause(next, event);
    case 'origin-resumed':
      next.pauses.delete(event.origin);
      return next;
    case 'origin-given-up':
      next.pauses.delete(event.origin);
      next.originsGivenUp++;
      return next;
    case 'stopping':
      next.stopping = event.reason;
      return next;
    case 'started':
    case 'notice':
    case 'origin-learned':
    case 'ended':
      return next;
    default:
      return event satisfies never;
  }
}

function foldRecord(next: Mutable, record: PageRecord): ProgressState {
  if (isOk(record.outcome)) {
    next.ok++;
    return next;
  }
  next.notOk++;
  if (record.outcome === 'invalid') next.invalid++;
  const failure = shownFailure(record);
  next.causes.set(failure.code, (next.causes.get(failure.code) ?? 0) + 1);
  next.lastFailures.push(failure);
  if (next.lastFailures.length > LAST_FAILURES) next.lastFailures.shift();
  return next;
}

export function shownFailure(record: PageRecord): ShownFailure {
  const { url, error, outcome, line } = record;
  if (outcome === 'invalid') return { code: 'INVALID_LINE', url: line, message: error?.message ?? '' };
  return { code: error?.code ?? outcome, url, message: error?.message ?? '' };
}

function foldPause(next: Mutable, event: RunEvent & { type: 'origin-paused' }): ProgressState {
  const { origin, reason, status, untilWall } = event;
  next.pauses.delete(origin);
  next.pauses.set(origin, status === undefined ? { reason, untilWall } : { reason, status, untilWall });
  if (next.pauses.size > MAX_PAUSES) {
    const [oldest] = next.pauses.keys();
    if (oldest !== undefined) next.pauses.delete(oldest);
  }
  return next;
}
