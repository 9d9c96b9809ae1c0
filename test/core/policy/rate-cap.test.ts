import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RateCap } from '../../../src/core/policy/rate-cap.ts';
import { seededRandom } from '../../support/model-run.ts';

/** Asks at every moment that `nextAt` names, or as much later as `lateMs` says. */
function starts(rate: number, count: number, lateMs: () => number): number[] {
  const cap = new RateCap(rate);
  const times: number[] = [];
  let now = 0;
  for (let index = 0; index < count; index++) {
    now = Math.max(now, cap.nextAt) + lateMs();
    cap.onStart(now);
    times.push(now);
  }
  return times;
}

/** Most starts within any second, its end excluded; times that differ by less than a microsecond are the same. */
function mostInASecond(times: readonly number[]): number {
  let most = 0;
  let first = 0;
  for (let last = 0; last < times.length; last++) {
    while ((times[last] ?? 0) - (times[first] ?? 0) >= 1_000 - 1e-3) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

/** Starts a second, from the first start to the last. */
function throughput(times: readonly number[]): number {
  return ((times.length - 1) * 1_000) / ((times.at(-1) ?? 0) - (times[0] ?? 0));
}

/** From once in 100 s to 5,000 a second, every power of ten as likely. */
const anyRate = fc.double({ min: Math.log10(0.01), max: Math.log10(5_000), noNaN: true }).map((power) => 10 ** power);
const countFor = (rate: number): number => Math.ceil(Math.max(20, rate * 5));

describe('asked without a pause', () => {
  test.each([0.01, 0.5, 1, 1.5, 2, 3, 7.3, 10, 99.9, 100, 1_000, 5_000])('%f a second, evenly spaced', (rate) => {
    const times = starts(rate, countFor(rate), () => 0);
    expect(mostInASecond(times)).toBeLessThanOrEqual(Math.ceil(rate));
    const intervalMs = 1_000 / rate;
    for (let index = 1; index < times.length; index++) {
      expect(((times[index] ?? 0) - (times[index - 1] ?? 0)) / intervalMs).toBeCloseTo(1, 6);
    }
  });

  test('the first request goes at once', () => {
    expect(new RateCap(0.01).nextAt).toBe(Number.NEGATIVE_INFINITY);
  });
});

describe('asked when a timer or a busy machine lets it', () => {
  test('never more than the rate in any second, however late and however uneven the calls', () => {
    const lateness = fc.constantFrom(0.5, 5, 40, 60, 400, 3_000);
    fc.assert(
      fc.property(anyRate, lateness, fc.nat(), (rate, longest, seed) => {
        const random = seededRandom(seed);
        // Mostly punctual, now and then late: what is made up for comes in bursts.
        const times = starts(rate, countFor(rate), () => (random() < 0.2 ? random() * longest : 0));
        expect(mostInASecond(times)).toBeLessThanOrEqual(Math.ceil(rate));
      }),
    );
  });

  test('within 2% of the rate where calls come up to 4 ms late', () => {
    fc.assert(
      fc.property(anyRate, fc.nat(), (rate, seed) => {
        const random = seededRandom(seed);
        // Timers of whole milliseconds: all that is due by then starts together.
        const cap = new RateCap(rate);
        const times: number[] = [];
        for (let now = 0; times.length < countFor(rate); now = Math.max(now, cap.nextAt) + random() * 4) {
          while (cap.nextAt <= now && times.length < countFor(rate)) {
            cap.onStart(now);
            times.push(now);
          }
        }
        expect(throughput(times)).toBeGreaterThan(rate * 0.98);
      }),
    );
  });

  /** How many may be started at once at that moment. */
  const burstAt = (cap: RateCap, now: number): number => {
    let burst = 0;
    for (; cap.nextAt <= now; burst++) cap.onStart(now);
    return burst;
  };

  test.each([
    ['punctual: one', 10, 1],
    ['40 ms late: the four that were due meanwhile too', 50, 5],
    ['50 ms late: the five', 60, 6],
    ['later than that, nobody was waiting: one', 61, 1],
    ['an hour later: one', 3_600_000, 1],
  ])('what is late is made up for, what was not asked for is not: %s', (_, now, expected) => {
    const cap = new RateCap(100);
    expect(burstAt(cap, 0)).toBe(1);
    expect(burstAt(cap, now)).toBe(expected);
  });
});
