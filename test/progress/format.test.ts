import { describe, expect, test } from 'vitest';
import {
  bytes,
  clockTime,
  count,
  countdown,
  counted,
  duration,
  fixedDown,
  percent,
  rate,
} from '../../src/progress/format.ts';

test.each([
  [0, '0'],
  [999, '999'],
  [1_000, '1,000'],
  [12_345_678, '12,345,678'],
])('count %d is %s', (value, expected) => {
  expect(count(value)).toBe(expected);
});

test('one is singular, all else is plural', () => {
  expect([0, 1, 2_000].map((value) => counted(value, 'page'))).toEqual(['0 pages', '1 page', '2,000 pages']);
  expect(counted(2, 'retry', 'retries')).toBe('2 retries');
});

test.each([
  ['all of them', 40, 40, '100%'],
  ['all but one of a million is not yet 100%', 999_999, 1_000_000, '99.9%'],
  ['none', 0, 3, '0.0%'],
  ['a third', 1, 3, '33.3%'],
  ['29 of 100 is not 28.9', 29, 100, '29.0%'],
])('percent: %s', (_, part, whole, expected) => {
  expect(percent(part, whole)).toBe(expected);
});

test('fixedDown keeps its digits and never rounds up', () => {
  expect(fixedDown(30, 2)).toBe('30.00');
  expect(fixedDown(99.999, 2)).toBe('99.99');
});

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1_000, '1.0 kB'],
  [9_940, '9.9 kB'],
  [9_960, '10 kB'],
  [999_600, '1.0 MB'],
  [1_234_567, '1.2 MB'],
  [3.2e12, '3.2 TB'],
])('%d bytes are %s', (value, expected) => {
  expect(bytes(value)).toBe(expected);
});

test.each([
  [0, '0 s'],
  [0.2, '1 ms'],
  [31.4, '32 ms'],
  [412, '0.4 s'],
  [1_000, '1 s'],
  [9_960, '10 s'],
  [41_000, '41 s'],
  [99_400, '99 s'],
  [100_000, '1 min 40 s'],
  [120_000, '2 min'],
  [3_599_600, '1 h'],
  [7_500_000, '2 h 5 min'],
  [86_399_999, '1 d'],
  [273_600_000, '3 d 4 h'],
  [-5, '0 s'],
])('%d ms are %s', (ms, expected) => {
  expect(duration(ms)).toBe(expected);
});

test.each([
  [1, '1 s'],
  [1_001, '2 s'],
  [41_000, '41 s'],
  [-1, '0 s'],
])('a countdown of %d ms says %s: never less than is left', (ms, expected) => {
  expect(countdown(ms)).toBe(expected);
});

test.each([
  [0, '0/s'],
  [0.05, '3/min'],
  [0.5, '30/min'],
  [1, '1/s'],
  [2.44, '2.4/s'],
  [103.4, '103/s'],
  [12_345, '12,345/s'],
])('%d a second is said as %s', (perSecond, expected) => {
  const { value, per } = rate(perSecond);
  expect(`${value}/${per}`).toBe(expected);
});

describe('clockTime, in the time zone of the user', () => {
  const at = (day: number, hour: number): number => new Date(2026, 10, day, hour, 5).getTime();

  test('that is near, the time alone, also past midnight', () => {
    expect(clockTime(at(23, 14) + 10_000, at(23, 9))).toBe('14:05:10');
    expect(clockTime(at(24, 2), at(23, 23))).toBe('02:05:00');
  });

  test('is never said earlier than it is', () => {
    expect(clockTime(at(23, 14) + 9_001, at(23, 9))).toBe('14:05:10');
  });

  test('that is far, with the date', () => {
    expect(clockTime(at(24, 2), at(23, 9))).toBe('2026-11-24 02:05');
  });
});
