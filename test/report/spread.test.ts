import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Spread } from '../../src/report/spread.ts';

test('of nothing', () => {
  const spread = new Spread();
  expect(spread.quantile(0.5)).toBe(0);
  expect(spread.bars().every(({ count }) => count === 0)).toBe(true);
});

test('a percentile is right to within a bin, 9%', () => {
  const duration = fc.double({ min: 1, max: 1e8, noNaN: true });
  fc.assert(
    fc.property(
      fc.array(duration, { minLength: 1, maxLength: 200 }),
      fc.constantFrom(0.5, 0.9, 0.99, 1),
      (all, portion) => {
        const spread = new Spread();
        for (const ms of all) spread.add(ms);
        const exact = all.toSorted((a, b) => a - b)[Math.ceil(portion * all.length - 1e-9) - 1] ?? 0;
        expect(spread.quantile(portion)).toBeGreaterThan(exact / 1.0906);
        expect(spread.quantile(portion)).toBeLessThan(exact * 1.0906);
      },
    ),
  );
});

test('every duration is in one bar, none and weeks too', () => {
  const spread = new Spread();
  const all = [0, 0.4, 0.5, 0.51, 1, 1.5, 999, 1e6, 1e12];
  for (const ms of all) spread.add(ms);
  expect(spread.bars().reduce((sum, { count }) => sum + count, 0)).toBe(all.length);
  const [first, second] = spread.bars();
  expect(first).toMatchObject({ fromMs: 0, count: 4 });
  expect(second?.fromMs).toBe(first?.toMs);
  expect(spread.mostMs).toBe(1e12);
});
