import { describe, expect, test } from 'vitest';
import type { Gauges } from '../../src/core/event.ts';
import type { Samples } from '../../src/progress/samples.ts';
import { firstSample, speedOver, takeSample } from '../../src/progress/samples.ts';
import { BUSY, IDLE, pausedOrigin, sampleAt } from './events.ts';

/** Looks ten times a second at a run that does so many pages in each second. */
function watch(
  samples: Samples,
  from: number,
  to: number,
  fetched: (second: number) => number,
  gauges: Gauges,
): Samples {
  let seen = samples;
  for (let tenth = from * 10; tenth <= to * 10; tenth++)
    seen = takeSample(seen, sampleAt(tenth / 10, fetched(tenth / 10)), gauges);
  return seen;
}

const hundred = (second: number): number => Math.floor(second * 100);

describe('samples', () => {
  test('one a second, and never more than about a minute of them', () => {
    const samples = watch(firstSample(0), 0, 300, hundred, BUSY);
    expect(samples.taken.length).toBe(64);
    expect(samples.taken.at(-1)?.atMs).toBe(300_000);
  });

  test('none while everything waits: a wait that is announced is no slowness', () => {
    const still = { ...IDLE, origins: [pausedOrigin()] };
    const samples = watch(watch(firstSample(0), 0, 10, hundred, BUSY), 10.1, 40, () => 1_000, still);
    expect(samples.taken.length).toBe(12);
    expect(samples.stillSinceMs).toBe(10_100);
  });

  test('they remember when something came last', () => {
    const samples = watch(firstSample(0), 0, 30, (second) => hundred(Math.min(second, 12)), BUSY);
    expect(samples.cameAtMs).toBe(12_000);
  });
});

describe('speed', () => {
  test('of a young run: over what there is of it', () => {
    expect(speedOver(firstSample(0), sampleAt(2, 200), 5_000)).toEqual({
      pagesPerSecond: 100,
      bytesPerSecond: 100_000,
      overMs: 2_000,
    });
  });

  test('of the window alone, also where no sample stands at its edge', () => {
    const samples = watch(firstSample(0), 0, 20, (second) => (second <= 10 ? 0 : (second - 10) * 50), BUSY);
    expect(speedOver(samples, sampleAt(20.5, 525), 5_000).pagesPerSecond).toBeCloseTo(50, 5);
  });

  test('is nothing at the very start', () => {
    expect(speedOver(firstSample(0), sampleAt(0, 0), 5_000).pagesPerSecond).toBe(0);
  });
});
