import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Gauges, OriginGauge } from '../../src/core/event.ts';
import type { Samples } from '../../src/progress/samples.ts';
import { firstSample, takeSample } from '../../src/progress/samples.ts';
import { timeLeft } from '../../src/progress/time-left.ts';
import { BUSY, IDLE, pausedOrigin, sampleAt, WALL } from './events.ts';

/** Looks ten times a second at a run. */
function watch(
  samples: Samples,
  from: number,
  to: number,
  fetched: (second: number) => number,
  gauges: (second: number) => Gauges,
): Samples {
  let seen = samples;
  for (let tenth = from * 10; tenth <= to * 10; tenth++)
    seen = takeSample(seen, sampleAt(tenth / 10, fetched(tenth / 10)), gauges(tenth / 10));
  return seen;
}

const hundred = (second: number): number => Math.floor(second * 100);
const busy = (): Gauges => BUSY;

/** An origin that is not asked until so many seconds after the start. */
const waiting = (second: number, changes: Partial<OriginGauge> = {}): OriginGauge =>
  pausedOrigin({ paused: { reason: 'retry-after', status: 429, untilWall: WALL + second * 1_000 }, ...changes });

/** One that is asked. */
const asked = (changes: Partial<OriginGauge> = {}): OriginGauge => ({
  origin: 'https://b.example',
  waiting: 500,
  inFlight: 0,
  concurrency: 10,
  answers: 0,
  ...changes,
});

/** How many seconds are left, and whether that is only the least. */
function left(samples: Samples, second: number, fetched: number, pages: number, gauges: Gauges) {
  const found = timeLeft(samples, sampleAt(second, fetched), pages, gauges, WALL + second * 1_000);
  return found === undefined ? undefined : `${found.isLeast ? '≥' : ''}${Math.round(found.ms / 1_000)}`;
}

describe('what nobody knows is not guessed', () => {
  test.each([
    ['from a moment', 1, 100],
    ['where nothing has come yet', 30, 0],
  ])('%s', (_, second, fetched) => {
    expect(left(firstSample(0), second, fetched, 500, BUSY)).toBeUndefined();
  });

  test('but a wait is the least of what is left', () => {
    expect(left(firstSample(0), 0.5, 0, 312, { ...IDLE, origins: [waiting(41)] })).toBe('≥41');
  });

  test('but where it is short, it says nothing of what is behind it', () => {
    expect(left(firstSample(0), 0.5, 0, 312, { ...IDLE, origins: [waiting(2)] })).toBeUndefined();
  });

  test('of an origin that waits and never gave an answer', () => {
    const samples = watch(firstSample(0), 0, 10, hundred, busy);
    expect(left(samples, 10, 1_000, 400, { ...BUSY, origins: [waiting(41)] })).toBe('≥31');
  });

  test('of an origin that is down: when it comes back', () => {
    const origins = [waiting(20, { paused: { reason: 'down', untilWall: WALL + 20_000 }, ratePerSecond: 10 })];
    const samples = watch(firstSample(0), 0, 10, hundred, busy);
    expect(left(samples, 10, 1_000, 400, { ...BUSY, origins })).toBe('≥41');
  });
});

describe('the whole run', () => {
  test('is over when all is done', () => {
    expect(left(firstSample(0), 30, 500, 0, BUSY)).toBe('0');
  });

  test('at a steady speed takes pages by speed', () => {
    expect(left(watch(firstSample(0), 0, 10, hundred, busy), 10, 1_000, 500, BUSY)).toBe('5');
  });

  test('counts a wait of the last minute as what may come again', () => {
    const still = (): Gauges => ({ ...IDLE, origins: [waiting(40)] });
    const waited = watch(watch(firstSample(0), 0, 10, hundred, busy), 10.1, 40, () => 1_000, still);
    const samples = watch(waited, 40.1, 50, (second) => 1_000 + hundred(second - 40), busy);
    expect(left(samples, 50, 2_000, 400, BUSY)).toBe('10');
  });

  test('begins anew after a time in which nobody ran', () => {
    const samples = watch(firstSample(0), 0, 10, hundred, busy);
    const awake = watch(samples, 5_000, 5_005, (second) => 1_000 + hundred(second - 5_000), busy);
    expect(left(awake, 5_005, 1_500, 500, BUSY)).toBe('5');
  });
});

