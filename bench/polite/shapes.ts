import { ConcurrencyCap, FixedWindow, type Limit, TokenBucket } from '../../test/simulator/limits.ts';

/** A rate-limited API as it is served for real. */
export interface ServedShape {
  readonly name: string;
  readonly pages: number;
  readonly limit: () => Limit;
  readonly latencyMs: number;
  readonly retryAfter: boolean;
  readonly headers: boolean;
  /** Seconds that a client needs who knows everything, one first refusal's wait included where nothing warns of the limit. */
  readonly idealS: number;
}

export const SERVED: readonly ServedShape[] = [
  {
    name: '100/s, burst 20, Retry-After',
    pages: 1_000,
    limit: () => new TokenBucket(100, 20),
    latencyMs: 0,
    retryAfter: true,
    headers: false,
    idealS: 9.8,
  },
  {
    name: '100/s, burst 20, says nothing',
    pages: 1_000,
    limit: () => new TokenBucket(100, 20),
    latencyMs: 0,
    retryAfter: false,
    headers: false,
    idealS: 9.8,
  },
  {
    name: '250 in 5 s, RateLimit headers',
    pages: 1_000,
    limit: () => new FixedWindow(250, 5_000),
    latencyMs: 10,
    retryAfter: true,
    headers: true,
    idealS: 15,
  },
  {
    name: 'at most 10 at once, 20 ms',
    pages: 2_000,
    limit: () => new ConcurrencyCap(10),
    latencyMs: 20,
    retryAfter: false,
    headers: false,
    idealS: 4,
  },
];
