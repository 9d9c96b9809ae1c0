import { describe, expect, it } from 'vitest';
import type { FailureCode } from '../../src/core/failure.ts';
import type { Break, OriginModel, Reply } from '../support/model-origin.ts';
import { numbered, pages } from '../support/model-run.ts';
import { checkedRun, toldOf } from './checked-run.ts';

const OK: Reply = { status: 200, body: 'ok', latencyMs: 50 };
const SICK: Reply = { status: 500, latencyMs: 50 };

function broken(fail: FailureCode, latencyMs = 5): Break {
  return { fail, sent: false, latencyMs };
}

/** Well but for the time between. */
function outage(fromMs: number, toMs: number, during: Reply | Break): OriginModel {
  return (_request, now) => (now >= fromMs && now < toMs ? during : OK);
}

describe('an origin that was well and goes down', () => {
  it.each([
    ['refuses connections', broken('CONNECT_REFUSED')],
    ['is gone from DNS', broken('DNS_NOT_FOUND')],
    ['is unreachable', broken('UNREACHABLE', 3_000)],
    ['lets connections time out', broken('CONNECT_TIMEOUT', 10_000)],
    ['answers 500', SICK],
    ['answers 502 slowly', { status: 502, latencyMs: 2_000 }],
    ['resets connections', { fail: 'CONNECTION_RESET', latencyMs: 30 } as const],
    ['does not answer', { fail: 'RESPONSE_TIMEOUT', latencyMs: 10_000 } as const],
  ])('for 30 s and %s loses no page and is asked little meanwhile', async (_what, during) => {
    const run = await checkedRun(numbered(3_000), outage(1_500, 31_500, during));
    expect(run.verdict).toMatchObject({ ok: 3_000, notOk: 0 });
    const meanwhile = run.asked.filter(({ startedAt }) => startedAt >= 1_500 && startedAt < 31_500);
    // What was in flight when it went down, and the probes.
    expect(meanwhile.length).toBeLessThan(50 + 60);
    const probes = meanwhile.filter(({ inFlight, startedAt }) => startedAt > 3_000 && inFlight > 1);
    expect(probes.length).toBeLessThanOrEqual(during.latencyMs > 1_000 ? 50 : 0);
    expect(run.elapsedMs).toBeLessThan(31_500 + 30_000 + 20_000);
  });

  it('is asked by one probe at a time, after waits that grow', async () => {
    const run = await checkedRun(numbered(3_000), outage(1_500, 200_000, broken('CONNECT_REFUSED')));
    expect(run.verdict.ok).toBe(3_000);
    const probes = run.asked.filter(({ startedAt }) => startedAt > 2_000 && startedAt < 200_000);
    expect(probes.every(({ inFlight }) => inFlight === 1)).toBe(true);
    expect(probes.length).toBeLessThan(120);
    const gaps = probes.slice(1).map(({ startedAt }, index) => startedAt - (probes[index]?.startedAt ?? 0));
    expect(gaps.at(-1)).toBeGreaterThan(2 * Math.min(...gaps));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(30_010);
  });

  it('goes on at full speed once it is back', async () => {
    const run = await checkedRun(numbered(3_000), outage(1_500, 11_500, SICK));
    const back = toldOf(run, 'origin-resumed').at(-1)?.at ?? 0;
    expect(back).toBeLessThan(11_500 + 5_100);
    expect(run.elapsedMs - back).toBeLessThan(10_000);
  });

  it('does not slow other origins', async () => {
    const items = pages(
      Array.from({ length: 4_000 }, (_, i) => `https://${i % 2 === 0 ? 'up' : 'down'}.example.com/${i}`),
    );
    const run = await checkedRun(items, ({ origin }, now) =>
      origin === 'https://down.example.com' && now >= 500 && now < 60_000 ? broken('CONNECT_REFUSED') : OK,
    );
    expect(run.verdict.ok).toBe(4_000);
    const lastUp = Math.max(
      ...run.asked.filter(({ url }) => url.startsWith('https://up.')).map(({ endsAt }) => endsAt),
    );
    expect(lastUp).toBeLessThan(6_000);
  });
});