describe('an origin that waits', () => {
  test('takes its wait, and then what is behind it at the rate that was learned', () => {
    const origins = [waiting(41, { waiting: 312, ratePerSecond: 42 })];
    const samples = watch(firstSample(0), 0, 10, hundred, busy);
    // 41 - 10 + 312 / 42, where all pages at the speed of the run would take 8.
    expect(left(samples, 10, 1_000, 800, { ...BUSY, origins })).toBe('38');
  });

  test('also where it is all that is left', () => {
    const gauges: Gauges = { ...IDLE, origins: [waiting(51, { waiting: 312, ratePerSecond: 42 })] };
    const samples = watch(firstSample(0), 0, 10, hundred, (second) => (second < 10 ? BUSY : gauges));
    expect(left(samples, 10, 1_000, 312, gauges)).toBe('48');
  });

  test('of which no rate is known but that of the run before: that, behind the wait, and less as the wait passes', () => {
    const gauges: Gauges = { ...IDLE, origins: [waiting(60, { waiting: 3_000, answers: 2_000 })] };
    const before = watch(firstSample(0), 0, 20, hundred, (second) =>
      second < 20
        ? { ...BUSY, origins: [asked({ origin: 'https://api.example.com', answers: hundred(second) })] }
        : gauges,
    );
    const samples = watch(
      before,
      20.1,
      50,
      () => 2_000,
      () => gauges,
    );
    expect(left(before, 20, 2_000, 3_000, gauges)).toBe('70');
    expect(left(samples, 50, 2_000, 3_000, gauges)).toBe('40');
  });

  test('with nothing behind it is no reason to wait', () => {
    const samples = watch(firstSample(0), 0, 10, hundred, busy);
    expect(left(samples, 10, 1_000, 500, { ...BUSY, origins: [waiting(100, { waiting: 0 })] })).toBe('5');
  });
});

describe('the slowest origin', () => {
  test('takes what it was seen to take, though nothing was learned of it', () => {
    const origins = (second: number): OriginGauge[] => [
      asked({ waiting: 9_000, answers: hundred(second) }),
      asked({ origin: 'https://slow.example', waiting: 500, answers: Math.floor(second * 2) }),
    ];
    const samples = watch(firstSample(0), 0, 20, hundred, (second) => ({ ...BUSY, origins: origins(second) }));
    expect(left(samples, 20, 2_000, 9_500, { ...BUSY, origins: origins(20) })).toBe('250');
  });

  test('a rate that was learned is not believed for ever where it is not reached', () => {
    const slow = (second: number): Gauges => ({
      ...BUSY,
      origins: [asked({ answers: second * 5, ratePerSecond: 1_000 })],
    });
    const samples = watch(firstSample(0), 0, 20, (second) => second * 5, slow);
    expect(left(samples, 20, 100, 500, slow(20))).toBe('100');
  });

  test('its told waits are no slowness of its own', () => {
    const gauge = (second: number): OriginGauge =>
      second < 10
        ? asked({ answers: second * 50 })
        : waiting(70, { origin: 'https://b.example', waiting: 500, answers: 500 });
    const samples = watch(firstSample(0), 0, 60, hundred, (second) => ({ ...BUSY, origins: [gauge(second)] }));
    expect(left(samples, 60, 6_000, 600, { ...BUSY, origins: [gauge(60)] })).toBe('20');
  });
});

test('of however many origins: never less than the longest wait, never negative, never without a number', () => {
  const gauge = fc.record({
    waiting: fc.nat(9_999),
    inFlight: fc.nat(9),
    answers: fc.nat(9_999),
    ratePerSecond: fc.double({ min: 0, max: 1e5, noNaN: true }),
    inSeconds: fc.integer({ min: -100, max: 9_999 }),
    isPaused: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(gauge, { maxLength: 500 }), fc.nat(1e6), fc.nat(1e6), (all, pages, fetched) => {
      const origins = all.map(({ inSeconds, isPaused, ...rest }, index): OriginGauge => {
        const paused = { reason: 'retry-after', untilWall: WALL + 20_000 + inSeconds * 1_000 } as const;
        return { origin: `https://h${index}.example`, concurrency: 1, ...rest, ...(isPaused ? { paused } : {}) };
      });
      const gauges = { ...BUSY, origins };
      const samples = watch(
        firstSample(0),
        0,
        20,
        (second) => fetched * second,
        () => gauges,
      );
      const found = timeLeft(samples, sampleAt(20, fetched * 20), pages, gauges, WALL + 20_000);
      const waits = all.filter(({ isPaused, waiting: behind }) => isPaused && behind > 0);
      const longest = Math.max(0, ...waits.map(({ inSeconds }) => inSeconds * 1_000));
      if (pages === 0) expect(found).toEqual({ ms: 0, isLeast: false });
      else if (longest > 0) expect(found?.ms).toBeGreaterThanOrEqual(longest);
      expect(found?.ms ?? 0).toBeGreaterThanOrEqual(0);
      expect(found?.ms ?? 0).toBeLessThan(Number.POSITIVE_INFINITY);
    }),
    { numRuns: 30 },
  );
});
