import { createHash } from 'node:crypto';
import type { RequestConfig } from './config.ts';
import { isSafeHeader } from './policy/credentials.ts';

/** Not remembered at all: they say who asks, not what for. */
const WHO_ASKS = new Set(['authorization', 'cookie', 'proxy-authorization', 'user-agent']);

/**
 * What is asked of every page, for a store to remember: pages that were asked for in another way are other pages. The method in words; data
 * and headers that tell no secret as the first 64 bits of their SHA-256. Of other headers only that they are there: their values may be
 * secrets under any name, and a key that was renewed asks for the same pages.
 */
export function rememberedRequest({ method, body, headers }: RequestConfig): Readonly<Record<string, string>> {
  const remembered: Record<string, string> = { method };
  if (body !== undefined) remembered.data = digest(body);
  for (const [name, value] of headers) {
    if (WHO_ASKS.has(name)) continue;
    const key = `header ${name}`;
    remembered[key] = isSafeHeader(name) ? digest(`${remembered[key] ?? ''}${value}\n`) : 'given';
  }
  return remembered;
}

function digest(value: string | Uint8Array): string {
  return createHash('sha256').update(value).digest('hex').slice(0, 16);
}
