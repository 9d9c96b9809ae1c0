import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEFAULTS, LIMITS, type RetryConfig } from '../../../src/core/config.ts';
import { FAILURES, type FailureClass, type FailureCode, failureClass } from '../../../src/core/failure.ts';
import {
  afterFailure,
  afterRefusal,
  afterStatus,
  type PageTries,
  type RetryDecision,
  type RetryFacts,
} from '../../../src/core/policy/retry.ts';

const CONFIG: RetryConfig = {
  retries: 5,
  statuses: DEFAULTS.retryOn,
  allMethods: false,
  patienceMs: DEFAULTS.patienceMs,
  maxWaitMs: DEFAULTS.maxWaitMs,
};
const FIRST_TRY: PageTries = { attempts: 1, freeRepeats: 0, sharedFates: 0, refusals: 0, http1Only: false };

interface Given {
  readonly tries?: Partial<PageTries>;
  readonly method?: string;
  readonly retries?: number;
  readonly allMethods?: boolean;
  readonly random?: number;
  readonly originDown?: boolean;
  readonly wentAlone?: boolean;
}

function factsOf({
  tries,
  method = 'GET',
  retries = 5,
  allMethods = false,
  random = 0.5,
  originDown,
  wentAlone,
}: Given = {}) {
  const facts: RetryFacts = {
    tries: { ...FIRST_TRY, ...tries },
    method,
    config: { ...CONFIG, retries, allMethods },
    random,
    originDown: originDown ?? false,
    ...(wentAlone === undefined ? undefined : { wentAlone }),
  };
  return facts;
}

/** In words: `final`, or what it costs, with `h1` where HTTP/2 is over for the page. */
function words(decision: RetryDecision): string {
  if (decision.type === 'final') return 'final';
  return decision.http1Only ? `${decision.cost} h1` : decision.cost;
}

/** One code of every class: the policy reads nothing else of a failure. */
const CODE_OF = {
  free: 'NOT_PROCESSED',
  'shared-fate': 'SESSION_DIED',
  transient: 'CONNECTION_RESET',
  host: 'CONNECT_REFUSED',
  protocol: 'HTTP_1_1_REQUIRED',
  permanent: 'TLS_UNTRUSTED',
  local: 'LOCAL_RESOURCES',
  aborted: 'ABORTED',
} as const satisfies Record<FailureClass, FailureCode>;

