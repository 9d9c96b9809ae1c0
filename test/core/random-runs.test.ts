import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FailureCode } from '../../src/core/failure.ts';
import type { InputItem } from '../../src/core/page.ts';
import type { Break, OriginModel, Reply } from '../support/model-origin.ts';
import { seededRandom, testPage } from '../support/model-run.ts';
import { type CheckedRun, checkedRun } from './checked-run.ts';

/** How an origin behaves. Shares are of its answers. */
interface Behaviour {
  readonly latencyMs: number;
  readonly jitterMs: number;
  readonly failing: number;
  readonly failure: FailureCode | number;
  readonly redirecting: number;
  /** Requests a second that it bears; absent: any number. */
  readonly perSecond: number | undefined;
  /** What it tells of its limit. */
  readonly tells: 'nothing' | 'retry-after' | 'quota';
  readonly retryAfter: string;
  readonly downFromMs: number | undefined;
  readonly downForMs: number;
}

const FAILURES: readonly (FailureCode | number)[] = [
  'CONNECTION_RESET',
  'TRUNCATED',
  'STREAM_RESET',
  'NOT_PROCESSED',
  'SESSION_DIED',
  'PROTOCOL_ERROR',
  'RESPONSE_TIMEOUT',
  'TOO_LARGE',
  'CONNECT_REFUSED',
  'LOCAL_RESOURCES',
  404,
  500,
  503,
];

const NEVER_SENT: ReadonlySet<FailureCode | number> = new Set<FailureCode>([
  'NOT_PROCESSED',
  'CONNECT_REFUSED',
  'LOCAL_RESOURCES',
]);

const behaviour: fc.Arbitrary<Behaviour> = fc.record({
  latencyMs: fc.integer({ min: 0, max: 300 }),
  jitterMs: fc.integer({ min: 0, max: 500 }),
  failing: fc.constantFrom(0, 0, 0.01, 0.1, 0.5, 1),
  failure: fc.constantFrom(...FAILURES),
  redirecting: fc.constantFrom(0, 0, 0.1, 1),
  perSecond: fc.constantFrom(undefined, undefined, 2, 20, 200),
  tells: fc.constantFrom<Behaviour['tells']>('nothing', 'retry-after', 'quota'),
  retryAfter: fc.constantFrom('0', '0.05', '1', '7', '300'),
  downFromMs: fc.constantFrom(undefined, undefined, 0, 500, 5_000),
  downForMs: fc.constantFrom(1_000, 30_000, 10_000_000),
});

const scenario = fc.record({
  origins: fc.array(behaviour, { minLength: 1, maxLength: 6 }),
  pages: fc.integer({ min: 1, max: 300 }),
  seed: fc.nat(),
  concurrency: fc.constantFrom(1, 3, 100),
  perOrigin: fc.constantFrom(1, 4, 50),
  retries: fc.constantFrom(0, 2, 5),
  ratePerSecond: fc.constantFrom(undefined, undefined, 10),
  adapt: fc.boolean(),
  stopAtMs: fc.constantFrom(undefined, undefined, undefined, 0, 700, 20_000),
});

type Scenario = typeof scenario extends fc.Arbitrary<infer T> ? T : never;

function originOf(index: number): string {
  return `https://o${index}.example.com`;
}

/** One origin of the model: a fixed window a second long where it has a limit. */
function originModel(is: Behaviour, others: number, random: () => number): OriginModel {
  let windowAt = 0;
  let inWindow = 0;
  return ({ url }, now) => {
    const latencyMs = is.latencyMs + Math.round(random() * is.jitterMs);
    if (is.downFromMs !== undefined && now >= is.downFromMs && now < is.downFromMs + is.downForMs) {
      return { fail: 'CONNECT_REFUSED', sent: false, latencyMs: 1 };
    }
    if (now >= windowAt + 1_000) {
      windowAt = Math.floor(now);
      inWindow = 0;
    }
    inWindow += 1;
    const { perSecond } = is;
    const headers: Record<string, string> = {};
    if (perSecond !== undefined && is.tells === 'quota') {
      headers['ratelimit-remaining'] = String(Math.max(0, perSecond - inWindow));
      headers['ratelimit-reset'] = '1';
    }
    if (perSecond !== undefined && inWindow > perSecond) {
      if (is.tells === 'retry-after') headers['retry-after'] = is.retryAfter;
      return { status: 429, headers, latencyMs };
    }
    // A machine that is out of everything for good would never get anywhere: no page is charged for it.
    const share = is.failure === 'LOCAL_RESOURCES' ? is.failing / 2 : is.failing;
    if (random() < share) return failing(is.failure, latencyMs);
    if (random() < is.redirecting) {
      const to = originOf(Math.floor(random() * others));
      return { status: 302, headers: { ...headers, location: `${to}${new URL(url).pathname}x` }, latencyMs };
    }
    return { status: 200, headers, body: url, latencyMs };
  };
}

function failing(failure: FailureCode | number, latencyMs: number): Reply | Break {
  if (typeof failure === 'number') return { status: failure, latencyMs };
  return { fail: failure, sent: !NEVER_SENT.has(failure), latencyMs };
}

async function play(is: Scenario): Promise<CheckedRun> {
  const random = seededRandom(is.seed);
  const models = new Map(
    is.origins.map((origin, index) => [originOf(index), originModel(origin, is.origins.length, random)]),
  );
  const items = Array.from({ length: is.pages }, (_, index): InputItem => {
    const origin = originOf(Math.floor(random() * is.origins.length));
    return { type: 'page', page: testPage(`${origin}/${index}/`, `list:${index + 1}`) };
  });
  return checkedRun(items, (...asked) => models.get(asked[0].origin)?.(...asked) ?? { status: 404, latencyMs: 1 }, {
    seed: is.seed,
    untilMs: 60 * 86_400_000,
    config: {
      pace: {
        concurrency: is.concurrency,
        perOrigin: is.perOrigin,
        adapt: is.adapt,
        ...(is.ratePerSecond === undefined ? {} : { ratePerSecond: is.ratePerSecond }),
      },
      retry: { retries: is.retries, patienceMs: 120_000 },
    },
    during: (run, clock) => {
      if (is.stopAtMs !== undefined) clock.timer(is.stopAtMs, () => run.stop('SIGINT'));
    },
  });
}

describe('a run over origins that behave in any way', () => {
  it('ends, keeps to its ceilings and to told times, and gives every page one outcome', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async (is) => {
        const run = await play(is);
        for (const record of run.records) {
          if (record.outcome === 'ok') expect(run.store.bodies.get(record.url)).toBe(record.finalUrl);
          expect(record.attempts).toBeLessThanOrEqual(is.retries + 1);
        }
        if (is.stopAtMs === undefined) expect(run.records).toHaveLength(is.pages);
        else expect(run.asked.every(({ startedAt }) => startedAt <= (is.stopAtMs ?? 0))).toBe(true);
      }),
      { numRuns: 150 },
    );
  });
});
