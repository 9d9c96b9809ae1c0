import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fullBucket, takeToken } from '../../src/demo/token-bucket.ts';

const limits = { tokensPerSecond: 10, burst: 3 };

function taken(times: readonly number[]): readonly boolean[] {
  let bucket = fullBucket(limits, times[0] ?? 0);
  return times.map((nowMs) => {
    const result = takeToken(bucket, limits, nowMs);
    bucket = result.bucket;
    return result.taken;
  });
}

test('a burst passes, then as many as the rate brings', () => {
  expect(taken([0, 0, 0, 0, 99, 100, 100, 200])).toEqual([true, true, true, false, false, true, false, true]);
});

test('what is not used gathers, up to the burst', () => {
  expect(taken([0, 0, 0, 60_000, 60_000, 60_000, 60_000])).toEqual([true, true, true, true, true, true, false]);
});

test('a request that is refused costs nothing', () => {
  expect(taken([0, 0, 0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]).at(-1)).toBe(true);
});

test('a clock that goes back gives nothing', () => {
  expect(taken([1_000, 1_000, 1_000, 0, 1_000, 1_099, 1_100])).toEqual([true, true, true, false, false, false, true]);
});

test('never more than burst and rate allow, whatever the times', () => {
  const gaps = fc.array(fc.nat(500), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(gaps, (values) => {
      let nowMs = 0;
      const times = values.map((gap) => {
        nowMs += gap;
        return nowMs;
      });
      const elapsedMs = nowMs - (times[0] ?? 0);
      const passed = taken(times).filter(Boolean).length;
      expect(passed).toBeLessThanOrEqual(limits.burst + (elapsedMs * limits.tokensPerSecond) / 1_000 + 1e-6);
    }),
  );
});
