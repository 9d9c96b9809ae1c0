import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { RateLimiter } from '../../src/net/rate-limiter.ts';
import { ResponseHold } from '../../src/net/response-hold.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** Responses of one size, so many at a time, that deliver a chunk a millisecond as long as nothing holds them. */
class Responses {
  readonly deliveries: [atMs: number, bytes: number][] = [];
  done = 0;
  readonly #limiter: RateLimiter;
  readonly #bodyBytes: number;
  readonly #chunkBytes: number;

  constructor(limiter: RateLimiter, bodyBytes: number, chunkBytes: number) {
    this.#limiter = limiter;
    this.#bodyBytes = bodyBytes;
    this.#chunkBytes = chunkBytes;
  }

  begin(): void {
    let left = this.#bodyBytes;
    let paused = false;
    const hold = new ResponseHold(this.#limiter);
    const deliver = (): void => {
      if (paused) return;
      const bytes = Math.min(this.#chunkBytes, left);
      left -= bytes;
      this.deliveries.push([performance.now(), bytes]);
      hold.use(bytes);
      if (left > 0) {
        setTimeout(deliver, 1);
        return;
      }
      hold.end();
      this.done += 1;
      setTimeout(() => this.begin(), 1);
    };
    hold.begin({
      pause: () => {
        paused = true;
      },
      resume: () => {
        paused = false;
        setTimeout(deliver, 1);
      },
    });
    if (!paused) setTimeout(deliver, 1);
  }

  /** The most and the mean of any two seconds, in bytes a second. */
  rates(untilMs: number): { readonly most: number; readonly mean: number } {
    let most = 0;
    let sum = 0;
    let from = 0;
    let inWindow = 0;
    for (const [at, bytes] of this.deliveries) {
      sum += bytes;
      inWindow += bytes;
      for (; (this.deliveries[from]?.[0] ?? at) <= at - 2_000; from++) inWindow -= this.deliveries[from]?.[1] ?? 0;
      most = Math.max(most, inWindow / 2);
    }
    return { most, mean: (sum * 1_000) / untilMs };
  }
}

describe('bytes a second', () => {
  test.each([
    // rate, bodies, chunks, at a time
    [20_000, 300, 300, 8],
    [20_000, 1_000, 1_000, 8],
    [20_000, 1_000, 1_000, 50],
    [20_000, 50_000, 1_000, 8],
    [60_000, 5_000, 2_000, 8],
    [60_000, 700, 700, 50],
    [600_000, 5_000, 5_000, 8],
    [600_000, 2_000_000, 16_384, 8],
    [600_000, 1_000, 1_000, 50],
    [5_000_000, 2_000_000, 65_536, 8],
  ])(
    '%d: bodies of %d in chunks of %d, %d at a time, stay within 5 % in any two seconds, and use it',
    (rate, body, chunk, count) => {
      const limiter = new RateLimiter(rate);
      const responses = new Responses(limiter, body, chunk);
      for (let index = 0; index < count; index++) responses.begin();
      vi.advanceTimersByTime(20_000);
      const { most, mean } = responses.rates(20_000);
      expect(most / rate).toBeLessThanOrEqual(1.05);
      expect(mean / rate).toBeGreaterThan(0.9);
      limiter.destroy();
    },
  );

  test('a body whose grant was larger lets the next one go as it ends', () => {
    const limiter = new RateLimiter(20_000);
    const responses = new Responses(limiter, 1_000, 1_000);
    for (let index = 0; index < 8; index++) responses.begin();
    vi.advanceTimersByTime(5_000);
    expect(responses.done).toBeGreaterThan(90);
    limiter.destroy();
  });
});
