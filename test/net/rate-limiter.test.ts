import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Paced, RateLimiter } from '../../src/net/rate-limiter.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** A connection over which a slice comes every millisecond while nothing holds it. */
class Connection implements Paced {
  readonly deliveries: [atMs: number, bytes: number][];
  bytesRead = 0;
  readonly #limiter: RateLimiter;
  #isHeld = false;

  constructor(limiter: RateLimiter, deliveries: [atMs: number, bytes: number][]) {
    this.#limiter = limiter;
    this.deliveries = deliveries;
    limiter.join(this);
    this.#deliver();
  }

  get isYoung(): boolean {
    return this.bytesRead < 8_192;
  }

  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    this.#deliver();
  }

  readonly #deliver = (): void => {
    if (this.#isHeld) return;
    const bytes = this.#limiter.sliceBytes;
    this.bytesRead += bytes;
    this.deliveries.push([performance.now(), bytes]);
    this.#limiter.use(this, bytes);
    if (!this.#isHeld) setTimeout(this.#deliver, 1);
  };
}

/** The most and the mean of any two seconds, in bytes a second. */
function rates(deliveries: readonly (readonly [atMs: number, bytes: number])[], untilMs: number) {
  let most = 0;
  let sum = 0;
  let from = 0;
  let inWindow = 0;
  for (const [at, bytes] of deliveries) {
    sum += bytes;
    inWindow += bytes;
    for (; (deliveries[from]?.[0] ?? at) <= at - 2_000; from++) inWindow -= deliveries[from]?.[1] ?? 0;
    most = Math.max(most, inWindow / 2);
  }
  return { most, mean: (sum * 1_000) / untilMs };
}

const LIMITS = [100, 1_000, 20_000, 60_000, 600_000, 5_000_000];
const CASES = LIMITS.flatMap((limit) => [1, 8, 50, 400].map((connections) => ({ limit, connections })));

describe('bytes a second', () => {
  test.each(CASES)(
    '$limit over $connections connections: within 5% in any two seconds, and used',
    ({ limit, connections }) => {
      const limiter = new RateLimiter(limit);
      const deliveries: [number, number][] = [];
      for (let index = 0; index < connections; index++) new Connection(limiter, deliveries);
      vi.advanceTimersByTime(20_000);
      const { most, mean } = rates(deliveries, performance.now());
      expect(most / limit).toBeLessThanOrEqual(1.05);
      expect(mean / limit).toBeGreaterThan(0.95);
      limiter.destroy();
    },
  );

  test('each connection gets its share', () => {
    const limiter = new RateLimiter(100_000);
    const connections = Array.from({ length: 10 }, () => new Connection(limiter, []));
    vi.advanceTimersByTime(20_000);
    for (const { bytesRead } of connections) expect(bytesRead / 200_000).toBeCloseTo(1, 1);
    limiter.destroy();
  });

  test('a connection that is new goes first, until it has been set up', () => {
    const limiter = new RateLimiter(50_000);
    for (let index = 0; index < 50; index++) new Connection(limiter, []);
    vi.advanceTimersByTime(20_000);
    const young = new Connection(limiter, []);
    vi.advanceTimersByTime(250);
    expect(young.bytesRead).toBeGreaterThan(8_000);
    limiter.destroy();
  });

  test('time in which it holds is told, and time in which it does not is not', () => {
    const limiter = new RateLimiter(100_000);
    vi.advanceTimersByTime(1_000);
    expect(limiter.heldMs(performance.now())).toBe(0);
    const held = new Connection(limiter, []);
    vi.advanceTimersByTime(1_000);
    limiter.leave(held);
    const heldMs = limiter.heldMs(performance.now());
    expect(heldMs).toBeGreaterThan(900);
    vi.advanceTimersByTime(1_000);
    expect(limiter.heldMs(performance.now()) - heldMs).toBeLessThan(100);
    limiter.destroy();
  });
});
