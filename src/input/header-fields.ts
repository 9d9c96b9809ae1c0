import type { HeaderLines } from '../core/page.ts';

export type HeaderFields =
  | { readonly ok: true; readonly headers: HeaderLines }
  | { readonly ok: false; readonly why: string };

/** A token of RFC 9110 §5.6.2: what names of methods and headers are made of. */
export const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** What field values cannot carry (RFC 9110 §5.5): control characters but the tab, and what Latin-1 does not know. */
const NOT_IN_VALUE = /[^\t\x20-\x7e\x80-\xff]/;

/** Headers of one connection, of its proxy, or of the message's framing (RFC 9110 §7.6.1, §11.7.2, RFC 9113 §8.2.2): the client's alone. */
const MANAGED = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Reads the headers of a request in JSON: an object of names to strings. */
export function readHeaderFields(value: object): HeaderFields {
  const headers: [string, string][] = [];
  const seen = new Set<string>();
  for (const [name, text] of Object.entries(value)) {
    const lower = name.toLowerCase();
    const why = whyNoHeader(name, lower, text) ?? (seen.has(lower) ? 'is given twice' : undefined);
    if (why !== undefined) return { ok: false, why: `header ${JSON.stringify(name.slice(0, 100))} ${why}` };
    seen.add(lower);
    headers.push([lower, String(text).replace(/^[ \t]+|[ \t]+$/g, '')]);
  }
  return { ok: true, headers };
}

function whyNoHeader(name: string, lower: string, text: unknown): string | undefined {
  if (!TOKEN.test(name)) return 'has a name that is no HTTP token';
  if (MANAGED.has(lower)) return 'belongs to the connection: fetch-pages sets it itself';
  if (typeof text !== 'string') return 'must be a string';
  if (/[\r\n\0]/.test(text)) return 'holds a line break or NUL';
  if (NOT_IN_VALUE.test(text)) return 'holds a character that HTTP headers cannot carry';
  return undefined;
}
