import type { FailureCode, StatusCode } from '../../src/core/failure.ts';
import type { Completeness, Outcome, PageRecord } from '../../src/core/record.ts';

/**
 * The hostile suite: bad servers and bad inputs, numbered 1 to 112, and what becomes of a page in each.
 *
 * Each table is a file `*-rows.ts` that exports `ROWS`; the test beside it (`*.test.ts`) runs every row of it. A case may have several rows.
 * `coverage.test.ts` reads all the tables and fails where a number has no row.
 *
 * | cases | what is bad | table |
 * |---|---|---|
 * | 1-6 | names | dns-rows |
 * | 7-12 | connections | tcp-rows |
 * | 13-14 | a machine that is short of something | local-rows |
 * | 15-25 | TLS | tls-rows |
 * | 26-46 | framing of HTTP/1.1 | framing-rows |
 * | 47-53 | what never ends, or is too much | limit-rows |
 * | 54-72 | HTTP/2 | http2-rows, http2-session-rows |
 * | 73-77 | content codings | content-rows |
 * | 78-83 | redirects | redirect-rows |
 * | 84-86 | statuses and what is told with them | status-rows |
 * | 87-102 | lists | list-rows |
 * | 103-112 | what is written | output-rows |
 *
 * Nearly every row is a whole run, of the real engine and client, against a server on loopback; where curl is a good oracle, its exit code at
 * the same server is held against ours. What is not real is said where it is so.
 */
export interface HostileCase {
  /** 1 to `LAST_CASE`. */
  readonly case: number;
  /** What is bad, and what should come of it. */
  readonly name: string;
  /** Why it cannot run here: the row is listed and skipped. */
  readonly cannotRun?: string;
}

export const LAST_CASE = 112;

/** What the page's record must say. What is absent is not looked at. */
export interface ExpectedRecord {
  readonly outcome: Outcome;
  /** Absent where the page must be OK: then the record may have none. A list where the machine decides between some. */
  readonly code?: FailureCode | StatusCode | readonly (FailureCode | StatusCode)[];
  readonly status?: number;
  /** Tries at the page. */
  readonly attempts?: number;
  /** Requests on the wire, free repeats and hops included. */
  readonly requests?: number;
  readonly complete?: Completeness;
  readonly bytes?: number;
}

/** The fields of a record that an expectation names, in its words: to be compared with `toEqual(expected)`. */
export function seenOf(record: PageRecord, expected: ExpectedRecord): ExpectedRecord {
  const { code } = expected;
  const actual = record.error?.code;
  const seen: Record<string, unknown> = { outcome: record.outcome };
  if (Array.isArray(code) && actual !== undefined && code.includes(actual)) seen.code = code;
  else if (actual !== undefined) seen.code = actual;
  for (const name of ['status', 'attempts', 'requests', 'complete', 'bytes'] as const) {
    if (expected[name] !== undefined) seen[name] = record[name];
  }
  return seen as unknown as ExpectedRecord;
}
