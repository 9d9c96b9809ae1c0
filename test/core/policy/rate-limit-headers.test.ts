import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseRateLimit, type RateLimitHint } from '../../../src/core/policy/rate-limit-headers.ts';

const NOW = Date.UTC(2026, 10, 23, 12);
const EPOCH_S = NOW / 1000;
const imf = (wall: number): string => new Date(wall).toUTCString();

/** Each header once, or several times where it is a list. */
type Headers = Record<string, string | string[]>;

function read(headers: Headers): RateLimitHint | undefined {
  const lists: Record<string, string[]> = Object.create(null);
  for (const [name, value] of Object.entries(headers)) lists[name] = [value].flat();
  return parseRateLimit(lists, NOW);
}

type Rows = [what: string, headers: Headers, expected: RateLimitHint | undefined][];

describe('RateLimit of draft-ietf-httpapi-ratelimit-headers-11', () => {
  test.each<Rows[number]>([
    ['one limit', { ratelimit: '"default";r=50;t=30' }, { remaining: 50, resetMs: 30_000 }],
    ['without a time', { ratelimit: '"default";r=50' }, { remaining: 50 }],
    ['nothing left', { ratelimit: '"default";r=0;t=7' }, { remaining: 0, resetMs: 7_000 }],
    ['blanks where they may be', { ratelimit: ' "default"; r=50;  t=30 ' }, { remaining: 50, resetMs: 30_000 }],
    ['a name as a token', { ratelimit: 'default;r=50;t=30' }, { remaining: 50, resetMs: 30_000 }],
    [
      'with its policy',
      { ratelimit: '"default";r=50;t=30', 'ratelimit-policy': '"default";q=100;w=60' },
      { remaining: 50, resetMs: 30_000, limit: 100, windowMs: 60_000 },
    ],
    [
      'a policy without a window',
      { ratelimit: '"default";r=50;t=30', 'ratelimit-policy': '"default";q=100' },
      { remaining: 50, resetMs: 30_000, limit: 100 },
    ],
    [
      'a partition key is a byte sequence, with = in it',
      {
        ratelimit: '"peruser";r=9;t=10;pk=:cHsdsRa894==:',
        'ratelimit-policy': '"peruser";q=100;w=60;pk=:cHsdsRa894==:',
      },
      { remaining: 9, resetMs: 10_000, limit: 100, windowMs: 60_000 },
    ],
    [
      'as express-rate-limit writes it',
      {
        ratelimit: '"100-in-15min"; r=99; t=900',
        'ratelimit-policy': '"100-in-15min"; q=100; w=900; pk=:ZTg5NTM2YjY2NjY2:',
      },
      { remaining: 99, resetMs: 900_000, limit: 100, windowMs: 900_000 },
    ],
    [
      'of several the one with the fewest left',
      {
        ratelimit: '"burst";r=40;t=1, "daily";r=12;t=3600',
        'ratelimit-policy': '"burst";q=100;w=1,"daily";q=1000;w=86400',
      },
      { remaining: 12, resetMs: 3_600_000, limit: 1_000, windowMs: 86_400_000 },
    ],
    [
      'of several with as few the one that takes longest',
      { ratelimit: '"burst";r=0;t=1,"daily";r=0;t=3000' },
      { remaining: 0, resetMs: 3_000_000 },
    ],
    [
      'the order does not matter',
      { ratelimit: '"daily";r=0;t=3000,"burst";r=0;t=1' },
      { remaining: 0, resetMs: 3_000_000 },
    ],
    ['several lines are one list', { ratelimit: ['"a";r=5;t=1', '"b";r=3;t=2'] }, { remaining: 3, resetMs: 2_000 }],
    [
      'a name with a comma, a quote and an equals sign in it',
      { ratelimit: '"a,b=\\";r=1";r=5;t=1' },
      { remaining: 5, resetMs: 1_000 },
    ],
    ['parameters that nobody knows', { ratelimit: '"a";x;y="1;2";r=5;z=?1' }, { remaining: 5 }],
    ['a parameter that is given twice: the last', { ratelimit: '"a";r=5;r=6' }, { remaining: 6 }],
    [
      'requests by name are requests',
      { ratelimit: '"a";r=5', 'ratelimit-policy': '"a";q=10;qu="requests"' },
      { remaining: 5, limit: 10 },
    ],
    [
      'bytes are not requests',
      {
        ratelimit: '"bytes";r=1000;t=9, "calls";r=2000;t=9',
        'ratelimit-policy': '"bytes";q=5000;qu="content-bytes","calls";q=3000',
      },
      { remaining: 2_000, resetMs: 9_000, limit: 3_000 },
    ],
    [
      'where only bytes are limited nothing is said of requests',
      { ratelimit: '"bytes";r=1000;t=9', 'ratelimit-policy': '"bytes";q=5000;qu="content-bytes"' },
      undefined,
    ],
    [
      'nor of those that are in flight at once',
      { ratelimit: '"c";r=0', 'ratelimit-policy': '"c";q=5;qu="concurrent-requests"' },
      undefined,
    ],
    [
      'a limit whose policy is not described is one all the same',
      { ratelimit: '"other";r=0;t=60', 'ratelimit-policy': '"default";q=100;w=60' },
      { remaining: 0, resetMs: 60_000 },
    ],
    [
      'a policy that does not parse does not take the limit away',
      { ratelimit: '"default";r=5;t=60', 'ratelimit-policy': '"default";q=100;w=60,,' },
      { remaining: 5, resetMs: 60_000 },
    ],
    ['a quota of nothing is none', { ratelimit: '"a";r=0', 'ratelimit-policy': '"a";q=0;w=0' }, { remaining: 0 }],
    ['a reset in a thousand years is none', { ratelimit: '"a";r=5;t=31557600000' }, { remaining: 5 }],
  ])('%s', (_, headers, expected) => {
    expect(read(headers)).toEqual(expected);
  });

  test.each([
    ['nothing', ''],
    ['blanks', '  '],
    ['no remainder', '"default";t=30'],
    ['a negative remainder', '"default";r=-1;t=30'],
    ['a remainder with decimals', '"default";r=1.5'],
    ['a remainder that is a word', '"default";r=many'],
    ['a remainder that is empty', '"default";r=;t=30'],
    ['a remainder of 16 digits', '"default";r=1234567890123456'],
    ['a string that does not end', '"default;r=50;t=30'],
    ['a comma at the end', '"default";r=50;t=30,'],
    ['two commas', '"a";r=50,,"b";r=40'],
    ['a member that is malformed spoils the list', '"a";r=50;t=30, ="b"'],
    ['a number for a name', '50;r=50'],
    ['JSON', '{"r":50,"t":30}'],
  ])('a malformed field is ignored: %s', (_, value) => {
    expect(read({ ratelimit: value })).toBeUndefined();
  });

  test('a malformed field leaves the word to another dialect', () => {
    expect(read({ ratelimit: '"a";;', 'x-ratelimit-remaining': '7' })).toEqual({ remaining: 7 });
  });

  test.each([
    ['strings', 'a', ';b="c"'],
    ['byte sequences', 'a', ';b=:c:'],
    ['bare items', 'a', ';b=c'],
    ['keys', 'a', ';b'],
    ['blanks', 'a', ' '],
    ['escapes', 'a;b="', '\\x'],
  ])('a hostile field of many %s takes no time to be refused', (_, head, part) => {
    // Alternatives that begin alike would try 2^5000 ways: the test would never end.
    expect(read({ ratelimit: `${head}${part.repeat(5_000)} !` })).toBeUndefined();
  });
});

