import { createHash } from 'node:crypto';
import type { RequestConfig } from '../core/config.ts';

/** Not remembered: they say who asks, not what for. */
const WHO_ASKS = new Set(['authorization', 'cookie', 'proxy-authorization', 'user-agent']);

/**
 * What is asked of every page, for a store to remember: pages that were asked for in another way are other pages. Method in words, data
 * and headers as the first 64 bits of their SHA-256: a header may be a secret under any name.
 */
export function rememberedRequest({ method, body, headers }: RequestConfig): Readonly<Record<string, string>> {
  const remembered: Record<string, string> = { method };
  if (body !== undefined) remembered.data = digest(body);
  for (const [name, value] of headers) {
    if (WHO_ASKS.has(name)) continue;
    const key = `header ${name}`;
    remembered[key] = digest(`${remembered[key] ?? ''}${value}\n`);
  }
  return remembered;
}

function digest(value: string | Uint8Array): string {
  return createHash('sha256').update(value).digest('hex').slice(0, 16);
}
