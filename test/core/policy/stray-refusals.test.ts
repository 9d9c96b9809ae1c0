import { describe, expect, test } from 'vitest';
import { StrayRefusals } from '../../../src/core/policy/stray-refusals.ts';

/** Events one after the other, each so many good answers after the one before, at so many requests a second. */
function after(events: readonly (readonly [good: number, perSecond: number, isBurst?: boolean])[]) {
  const strays = new StrayRefusals();
  const found = events.map(([good, perSecond, isBurst = false]) => strays.onEvent({ good, perSecond, isBurst }));
  return { strays, found };
}

const EASED_IN_VAIN = [
  [140, 1_000],
  [130, 950],
  [150, 850],
  [140, 700],
] as const;

describe('refusals', () => {
  test('that come just as often when the origin is asked a fifth less are strays', () => {
    const { strays, found } = after(EASED_IN_VAIN);
    expect(found).toEqual([undefined, undefined, undefined, 1_000]);
    expect(strays.isStray({ good: 140, perSecond: 1_000 })).toBe(true);
  });

  test('count as long as easing may still help', () => {
    const { strays, found } = after(EASED_IN_VAIN.slice(0, 3));
    expect(found.at(-1)).toBeUndefined();
    expect(strays.isStray({ good: 140, perSecond: 1_000 })).toBe(false);
  });

  test('that stopped when it was asked less are of a limit', () => {
    const { strays } = after([...EASED_IN_VAIN.slice(0, 3), [5_000, 700], [450, 705]]);
    expect(strays.isStray({ good: 450, perSecond: 1_000 })).toBe(false);
  });

  test('of which many come at once are of a limit', () => {
    const { strays } = after([...EASED_IN_VAIN.slice(0, 3), [140, 700, true]]);
    expect(strays.isStray({ good: 140, perSecond: 1_000 })).toBe(false);
    expect(after([...EASED_IN_VAIN, [140, 1_000, true]]).strays.isStray({ good: 140, perSecond: 1_000 })).toBe(false);
  });

  test('that are strays count again when they come clearly more often', () => {
    const { strays } = after([...EASED_IN_VAIN, ...Array.from({ length: 8 }, () => [5, 1_000] as const)]);
    expect(strays.isStray({ good: 5, perSecond: 1_000 })).toBe(false);
  });

  test('that are strays stay so where one now and then comes sooner', () => {
    const { strays } = after([...EASED_IN_VAIN, [20, 1_000], [200, 1_000], [30, 1_000]]);
    expect(strays.isStray({ good: 90, perSecond: 1_000 })).toBe(true);
  });

  test('of an origin that has strays and a limit are strays at less than four fifths of what it has borne for a while', () => {
    const { strays } = after([...EASED_IN_VAIN, [140, 1_000, true]]);
    expect(strays.isStray({ good: 3, perSecond: 79 })).toBe(false);
    for (let now = 0; now <= 10_000; now += 10) strays.onGood(now);
    expect(strays.isStray({ good: 3, perSecond: 79 })).toBe(true);
    expect(strays.isStray({ good: 3, perSecond: 1_000 })).toBe(false);
  });
});
