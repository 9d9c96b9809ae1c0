import { describe, expect, test } from 'vitest';
import { type RefusalEvent, StrayRefusals } from '../../../src/core/policy/stray-refusals.ts';

type Event = readonly [good: number, perSecond: number, more?: Partial<RefusalEvent>];

/** Events one after the other, each so many good answers after the one before, at so many requests a second, all of which came through; a few others in flight were taken. */
function after(events: readonly Event[]) {
  const strays = new StrayRefusals();
  const found = events.map(([good, perSecond, more]) =>
    strays.onEvent({ good, perSecond, throughput: perSecond, isProbing: false, taken: 5, refused: 0, ...more }),
  );
  return { strays, found };
}

const EASED_IN_VAIN: readonly Event[] = [
  [140, 1_000],
  [130, 950],
  [150, 880],
];
const BURST = { taken: 2, refused: 3 };

describe('refusals', () => {
  test('that come just as often when the origin is asked a tenth less are strays', () => {
    const { strays, found } = after(EASED_IN_VAIN);
    expect(found).toEqual([{ isStray: false }, { isStray: false }, { isStray: true, bornePerSecond: 1_000 }]);
    expect(strays.isStray({ good: 140, perSecond: 1_000 })).toBe(true);
  });

  test('count as long as easing may still help', () => {
    const { strays, found } = after(EASED_IN_VAIN.slice(0, 2));
    expect(found.at(-1)).toEqual({ isStray: false });
    expect(strays.isStray({ good: 140, perSecond: 1_000 })).toBe(false);
  });

  test('are of a limit that fell where as much comes through a second, however much less is asked', () => {
    const { found } = after([
      [1_248, 99, { throughput: 99 }],
      [11, 97, { throughput: 9.7 }],
      [12, 48, { throughput: 9.6 }],
      [13, 34, { throughput: 9.4 }],
      [26, 16, { throughput: 10 }],
    ]);
    expect(found.every(({ isStray }) => !isStray)).toBe(true);
  });

  test('with long waits are strays where a later stretch brought clearly more than one before it', () => {
    const { found } = after([
      [60, 95, { throughput: 37 }],
      [20, 92, { throughput: 16 }],
      [110, 84, { throughput: 48 }],
    ]);
    expect(found.at(-1)).toEqual({ isStray: true, bornePerSecond: 95 });
  });

  test('of a probe for more are of a limit, and those before it with them', () => {
    const { strays } = after([...EASED_IN_VAIN.slice(0, 2), [5_000, 880, { isProbing: true }], [450, 860]]);
    expect(strays.isStray({ good: 450, perSecond: 1_000 })).toBe(false);
  });

  test('of which many come at once are of a limit', () => {
    const { found } = after([...EASED_IN_VAIN.slice(0, 2), [140, 880, BURST]]);
    expect(found.at(-1)).toEqual({ isStray: false });
  });

  test('of which many come at once are of a limit even where strays are known; the next one may be a stray again', () => {
    const { strays, found } = after([...EASED_IN_VAIN, [140, 1_000, BURST], [140, 970]]);
    expect(found.slice(-2)).toEqual([{ isStray: false }, { isStray: true }]);
    expect(strays.isStray({ good: 140, perSecond: 970 })).toBe(true);
  });

  test('that are strays stay so where two come together by chance', () => {
    const { found } = after([...EASED_IN_VAIN, [140, 1_000, { taken: 40, refused: 1 }]]);
    expect(found.at(-1)).toEqual({ isStray: true });
  });

  test('that are strays count when they come more often than strays explain, and no more after that', () => {
    const often = Array.from({ length: 12 }, (): Event => [5, 1_000]);
    const { strays, found } = after([...EASED_IN_VAIN, ...often]);
    const limits = found.flatMap(({ isStray }, index) => (isStray ? [] : [index]));
    expect(limits).toEqual([0, 1, 8, 14]);
    expect(strays.isStray({ good: 140, perSecond: 970 })).toBe(true);
  });

  test('that are strays stay so where one now and then comes sooner', () => {
    const { found } = after([...EASED_IN_VAIN, [20, 1_000], [200, 1_000], [30, 1_000], [90, 1_000]]);
    expect(found.slice(3).every(({ isStray }) => isStray)).toBe(true);
  });

  test('a limit that is overrun for long does not become what is usual', () => {
    const tenth = Array.from({ length: 400 }, (): Event => [10, 1_000]);
    const { found } = after([...EASED_IN_VAIN, ...tenth]);
    expect(found.slice(200).filter(({ isStray }) => !isStray).length).toBeGreaterThan(20);
  });

  test('that are strays, single, are strays at less than four fifths of what the origin has borne for a while, however often', () => {
    const { strays } = after(EASED_IN_VAIN);
    for (let now = 0; now <= 10_000; now += 10) strays.onGood(now);
    const often = Array.from({ length: 30 }, () =>
      strays.onEvent({ good: 3, perSecond: 79, throughput: 79, isProbing: false, taken: 5, refused: 0 }),
    );
    expect(often.every(({ isStray }) => isStray)).toBe(true);
    expect(strays.isStray({ good: 3, perSecond: 79 })).toBe(true);
    expect(strays.isStray({ good: 3, perSecond: 1_000 })).toBe(false);
  });
});
