import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OriginModel, Reply } from '../support/model-origin.ts';
import { numbered, pages, seededRandom } from '../support/model-run.ts';
import { type Asked, checkedRun } from './checked-run.ts';

const OK: Reply = { status: 200, body: 'ok', latencyMs: 50 };

function most(asked: readonly Asked[]): number {
  return asked.reduce((peak, { inFlight }) => Math.max(peak, inFlight), 0);
}

/** The largest number of starts in any `windowMs`, its end not included. */
function mostStartsIn(asked: readonly Asked[], windowMs: number): number {
  const starts = asked.map(({ startedAt }) => startedAt);
  let peak = 0;
  let from = 0;
  for (const [index, start] of starts.entries()) {
    while (start - (starts[from] ?? 0) >= windowMs - 1e-6) from += 1;
    peak = Math.max(peak, index - from + 1);
  }
  return peak;
}

describe('requests in flight', () => {
  it.each([
    [1, 1],
    [3, 50],
    [100, 2],
    [7, 7],
  ])('are never more than -c %i and --per-origin %i, whatever happens', async (concurrency, perOrigin) => {
    const random = seededRandom(3);
    const items = pages(Array.from({ length: 1_000 }, (_, i) => `https://o${i % 5}.example.com/${i}`));
    const model: OriginModel = () => {
      const luck = random();
      if (luck < 0.05) return { status: 500, latencyMs: 10 };
      if (luck < 0.1) return { fail: 'CONNECTION_RESET', latencyMs: 10 };
      if (luck < 0.12) return { status: 429, headers: { 'retry-after': '1' }, latencyMs: 10 };
      return { ...OK, latencyMs: random() * 200 };
    };
    const run = await checkedRun(items, model, { config: { pace: { concurrency, perOrigin } } });
    expect(run.verdict.ok).toBe(1_000);
    expect(run.peakInFlight).toBeLessThanOrEqual(concurrency);
    expect(most(run.asked)).toBeLessThanOrEqual(perOrigin);
  });

  it('reach --per-origin within about a second where 200 ms pass with an answer', async () => {
    const run = await checkedRun(numbered(3_000), () => ({ ...OK, latencyMs: 200 }));
    const full = run.asked.find(({ inFlight }) => inFlight === 50);
    expect(full?.startedAt).toBeLessThanOrEqual(1_100);
    expect(run.elapsedMs).toBeLessThan((3_000 / 50) * 200 + 1_500);
  });

  it('are at the ceilings at once with --no-adapt', async () => {
    const run = await checkedRun(numbered(200), () => OK, { config: { pace: { adapt: false } } });
    expect(run.asked.filter(({ startedAt }) => startedAt === 0)).toHaveLength(50);
    expect(run.elapsedMs).toBe(200);
  });

  it('stay at the ceilings with --no-adapt, whatever fails', async () => {
    const model: OriginModel = ({ url }) =>
      Number(url.split('/').at(-1)) % 3 === 0 ? { status: 500, latencyMs: 50 } : OK;
    const run = await checkedRun(numbered(600), model, { config: { pace: { adapt: false }, retry: { retries: 0 } } });
    expect(run.elapsedMs).toBe(600);
  });

  it('are never more than the streams that the server allows, as it last said', async () => {
    const settings = (now: number) => (now < 2_000 ? 6 : now < 4_000 ? 0 : 30);
    const run = await checkedRun(numbered(1_500), (_request, now) => ({ ...OK, maxStreams: settings(now) }));
    expect(run.verdict.ok).toBe(1_500);
    const during = (fromMs: number, toMs: number) =>
      run.asked.filter(({ startedAt }) => startedAt > fromMs && startedAt < toMs);
    expect(most(during(60, 2_000))).toBe(6);
    // None allowed: one is sent all the same, for nothing else would show that more are allowed again.
    expect(most(during(2_200, 4_000))).toBe(1);
    expect(most(during(5_500, 60_000))).toBe(30);
  });

  it('are held to the streams that the server allows with --no-adapt too', async () => {
    const run = await checkedRun(numbered(500), () => ({ ...OK, maxStreams: 8 }), {
      config: { pace: { adapt: false } },
    });
    expect(most(run.asked.filter(({ startedAt }) => startedAt > 100))).toBe(8);
  });

  it('of many origins share the permits fairly: nobody starves', async () => {
    const items = pages(
      Array.from({ length: 3_000 }, (_, i) => `https://${i % 30 === 0 ? `small${i}` : 'large'}.example.com/${i}`),
    );
    const run = await checkedRun(items, () => OK, { config: { pace: { concurrency: 4, perOrigin: 4 } } });
    const small = run.asked.filter(({ origin }) => origin !== 'https://large.example.com');
    expect(run.verdict.ok).toBe(3_000);
    expect(Math.max(...small.map(({ endsAt }) => endsAt))).toBeLessThan(run.elapsedMs / 5);
  });
});

