import { describe, expect, test } from 'vitest';
import { TokenBucket } from './limits.ts';
import { simulate } from './simulate.ts';

const PAGES = 300;

const LIMITS = [5, 2, 1, 0.5, 0.2, 0.1].flatMap((perSecond) =>
  [1, 3, 10].flatMap((burst) =>
    (['ceil', 'decimal', undefined] as const).map((retryAfter) => ({ perSecond, burst, retryAfter })),
  ),
);

/** Just over a slow limit every refusal comes alone, and looks like one that means nothing. */
describe('a slow limit is found, and no page is lost to it', () => {
  test.each(LIMITS)('$perSecond a second, $burst at once, Retry-After: $retryAfter', async (limit) => {
    const { perSecond, burst, retryAfter } = limit;
    const result = await simulate({
      name: 'slow',
      pages: PAGES,
      openness: 'tells',
      idealS: (PAGES - burst) / perSecond,
      make: () => ({
        limit: new TokenBucket(perSecond, burst),
        latency: () => 30,
        ...(retryAfter === undefined ? undefined : { telling: { retryAfter } }),
      }),
    });
    expect(result.ok).toBe(PAGES);
    expect(result.tooEarly).toBe(0);
    expect(result.ratio).toBeLessThan(1.7);
    expect(result.wastedShare).toBeLessThan(0.2);
  });
});
