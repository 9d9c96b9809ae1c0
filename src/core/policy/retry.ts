import type { RetryConfig } from '../config.ts';
import { LIMITS } from '../config.ts';
import type { FailureCode } from '../failure.ts';
import { failureClass } from '../failure.ts';
import { fullJitterMs } from './backoff.ts';

/** What a page has been through. */
export interface PageTries {
  /** Tries begun, the one that just failed included. */
  readonly attempts: number;
  readonly freeRepeats: number;
  readonly sharedFates: number;
  readonly refusals: number;
  /** It already goes over HTTP/1.1 only. */
  readonly http1Only: boolean;
}

export interface RetryFacts {
  readonly tries: PageTries;
  readonly method: string;
  readonly config: RetryConfig;
  /** Uniform in [0, 1). */
  readonly random: number;
  /** The origin answered earlier in this run and is down now: that nobody answers is the origin's failure, not the page's. */
  readonly originDown: boolean;
  /** Nothing else was in flight to its origin when the request began. Absent: not known. */
  readonly wentAlone?: boolean;
}

/** What a repeat uses up: `none` where the failure was ours, or its origin's. */
export type RetryCost = 'try' | 'free' | 'shared-fate' | 'refusal' | 'none';

export type RetryDecision =
  | { readonly type: 'final' }
  | {
      readonly type: 'again';
      readonly cost: RetryCost;
      /** The page's own wait, milliseconds. */
      readonly afterMs: number;
      /** From now on without HTTP/2. */
      readonly http1Only: boolean;
    };

const FINAL: RetryDecision = { type: 'final' };

/** RFC 9110 §9.2.2, and QUERY (draft-ietf-httpbis-safe-method-w-body). */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'QUERY']);

/**
 * After an exchange that brought no whole answer.
 *
 * @param sent false where it is certain that the server did not process the request: then any method may go again (RFC 9113 §8.7)
 */
export function afterFailure(code: FailureCode, sent: boolean, facts: RetryFacts): RetryDecision {
  const { tries } = facts;
  const kind = failureClass(code);
  if (facts.originDown && code.startsWith('TLS_')) return again('none', 0, tries.http1Only);
  if (kind === 'permanent' || kind === 'aborted') return FINAL;
  if (sent && !mayRepeat(facts)) return FINAL;
  switch (kind) {
    case 'local':
      return again('none', 500 + facts.random * 500, tries.http1Only);
    case 'free':
      if (isOfCrowd(code, facts)) return again('refusal', 0, tries.http1Only);
      if (tries.freeRepeats >= LIMITS.freeRepeats) return useTry(facts, tries.http1Only);
      return again('free', freeDelayMs(tries.freeRepeats, facts.random), tries.http1Only);
    case 'shared-fate':
      if (tries.sharedFates < LIMITS.sharedFateRepeats) {
        return again('shared-fate', freeDelayMs(tries.sharedFates, facts.random), tries.http1Only);
      }
      return tries.http1Only ? useTry(facts, true) : again('free', 0, true);
    case 'protocol':
      return tries.http1Only ? FINAL : again('free', 0, true);
    case 'host':
      if (facts.originDown) return again('none', 0, tries.http1Only);
      return useTry(facts, tries.http1Only);
    case 'transient':
      return useTry(facts, tries.http1Only);
  }
}

/** After a whole answer with a status of --retry-on that is not accepted. */
export function afterStatus(facts: RetryFacts): RetryDecision {
  if (!mayRepeat(facts)) return FINAL;
  return useTry(facts, facts.tries.http1Only);
}

/**
 * After a refusal: the origin waits, the page pays nothing. Not even a method that is not idempotent: a refused request was not processed.
 *
 * @param siblingsGetThrough other pages of the origin were answered since this page was first refused
 */
export function afterRefusal(facts: RetryFacts, siblingsGetThrough: boolean): RetryDecision {
  if (facts.tries.refusals + 1 >= LIMITS.refusalsOfOnePage && siblingsGetThrough) return FINAL;
  return again('refusal', 0, facts.tries.http1Only);
}

/** A stream that was refused beside others was one too many: its origin's word, as a 429 is. Only alone is it the page's own. */
function isOfCrowd(code: FailureCode, { wentAlone, tries }: RetryFacts): boolean {
  return code === 'STREAM_REFUSED' && wentAlone === false && tries.refusals + 1 < LIMITS.refusalsOfOnePage;
}

function mayRepeat(facts: RetryFacts): boolean {
  return facts.config.allMethods || IDEMPOTENT.has(facts.method);
}

function useTry(facts: RetryFacts, http1Only: boolean): RetryDecision {
  const { attempts } = facts.tries;
  if (attempts > facts.config.retries) return FINAL;
  return again('try', fullJitterMs(attempts - 1, facts.random, LIMITS.backoffBaseMs, LIMITS.backoffCapMs), http1Only);
}

/** The first repeat at once, the next ones after U(0, 2^n · 100 ms). */
function freeDelayMs(repeats: number, random: number): number {
  return repeats === 0 ? 0 : fullJitterMs(repeats, random, 100, LIMITS.backoffCapMs);
}

function again(cost: RetryCost, afterMs: number, http1Only: boolean): RetryDecision {
  return { type: 'again', cost, afterMs, http1Only };
}
