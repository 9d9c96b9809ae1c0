import { describe, expect, test } from 'vitest';
import { parseRateLimit } from '../../../src/core/policy/rate-limit-headers.ts';
import { isRefusal } from '../../../src/core/policy/refusal.ts';

type Row = [what: string, status: number, headers: Record<string, string[]>, expected: boolean];

describe('is it the origin’s word, or the page’s failure?', () => {
  test.each<Row>([
    ['429', 429, {}, true],
    ['429 with Retry-After', 429, { 'retry-after': ['5'] }, true],
    ['429 with much left', 429, { 'x-ratelimit-remaining': ['5'] }, true],
    ['503 with Retry-After', 503, { 'retry-after': ['5'] }, true],
    ['503 with a Retry-After that says nothing usable', 503, { 'retry-after': ['soon'] }, true],
    ['503 alone is a failure of the page', 503, {}, false],
    ['503 with a rate limit and no Retry-After', 503, { 'x-ratelimit-remaining': ['0'] }, false],
    ['403 of which nothing remains (GitHub)', 403, { 'x-ratelimit-remaining': ['0'] }, true],
    ['403 of which nothing remains, in the standard field', 403, { ratelimit: ['"a";r=0;t=5'] }, true],
    ['403 of which some remains', 403, { 'x-ratelimit-remaining': ['1'] }, false],
    ['403 alone', 403, {}, false],
    ['403 with Retry-After', 403, { 'retry-after': ['5'] }, false],
    ['403 with a limit that is no number', 403, { 'x-ratelimit-remaining': ['none'] }, false],
    ['200 of which nothing remains', 200, { 'x-ratelimit-remaining': ['0'] }, false],
    ['404 with Retry-After', 404, { 'retry-after': ['5'] }, false],
    ['500 with Retry-After', 500, { 'retry-after': ['5'] }, false],
    ['401', 401, {}, false],
  ])('%s', (_, status, headers, expected) => {
    expect(isRefusal(status, headers, parseRateLimit(headers, 0))).toBe(expected);
  });
});
