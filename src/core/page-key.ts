import { hash } from 'node:crypto';
import type { HeaderLines } from './page.ts';

/**
 * What makes two lines the same page: method, URL (normalised, without fragment), the user of the URL's credentials, the line's
 * own headers and the body. Frozen: shards and stores of other machines and other versions rest on it.
 *
 * A password of the URL is left out, so that no store holds anything made from it. Of a line's own headers the values are in it: the 64 bits
 * of its hash that a store holds tell nothing of a token, but a short password in such a header could be guessed from them.
 */
export interface PageIdentity {
  readonly method: string;
  readonly url: string;
  readonly user?: string;
  readonly headers: HeaderLines;
  /** Hex SHA-256 of the body; absent where there is none. */
  readonly bodyDigest?: string;
}

export function pageKey(identity: PageIdentity): string {
  const { method, url, user, headers, bodyDigest } = identity;
  let key = `${method} ${url}`;
  if (user !== undefined) key += `\nuser ${user}`;
  if (headers.length > 0) key += `\nheaders ${JSON.stringify(headers.map(([n, v]) => `${n}: ${v}`).sort())}`;
  if (bodyDigest !== undefined) key += `\nbody ${bodyDigest}`;
  return key;
}

/** First 64 bits of SHA-256 of the key, as two unsigned 32-bit numbers. */
export function hashKey(key: string): { readonly hashHigh: number; readonly hashLow: number } {
  const hex = hash('sha256', key, 'hex');
  return { hashHigh: Number.parseInt(hex.slice(0, 8), 16), hashLow: Number.parseInt(hex.slice(8, 16), 16) };
}

/** The 16 hex digits that a record carries as `key`. */
export function hashText(hash: { readonly hashHigh: number; readonly hashLow: number }): string {
  return hash.hashHigh.toString(16).padStart(8, '0') + hash.hashLow.toString(16).padStart(8, '0');
}

export function bodyDigest(body: string | Uint8Array): string {
  return hash('sha256', body, 'hex');
}
