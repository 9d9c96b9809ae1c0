import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FIRST_BIN_MS, MAX_BINS, Timeline } from '../../src/report/timeline.ts';

test('bins double when the run outgrows them: sums stay, the last value holds, means stay means', () => {
  const timeline = new Timeline();
  const [sum, last, mean] = [timeline.column('sum'), timeline.column('last'), timeline.column('mean')];
  for (const [bin, value] of [1, 3, 5].entries()) {
    const at = timeline.bin(bin * FIRST_BIN_MS);
    for (const column of [sum, last, mean]) column.add(at, value);
  }
  expect(timeline.bins).toBe(3);
  expect(timeline.bin(MAX_BINS * FIRST_BIN_MS)).toBe(MAX_BINS / 2);
  expect(timeline.binMs).toBe(2 * FIRST_BIN_MS);
  expect(sum.read(3)).toEqual([4, 5, 0]);
  expect(last.read(3)).toEqual([3, 5, 5]);
  expect(mean.read(3)).toEqual([2, 5, undefined]);
});

test('nothing is known of a level before its first value', () => {
  const timeline = new Timeline();
  const last = timeline.column('last');
  last.add(timeline.bin(2 * FIRST_BIN_MS), 7);
  expect(last.read(4)).toEqual([undefined, undefined, 7, 7]);
});

test('whatever comes when, nothing is lost, and there are never more bins than so many', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.double({ min: 0, max: 1e9, noNaN: true }), fc.nat(100))), (values) => {
      const timeline = new Timeline();
      const sum = timeline.column('sum');
      for (const [elapsedMs, value] of values) sum.add(timeline.bin(elapsedMs), value);
      expect(timeline.bins).toBeLessThanOrEqual(MAX_BINS);
      const total = sum.read(timeline.bins).reduce<number>((all, value) => all + (value ?? 0), 0);
      expect(total).toBe(values.reduce((all, [, value]) => all + value, 0));
    }),
  );
});
