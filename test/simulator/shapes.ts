import { seededRandom } from '../support/model-run.ts';
import { ConcurrencyCap, FixedWindow, type Limit, NoLimit, SlidingWindow, TokenBucket } from './limits.ts';
import type { OriginShape } from './origin.ts';

/** How much the origin lets a client know: that decides how near to the ideal one can come. */
export type Openness =
  /** Headers say what is left before it is used up, or there is no limit. */
  | 'announces'
  /** A refusal says when to come back. */
  | 'tells'
  /** A refusal says nothing. */
  | 'silent';

export interface Shape {
  readonly name: string;
  readonly pages: number;
  readonly openness: Openness;
  /** Seconds that a client needs who knows everything; see the head of docs/politeness.md. */
  readonly idealS: number;
  readonly make: () => OriginShape;
  /** Of its requests so many are refused whatever is asked: they are no waste of ours. */
  readonly strayShare?: number;
  /** Where the goals cannot be met: why, and what is kept to instead. */
  readonly outOfReach?: { readonly why: string; readonly ratio: number; readonly wasted: number };
}

/** Time against the ideal, and requests that brought nothing as a share of the pages. */
export const GOALS: Readonly<Record<Openness, { readonly ratio: number; readonly wasted: number }>> = {
  announces: { ratio: 1.05, wasted: 0.01 },
  tells: { ratio: 1.05, wasted: 0.01 },
  silent: { ratio: 1.15, wasted: 0.03 },
};

const ms = (latencyMs: number) => (_inFlight: number, random: () => number) => latencyMs * (0.9 + 0.2 * random());

/** A bucket's ideal, after the one refusal (and its wait) that shows it where nothing warns. */
function bucketIdeal(pages: number, perSecond: number, burst: number, refusalWaitS = 0): number {
  const again = Math.min(burst, perSecond * refusalWaitS);
  return refusalWaitS + Math.max(0, pages - burst - again) / perSecond;
}

/** Full windows, and the first one's rest: the last window's quota is used as it begins. */
function windowIdeal(pages: number, quota: number, windowS: number, firstWindowS = windowS): number {
  const windows = Math.ceil(pages / quota) - 1;
  return windows === 0 ? 0 : firstWindowS + (windows - 1) * windowS;
}

/** Where so many are served at once: that a place is free is known when its answer is here, and the next request has its way to go. */
function capIdeal(pages: number, most: number, latencyMs: number, oneWayMs: number, refusalWaitS = 0): number {
  return refusalWaitS + ((pages / most) * (latencyMs + 2 * oneWayMs)) / 1000;
}

const bucket =
  (perSecond: number, burst: number, latencyMs: number, telling: OriginShape['telling']) => (): OriginShape => ({
    limit: new TokenBucket(perSecond, burst),
    latency: ms(latencyMs),
    ...(telling === undefined ? undefined : { telling }),
  });

const limited = (limit: () => Limit, latencyMs: number, telling?: OriginShape['telling']) => (): OriginShape => ({
  limit: limit(),
  latency: ms(latencyMs),
  ...(telling === undefined ? undefined : { telling }),
});

/** Refuses a share of what it is asked, whoever asks and however often. */
function strays(share: number, latencyMs: number, retryAfter?: number): NonNullable<OriginShape['outage']> {
  const random = seededRandom(7);
  const headers: Record<string, string> = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
  return () => (random() < share ? { status: 429, latencyMs, headers } : undefined);
}

/** A bucket with burst 20 that refuses for nothing as well. Each stray costs the wait that it tells, less what a bucket saves up meanwhile. */
function straysAndLimit(perSecond: number, share: number, retryAfter: 0 | 1 | undefined): Shape {
  const pages = perSecond * 50;
  const waitS = retryAfter ?? 0;
  const lostS = Math.max(0, waitS - 20 / perSecond);
  const told = retryAfter === undefined ? 'says nothing' : `Retry-After ${retryAfter}`;
  return {
    name: `bucket ${perSecond}/s burst 20, ${share * 1000} of 1,000 refused for nothing, ${told}`,
    pages,
    openness: retryAfter === undefined ? 'silent' : 'tells',
    strayShare: share,
    idealS: bucketIdeal(pages, perSecond, 20, waitS) + pages * share * lostS,
    outOfReach: { why: 'a stray and a limit that is just overrun look alike', ratio: 2.2, wasted: 0.13 },
    make: () => ({
      limit: new TokenBucket(perSecond, 20),
      latency: ms(20),
      ...(retryAfter === undefined ? undefined : { telling: { retryAfter: retryAfter === 0 ? 0 : 'ceil' } }),
      outage: strays(share, 20, retryAfter),
    }),
  };
}

