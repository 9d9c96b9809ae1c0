import fc from 'fast-check';
import { expect, test } from 'vitest';
import { most } from '../../src/progress/most.ts';

test('the greatest, the greatest first, is what sorting all of them gives', () => {
  const items = fc.array(fc.record({ weight: fc.nat(9), name: fc.nat() }), { maxLength: 40 });
  fc.assert(
    fc.property(items, fc.nat(50), (all, limit) => {
      const sorted = all.toSorted((a, b) => b.weight - a.weight);
      expect(most(all, limit, ({ weight }) => weight)).toEqual(sorted.slice(0, limit));
    }),
  );
});