describe('after a failure: class by method by what the page has been through', () => {
  const fresh: Partial<PageTries> = {};
  const lastTry = { attempts: 6 };
  const freeUsedUp = { freeRepeats: LIMITS.freeRepeats };
  const fatesUsedUp = { sharedFates: LIMITS.sharedFateRepeats };
  const overHttp1 = { http1Only: true };
  const allUsedUp = { ...lastTry, ...freeUsedUp, ...fatesUsedUp };

  type Row = [of: FailureClass, tries: Partial<PageTries>, what: string, get: string, post: string, unsentPost: string];
  const rows: Row[] = [
    // class, the page's past, in words, GET, POST that was sent, POST that was certainly not processed
    ['transient', fresh, 'first try', 'try', 'final', 'try'],
    ['transient', { attempts: 5 }, 'fifth try', 'try', 'final', 'try'],
    ['transient', lastTry, 'sixth try: five were after the first', 'final', 'final', 'final'],
    ['transient', overHttp1, 'over HTTP/1.1 it stays there', 'try h1', 'final', 'try h1'],
    ['host', fresh, 'first try', 'try', 'final', 'try'],
    ['host', lastTry, 'last try', 'final', 'final', 'final'],
    ['free', fresh, 'first try', 'free', 'final', 'free'],
    ['free', lastTry, 'last try: it costs none', 'free', 'final', 'free'],
    ['free', { freeRepeats: 5 }, 'five times free', 'free', 'final', 'free'],
    ['free', freeUsedUp, 'six times free: now it is a failure like others', 'try', 'final', 'try'],
    ['free', allUsedUp, 'and that was the last try', 'final', 'final', 'final'],
    ['shared-fate', fresh, 'first try', 'shared-fate', 'final', 'shared-fate'],
    ['shared-fate', lastTry, 'last try: it costs none', 'shared-fate', 'final', 'shared-fate'],
    ['shared-fate', { sharedFates: 2 }, 'two sessions died', 'shared-fate', 'final', 'shared-fate'],
    ['shared-fate', fatesUsedUp, 'three died: alone over HTTP/1.1', 'free h1', 'final', 'free h1'],
    ['shared-fate', allUsedUp, 'on its last try too', 'free h1', 'final', 'free h1'],
    ['protocol', fresh, 'first try: once more over HTTP/1.1', 'free h1', 'final', 'free h1'],
    ['protocol', lastTry, 'last try: it costs none', 'free h1', 'final', 'free h1'],
    ['protocol', overHttp1, 'over HTTP/1.1 too', 'final', 'final', 'final'],
    ['permanent', fresh, 'first try', 'final', 'final', 'final'],
    ['local', fresh, 'never the page’s fault', 'none', 'final', 'none'],
    ['local', allUsedUp, 'however often', 'none', 'final', 'none'],
    ['local', overHttp1, 'over HTTP/1.1 it stays there', 'none h1', 'final', 'none h1'],
    ['aborted', fresh, 'we ended it', 'final', 'final', 'final'],
  ];

  test.each(rows)('%s %o: %s', (of, tries, _, get, post, unsentPost) => {
    const code = CODE_OF[of];
    expect(words(afterFailure(code, true, factsOf({ tries })))).toBe(get);
    expect(words(afterFailure(code, true, factsOf({ tries, method: 'POST' })))).toBe(post);
    expect(words(afterFailure(code, false, factsOf({ tries, method: 'POST' })))).toBe(unsentPost);
    // --retry-all-methods makes every method like GET.
    expect(words(afterFailure(code, true, factsOf({ tries, method: 'POST', allMethods: true })))).toBe(get);
  });

  test.each([
    ['GET', 'try'],
    ['HEAD', 'try'],
    ['OPTIONS', 'try'],
    ['PUT', 'try'],
    ['DELETE', 'try'],
    ['QUERY', 'try'],
    ['POST', 'final'],
    ['PATCH', 'final'],
    ['LOCK', 'final'],
    // Methods are case-sensitive (RFC 9110 §9.1): nobody knows what this one does.
    ['get', 'final'],
  ])('%s that was sent: %s', (method, expected) => {
    expect(words(afterFailure('CONNECTION_RESET', true, factsOf({ method })))).toBe(expected);
    expect(words(afterStatus(factsOf({ method })))).toBe(expected);
  });

  test.each([
    ['nobody answers where someone did: the page waits for its origin', true, 'none'],
    ['nobody ever answered: the page pays', false, 'try'],
  ])('%s', (_, originDown, expected) => {
    expect(words(afterFailure('CONNECT_REFUSED', true, factsOf({ originDown })))).toBe(expected);
    expect(words(afterFailure('CONNECTION_RESET', true, factsOf({ originDown })))).toBe('try');
  });

  test('a page on its last try waits for its origin all the same', () => {
    expect(words(afterFailure('CONNECT_TIMEOUT', true, factsOf({ originDown: true, tries: lastTry })))).toBe('none');
  });
});

describe('--retry', () => {
  test.each([
    [0, 1],
    [1, 2],
    [5, 6],
  ])('%i makes %i tries', (retries, tries) => {
    let attempts = 1;
    while (afterStatus(factsOf({ retries, tries: { attempts } })).type === 'again') attempts += 1;
    expect(attempts).toBe(tries);
  });

  test('0 still repeats what costs nothing', () => {
    const none = factsOf({ retries: 0 });
    expect(words(afterFailure('NOT_PROCESSED', false, none))).toBe('free');
    expect(words(afterFailure('SESSION_DIED', true, none))).toBe('shared-fate');
    expect(words(afterRefusal(none, true))).toBe('refusal');
  });
});

