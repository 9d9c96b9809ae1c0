import type { Verdict } from '../../src/core/event.ts';

/** Of a run of four pages that all are OK, but for what is said otherwise. */
export function verdictOf(part: Partial<Verdict>): Verdict {
  return {
    pages: 4,
    ok: 4,
    alreadyStored: 1,
    unchanged: 0,
    invalid: 0,
    duplicates: 2,
    notOk: 0,
    unfinished: 0,
    listRead: true,
    listTruncated: false,
    failures: [],
    attempts: 3,
    requests: 5,
    retries: 1,
    refusals: 1,
    wireBytes: 100,
    bytes: 400,
    elapsedMs: 1_250,
    waitedMs: 500,
    ...part,
  };
}
