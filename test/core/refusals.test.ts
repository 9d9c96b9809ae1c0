import { describe, expect, it } from 'vitest';
import type { OriginModel, Reply } from '../support/model-origin.ts';
import { numbered, pages, testPage } from '../support/model-run.ts';
import { askedOf, checkedRun, recordOf, toldOf } from './checked-run.ts';

const OK: Reply = { status: 200, body: 'ok', latencyMs: 20 };
const A = 'https://a.example.com';
const B = 'https://b.example.com';

function refusal(retryAfter?: string, status = 429): Reply {
  const headers = retryAfter === undefined ? {} : { 'retry-after': retryAfter };
  return { status, headers, latencyMs: 20 };
}

/** Refuses everything until a time. */
function until(ms: number, refused: Reply): OriginModel {
  return (_request, now) => (now < ms ? refused : OK);
}

/** A bucket that starts full; refusals tell the whole seconds until there is something in it. */
function bucket(perSecond: number, burst: number, tells = true): OriginModel {
  let level = burst;
  let last = 0;
  return (_request, now) => {
    level = Math.min(burst, level + ((now - last) / 1000) * perSecond);
    last = now;
    if (level < 1) return refusal(tells ? '1' : undefined);
    level -= 1;
    return OK;
  };
}

describe('an origin that refuses with a told time', () => {
  it('is left alone as long as it told, then asked by one probe, then by many', async () => {
    const run = await checkedRun(numbered(30), (_request, now) => (now < 100 ? refusal('7') : OK));
    expect(run.verdict).toMatchObject({ ok: 30, notOk: 0 });
    const firstWave = run.asked.filter(({ startedAt }) => startedAt < 100);
    const after = run.asked.filter(({ startedAt }) => startedAt >= 100);
    expect(firstWave.length).toBeLessThanOrEqual(4);
    expect(after[0]?.startedAt).toBeGreaterThanOrEqual(7_020);
    expect(after[0]?.startedAt).toBeLessThan(7_200);
    expect(after[1]?.startedAt).toBeGreaterThanOrEqual(after[0]?.endsAt ?? 0);
  });

  it('is left alone as long as it told where the probe fails meanwhile: what comes late shortens no wait', async () => {
    // The first refusal is over at once; the second tells a second, and comes in before the probe's failure.
    const replies: Reply[] = [OK, OK, { ...refusal('0'), latencyMs: 10 }, { ...refusal('1'), latencyMs: 60 }];
    let count = 0;
    const model: OriginModel = () => {
      count += 1;
      return replies[count - 1] ?? (count === 5 ? { status: 500, latencyMs: 100 } : OK);
    };
    const run = await checkedRun(numbered(20), model, { config: { pace: { concurrency: 2, adapt: false } } });
    expect(run.verdict.ok).toBe(20);
    const told = run.asked[3]?.endsAt ?? 0;
    expect(run.asked[4]?.endsAt).toBeGreaterThan(told);
    expect(run.asked[5]?.startedAt).toBeGreaterThanOrEqual(told + 1_000);
  });

  it('does not hold up other origins, and its waiting pages hold no permit', async () => {
    const items = pages(Array.from({ length: 200 }, (_, index) => [`${A}/${index}`, `${B}/${index}`]).flat());
    const model: OriginModel = (request, now) => (request.origin === A && now < 50_000 ? refusal('60') : OK);
    const run = await checkedRun(items, model, { config: { pace: { concurrency: 2 } } });
    expect(run.verdict.ok).toBe(400);
    const lastOfB = Math.max(...run.asked.filter(({ origin }) => origin === B).map(({ endsAt }) => endsAt));
    expect(lastOfB).toBeLessThan(5_000);
  });

  it('is met by one event when a burst is refused in flight', async () => {
    const run = await checkedRun(numbered(200), (_request, now) =>
      now < 1_000 ? { ...OK, latencyMs: 200 } : now < 1_400 ? refusal('5') : OK,
    );
    expect(run.verdict.ok).toBe(200);
    expect(run.verdict.refusals).toBeGreaterThan(1);
    expect(toldOf(run, 'origin-paused')).toHaveLength(1);
    expect(toldOf(run, 'origin-resumed')).toHaveLength(1);
  });

  it('takes a request that was started at the very instant of a refusal for one of the same event', async () => {
    // With --rate 10 a start falls on each tenth of a second, and so does the first answer: a refusal.
    const config = { pace: { ratePerSecond: 10, adapt: false } };
    const run = await checkedRun(
      numbered(30),
      (_request, now) => (now < 1_000 ? { ...refusal(now < 50 ? '30' : '1'), latencyMs: 100 } : OK),
      { config },
    );
    expect(run.verdict.ok).toBe(30);
    expect(toldOf(run, 'origin-paused')).toHaveLength(1);
  });

  it('waits for the longest of the times that a burst in flight was told', async () => {
    let refused = 0;
    const run = await checkedRun(numbered(10), (_request, now) => {
      if (now > 1_000) return OK;
      refused += 1;
      return { ...refusal(refused === 2 ? '30' : '3'), latencyMs: 20 + refused };
    });
    expect(run.verdict.ok).toBe(10);
    expect(run.asked.filter(({ startedAt }) => startedAt > 100 && startedAt < 30_000)).toHaveLength(0);
  });

  it('is obeyed also where a refusal of the burst comes when the wait is over already', async () => {
    const run = await checkedRun(numbered(2_000), ({ url }, now) => {
      if (now > 100) return OK;
      return url.endsWith('/1') ? { ...refusal('20'), latencyMs: 3_000 } : refusal('1');
    });
    expect(run.verdict.ok).toBe(2_000);
    expect(run.asked.filter(({ startedAt }) => startedAt > 3_000 && startedAt < 23_000)).toHaveLength(0);
  });

  it('goes on waiting although an answer that was on its way comes in', async () => {
    const model: OriginModel = ({ url }, now) => {
      if (url.endsWith('/1')) return { ...OK, latencyMs: 3_000 };
      return now < 1_000 ? refusal('10') : OK;
    };
    const run = await checkedRun(numbered(20), model);
    expect(recordOf(run, 'https://api.example.com/1').requests).toBe(1);
    expect(run.asked.filter(({ startedAt }) => startedAt > 100 && startedAt < 10_000)).toHaveLength(0);
    expect(toldOf(run, 'origin-resumed')[0]?.at).toBeGreaterThan(10_000);
  });

  it('is probed again after a probe that was refused', async () => {
    const run = await checkedRun(numbered(20), until(35_000, refusal('10')));
    expect(run.verdict.ok).toBe(20);
    const probes = run.asked.filter(({ startedAt }) => startedAt > 100 && startedAt < 35_000);
    expect(probes.map(({ startedAt }) => Math.round(startedAt / 1000))).toEqual([10, 20, 30]);
  });

  it('costs its pages no try, also with --retry 0', async () => {
    const config = { retry: { retries: 0 } };
    const run = await checkedRun(numbered(20), until(95_000, refusal('10')), { config });
    expect(run.verdict).toMatchObject({ ok: 20, retries: 0 });
    expect(run.records.every(({ attempts }) => attempts === 1)).toBe(true);
    expect(Math.max(...run.records.map(({ requests }) => requests))).toBeGreaterThan(1);
  });

  it('is asked at full speed after a long wait in which nothing got through', async () => {
    const run = await checkedRun(numbered(3_000), until(600_000, refusal('600')));
    expect(run.verdict.ok).toBe(3_000);
    expect(run.elapsedMs).toBeLessThan(605_000);
  });

  it('is obeyed with --no-adapt too', async () => {
    const run = await checkedRun(numbered(100), bucket(20, 10), { config: { pace: { adapt: false } } });
    expect(run.verdict.ok).toBe(100);
  });

  it.each([
    ['seconds with decimals', '2.5', 2_500],
    ['an IMF-fixdate, against its own clock', new Date(Date.UTC(2020, 0, 1, 0, 0, 9)).toUTCString(), 9_000],
    ['an RFC 850 date, against its own clock', 'Wednesday, 01-Jan-20 00:00:09 GMT', 9_000],
    ['an asctime date, against its own clock', 'Wed Jan  1 00:00:09 2020', 9_000],
  ])('is understood when it tells %s', async (_what, after, waitMs) => {
    const headers = { 'retry-after': after, date: 'Wed, 01 Jan 2020 00:00:00 GMT' };
    const refused: Reply = { status: 429, headers, latencyMs: 20 };
    const run = await checkedRun(numbered(5), until(100, refused));
    expect(run.verdict.ok).toBe(5);
    expect(run.asked[4]?.startedAt).toBeGreaterThanOrEqual(waitMs + 20);
    expect(run.asked[4]?.startedAt).toBeLessThan(waitMs + 100);
  });

  it('lets a POST be repeated: what was refused was not processed', async () => {
    const page = testPage(`${A}/post`, 'list:1', { method: 'POST', body: 'x' });
    const run = await checkedRun([{ type: 'page', page }], until(100, refusal('2')));
    expect(run.verdict.ok).toBe(1);
    expect(run.asked).toHaveLength(2);
  });

  it('is given up at once when it asks for longer than --max-wait, with the time to come back', async () => {
    const items = pages([...Array.from({ length: 50 }, (_, index) => `${A}/${index}`), `${B}/`]);
    const run = await checkedRun(items, ({ origin }) => (origin === A ? refusal('7200') : OK));
    expect(run.elapsedMs).toBeLessThan(1_000);
    expect(run.verdict).toMatchObject({ ok: 1, notOk: 50 });
    expect(recordOf(run, `${A}/49`)).toMatchObject({ outcome: 'given-up', error: { code: 'ORIGIN_ASKS_TOO_LONG' } });
    const [givenUp] = toldOf(run, 'origin-given-up');
    const wallAtEvent = Date.UTC(2026, 10, 23, 12) + (givenUp?.at ?? 0);
    expect(givenUp?.comeBackWall).toBe(wallAtEvent + 7_200_000);
  });

  it('is waited for when it asks for just as long as --max-wait', async () => {
    const run = await checkedRun(numbered(5), until(100, refusal('3600')));
    expect(run.verdict.ok).toBe(5);
    expect(run.elapsedMs).toBeGreaterThan(3_600_000);
  });

  it('tells why it waits and until when', async () => {
    const run = await checkedRun(numbered(5), until(100, refusal('41', 503)));
    expect(toldOf(run, 'origin-paused')[0]).toMatchObject({
      origin: 'https://api.example.com',
      reason: 'retry-after',
      status: 503,
      untilWall: Date.UTC(2026, 10, 23, 12) + 20 + 41_000,
    });
  });
});

