import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { equalJitterMs, fullJitterMs } from '../../../src/core/policy/backoff.ts';

const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const tries = fc.oneof(fc.nat({ max: 20 }), fc.nat());

describe('exponential backoff', () => {
  test.each([
    ['the first', 0, 100],
    ['doubles', 1, 200],
    ['and doubles', 5, 3_200],
    ['to the cap', 9, 30_000],
    ['where it stays', 2_000, 30_000],
  ])('%s', (_, n, ceiling) => {
    expect(fullJitterMs(n, 0, 100, 30_000)).toBe(0);
    expect(fullJitterMs(n, 0.5, 100, 30_000)).toBe(ceiling / 2);
    expect(equalJitterMs(n, 0, 100, 30_000)).toBe(ceiling / 2);
    expect(equalJitterMs(n, 0.5, 100, 30_000)).toBe(ceiling * 0.75);
  });

  test('whatever comes: full jitter from 0 to the cap, equal jitter from half of the exponential wait on', () => {
    fc.assert(
      fc.property(tries, random, (n, r) => {
        const ceiling = Math.min(30_000, 200 * 2 ** n);
        const full = fullJitterMs(n, r, 200, 30_000);
        expect(full).toBeGreaterThanOrEqual(0);
        expect(full).toBeLessThanOrEqual(ceiling);
        const equal = equalJitterMs(n, r, 200, 30_000);
        expect(equal).toBeGreaterThanOrEqual(ceiling / 2);
        expect(equal).toBeLessThanOrEqual(ceiling);
      }),
    );
  });
});
