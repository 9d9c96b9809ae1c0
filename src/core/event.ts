import type { Failure } from './failure.ts';
import type { Page } from './page.ts';
import type { HttpVersion, PageRecord } from './record.ts';

/** Why an origin is not asked just now. */
export type PauseReason =
  /** It said so: `until` is what it told. */
  | 'retry-after'
  /** It refused and told no time. */
  | 'refused'
  /** Its rate-limit headers say that nothing is left. */
  | 'quota'
  /** Nobody answers there; one probe at a time. */
  | 'down';

/** What one exchange came to. */
export type AttemptResult =
  | {
      readonly type: 'answer';
      readonly status: number;
      readonly httpVersion: HttpVersion;
      readonly wireBytes: number;
      /** From handing the request over to its start: connecting, where there was no connection with room for it. */
      readonly connectMs: number;
      /** From the request's start to the response's head. */
      readonly headMs: number;
    }
  | { readonly type: 'failure'; readonly failure: Failure };

/** What happens to the page after an exchange. */
export type AttemptSequel =
  | { readonly type: 'done' }
  | { readonly type: 'hop'; readonly to: string }
  /** `cost`: what it uses up; `free` is nothing. `afterMs` is the page's own wait; its origin may add to it. */
  | { readonly type: 'again'; readonly cost: 'try' | 'free' | 'refusal'; readonly afterMs: number };

/** Why a run ended before its list did. The library's is `abort`, or `store`. */
export type StopReason =
  | 'SIGINT'
  | 'SIGTERM'
  | 'SIGHUP'
  | 'deadline'
  | 'fail-fast'
  | 'max-failures'
  | 'reader-gone'
  | 'store'
  | 'abort';

/** All that can be told of a run. */
export type RunEvent =
  | { readonly type: 'started'; readonly storedPages: number; readonly storedNewest?: string }
  /** Something to be told once, in a sentence. `code` names its kind. */
  | { readonly type: 'notice'; readonly code: NoticeCode; readonly message: string }
  /** So many distinct pages, invalid lines included, have been read from the lists; `done` when they have been read to their end. */
  | { readonly type: 'listed'; readonly pages: number; readonly done: boolean }
  | { readonly type: 'duplicate'; readonly line: string; readonly url: string; readonly idsDiffer: boolean }
  /** A distinct page that an earlier run stored as OK. */
  | { readonly type: 'already-stored'; readonly page: Page }
  /** One exchange has ended. `number` is the page's try, from 1. */
  | {
      readonly type: 'attempt';
      readonly page: Page;
      readonly url: string;
      readonly number: number;
      readonly result: AttemptResult;
      readonly sequel: AttemptSequel;
    }
  /** A page (or, without `page`, an invalid line) is final, and kept. */
  | { readonly type: 'page'; readonly record: PageRecord; readonly page?: Page }
  /** An origin is not asked until `untilWall` (epoch milliseconds). Told again when the time moves. */
  | {
      readonly type: 'origin-paused';
      readonly origin: string;
      readonly reason: PauseReason;
      readonly status?: number;
      readonly untilWall: number;
    }
  | { readonly type: 'origin-resumed'; readonly origin: string }
  | {
      readonly type: 'origin-given-up';
      readonly origin: string;
      readonly failure: Failure;
      readonly comeBackWall?: number;
    }
  /** What has been learned of an origin changed. Requests per second; absent: no limit found. */
  | {
      readonly type: 'origin-learned';
      readonly origin: string;
      readonly concurrency: number;
      readonly ratePerSecond?: number;
    }
  | { readonly type: 'stopping'; readonly reason: StopReason }
  | { readonly type: 'ended'; readonly verdict: Verdict };

/** What a notice is about: a list that broke off, headers that an origin does not get, the store, descriptors or memory, `--insecure`. */
export type NoticeCode = 'LIST_TRUNCATED' | 'CREDENTIALS_WITHHELD' | 'STORE' | 'LOCAL_RESOURCES' | 'INSECURE';

/** Pages that are not OK, by cause. */
export interface FailureGroup {
  readonly code: string;
  readonly message: string;
  readonly pages: number;
  /** The first few, as they stand in their records. */
  readonly examples: readonly string[];
}

/** The last word on a run. Counts are of distinct pages. */
export interface Verdict {
  /** Read from the lists: invalid ones and those already stored included; duplicates not. */
  readonly pages: number;
  /** OK now: fetched, unchanged or already stored. */
  readonly ok: number;
  readonly alreadyStored: number;
  readonly unchanged: number;
  readonly invalid: number;
  readonly duplicates: number;
  /** Not OK and final (invalid ones included). */
  readonly notOk: number;
  /** Read, but without an outcome when the run was stopped. */
  readonly unfinished: number;
  /** True when every list was read to its end. */
  readonly listRead: boolean;
  readonly listTruncated: boolean;
  readonly stopped?: StopReason;
  /** The sentence of the store's failure, where that stopped the run. */
  readonly storeFailure?: string;
  readonly storedNewest?: string;
  readonly failures: readonly FailureGroup[];
  readonly attempts: number;
  readonly requests: number;
  readonly retries: number;
  readonly refusals: number;
  /** Body bytes: as they came, and decoded. */
  readonly wireBytes: number;
  readonly bytes: number;
  readonly elapsedMs: number;
  readonly waitedMs: number;
}

/** What can be read off a run at any moment, for those who draw it. */
export interface Gauges {
  readonly inFlight: number;
  /** Pages read and not begun, or waiting to be tried again. */
  readonly waiting: number;
  readonly receivedBytes: number;
  /** Origins that are paused or paced with pages behind them. */
  readonly origins: readonly OriginGauge[];
}

export interface OriginGauge {
  readonly origin: string;
  readonly waiting: number;
  readonly inFlight: number;
  readonly concurrency: number;
  /** Good answers so far. They begin anew where the origin was forgotten meanwhile. */
  readonly answers: number;
  /** Requests per second that were learned; absent: no limit found. */
  readonly ratePerSecond?: number;
  readonly paused?: { readonly reason: PauseReason; readonly status?: number; readonly untilWall: number };
}