describe('an origin that refuses without a time', () => {
  it('is left alone for longer and longer', async () => {
    const run = await checkedRun(numbered(20), until(100_000, refusal()));
    expect(run.verdict.ok).toBe(20);
    const probes = run.asked.filter(({ startedAt }) => startedAt > 100 && startedAt < 100_000);
    expect(probes.length).toBeGreaterThan(4);
    expect(probes.length).toBeLessThan(14);
    const gaps = probes.slice(1).map(({ startedAt }, index) => startedAt - (probes[index]?.endsAt ?? 0));
    expect(gaps.at(-1)).toBeGreaterThan(10 * (gaps[0] ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(60_000);
  });

  it.each(['soon', '-5', '', 'Wed, 01 Jan 2020 00:00:00 GMT'])('is met so when it tells %j', async (after) => {
    const run = await checkedRun(numbered(20), until(5_000, refusal(after)));
    expect(run.verdict.ok).toBe(20);
    expect(toldOf(run, 'origin-paused').every(({ reason }) => reason === 'refused')).toBe(true);
    expect(run.verdict.refusals).toBeLessThan(16);
  });

  it('is asked at once when it tells 0, and left alone when that was not true', async () => {
    const run = await checkedRun(numbered(20), until(30_000, refusal('0')));
    expect(run.verdict.ok).toBe(20);
    expect(run.verdict.refusals).toBeLessThan(20);
    const once = await checkedRun(numbered(20), until(10, refusal('0')));
    expect(once.elapsedMs).toBeLessThan(1_000);
  });
});

describe('a page that alone is refused', () => {
  const bad = `${A}/bad`;
  const model: OriginModel = ({ url }) => (url === bad ? refusal('1') : { ...OK, latencyMs: 100 });

  it.each([1, 2, 50])(
    'fails as THROTTLED after 20 refusals while others get through (%i at once)',
    async (perOrigin) => {
      const items = pages([
        ...Array.from({ length: 5 }, (_, i) => `${A}/${i}`),
        bad,
        ...Array.from({ length: 200 }, (_, i) => `${A}/more/${i}`),
      ]);
      const run = await checkedRun(items, model, { config: { pace: { perOrigin } }, untilMs: 3_600_000 });
      expect(run.verdict).toMatchObject({ ok: 205, notOk: 1 });
      expect(recordOf(run, bad)).toMatchObject({
        outcome: 'failed',
        status: 429,
        error: { code: 'THROTTLED' },
        attempts: 1,
        requests: 20,
      });
      expect(askedOf(run, bad)).toHaveLength(20);
    },
  );

  it('is not called THROTTLED while nobody gets through', async () => {
    const run = await checkedRun(numbered(3), until(300_000, refusal('5')));
    expect(run.verdict).toMatchObject({ ok: 3, notOk: 0 });
    expect(run.verdict.refusals).toBeGreaterThan(40);
  });
});

describe('what counts as a refusal', () => {
  it('503 without Retry-After is a failure of the page', async () => {
    const run = await checkedRun(numbered(1), until(1_000_000, refusal(undefined, 503)));
    expect(run.records[0]).toMatchObject({ outcome: 'failed', attempts: 6, error: { code: 'HTTP_503' } });
    expect(run.verdict).toMatchObject({ refusals: 0, retries: 5 });
  });

  it('503 with Retry-After uses up no try', async () => {
    const run = await checkedRun(numbered(1), until(90_000, refusal('10', 503)));
    expect(run.records[0]).toMatchObject({ outcome: 'ok', attempts: 1 });
  });

  it('403 with nothing left of a rate limit waits until the reset', async () => {
    const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-limit': '60', 'x-ratelimit-reset': '30' };
    const run = await checkedRun(numbered(5), (_request, now) =>
      now < 29_000 ? { status: 403, headers, latencyMs: 20 } : OK,
    );
    expect(run.verdict.ok).toBe(5);
    expect(run.asked.filter(({ startedAt }) => startedAt > 100 && startedAt < 30_020)).toHaveLength(0);
  });

  it.each([[{}], [{ 'x-ratelimit-remaining': '7', 'x-ratelimit-reset': '30' }]])(
    '403 with %j is final at once',
    async (headers) => {
      const run = await checkedRun(numbered(5), () => ({ status: 403, headers, latencyMs: 20 }));
      expect(run.verdict.notOk).toBe(5);
      expect(run.records[0]).toMatchObject({ attempts: 1, requests: 1, error: { code: 'HTTP_403' } });
    },
  );

  it('a refusal that --accept names is the page itself', async () => {
    const run = await checkedRun(numbered(20), () => refusal('60'), { config: { verdict: { accept: [[200, 499]] } } });
    expect(run.verdict.ok).toBe(20);
    expect(run.elapsedMs).toBeLessThan(1_000);
  }, 10_000);
});
