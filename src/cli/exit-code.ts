import type { StopReason, Verdict } from '../core/event.ts';

/** What the verdict does not say. */
export interface ExitFacts {
  /** The lists hold a page at all, in whichever shard. */
  readonly pageListed: boolean;
  /** --failed, --report, --summary or stdout could not be written. */
  readonly writeFailed: boolean;
}

/** Every exit code of the program by its meaning. */
export const EXIT = {
  ok: 0,
  someNotOk: 1,
  usage: 2,
  store: 3,
  stoppedEarly: 4,
  bug: 70,
  readerGone: 141,
} as const;

/** Of a run that was stopped: 128 + the signal's number (POSIX 2.8.2), SIGPIPE's for a reader that went away. */
const STOPPED: Readonly<Record<StopReason, number>> = {
  SIGINT: 130,
  SIGTERM: 143,
  SIGHUP: 129,
  'reader-gone': EXIT.readerGone,
  deadline: EXIT.stoppedEarly,
  'fail-fast': EXIT.stoppedEarly,
  'max-failures': EXIT.stoppedEarly,
  store: EXIT.store,
  abort: EXIT.someNotOk,
};

/**
 * The exit code of a run, the first that applies: no page in any list (2), the store failed (3), a signal (130, 143, 129), the reader of
 * stdout went away (141), stopped early (4), some page is not OK or may be missing (1), every page is OK (0).
 *
 * Usage errors before the run (2) and bugs (70) are told by exceptions, not by a verdict.
 */
export function exitCode(verdict: Verdict, facts: ExitFacts): number {
  if (verdict.listRead && !verdict.listTruncated && !facts.pageListed) return EXIT.usage;
  if (verdict.storeFailure !== undefined || facts.writeFailed) return EXIT.store;
  if (verdict.stopped !== undefined) return STOPPED[verdict.stopped];
  const whole = verdict.listRead && !verdict.listTruncated && verdict.unfinished === 0;
  return whole && verdict.notOk === 0 ? EXIT.ok : EXIT.someNotOk;
}