describe('older drafts', () => {
  test.each<Rows[number]>([
    [
      'three fields, reset in seconds',
      { 'ratelimit-limit': '100', 'ratelimit-remaining': '50', 'ratelimit-reset': '30' },
      { remaining: 50, resetMs: 30_000, limit: 100 },
    ],
    [
      'the policy behind the limit',
      { 'ratelimit-limit': '100, 100;w=60', 'ratelimit-remaining': '50', 'ratelimit-reset': '30' },
      { remaining: 50, resetMs: 30_000, limit: 100 },
    ],
    [
      'draft 07: all in one field',
      { ratelimit: 'limit=100, remaining=50, reset=30', 'ratelimit-policy': '100;w=60' },
      { remaining: 50, resetMs: 30_000, limit: 100 },
    ],
    [
      'draft 07 in another order',
      { ratelimit: 'reset=30,limit=100,remaining=0' },
      { remaining: 0, resetMs: 30_000, limit: 100 },
    ],
    ['draft 07 without what counts', { ratelimit: 'limit=100, reset=30' }, undefined],
  ])('%s', (_, headers, expected) => {
    expect(read(headers)).toEqual(expected);
  });
});

describe('X-RateLimit and its kin', () => {
  test.each<Rows[number]>([
    [
      'GitHub: reset in seconds since 1970',
      {
        'x-ratelimit-limit': '5000',
        'x-ratelimit-remaining': '4999',
        'x-ratelimit-used': '1',
        'x-ratelimit-reset': String(EPOCH_S + 600),
      },
      { remaining: 4_999, resetMs: 600_000, limit: 5_000 },
    ],
    [
      'Twitter: x-rate-limit',
      {
        'x-rate-limit-limit': '900',
        'x-rate-limit-remaining': '0',
        'x-rate-limit-reset': String(EPOCH_S + 900),
      },
      { remaining: 0, resetMs: 900_000, limit: 900 },
    ],
    [
      'milliseconds since 1970',
      { 'x-ratelimit-remaining': '3', 'x-ratelimit-reset': String(NOW + 1_500) },
      { remaining: 3, resetMs: 1_500 },
    ],
    [
      'seconds since 1970 with decimals, as Discord sends them',
      { 'x-ratelimit-remaining': '3', 'x-ratelimit-reset': `${EPOCH_S + 1}.500` },
      { remaining: 3, resetMs: 1_500 },
    ],
    [
      'seconds from now',
      { 'x-ratelimit-remaining': '3', 'x-ratelimit-reset': '17' },
      { remaining: 3, resetMs: 17_000 },
    ],
    [
      'a point in time is read against the response’s own Date',
      {
        date: imf(NOW - 7_200_000),
        'x-ratelimit-remaining': '3',
        'x-ratelimit-reset': String(EPOCH_S - 7_200 + 60),
      },
      { remaining: 3, resetMs: 60_000 },
    ],
    [
      'a reset that has passed is now',
      { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(EPOCH_S - 5) },
      { remaining: 0, resetMs: 0 },
    ],
    ['Shopify: used of so many', { 'x-shopify-shop-api-call-limit': '32/40' }, { remaining: 8, limit: 40 }],
    ['Shopify: all used', { 'x-shopify-shop-api-call-limit': '40/40' }, { remaining: 0, limit: 40 }],
    ['Shopify: more than all', { 'x-shopify-shop-api-call-limit': '41/40' }, { remaining: 0, limit: 40 }],
    ['a remainder alone', { 'x-ratelimit-remaining': '3' }, { remaining: 3 }],
    ['a remainder with decimals is rounded down', { 'x-ratelimit-remaining': '0.9' }, { remaining: 0 }],
    [
      'a reset as text is not known',
      { 'x-ratelimit-remaining': '3', 'x-ratelimit-reset': '2026-11-23T12:00:41Z' },
      { remaining: 3 },
    ],
    [
      'a reset further away than a month is a mistake',
      { 'x-ratelimit-remaining': '3', 'x-ratelimit-reset': String(EPOCH_S + 40 * 86_400) },
      { remaining: 3 },
    ],
    [
      'microseconds since 1970 are a mistake',
      { 'x-ratelimit-remaining': '3', 'x-ratelimit-reset': `${NOW}000` },
      { remaining: 3 },
    ],
    [
      'the standard fields before those of a vendor',
      { ratelimit: '"a";r=5', 'ratelimit-remaining': '6', 'x-ratelimit-remaining': '7' },
      { remaining: 5 },
    ],
    [
      'the next dialect where one says nothing usable',
      { 'ratelimit-remaining': 'n/a', 'x-ratelimit-remaining': '-1', 'x-rate-limit-remaining': '7' },
      { remaining: 7 },
    ],
  ])('%s', (_, headers, expected) => {
    expect(read(headers)).toEqual(expected);
  });

  test.each<[string, Headers]>([
    ['no field at all', {}],
    ['a limit alone', { 'x-ratelimit-limit': '100', 'x-ratelimit-reset': '17' }],
    ['a negative remainder', { 'x-ratelimit-remaining': '-1' }],
    ['an empty remainder', { 'x-ratelimit-remaining': '' }],
    ['words', { 'x-ratelimit-remaining': 'unlimited' }],
    ['the largest number of 64 bits, for unlimited', { 'x-ratelimit-remaining': '18446744073709551615' }],
    ['half a Shopify', { 'x-shopify-shop-api-call-limit': '32/' }],
    ['words for Shopify', { 'x-shopify-shop-api-call-limit': 'a/b' }],
    ['Shopify beyond all numbers', { 'x-shopify-shop-api-call-limit': `${'9'.repeat(400)}/${'9'.repeat(400)}` }],
  ])('nonsense is ignored: %s', (_, headers) => {
    expect(read(headers)).toBeUndefined();
  });
});

