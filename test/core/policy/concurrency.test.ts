import { describe, expect, test } from 'vitest';
import { ConcurrencyLimit } from '../../../src/core/policy/concurrency.ts';

const IDLE = () => false;

/** So many rounds in which as many as may be are in flight and all are answered well, 100 ms after each began. */
function goodRounds(limit: ConcurrencyLimit, rounds: number, from = 0): number {
  let now = from;
  for (let round = 0; round < rounds; round++) {
    const count = limit.limit;
    for (let index = 0; index < count; index++) limit.onStart(now, index);
    now += 100;
    for (let index = 0; index < count; index++) limit.onGood(now, 100, index, true);
  }
  return now;
}

function grown(ceiling = 50): { readonly limit: ConcurrencyLimit; readonly now: number } {
  const limit = new ConcurrencyLimit(ceiling, true, IDLE);
  return { limit, now: goodRounds(limit, 8) };
}

describe('growth', () => {
  test('begins with 4, doubles a round, and ends at the ceiling', () => {
    const limit = new ConcurrencyLimit(50, true, IDLE);
    const seen = [limit.limit];
    for (let now = 0; seen.length < 6; ) {
      now = goodRounds(limit, 1, now);
      seen.push(limit.limit);
    }
    expect(seen).toEqual([4, 8, 16, 32, 50, 50]);
  });

  test('learns nothing where it is told not to', () => {
    const limit = new ConcurrencyLimit(50, false, IDLE);
    for (let index = 0; index < 20; index++) limit.onOverload(1_000, 900);
    expect(limit.limit).toBe(50);
  });
});

describe('more in flight that bring longer answers, and hardly more of them', () => {
  /** Rounds of an origin that answers 100 times in 100 ms, however many are in flight: their time grows with their number. */
  function crowdedRounds(limit: ConcurrencyLimit, rounds: number): number[] {
    const seen: number[] = [];
    for (let round = 0, now = 0; round < rounds; round++) {
      const inFlight = limit.limit;
      for (let answer = 0; answer < inFlight * 2; answer++) {
        limit.onStart(now, inFlight - 1);
        now += 1;
        limit.onGood(now, inFlight, inFlight - 1, true);
      }
      seen.push(limit.limit);
    }
    return seen;
  }

  test('are a queue at the origin: it steps back', () => {
    const limit = new ConcurrencyLimit(50, true, IDLE);
    expect(Math.max(...crowdedRounds(limit, 12))).toBeLessThanOrEqual(16);
    expect(limit.limit).toBeLessThanOrEqual(8);
  });

  test('are a queue of ours where this process has no time left: it stays where it is', () => {
    const limit = new ConcurrencyLimit(50, true, () => true);
    const seen = crowdedRounds(limit, 12);
    expect(seen.at(-1)).toBe(Math.max(...seen));
    expect(limit.limit).toBeLessThan(50);
  });
});

describe('the streams that a server allows', () => {
  test.each([
    [10, 10],
    [1, 1],
    [0, 1],
    [4_294_967_295, 50],
  ])('%d: at most %d at once', (told, most) => {
    const { limit } = grown();
    limit.heedMaxStreams(told);
    expect(limit.limit).toBe(most);
  });

  test('are remembered until it says otherwise', () => {
    const { limit, now } = grown();
    limit.heedMaxStreams(5);
    goodRounds(limit, 10, now);
    expect(limit.limit).toBe(5);
    limit.heedMaxStreams(40);
    expect(limit.limit).toBe(40);
  });
});

describe('overload', () => {
  test('takes three tenths away, once for all that was in flight together', () => {
    const { limit, now } = grown();
    for (let index = 0; index < 20; index++) limit.onOverload(now + index, now - 1);
    expect(limit.limit).toBe(35);
  });

  test('is not one failure alone: that may be a broken page', () => {
    const { limit, now } = grown();
    limit.onOverload(now, now - 1);
    expect(limit.limit).toBe(50);
  });

  test('is not a share of failures that is always there', () => {
    const limit = new ConcurrencyLimit(50, true, IDLE);
    let now = 0;
    for (let answer = 1; answer <= 5_000; answer++) {
      now += 5;
      limit.onStart(now, limit.limit - 1);
      if (answer % 10 === 0) limit.onOverload(now, now - 100);
      else limit.onGood(now, 100, limit.limit - 1, true);
    }
    expect(limit.limit).toBe(50);
  });
});

describe('a request that was not taken', () => {
  test('brings the limit to what was', () => {
    const { limit, now } = grown(16);
    // Sixteen at once, of which ten are taken.
    for (let index = 0; index < 6; index++) limit.onCrowded(now + 1, now, 10 + index, 15 - index, true);
    expect(limit.limit).toBe(10);
  });

  test('keeps it from growing for a hundred good answers each', () => {
    const { limit, now } = grown(16);
    limit.onCrowded(now + 1, now, 15, 15, true);
    expect(limit.limit).toBe(15);
    const later = goodRounds(limit, 6, now + 1);
    expect(limit.limit).toBe(15);
    goodRounds(limit, 20, later);
    expect(limit.limit).toBe(16);
  });

  test('where it may be the page, counts from the second on', () => {
    const { limit, now } = grown();
    limit.onCrowded(now + 1, now, 49, 49, false);
    expect(limit.limit).toBe(50);
    limit.onCrowded(now + 2, now, 49, 48, false);
    expect(limit.limit).toBe(49);
  });
});

describe('refusals', () => {
  test('leave what was in flight beside them', () => {
    const { limit, now } = grown();
    expect(limit.onRefusal(now, 30)).toBe(true);
    limit.onRefusedToo(27);
    expect(limit.limit).toBe(27);
  });

  test('of far fewer than were welcome before are not about their number', () => {
    const { limit, now } = grown();
    expect(limit.onRefusal(now, 10)).toBe(false);
    expect(limit.limit).toBe(50);
  });

  test.each([
    ['the same number taken twice is a cap', [10, 10], true],
    ['one more or less too', [11, 10], true],
    ['another number is a rate', [18, 9], false],
    ['very few are alike by chance', [2, 2], false],
  ])('%s', (_what, [first = 0, second = 0], isCap) => {
    const { limit } = grown(16);
    expect(limit.onRefusalsOver(first)).toBe(false);
    expect(limit.onRefusalsOver(second)).toBe(isCap);
  });
});
