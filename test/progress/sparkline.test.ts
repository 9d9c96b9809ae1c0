import { describe, expect, test } from 'vitest';
import type { Gauges } from '../../src/core/event.ts';
import type { Sample, Samples } from '../../src/progress/samples.ts';
import { firstSample, takeSample } from '../../src/progress/samples.ts';
import { sparkline, trendOf } from '../../src/progress/sparkline.ts';
import { IDLE } from './events.ts';

const BUSY: Gauges = { ...IDLE, inFlight: 10 };

/** What a run looks like in which `fetched` and `bytes` pages and bytes have come after so many seconds. */
function watch(seconds: number, fetched: (second: number) => number, bytes: (second: number) => number = () => 0) {
  const at = (second: number): Sample => ({
    atMs: second * 1_000,
    fetched: fetched(second),
    failed: 0,
    receivedBytes: bytes(second),
  });
  let samples: Samples = firstSample(0);
  for (let tenth = 0; tenth <= seconds * 10; tenth++) samples = takeSample(samples, at(tenth / 10), BUSY);
  return { samples, now: at(seconds) };
}

describe('the trend', () => {
  test('of a young run: a bin a second, and only those that are over', () => {
    const { samples, now } = watch(4.5, (second) => second * 10);
    const { of, perSecond, overMs } = trendOf(samples, now, 60);
    expect(of).toBe('pages');
    expect(perSecond.map(Math.round)).toEqual([10, 10, 10, 10]);
    expect(overMs).toBe(4_000);
  });

  test('of a long run: the last minute, in as many bins as there are columns for', () => {
    const { samples, now } = watch(198, (second) => (second < 168 ? second * 10 : 1_680 + (second - 168) * 100));
    expect(trendOf(samples, now, 60).perSecond.map(Math.round)).toEqual([
      ...Array.from({ length: 30 }, () => 10),
      ...Array.from({ length: 30 }, () => 100),
    ]);
    const { perSecond, overMs } = trendOf(samples, now, 24);
    expect(perSecond.map(Math.round)).toEqual([...Array(10).fill(10), ...Array(10).fill(100)]);
    expect(overMs).toBe(60_000);
    expect(trendOf(samples, now, 1).perSecond.length).toBe(10);
  });

  test('keeps its shape as time goes on', () => {
    const uneven = (second: number): number => Math.floor(second) * 20 + Math.min(8, (second % 1) * 80);
    const earlier = watch(90, uneven);
    const later = watch(95, uneven);
    const before = trendOf(earlier.samples, earlier.now, 60).perSecond.map(Math.round);
    const after = trendOf(later.samples, later.now, 60).perSecond.map(Math.round);
    expect(after.slice(0, 55)).toEqual(before.slice(5));
  });

  test('is of bytes where pages are few and large', () => {
    const { samples, now } = watch(
      10,
      () => 1,
      (second) => second * 5e6,
    );
    const { of, perSecond } = trendOf(samples, now, 60);
    expect(of).toBe('bytes');
    expect(perSecond.map(Math.round)).toEqual(Array(10).fill(5e6));
  });

  test('before the first second is over there is none', () => {
    const { samples, now } = watch(0.9, (second) => second * 10);
    expect(trendOf(samples, now, 60).perSecond).toEqual([]);
  });
});

test.each([
  ['nothing', [], ''],
  ['a wait is told from a slow second', [0, 1, 100], '▁▂█'],
  ['steady', [7, 7, 7], '███'],
  ['never anything', [0, 0], '▁▁'],
  ['rising', [1, 2, 3, 4, 5, 6, 7], '▂▃▄▅▆▇█'],
])('a sparkline: %s', (_, values, expected) => {
  expect(sparkline(values)).toBe(expected);
});