export const SHAPES: readonly Shape[] = [
  {
    name: 'no limit, 200 ms an answer',
    pages: 5_000,
    openness: 'announces',
    idealS: 20,
    make: limited(() => new NoLimit(), 200),
  },
  {
    name: 'no limit, 5 ms an answer',
    pages: 100_000,
    openness: 'announces',
    idealS: 10,
    make: limited(() => new NoLimit(), 5),
  },

  {
    name: 'bucket 100/s burst 20, Retry-After 1',
    pages: 10_000,
    openness: 'tells',
    idealS: bucketIdeal(10_000, 100, 20, 1),
    make: bucket(100, 20, 20, { retryAfter: 'ceil' }),
  },
  {
    name: 'bucket 100/s burst 20, Retry-After 1',
    pages: 1_000,
    openness: 'tells',
    idealS: bucketIdeal(1_000, 100, 20, 1),
    outOfReach: {
      why: 'one refusal cannot tell burst and rate apart, and a second costs 0.8 s of 10.6',
      ratio: 1.2,
      wasted: 0.02,
    },
    make: bucket(100, 20, 20, { retryAfter: 'ceil' }),
  },
  {
    name: 'bucket 100/s burst 100, Retry-After 1',
    pages: 10_000,
    openness: 'tells',
    idealS: bucketIdeal(10_000, 100, 100, 1),
    make: bucket(100, 100, 20, { retryAfter: 'ceil' }),
  },
  {
    name: 'bucket 100/s burst 20, Retry-After in decimals',
    pages: 5_000,
    openness: 'tells',
    idealS: bucketIdeal(5_000, 100, 20, 0.01),
    make: bucket(100, 20, 20, { retryAfter: 'decimal' }),
  },
  {
    name: 'bucket 100/s burst 20, Retry-After 0',
    pages: 5_000,
    openness: 'tells',
    idealS: bucketIdeal(5_000, 100, 20),
    make: bucket(100, 20, 20, { retryAfter: 0 }),
  },
  {
    name: 'bucket 100/s burst 20, Retry-After 30',
    pages: 100_000,
    openness: 'tells',
    idealS: bucketIdeal(100_000, 100, 20, 30),
    make: bucket(100, 20, 20, { retryAfter: 30 }),
  },
  {
    name: 'bucket 100/s burst 20, 503 with a date, clock 7 min ahead',
    pages: 10_000,
    openness: 'tells',
    idealS: bucketIdeal(10_000, 100, 20, 1),
    make: bucket(100, 20, 20, { retryAfter: 'date', status: 503, skewMs: 420_000 }),
  },
  {
    name: 'bucket 1000/s burst 100, Retry-After 1',
    pages: 50_000,
    openness: 'tells',
    idealS: bucketIdeal(50_000, 1_000, 100, 1),
    make: bucket(1_000, 100, 20, { retryAfter: 'ceil' }),
  },
  {
    name: 'bucket 10/s burst 5, Retry-After 1',
    pages: 2_000,
    openness: 'tells',
    idealS: bucketIdeal(2_000, 10, 5, 1),
    make: bucket(10, 5, 50, { retryAfter: 'ceil' }),
  },
  {
    name: 'bucket 2/s burst 3, Retry-After 1',
    pages: 1_000,
    openness: 'tells',
    idealS: bucketIdeal(1_000, 2, 3, 1),
    outOfReach: { why: 'of a thousand requests, twelve are what it takes to find the rate', ratio: 1.05, wasted: 0.02 },
    make: bucket(2, 3, 30, { retryAfter: 'ceil' }),
  },
  {
    name: 'bucket 2/s burst 3, says nothing',
    pages: 1_000,
    openness: 'silent',
    idealS: bucketIdeal(1_000, 2, 3, 0.5),
    make: bucket(2, 3, 30, undefined),
  },
  {
    name: 'bucket 30/min burst 10, Retry-After 2',
    pages: 1_000,
    openness: 'tells',
    idealS: bucketIdeal(1_000, 0.5, 10, 2),
    outOfReach: {
      why: 'so slow a limit may be what others leave, and to look costs a few requests in every ten minutes',
      ratio: 1.05,
      wasted: 0.05,
    },
    make: bucket(0.5, 10, 30, { retryAfter: 'ceil' }),
  },
  {
    name: 'bucket 100/s burst 20, says nothing',
    pages: 1_000,
    openness: 'silent',
    idealS: bucketIdeal(1_000, 100, 20, 0.5),
    make: bucket(100, 20, 20, undefined),
  },
  {
    name: 'bucket 100/s burst 20, says nothing, 200 ms',
    pages: 4_000,
    openness: 'silent',
    idealS: bucketIdeal(4_000, 100, 20, 0.5),
    make: bucket(100, 20, 200, undefined),
  },
  {
    name: 'bucket 5/s burst 1, says nothing (limit_req)',
    pages: 1_000,
    openness: 'silent',
    idealS: bucketIdeal(1_000, 5, 1, 0.5),
    make: bucket(5, 1, 20, undefined),
  },

  {
    name: 'bucket 100/s burst 20, RateLimit headers',
    pages: 5_000,
    openness: 'announces',
    idealS: bucketIdeal(5_000, 100, 20),
    make: bucket(100, 20, 20, { headers: 'standard', retryAfter: 'ceil' }),
  },
  {
    name: 'bucket 2/s burst 40, call limit 32/40 (Shopify)',
    pages: 1_000,
    openness: 'announces',
    idealS: bucketIdeal(1_000, 2, 40),
    make: bucket(2, 40, 50, { headers: 'remaining-only', retryAfter: 'decimal' }),
  },

  {
    name: '60 a minute, Retry-After',
    pages: 6_000,
    openness: 'tells',
    idealS: windowIdeal(6_000, 60, 60, 30),
    make: limited(() => new FixedWindow(60, 60_000, 30_000), 50, { retryAfter: 'ceil' }),
  },
  {
    name: '1,000 a minute, Retry-After',
    pages: 10_000,
    openness: 'tells',
    idealS: windowIdeal(10_000, 1_000, 60, 60),
    make: limited(() => new FixedWindow(1_000, 60_000), 20, { retryAfter: 'ceil' }),
  },
  {
    name: '1,000 a minute, RateLimit headers',
    pages: 10_000,
    openness: 'announces',
    idealS: windowIdeal(10_000, 1_000, 60, 40),
    make: limited(() => new FixedWindow(1_000, 60_000, 20_000), 20, { headers: 'standard', retryAfter: 'ceil' }),
  },
  {
    name: '1,000 a minute, X-RateLimit epoch, clock 5 min behind',
    pages: 10_000,
    openness: 'announces',
    idealS: windowIdeal(10_000, 1_000, 60),
    make: limited(() => new FixedWindow(1_000, 60_000), 20, { headers: 'x-epoch', skewMs: -300_000 }),
  },
  {
    name: '1,000 a minute, X-RateLimit epoch ms',
    pages: 10_000,
    openness: 'announces',
    idealS: windowIdeal(10_000, 1_000, 60),
    make: limited(() => new FixedWindow(1_000, 60_000), 20, { headers: 'x-epoch-ms' }),
  },
  {
    name: '5,000 an hour, 403 with X-RateLimit epoch (GitHub)',
    pages: 20_000,
    openness: 'announces',
    idealS: windowIdeal(20_000, 5_000, 3_600),
    make: limited(() => new FixedWindow(5_000, 3_600_000), 50, { headers: 'x-epoch', status: 403 }),
  },
  {
    name: '5,000 an hour, Retry-After 3600 at most',
    pages: 12_000,
    openness: 'tells',
    idealS: windowIdeal(12_000, 5_000, 3_600),
    make: limited(() => new FixedWindow(5_000, 3_600_000), 50, { retryAfter: 'ceil' }),
  },
  {
    name: '100 a second, RateLimit-* headers',
    pages: 5_000,
    openness: 'announces',
    idealS: windowIdeal(5_000, 100, 1),
    make: limited(() => new FixedWindow(100, 1_000), 20, { headers: 'triple' }),
  },
  {
    name: '100 a second, Retry-After 1',
    pages: 20_000,
    openness: 'tells',
    idealS: windowIdeal(20_000, 100, 1),
    make: limited(() => new FixedWindow(100, 1_000), 20, { retryAfter: 'ceil' }),
  },
  {
    name: '100 a second, says nothing',
    pages: 5_000,
    openness: 'silent',
    idealS: windowIdeal(5_000, 100, 1),
    make: limited(() => new FixedWindow(100, 1_000), 20),
  },
  {
    name: '600 in any minute, Retry-After',
    pages: 6_000,
    openness: 'tells',
    idealS: windowIdeal(6_000, 600, 60),
    make: limited(() => new SlidingWindow(600, 60_000), 20, { retryAfter: 'ceil' }),
  },
  {
    name: '600 in any minute, X-RateLimit',
    pages: 6_000,
    openness: 'announces',
    idealS: windowIdeal(6_000, 600, 60),
    make: limited(() => new SlidingWindow(600, 60_000), 20, { headers: 'x-delta' }),
  },

  {
    name: 'at most 10 at once, Retry-After 1',
    pages: 10_000,
    openness: 'tells',
    idealS: 21,
    make: limited(() => new ConcurrencyCap(10), 20, { retryAfter: 1 }),
  },
  {
    name: 'at most 10 at once, says nothing',
    pages: 10_000,
    openness: 'silent',
    idealS: 20.5,
    make: limited(() => new ConcurrencyCap(10), 20),
  },
  {
    name: 'at most 3 at once, says nothing',
    pages: 2_000,
    openness: 'silent',
    idealS: 33.8,
    make: limited(() => new ConcurrencyCap(3), 50),
  },
  ...[1, 5, 20].map(
    (oneWayMs): Shape => ({
      name: `at most 10 at once, 40 ms, ${oneWayMs} ms away, says nothing`,
      pages: 1_000,
      openness: 'silent',
      idealS: capIdeal(1_000, 10, 40, oneWayMs, 0.5),
      make: () => ({ limit: new ConcurrencyCap(10), latency: ms(40), oneWayMs, refusalMs: 0 }),
    }),
  ),
  {
    name: 'at most 10 at once, 40 ms, 1 ms away, Retry-After 1',
    pages: 10_000,
    openness: 'tells',
    idealS: capIdeal(10_000, 10, 40, 1, 1),
    make: () => ({
      limit: new ConcurrencyCap(10),
      latency: ms(40),
      oneWayMs: 1,
      refusalMs: 0,
      telling: { retryAfter: 1 },
    }),
  },
  ...[1, 20].map(
    (oneWayMs): Shape => ({
      name: `at most 10 at once, 40 ms, ${oneWayMs} ms away, refuses streams`,
      pages: 2_000,
      openness: 'silent',
      idealS: capIdeal(2_000, 10, 40, oneWayMs),
      make: () => ({
        limit: new ConcurrencyCap(10),
        latency: ms(40),
        oneWayMs,
        refusalMs: 0,
        telling: { refusesStream: true },
      }),
    }),
  ),
  {
    name: 'at most 10 at once, 40 ms, 1 ms away, plain 503',
    pages: 2_000,
    openness: 'silent',
    idealS: capIdeal(2_000, 10, 40, 1),
    make: () => ({
      limit: new ConcurrencyCap(10),
      latency: ms(40),
      oneWayMs: 1,
      refusalMs: 0,
      telling: { status: 503 },
    }),
  },

  {
    name: 'bucket 100/s, falls to 50/s after 30 s, Retry-After 1',
    pages: 10_000,
    openness: 'tells',
    idealS: 1 + 30 + (10_000 - 40 - 2_900) / 50,
    make: () => ({
      limit: new TokenBucket((now) => (now < 30_000 ? 100 : 50), 20),
      latency: ms(20),
      telling: { retryAfter: 'ceil' },
    }),
  },
  {
    name: 'bucket 50/s, rises to 100/s after 30 s, says nothing',
    pages: 20_000,
    openness: 'silent',
    idealS: 30 + (20_000 - 1_520) / 100,
    make: () => ({ limit: new TokenBucket((now) => (now < 30_000 ? 50 : 100), 20), latency: ms(20) }),
  },
  {
    name: 'bucket 100/s, a tenth of it from 20 s to 40 s, Retry-After 1',
    pages: 10_000,
    openness: 'tells',
    idealS: 40 + (10_000 - 40 - 20 * 100 - 20 * 10) / 100,
    outOfReach: { why: 'that it has risen again is looked for after ten waits', ratio: 1.2, wasted: 0.01 },
    make: () => ({
      limit: new TokenBucket((now) => (now > 20_000 && now < 40_000 ? 10 : 100), 20),
      latency: ms(20),
      telling: { retryAfter: 'ceil' },
    }),
  },
  {
    name: '40 in 5 s, others take nine tenths for a minute, Retry-After',
    pages: 2_000,
    openness: 'tells',
    idealS: 60 + windowIdeal(2_000 - 12 * 4, 40, 5),
    outOfReach: {
      why: 'that the others are gone is seen by a probe, of which there is one in ten quiet windows',
      ratio: 1.25,
      wasted: 0.015,
    },
    make: limited(() => new FixedWindow((now) => (now < 60_000 ? 4 : 40), 5_000), 30, { retryAfter: 'ceil' }),
  },
  {
    name: '40 in 5 s, others leave 1 to 9 of them for a minute, Retry-After',
    pages: 2_000,
    openness: 'tells',
    idealS: 60 + windowIdeal(2_000 - 12 * 5, 40, 5),
    outOfReach: {
      why: 'how many the others leave is different every time, and only a refusal tells',
      ratio: 1.25,
      wasted: 0.08,
    },
    make: limited(
      () =>
        new FixedWindow((now) => (now > 5_000 && now < 60_000 ? 1 + ((7 * Math.floor(now / 5_000)) % 9) : 40), 5_000),
      30,
      { retryAfter: 'ceil' },
    ),
  },
  {
    name: 'capacity for 8, slower beyond it, 50 ms',
    pages: 5_000,
    openness: 'announces',
    idealS: (5_000 / 8) * 0.05,
    make: () => ({
      limit: new NoLimit(),
      latency: (inFlight, random) => 50 * Math.max(1, inFlight / 8) * (0.9 + 0.2 * random()),
    }),
  },
  {
    name: 'down for 30 s (refused) after 10 s',
    pages: 20_000,
    openness: 'silent',
    idealS: (20_000 / 50) * 0.05 + 30,
    make: () => ({
      limit: new NoLimit(),
      latency: ms(50),
      outage: (now) =>
        now >= 10_000 && now < 40_000 ? { fail: 'CONNECT_REFUSED', sent: false, latencyMs: 1 } : undefined,
    }),
  },
  {
    name: 'down for 30 s (500s) after 10 s',
    pages: 20_000,
    openness: 'silent',
    idealS: (20_000 / 50) * 0.05 + 30,
    make: () => ({
      limit: new NoLimit(),
      latency: ms(50),
      outage: (now) => (now >= 10_000 && now < 40_000 ? { status: 500, latencyMs: 5 } : undefined),
    }),
  },
  {
    // 20 ms for each refusal: one request goes first after it.
    name: 'no limit, 7 of 1,000 refused for nothing, Retry-After 0',
    pages: 20_000,
    openness: 'tells',
    idealS: (20_000 * 0.02) / 50 + 140 * 0.02,
    make: () => ({ limit: new NoLimit(), latency: ms(20), outage: strays(0.007, 20, 0) }),
  },
  ...[100, 400].flatMap((perSecond) =>
    [0.005, 0.01, 0.05].flatMap((share) =>
      ([0, 1, undefined] as const).map((retryAfter) => straysAndLimit(perSecond, share, retryAfter)),
    ),
  ),
];