describe('an origin that never answered', () => {
  it.each<FailureCode>(['DNS_NOT_FOUND', 'CONNECT_REFUSED', 'UNREACHABLE'])(
    'is given up once its first page has used up its tries (%s)',
    async (code) => {
      const run = await checkedRun(numbered(5_000), () => broken(code));
      expect(run.verdict).toMatchObject({ ok: 0, notOk: 5_000 });
      expect(run.asked.length).toBeLessThan(40);
      expect(run.elapsedMs).toBeLessThan(120_000);
      expect(toldOf(run, 'origin-given-up')).toHaveLength(1);
      const outcomes = Object.groupBy(run.records, ({ outcome }) => outcome);
      expect(outcomes['given-up']?.length).toBeGreaterThan(4_900);
      expect(outcomes['given-up']?.[0]?.error?.code).toBe('ORIGIN_UNREACHABLE');
    },
  );

  it('is given up at once with --retry 0', async () => {
    const run = await checkedRun(numbered(100), () => broken('CONNECT_REFUSED'), { config: { retry: { retries: 0 } } });
    expect(run.verdict.notOk).toBe(100);
    expect(run.elapsedMs).toBeLessThan(1_000);
  });

  it('is given up after a few pages when no TLS session can be made', async () => {
    const run = await checkedRun(numbered(5_000), () => broken('TLS_UNTRUSTED'));
    expect(run.verdict.notOk).toBe(5_000);
    expect(run.asked.length).toBeLessThan(10);
    expect(run.elapsedMs).toBeLessThan(10_000);
  });

  it('does not take a list of many such origins longer than the worst of them', async () => {
    const items = pages(Array.from({ length: 2_000 }, (_, i) => `https://dead${i}.example.com/`));
    const run = await checkedRun(items, () => broken('DNS_NOT_FOUND'), { config: { retry: { retries: 1 } } });
    expect(run.verdict.notOk).toBe(2_000);
    expect(run.elapsedMs).toBeLessThan(10_000);
  });
});

describe('patience', () => {
  it('gives up an origin from which nothing good comes, with the reason on every page', async () => {
    const run = await checkedRun(numbered(5_000), outage(1_500, Number.POSITIVE_INFINITY, broken('CONNECT_REFUSED')), {
      config: { retry: { patienceMs: 120_000 } },
    });
    expect(run.elapsedMs).toBeGreaterThan(120_000);
    expect(run.elapsedMs).toBeLessThan(160_000);
    expect(run.verdict.ok).toBeGreaterThan(50);
    expect(run.verdict.ok + run.verdict.notOk).toBe(5_000);
    const left = run.records.filter(({ outcome }) => outcome !== 'ok');
    expect(left.every(({ outcome, error }) => outcome === 'given-up' && error?.code === 'ORIGIN_SILENT')).toBe(true);
    expect(toldOf(run, 'origin-given-up')).toHaveLength(1);
  });

  it('does not count waits that were told', async () => {
    const run = await checkedRun(
      numbered(50),
      (_request, now) => (now < 1_500_000 ? { status: 429, headers: { 'retry-after': '300' }, latencyMs: 50 } : OK),
      { config: { retry: { patienceMs: 60_000 } } },
    );
    expect(run.verdict.ok).toBe(50);
  });

  it('does not count rests that rate-limit headers tell', async () => {
    // Nothing but failures, and of these one a minute: so say its headers.
    const headers = { 'ratelimit-remaining': '0', 'ratelimit-reset': '60' };
    const run = await checkedRun(
      numbered(5),
      (_request, now) => (now < 900_000 ? { status: 500, headers, latencyMs: 50 } : { ...OK, headers: {} }),
      { config: { retry: { patienceMs: 60_000, retries: 30 } } },
    );
    expect(run.verdict.ok).toBe(5);
    expect(toldOf(run, 'origin-given-up')).toHaveLength(0);
  });

  it('does not count the time in which it was not asked', async () => {
    // The one permit is the other origin's for two minutes.
    const slow = Array.from({ length: 5 }, (_, i) => `https://slow.example.com/${i}`);
    const items = pages(['https://a.example.com/0', ...slow, 'https://a.example.com/1']);
    let asked = 0;
    const model: OriginModel = ({ origin }) => {
      if (origin !== 'https://a.example.com') return { ...OK, latencyMs: 60_000 };
      asked += 1;
      return asked <= 3 ? { fail: 'CONNECTION_RESET', latencyMs: 50 } : OK;
    };
    const run = await checkedRun(items, model, {
      config: { pace: { concurrency: 1 }, retry: { patienceMs: 30_000 } },
    });
    expect(run.verdict.ok).toBe(7);
  });

  it('ends for a page without siblings too, whose told waits are obeyed in vain', async () => {
    const run = await checkedRun(numbered(1), () => ({ status: 429, headers: { 'retry-after': '5' }, latencyMs: 50 }), {
      config: { retry: { patienceMs: 60_000 } },
    });
    expect(run.records[0]).toMatchObject({ outcome: 'given-up', error: { code: 'ORIGIN_SILENT' } });
    // Twenty told waits are taken out of the silence; from then on they are part of it.
    expect(run.asked.length).toBeGreaterThan(20);
    expect(run.elapsedMs).toBeGreaterThan(20 * 5_000 + 60_000);
    expect(run.elapsedMs).toBeLessThan(21 * 5_000 + 90_000);
  });

  it('ends the pages that wait for their own backoff with the others', async () => {
    const run = await checkedRun(
      numbered(1_000),
      (_request, now) => (now < 500 ? OK : { fail: 'CONNECTION_RESET', latencyMs: 50 }),
      { config: { retry: { patienceMs: 20_000, retries: 50 } } },
    );
    const [givenUp] = toldOf(run, 'origin-given-up');
    expect(givenUp).toBeDefined();
    expect(run.elapsedMs - (givenUp?.at ?? 0)).toBeLessThan(100);
  });

  it('lets good pages through that stand behind a thousand broken ones', async () => {
    const isBroken = (url: string) => Number(url.split('/').at(-1)) <= 1_000;
    const run = await checkedRun(numbered(1_500), ({ url }) => (isBroken(url) ? SICK : OK));
    expect(run.verdict).toMatchObject({ ok: 500, notOk: 1_000 });
    expect(toldOf(run, 'origin-given-up')).toHaveLength(0);
  });

  it('counts waits that were not told', async () => {
    const run = await checkedRun(numbered(50), () => ({ status: 429, latencyMs: 50 }), {
      config: { retry: { patienceMs: 60_000 } },
    });
    expect(run.verdict.notOk).toBe(50);
    expect(run.elapsedMs).toBeLessThan(130_000);
  });
});

