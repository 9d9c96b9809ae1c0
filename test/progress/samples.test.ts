import { describe, expect, test } from 'vitest';
import type { Gauges } from '../../src/core/event.ts';
import type { Samples } from '../../src/progress/samples.ts';
import { firstSample, speedOver, takeSample, timeLeftMs } from '../../src/progress/samples.ts';
import { IDLE, pausedOrigin, WALL } from './events.ts';

const BUSY: Gauges = { ...IDLE, inFlight: 10 };
const at = (second: number, fetched: number) => ({ atMs: second * 1_000, fetched, receivedBytes: fetched * 1_000 });

/** Everything waits, until so many seconds after the start. */
const waitingUntil = (second: number): Gauges => ({
  ...IDLE,
  origins: [pausedOrigin({ paused: { reason: 'retry-after', status: 429, untilWall: WALL + second * 1_000 } })],
});

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
    seen = takeSample(seen, at(tenth / 10, fetched(tenth / 10)), gauges);
  return seen;
}

const hundred = (second: number): number => Math.floor(second * 100);

describe('samples', () => {
  test('one a second, and never more than about a minute of them', () => {
    const samples = watch(firstSample(0), 0, 300, hundred, BUSY);
    expect(samples.taken.length).toBe(64);
    expect(samples.taken.at(-1)?.atMs).toBe(300_000);
  });
});

describe('speed', () => {
  test('of a young run: over what there is of it', () => {
    expect(speedOver(firstSample(0), at(2, 200), 5_000)).toEqual({
      pagesPerSecond: 100,
      bytesPerSecond: 100_000,
      overMs: 2_000,
    });
  });

  test('of the window alone, also where no sample stands at its edge', () => {
    const samples = watch(firstSample(0), 0, 20, (second) => (second <= 10 ? 0 : (second - 10) * 50), BUSY);
    expect(speedOver(samples, at(20.5, 525), 5_000).pagesPerSecond).toBeCloseTo(50, 5);
  });

  test('is nothing at the very start', () => {
    expect(speedOver(firstSample(0), at(0, 0), 5_000).pagesPerSecond).toBe(0);
  });
});

describe('time left', () => {
  test('is not guessed from a moment', () => {
    expect(timeLeftMs(firstSample(0), at(1, 100), 500, BUSY, WALL)).toBeUndefined();
  });

  test('is not guessed where nothing has come yet', () => {
    expect(timeLeftMs(firstSample(0), at(30, 0), 500, BUSY, WALL)).toBeUndefined();
  });

  test('is none when all is done', () => {
    expect(timeLeftMs(firstSample(0), at(30, 500), 0, BUSY, WALL)).toBe(0);
  });

  test('at a steady speed is pages by speed', () => {
    const samples = watch(firstSample(0), 0, 10, hundred, BUSY);
    expect(timeLeftMs(samples, at(10, 1_000), 500, BUSY, WALL)).toBeCloseTo(5_000, 5);
  });

  test('while everything waits is the wait and then the work, and shrinks as the wait passes', () => {
    const gauges = waitingUntil(60);
    const samples = watch(watch(firstSample(0), 0, 20, hundred, BUSY), 20, 50, () => 2_000, gauges);
    const left = (second: number) => timeLeftMs(samples, at(second, 2_000), 3_000, gauges, WALL + second * 1_000);
    expect(left(20)).toBeCloseTo(70_000, -2);
    expect(left(50)).toBeCloseTo(40_000, -2);
  });

  test('after a wait counts the wait as what may come again', () => {
    const waited = watch(watch(firstSample(0), 0, 10, hundred, BUSY), 10, 40, () => 1_000, waitingUntil(40));
    const samples = watch(waited, 40.1, 50, (second) => 1_000 + hundred(second - 40), BUSY);
    expect(timeLeftMs(samples, at(50, 2_000), 400, BUSY, WALL)).toBeCloseTo(10_000, -3);
  });

  test('is never shorter than the longest wait that pages stand behind, though others go on', () => {
    const samples = watch(firstSample(0), 0, 10, hundred, BUSY);
    const gauges = { ...waitingUntil(100), inFlight: 5 };
    expect(timeLeftMs(samples, at(10, 1_000), 500, gauges, WALL + 10_000)).toBe(90_000);
  });
});
