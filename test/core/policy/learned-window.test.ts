import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LearnedWindow } from '../../../src/core/policy/learned-window.ts';

const WINDOW_MS = 5_000;

/** Asks as fast as the window allows, of an origin with this quota in each window of its clock. */
function ask(window: LearnedWindow, quotaAt: (number: number) => number, fromMs: number, toMs: number) {
  const got: number[] = [];
  let refused = 0;
  for (let now = fromMs; now < toMs; ) {
    const number = Math.floor(now / WINDOW_MS);
    const opensAt = window.opensAt(now);
    if (opensAt > now) {
      now = opensAt;
      continue;
    }
    window.onStart();
    if ((got[number] ?? 0) < quotaAt(number)) {
      got[number] = (got[number] ?? 0) + 1;
      window.onGood(now);
      now += 10;
      continue;
    }
    refused += 1;
    window.onRefusal(now, 0);
    now = (number + 1) * WINDOW_MS;
    // The probe after the wait is let through.
    got[number + 1] = 1;
    window.onResume(now);
    now += 10;
  }
  return { got, refused, last: got.at(-1) ?? 0 };
}

describe('LearnedWindow', () => {
  test('a quota that stays is kept to, and probed with one request after 10, 20 and 40 quiet windows', () => {
    const { got, refused } = ask(new LearnedWindow(8, WINDOW_MS, 0), () => 8, 0, 75 * WINDOW_MS);
    expect(new Set(got)).toEqual(new Set([8]));
    expect(refused).toBe(3);
  });

  test('a quota that has grown is found within a few windows of the first probe', () => {
    const { got, refused } = ask(new LearnedWindow(4, WINDOW_MS, 0), (n) => (n < 5 ? 4 : 400), 0, 30 * WINDOW_MS);
    expect(got.slice(0, 10)).toEqual(new Array(10).fill(4));
    expect(got.findIndex((good) => good >= 300)).toBeLessThanOrEqual(14);
    expect(refused).toBeLessThanOrEqual(2);
  });

  test('a quota that has shrunk is found with the first refusal', () => {
    const { got, refused } = ask(new LearnedWindow(40, WINDOW_MS, 0), (n) => (n < 3 ? 40 : 10), 0, 9 * WINDOW_MS);
    expect(got.slice(3)).toEqual(new Array(got.length - 3).fill(10));
    expect(refused).toBe(1);
  });

  test('whatever the quota was and becomes, in the end most of it is used, and few requests are refused', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 300 }), (learned, quota) => {
        const { last, refused } = ask(new LearnedWindow(learned, WINDOW_MS, 0), () => quota, 0, 80 * WINDOW_MS);
        expect(last).toBeGreaterThanOrEqual(Math.min(quota, 300) * 0.8);
        expect(refused).toBeLessThanOrEqual(8);
      }),
    );
  });
});