describe('after a refusal', () => {
  test.each([
    ['the first', 0, true, 'refusal'],
    ['the 19th while siblings get through', 18, true, 'refusal'],
    ['the 20th while siblings get through', 19, true, 'final'],
    ['the 20th while nobody gets through', 19, false, 'refusal'],
    ['the 1000th while nobody gets through', 999, false, 'refusal'],
    ['the first good sibling after many', 999, true, 'final'],
  ])('%s', (_, refusals, siblings, expected) => {
    expect(words(afterRefusal(factsOf({ tries: { refusals } }), siblings))).toBe(expected);
  });

  test('any method goes again: what was refused was not processed', () => {
    expect(words(afterRefusal(factsOf({ method: 'POST' }), false))).toBe('refusal');
  });

  test('no tries are used up, and its own wait is none: the origin’s counts', () => {
    const decision = afterRefusal(factsOf({ tries: { attempts: 99, http1Only: true } }), false);
    expect(decision).toEqual({ type: 'again', cost: 'refusal', afterMs: 0, http1Only: true });
  });
});

describe('waits', () => {
  const almostOne = 1 - Number.EPSILON;
  const longest = (facts: Given): number => {
    const decision = afterStatus(factsOf({ ...facts, random: almostOne, retries: 1_000 }));
    return decision.type === 'again' ? Math.round(decision.afterMs) : -1;
  };

  test('full jitter: from 0 to 200 ms, doubling, to at most 30 s', () => {
    const waits = Array.from({ length: 12 }, (_, index) => longest({ tries: { attempts: index + 1 } }));
    expect(waits).toEqual([200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000, 30_000, 30_000]);
    expect(afterStatus(factsOf({ random: 0 }))).toMatchObject({ afterMs: 0 });
  });

  test('the first free repeat goes at once, the next after up to 200 ms, doubling', () => {
    const waits = Array.from({ length: LIMITS.freeRepeats }, (_, freeRepeats) => {
      const decision = afterFailure('NOT_PROCESSED', false, factsOf({ tries: { freeRepeats }, random: almostOne }));
      return decision.type === 'again' ? Math.round(decision.afterMs) : -1;
    });
    expect(waits).toEqual([0, 200, 400, 800, 1_600, 3_200]);
  });
});

test('every page ends: whatever fails, in whatever order, a sent request is repeated a bounded number of times', () => {
  const codes = Object.keys(FAILURES).filter((code): code is FailureCode => code in FAILURES);
  // What is repeated without end is not the page's to end: the run's resources, an origin that is down, a refusing origin.
  const ending = codes.filter((code) => failureClass(code) !== 'local');
  const most = 5 + LIMITS.freeRepeats + LIMITS.sharedFateRepeats + 1;
  fc.assert(
    fc.property(fc.infiniteStream(fc.constantFrom(...ending)), fc.boolean(), (stream, sent) => {
      let tries = FIRST_TRY;
      let repeats = 0;
      for (const code of stream) {
        const decision = afterFailure(code, sent, factsOf({ tries }));
        if (decision.type === 'final') break;
        expect(decision.afterMs).toBeGreaterThanOrEqual(0);
        expect(decision.afterMs).toBeLessThanOrEqual(LIMITS.backoffCapMs);
        tries = {
          ...tries,
          http1Only: decision.http1Only,
          attempts: tries.attempts + (decision.cost === 'try' ? 1 : 0),
          freeRepeats: tries.freeRepeats + (decision.cost === 'free' ? 1 : 0),
          sharedFates: tries.sharedFates + (decision.cost === 'shared-fate' ? 1 : 0),
        };
        repeats += 1;
        expect(repeats).toBeLessThanOrEqual(most);
      }
    }),
  );
});

describe('a refused stream', () => {
  const after = (given: Given) => words(afterFailure('STREAM_REFUSED', false, factsOf(given)));

  test.each<[string, Given, string]>([
    ["beside others is its origin's word", { wentAlone: false }, 'refusal'],
    ['a POST too', { wentAlone: false, method: 'POST' }, 'refusal'],
    ['on the last try too', { wentAlone: false, tries: { attempts: 6 } }, 'refusal'],
    ['up to so many times as a page is refused', { wentAlone: false, tries: { refusals: 18 } }, 'refusal'],
    ['and then as often as is free', { wentAlone: false, tries: { refusals: 19 } }, 'free'],
    ['alone it was never processed', { wentAlone: true }, 'free'],
    ['six times', { wentAlone: true, tries: { freeRepeats: 6 } }, 'try'],
  ])('%s', (_what, given, expected) => {
    expect(after(given)).toBe(expected);
  });
});
