import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HashSet } from '../../src/core/hash-set.ts';

const uint32 = fc.nat({ max: 0xffffffff });

describe('HashSet', () => {
  it('says what a Set of pairs says, whatever is added', () => {
    // Small numbers on purpose: pairs that meet, share a segment or share a half.
    const half = fc.oneof(uint32, fc.nat({ max: 3 }), fc.constant(0xffffffff));
    fc.assert(
      fc.property(fc.array(fc.tuple(half, half), { maxLength: 300 }), fc.tuple(half, half), (pairs, [high, low]) => {
        const set = new HashSet();
        const model = new Set<string>();
        for (const [h, l] of pairs) {
          expect(set.add(h, l)).toBe(!model.has(`${h} ${l}`));
          model.add(`${h} ${l}`);
        }
        expect(set.size).toBe(model.size);
        for (const [h, l] of pairs) expect(set.has(h, l)).toBe(true);
        expect(set.has(high, low)).toBe(model.has(`${high} ${low}`));
      }),
    );
  });

  it('holds the hash of zeros like any other', () => {
    const set = new HashSet();
    expect(set.has(0, 0)).toBe(false);
    expect(set.add(0, 0)).toBe(true);
    expect(set.add(0, 0)).toBe(false);
    expect(set.has(0, 0)).toBe(true);
    expect(set.size).toBe(1);
  });

  it('is small while it is empty', () => {
    expect(new HashSet().byteLength).toBeLessThan(64 * 1024);
  });

  it('takes at most 12 bytes an element at every size from 300,000 to 1,500,000', () => {
    const set = new HashSet();
    const next = generator(1);
    let worst = 0;
    for (let n = 1; n <= 1_500_000; n++) {
      set.add(next(), next());
      if (n >= 300_000 && n % 1_000 === 0) worst = Math.max(worst, set.byteLength / set.size);
    }
    expect(worst).toBeLessThanOrEqual(12);
  });

  it('gives back what it has outgrown at once, not when V8 gets round to it', () => {
    const before = process.memoryUsage().arrayBuffers;
    const set = new HashSet();
    const next = generator(2);
    let worst = 0;
    for (let n = 1; n <= 1_500_000; n++) {
      set.add(next(), next());
      if (n >= 300_000 && n % 10_000 === 0) worst = Math.max(worst, (process.memoryUsage().arrayBuffers - before) / n);
    }
    expect(worst).toBeLessThanOrEqual(12.5);
  });

  it('stays quick where hashes are no hashes but run in sequence', () => {
    const set = new HashSet();
    for (let low = 0; low < 100_000; low++) expect(set.add(0, low)).toBe(true);
    for (let high = 1; high < 100_000; high++) set.add(high, 0);
    expect(set.size).toBe(199_999);
    expect(set.has(0, 99_999)).toBe(true);
    expect(set.has(1, 1)).toBe(false);
  });
});

/** xorshift32: the same numbers in every run. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
}