describe('what a cache kept tells of another’s requests', () => {
  test.each<Rows[number]>([
    ['a response with an Age', { age: '30', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '60' }, undefined],
    ['of the standard too', { age: '30', ratelimit: '"a";r=0;t=60' }, undefined],
    ['an Age of zero is fresh', { age: '0', 'x-ratelimit-remaining': '3' }, { remaining: 3 }],
    ['an Age that is none', { age: 'old', 'x-ratelimit-remaining': '3' }, { remaining: 3 }],
  ])('%s', (_, headers, expected) => {
    expect(read(headers)).toEqual(expected);
  });
});

test('whatever comes, nothing throws, and what is said are numbers that can be reckoned with', () => {
  const names = ['ratelimit', 'ratelimit-policy', 'age', 'date', 'x-shopify-shop-api-call-limit'];
  for (const prefix of ['ratelimit', 'x-ratelimit', 'x-rate-limit']) {
    names.push(`${prefix}-remaining`, `${prefix}-reset`, `${prefix}-limit`);
  }
  const piece = fc.constantFrom('"', 'a', ';', ',', 'r', 't', 'q', 'w', '=', '1', '0', ':', '\\', ' ', '/', '.', '-');
  const value = fc.oneof(
    fc.string({ unit: piece, maxLength: 40 }),
    fc.nat({ max: Number.MAX_SAFE_INTEGER }).map(String),
    fc.double().map(String),
    fc.tuple(fc.nat(), fc.nat()).map(([r, t]) => `"a";r=${r};t=${t}`),
    fc.string({ unit: 'binary' }),
  );
  const headers = fc.dictionary(fc.constantFrom(...names), fc.array(value, { maxLength: 2 }));
  fc.assert(
    fc.property(headers, (lists) => {
      const hint = parseRateLimit(lists, NOW);
      if (hint === undefined) return;
      expect(hint.remaining).toBeGreaterThanOrEqual(0);
      for (const number of [hint.remaining, hint.resetMs, hint.limit, hint.windowMs]) {
        if (number !== undefined) expect(Number.isFinite(number)).toBe(true);
      }
      expect(Number.isInteger(hint.remaining)).toBe(true);
      expect(hint.resetMs ?? 0).toBeGreaterThanOrEqual(0);
      expect(hint.resetMs ?? 0).toBeLessThanOrEqual(31 * 86_400_000);
      expect(hint.limit ?? 1).toBeGreaterThanOrEqual(1);
      expect(hint.windowMs ?? 1).toBeGreaterThanOrEqual(1);
    }),
    { numRuns: 2_000 },
  );
});
