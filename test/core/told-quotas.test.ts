import { describe, expect, it } from 'vitest';
import type { OriginModel, Reply } from '../support/model-origin.ts';
import { numbered, seededRandom } from '../support/model-run.ts';
import { type CheckedRun, checkedRun, toldOf } from './checked-run.ts';

const WALL_START = Date.UTC(2026, 10, 23, 12);

interface Window {
  readonly quota: number;
  readonly ms: number;
}

interface Left {
  readonly remaining: number;
  readonly resetMs: number;
}

type Dialect = (left: readonly Left[], windows: readonly Window[], now: number) => Record<string, string>;

/** Fixed windows that begin with the first request in them; every answer tells truthfully what is left of each. */
function windowed(windows: readonly Window[], dialect: Dialect, latencyMs: () => number): OriginModel {
  const used = windows.map(() => ({ since: 0, count: 0 }));
  return (_request, now) => {
    const left = windows.map(({ quota, ms }, index) => {
      const window = used[index] ?? { since: 0, count: 0 };
      if (now >= window.since + ms) {
        window.since = Math.floor(now);
        window.count = 0;
      }
      window.count += 1;
      return { remaining: Math.max(0, quota - window.count), resetMs: window.since + ms - now };
    });
    const isOver = windows.some(({ quota }, index) => (used[index]?.count ?? 0) > quota);
    const reply: Reply = { status: isOver ? 429 : 200, body: 'ok', latencyMs: latencyMs() };
    return { ...reply, headers: dialect(left, windows, now) };
  };
}

const seconds = (ms: number) => String(Math.ceil(ms / 1000));

const DIALECTS: Readonly<Record<string, Dialect>> = {
  'X-RateLimit with seconds from now': ([left]) => ({
    'x-ratelimit-remaining': String(left?.remaining),
    'x-ratelimit-reset': seconds(left?.resetMs ?? 0),
  }),
  'X-RateLimit with epoch seconds': ([left], _windows, now) => ({
    'x-ratelimit-remaining': String(left?.remaining),
    'x-ratelimit-reset': seconds(WALL_START + now + (left?.resetMs ?? 0)),
  }),
  'X-RateLimit with epoch milliseconds and a clock of its own': ([left], _windows, now) => ({
    date: new Date(Math.floor((WALL_START + now + 7_200_000) / 1000) * 1000).toUTCString(),
    'x-ratelimit-remaining': String(left?.remaining),
    'x-ratelimit-reset': String(Math.ceil(WALL_START + now + 7_200_000 + (left?.resetMs ?? 0))),
  }),
  'RateLimit-Remaining and -Reset': ([left]) => ({
    'ratelimit-remaining': String(left?.remaining),
    'ratelimit-reset': seconds(left?.resetMs ?? 0),
  }),
  'RateLimit and RateLimit-Policy': (left, windows) => ({
    'ratelimit-policy': windows.map(({ quota, ms }, index) => `"w${index}";q=${quota};w=${seconds(ms)}`).join(', '),
    ratelimit: left
      .map(({ remaining, resetMs }, index) => `"w${index}";r=${remaining};t=${seconds(resetMs)}`)
      .join(', '),
  }),
};

function dialect(name: string): Dialect {
  const found = DIALECTS[name];
  if (found === undefined) throw new Error(name);
  return found;
}

function refusedIn({ asked }: CheckedRun): number {
  return asked.filter(({ reply }) => 'status' in reply && reply.status === 429).length;
}

describe('an origin that tells truthfully what is left of its quota', () => {
  describe.each(Object.keys(DIALECTS))('in %s', (name) => {
    it.each([
      ['steady answers', () => () => 50],
      [
        'answers that overtake each other',
        () => {
          const random = seededRandom(7);
          return () => 20 + random() * 200;
        },
      ],
    ])('is never asked for more, with %s', async (_what, latency) => {
      const window = { quota: 100, ms: 10_000 };
      const run = await checkedRun(numbered(1_000), windowed([window], dialect(name), latency()));
      expect(run.verdict.ok).toBe(1_000);
      expect(refusedIn(run)).toBe(0);
      // Nine waits of about ten seconds, each told in whole seconds, and nothing left unused but a few.
      expect(run.elapsedMs).toBeGreaterThan(90_000);
      expect(run.elapsedMs).toBeLessThan(112_000);
      expect(toldOf(run, 'origin-paused').every(({ reason }) => reason === 'quota')).toBe(true);
    });
  });

  it('is heeded in the tightest of several windows', async () => {
    const windows = [
      { quota: 20, ms: 1_000 },
      { quota: 300, ms: 60_000 },
    ];
    const run = await checkedRun(
      numbered(600),
      windowed(windows, dialect('RateLimit and RateLimit-Policy'), () => 30),
    );
    expect(run.verdict.ok).toBe(600);
    expect(refusedIn(run)).toBe(0);
    expect(run.elapsedMs).toBeGreaterThan(60_000);
    expect(run.elapsedMs).toBeLessThan(90_000);
  });

  it('is heeded with --no-adapt too', async () => {
    const model = windowed([{ quota: 60, ms: 5_000 }], dialect('RateLimit-Remaining and -Reset'), () => 30);
    const run = await checkedRun(numbered(300), model, { config: { pace: { adapt: false, perOrigin: 20 } } });
    expect(run.verdict.ok).toBe(300);
    expect(refusedIn(run)).toBe(0);
  });

  it('is given up at once when its reset is further away than --max-wait', async () => {
    const model = windowed([{ quota: 60, ms: 7_200_000 }], dialect('RateLimit-Remaining and -Reset'), () => 30);
    const run = await checkedRun(numbered(300), model);
    expect(run.verdict.ok).toBe(60);
    expect(run.elapsedMs).toBeLessThan(10_000);
    const lost = run.records.filter(
      ({ outcome, error }) => outcome === 'given-up' && error?.code === 'ORIGIN_ASKS_TOO_LONG',
    );
    expect(lost).toHaveLength(240);
    expect(toldOf(run, 'origin-given-up')[0]?.comeBackWall).toBeGreaterThan(WALL_START + 7_100_000);
  });
});

describe('an origin whose words are wrong', () => {
  it('is not stopped by a reset that lies in the past', async () => {
    const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1000000001' };
    const run = await checkedRun(numbered(200), () => ({ status: 200, headers, body: 'ok', latencyMs: 20 }));
    expect(run.verdict.ok).toBe(200);
    expect(run.elapsedMs).toBeLessThan(5_000);
  });

  it('is not stopped for good by one that says that nothing is left and answers all the same', async () => {
    const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1' };
    const run = await checkedRun(numbered(20), () => ({ status: 200, headers, body: 'ok', latencyMs: 20 }));
    expect(run.verdict.ok).toBe(20);
  });
});
