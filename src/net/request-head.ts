import type { WireRequest } from '../core/ports.ts';
import { ACCEPT_ENCODING } from './content-coding.ts';

/** Path and query. The URL is normalised, so it begins with its origin: nothing is parsed again for a page. */
export function requestTarget(request: WireRequest): string {
  const { url, origin } = request;
  if (url.startsWith(origin) && url.charCodeAt(origin.length) === 0x2f) return url.slice(origin.length);
  const parsed = new URL(url);
  return parsed.pathname + parsed.search;
}

/** Of the connection or of the message's framing, so ours to say (RFC 9110 §7.6.1, RFC 9113 §8.2.2); undici refuses most of them. */
const OURS = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * The fields to send, flat. Codings are asked for unless the request has its own Accept-Encoding, or a Range: a range of a coded body is
 * a range of coded bytes, which cannot be decoded (RFC 9110 §14.1).
 */
export function requestHeaders(headers: WireRequest['headers'], proxyAuthorization: string | undefined): string[] {
  const flat: string[] = [];
  let wantsCoding = true;
  for (const name of Object.keys(headers)) {
    const value = headers[name];
    if (value === undefined || OURS.has(name)) continue;
    if (name === 'accept-encoding' || name === 'range') wantsCoding = false;
    flat.push(name, value);
  }
  if (wantsCoding) flat.push('accept-encoding', ACCEPT_ENCODING);
  if (proxyAuthorization !== undefined) flat.push('proxy-authorization', proxyAuthorization);
  return flat;
}