describe('broken pages of an origin that is well', () => {
  it('sprinkled over the list do not slow it', async () => {
    const isBroken = (url: string) => Number(url.split('/').at(-1)) % 10 === 0;
    const well = await checkedRun(numbered(2_000), () => OK);
    const missing = await checkedRun(numbered(2_000), ({ url }) =>
      isBroken(url) ? { status: 404, latencyMs: 50 } : OK,
    );
    const failing = await checkedRun(numbered(2_000), ({ url }) => (isBroken(url) ? SICK : OK));
    expect(missing.verdict).toMatchObject({ ok: 1_800, notOk: 200 });
    expect(failing.verdict).toMatchObject({ ok: 1_800, notOk: 200 });
    expect(missing.elapsedMs).toBeLessThan(well.elapsedMs * 1.2);
    const lastOk = Math.max(...failing.asked.filter(({ url }) => !isBroken(url)).map(({ endsAt }) => endsAt));
    expect(lastOk).toBeLessThan(well.elapsedMs * 2);
    expect(toldOf(failing, 'origin-paused').filter(({ at }) => at < lastOk)).toHaveLength(0);
    expect(failing.elapsedMs).toBeLessThan(60_000);
  });

  it('at the end of the list end in their own right, soon', async () => {
    const run = await checkedRun(numbered(1_000), ({ url }) => (Number(url.split('/').at(-1)) > 970 ? SICK : OK));
    expect(run.verdict).toMatchObject({ ok: 970, notOk: 30 });
    expect(run.records.filter(({ error }) => error?.code === 'HTTP_500')).toHaveLength(30);
    expect(run.elapsedMs).toBeLessThan(180_000);
  });

  it('that are the whole of a short list end in their own right, soon', async () => {
    const run = await checkedRun(numbered(30), () => SICK);
    expect(run.records.filter(({ error }) => error?.code === 'HTTP_500')).toHaveLength(30);
    expect(run.elapsedMs).toBeLessThan(180_000);
  });
});