describe('--rate', () => {
  it.each([1, 5, 10, 33, 100, 400])(
    'of %i a second is never exceeded in any second, and used',
    async (ratePerSecond) => {
      const count = Math.min(2_000, ratePerSecond * 10);
      const run = await checkedRun(numbered(count), () => ({ ...OK, latencyMs: 20 }), {
        config: { pace: { ratePerSecond } },
      });
      expect(run.verdict.ok).toBe(count);
      expect(mostStartsIn(run.asked, 1_000)).toBeLessThanOrEqual(ratePerSecond);
      expect(run.elapsedMs).toBeLessThan((count / ratePerSecond) * 1_000 + 200);
      expect(run.elapsedMs).toBeGreaterThan((count / ratePerSecond) * 1_000 - 1_100);
    },
  );

  it.each([[0.5], [1 / 60], [2.5]])('of %d a second spaces its starts', async (ratePerSecond) => {
    const run = await checkedRun(numbered(10), () => OK, { config: { pace: { ratePerSecond } } });
    expect(mostStartsIn(run.asked, 10_000 / ratePerSecond)).toBeLessThanOrEqual(10);
    const gaps = run.asked.slice(1).map(({ startedAt }, index) => startedAt - (run.asked[index]?.startedAt ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(1_000 / ratePerSecond - 51);
  });

  it('counts hops and retries', async () => {
    let failures = 0;
    const model: OriginModel = ({ url }) => {
      if (!url.includes('to')) return { status: 302, headers: { location: `${url}/to` }, latencyMs: 20 };
      failures += 1;
      return failures % 4 === 0 ? { status: 500, latencyMs: 20 } : OK;
    };
    const run = await checkedRun(numbered(100), model, { config: { pace: { ratePerSecond: 20 } } });
    expect(run.verdict.ok).toBe(100);
    expect(run.asked.length).toBeGreaterThan(250);
    expect(mostStartsIn(run.asked, 1_000)).toBeLessThanOrEqual(20);
    expect(run.elapsedMs).toBeLessThan((run.asked.length / 20) * 1_000 + 10_000);
  });

  it('holds for each origin by itself', async () => {
    const items = pages(Array.from({ length: 100 }, (_, i) => `https://o${i % 5}.example.com/${i}`));
    const run = await checkedRun(items, () => OK, { config: { pace: { ratePerSecond: 10 } } });
    expect(run.elapsedMs).toBeLessThan(2_200);
    const ofOne = run.asked.filter(({ origin }) => origin === 'https://o1.example.com');
    expect(mostStartsIn(ofOne, 1_000)).toBeLessThanOrEqual(10);
  });

  it('is exact and even whatever comes between: redirects, failures, refusals, answers of any length', async () => {
    // Whole numbers of starts a second have whole seconds to be counted in; the others are known by their spacing.
    const anyRate = fc.oneof(fc.integer({ min: 1, max: 300 }), fc.double({ min: 0.5, max: 300, noNaN: true }));
    await fc.assert(
      fc.asyncProperty(anyRate, fc.nat(), async (ratePerSecond, seed) => {
        const random = seededRandom(seed);
        const model: OriginModel = ({ url }) => {
          const latencyMs = 1 + random() * 150;
          const luck = random();
          if (luck < 0.1 && !url.includes('to')) return { status: 302, headers: { location: `${url}/to` }, latencyMs };
          if (luck < 0.15) return { status: 500, latencyMs };
          if (luck < 0.17)
            return { status: 429, headers: { 'retry-after': String(Math.floor(random() * 3)) }, latencyMs };
          if (luck < 0.2) return { fail: 'CONNECTION_RESET', latencyMs };
          return { ...OK, latencyMs };
        };
        const run = await checkedRun(numbered(150), model, { config: { pace: { ratePerSecond } }, seed });
        expect(mostStartsIn(run.asked, 1_000)).toBeLessThanOrEqual(Math.ceil(ratePerSecond));
        const gaps = run.asked.slice(1).map(({ startedAt }, index) => startedAt - (run.asked[index]?.startedAt ?? 0));
        const punctual = gaps.filter((gap) => gap >= 1_000 / ratePerSecond - 2);
        // Where so few are in flight there is always a permit.
        if (ratePerSecond <= 20) expect(punctual.length).toBeGreaterThan(gaps.length * 0.5);
        // Where all permits are taken a start comes late, and up to 50 ms of that is made up for.
        expect(Math.min(...gaps)).toBeGreaterThanOrEqual(Math.max(0, 1_000 / ratePerSecond - 51));
      }),
      { numRuns: 40 },
    );
  });

  it('is held after a pause too: no burst makes up for it', async () => {
    const model: OriginModel = (_request, now) =>
      now >= 2_000 && now < 2_200 ? { status: 429, headers: { 'retry-after': '10' }, latencyMs: 20 } : OK;
    const run = await checkedRun(numbered(200), model, { config: { pace: { ratePerSecond: 20 } } });
    expect(run.verdict.ok).toBe(200);
    expect(mostStartsIn(run.asked, 1_000)).toBeLessThanOrEqual(20);
  });
});
