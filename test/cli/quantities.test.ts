import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  formatDuration,
  formatSize,
  formatStatuses,
  parseCount,
  parseDuration,
  parseFailureLimit,
  parseRate,
  parseShard,
  parseSize,
  parseStatuses,
} from '../../src/cli/quantities.ts';

/** No quantity of any kind. */
const NOTHING = [
  '',
  ' ',
  '+5',
  '-5',
  '1e3',
  '0x10',
  '5 s',
  ' 5',
  '5\n',
  '.',
  '1.',
  '1,5',
  '٣',
  'Infinity',
  'NaN',
  '5d',
  '5ss',
];

describe('durations', () => {
  test.each([
    ['500ms', 500],
    ['0', 0],
    ['5', 5_000],
    ['1.5s', 1_500],
    ['.5', 500],
    ['10m', 600_000],
    ['1h', 3_600_000],
    ['0.0004s', 0],
    ['1.5m', 90_000],
    ['007', 7_000],
  ])('%s is %i ms', (text, ms) => expect(parseDuration(text)).toBe(ms));

  test.each([...NOTHING, '5M', '5S', '1h30m', '5min', '9'.repeat(30), '9007199254740992ms'])('%j is none', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  test('what is written is read again', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 45), (ms) => {
        expect(parseDuration(formatDuration(ms))).toBe(ms);
      }),
    );
    fc.assert(
      fc.property(fc.nat(10_000), fc.constantFrom(1_000, 60_000, 3_600_000), (n, unit) => {
        expect(parseDuration(formatDuration(n * unit))).toBe(n * unit);
      }),
    );
  });

  test('defaults read as in the manual', () => {
    expect([10_000, 60_000, 600_000, 3_600_000, 1_500].map(formatDuration)).toEqual([
      '10s',
      '60s',
      '10m',
      '1h',
      '1500ms',
    ]);
  });
});

describe('sizes', () => {
  test.each([
    ['0', 0],
    ['900', 900],
    ['1k', 1_024],
    ['1K', 1_024],
    ['1.5M', 1_572_864],
    ['1G', 2 ** 30],
    ['0.0001k', 0],
  ])('%s is %i bytes', (text, bytes) => expect(parseSize(text)).toBe(bytes));

  test.each([...NOTHING, '1m', '1g', '1KB', '1kB', '1MiB', '1T', '9'.repeat(30)])('%j is none', (text) => {
    expect(parseSize(text)).toBeUndefined();
  });

  test('what is written is read again', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 48), (bytes) => {
        expect(parseSize(formatSize(bytes))).toBe(bytes);
      }),
    );
    fc.assert(
      fc.property(fc.nat(5_000), fc.constantFrom(2 ** 10, 2 ** 20, 2 ** 30), (n, unit) => {
        expect(parseSize(formatSize(n * unit))).toBe(n * unit);
      }),
    );
  });
});

describe('rates', () => {
  test.each([
    ['10/s', 10],
    ['10', 10],
    ['600/m', 10],
    ['3600/h', 1],
    ['0.5/s', 0.5],
    ['1/h', 1 / 3_600],
  ])('%s is %d per second', (text, perSecond) => expect(parseRate(text)).toBe(perSecond));

  test.each([...NOTHING, '0', '0/s', '10/d', '10/', '/s', '10/ms', '10s', '10/s/s', '9'.repeat(400)])(
    '%j is none',
    (text) => {
      expect(parseRate(text)).toBeUndefined();
    },
  );
});

describe('counts', () => {
  test('digits are what they say', () => {
    fc.assert(
      fc.property(fc.nat(), (n) => {
        expect(parseCount(`${n}`)).toBe(n);
      }),
    );
  });

  test.each([...NOTHING, '1.5', '007', '5k', '5s', '9007199254740992'])('%j is none', (text) => {
    expect(parseCount(text)).toBeUndefined();
  });
});

describe('statuses', () => {
  test.each([
    ['200', [[200, 200]]],
    [
      '200,204,300-399',
      [
        [200, 200],
        [204, 204],
        [300, 399],
      ],
    ],
    ['999', [[999, 999]]],
  ])('%s', (text, set) => expect(parseStatuses(text)).toEqual(set));

  test.each([
    ...NOTHING,
    '20',
    '2000',
    '099',
    '2xx',
    '200,',
    ',200',
    '200-',
    '399-300',
    '200-299-300',
    '200 204',
    '200, 204',
  ])('%j is no list of statuses', (text) => expect(parseStatuses(text)).toBeUndefined());

  test('what is written is read again', () => {
    const range = fc.tuple(fc.integer({ min: 100, max: 999 }), fc.nat(100)).map(([from, more]): [number, number] => {
      return [from, Math.min(999, from + more)];
    });
    fc.assert(
      fc.property(fc.array(range, { minLength: 1 }), (set) => {
        expect(parseStatuses(formatStatuses(set))).toEqual(set);
      }),
    );
  });
});

describe('shards', () => {
  test('every k of n, and nothing outside', () => {
    fc.assert(
      fc.property(fc.nat(100), fc.nat(100), (index, count) => {
        expect(parseShard(`${index}/${count}`)).toEqual(index >= 1 && index <= count ? { index, count } : undefined);
      }),
    );
  });

  test.each([...NOTHING, '1', '1/', '/1', '1/2/3', '1-2', '1/2.0'])('%j is none', (text) => {
    expect(parseShard(text)).toBeUndefined();
  });
});

describe('limits of failures', () => {
  test.each([
    ['1', { count: 1 }],
    ['50', { count: 50 }],
    ['5%', { share: 0.05 }],
    ['2.5%', { share: 0.025 }],
    ['100%', { share: 1 }],
  ])('%s', (text, limit) => expect(parseFailureLimit(text)).toEqual(limit));

  test.each([...NOTHING, '0', '0%', '101%', '%', '5%%', '1.5'])('%j is none', (text) => {
    expect(parseFailureLimit(text)).toBeUndefined();
  });
});
