import type { HeaderLines } from '../page.ts';
import type { Validators } from '../record.ts';

/** Fields that make a request conditional or ask for a part: with one of them the page's own word stands (RFC 9110 §13.1, §14.2). */
const OWN_CONDITIONS = new Set([
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'if-range',
  'range',
]);

/**
 * The fields that ask for a page only where it is no longer what is stored (RFC 9110 §13.1.2, §13.1.3).
 *
 * Undefined where the question makes no sense: for a method other than GET and HEAD, for another URL than the validators were given at
 * (two resources may bear the same tag), without a validator, and where the page has conditions of its own.
 */
export function conditionFor(
  { method, url, headers }: { readonly method: string; readonly url: string; readonly headers: HeaderLines },
  stored: Validators | undefined,
): Readonly<Record<string, string>> | undefined {
  if (stored === undefined || stored.url !== url) return undefined;
  if (method !== 'GET' && method !== 'HEAD') return undefined;
  if (headers.some(([name]) => OWN_CONDITIONS.has(name))) return undefined;
  const { etag, lastModified } = stored;
  if (etag === undefined && lastModified === undefined) return undefined;
  return {
    ...(etag === undefined ? undefined : { 'if-none-match': etag }),
    ...(lastModified === undefined ? undefined : { 'if-modified-since': lastModified }),
  };
}
