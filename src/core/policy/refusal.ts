import type { ResponseHeaders } from '../record.ts';
import type { RateLimitHint } from './rate-limit-headers.ts';

/**
 * Is this answer the origin's word that it wants to be asked less, rather than this page's failure?
 * 429 (RFC 6585 §4), 503 with Retry-After (RFC 9110 §15.6.4), and 403 with a rate limit of which nothing remains (GitHub's primary limit).
 */
export function isRefusal(status: number, headers: ResponseHeaders, hint: RateLimitHint | undefined): boolean {
  if (status === 429) return true;
  if (status === 503) return headers['retry-after'] !== undefined;
  return status === 403 && hint?.remaining === 0;
}
