import type { Failure } from '../failure.ts';
import { failure } from '../failure.ts';

/** What is known when a redirect comes. */
export interface RedirectFacts {
  readonly status: number;
  /** The Location values as they came: bytes as Latin-1. */
  readonly locations: readonly string[] | undefined;
  /** Where the answer came from. */
  readonly url: string;
  readonly method: string;
  readonly followed: number;
  readonly maxRedirects: number;
  /** A credential or a header that is not on the safe list went with the page at some hop. */
  readonly carriedSecret: boolean;
}

export type RedirectDecision =
  | { readonly type: 'none' }
  | { readonly type: 'stop'; readonly failure: Failure }
  | {
      readonly type: 'follow';
      readonly url: string;
      readonly origin: string;
      readonly method: string;
      /** The body (and what describes it) goes along. */
      readonly keepBody: boolean;
    };

/** RFC 9110 §15.4.2 to §15.4.9; 300, 304, 305 and 306 are no redirects to follow. */
export function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

/**
 * Where a redirect leads, and whether we go.
 *
 * 301 and 302 turn POST into GET, 303 anything but HEAD (RFC 9110 §15.4, as browsers do); 307 and 308 keep method and body.
 * A Location of raw UTF-8 bytes is read as such. Userinfo and fragment in it are dropped. With --max-redirs 0 nothing is followed and the
 * status is the page's own.
 */
export function decideRedirect(facts: RedirectFacts): RedirectDecision {
  if (!isRedirect(facts.status) || facts.maxRedirects === 0) return { type: 'none' };
  const location = oneLocation(facts.locations);
  if (location === undefined) {
    const why = facts.locations === undefined ? 'no Location' : 'its Location is empty, or there are several';
    return { type: 'stop', failure: failure('REDIRECT_INVALID', why) };
  }
  if (!URL.canParse(location, facts.url)) {
    return { type: 'stop', failure: failure('REDIRECT_INVALID', 'its Location is no URL') };
  }
  const target = new URL(location, facts.url);
  if (target.protocol !== 'http:' && target.protocol !== 'https:') {
    return { type: 'stop', failure: failure('REDIRECT_SCHEME', target.protocol) };
  }
  if (target.port === '0') return { type: 'stop', failure: failure('REDIRECT_INVALID', 'its Location has port 0') };
  if (facts.followed >= facts.maxRedirects) return { type: 'stop', failure: failure('TOO_MANY_REDIRECTS') };
  target.username = '';
  target.password = '';
  target.hash = '';
  if (facts.carriedSecret && target.protocol === 'http:' && facts.url.startsWith('https:')) {
    return { type: 'stop', failure: failure('REDIRECT_DOWNGRADE') };
  }
  const method = methodAfter(facts.status, facts.method);
  return { type: 'follow', url: target.href, origin: target.origin, method, keepBody: method === facts.method };
}

function oneLocation(locations: readonly string[] | undefined): string | undefined {
  const [first, ...others] = new Set(locations?.map(withoutBlanks));
  if (first === undefined || first === '' || others.length > 0) return undefined;
  return fromLatin1(first);
}

/** Spaces and tabs only: `trim` would take 0xA0, the last byte of an à. */
function withoutBlanks(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, '');
}

/** Header bytes arrive as Latin-1; what is valid UTF-8 was meant as such. */
function fromLatin1(text: string): string {
  if (!/[\x80-\xff]/.test(text)) return text;
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return text;
  }
}

function methodAfter(status: number, method: string): string {
  if (status === 303) return method === 'HEAD' ? 'HEAD' : 'GET';
  if ((status === 301 || status === 302) && method === 'POST') return 'GET';
  return method;
}
