/** The URL of a page as it is asked, and what it said of credentials. */
export interface PageUrl {
  readonly ok: true;
  readonly url: string;
  readonly origin: string;
  /** Of the URL's userinfo, as the URL standard encodes it: no line break can stand in it. */
  readonly user?: string;
  /** `Basic …` (RFC 7617) of the URL's userinfo. */
  readonly authorization?: string;
}

export type PageUrlResult = PageUrl | { readonly ok: false; readonly why: string };

const CONTROL = /[\x00-\x1f\x7f]/;
const HALF_SURROGATE = /\p{Cs}/u;

/** Longest host name (RFC 1035 §2.3.4, as text). */
const MAX_HOST_CHARS = 253;

/** `example.com`, `example.com:8080/x`, `localhost/x`: what is meant to be a page where the scheme was left out. */
const HOST_LIKE = /^(?:[^\s/\\?#:@.]+(?:\.[^\s/\\?#:@.]+)+\.?|localhost)(?::\d+)?(?:[/?#]|$)/i;

/**
 * Makes the reader of a page's URL: WHATWG parsing, without fragment and userinfo.
 * It remembers the last origin, as neighbours in a list mostly share theirs: one string then serves them all.
 */
export function pageUrlReader(): (text: string) => PageUrlResult {
  let lastOrigin = '';
  let lastPrefix = '\0';
  return (text) => {
    // The URL standard would remove tabs and line breaks without a word.
    if (CONTROL.test(text)) return refuse('it holds a control character (a tab?); a line is one URL and nothing else');
    const parsed = URL.parse(text);
    if (parsed === null) return refuse(whyNoUrl(text));
    let href = parsed.href;
    if (!href.startsWith('http')) return refuse(whyNotHttp(text, parsed.protocol));
    const userinfo = href.includes('@') ? takeUserinfo(parsed) : undefined;
    if (userinfo !== undefined) {
      if ('why' in userinfo) return refuse(userinfo.why);
      href = parsed.href;
    }
    // In a normalised URL the first # begins the fragment.
    const hash = href.indexOf('#');
    const url = hash === -1 ? href : href.slice(0, hash);
    if (!url.startsWith(lastPrefix)) {
      const why = whyNotThisOrigin(text, parsed);
      if (why !== undefined) return refuse(why);
      lastOrigin = parsed.origin;
      lastPrefix = `${lastOrigin}/`;
    }
    return userinfo === undefined
      ? { ok: true, url, origin: lastOrigin }
      : { ok: true, url, origin: lastOrigin, ...userinfo };
  };
}

/** True where a word that is neither a URL nor a file reads like a page without its scheme. */
export function looksLikeHost(text: string): boolean {
  return HOST_LIKE.test(text);
}

function refuse(why: string): PageUrlResult {
  return { ok: false, why };
}

function whyNotThisOrigin(text: string, parsed: URL): string | undefined {
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') return whyNotHttp(text, parsed.protocol);
  if (parsed.port === '0') return 'port 0 cannot be asked';
  if (parsed.hostname.replace(/\.$/, '').length > MAX_HOST_CHARS) {
    return `the host name is longer than ${MAX_HOST_CHARS} characters`;
  }
  return undefined;
}

function whyNotHttp(text: string, protocol: string): string {
  if (looksLikeHost(text)) return HINT;
  return `${protocol.slice(0, 50)} is not fetched, only http: and https:`;
}

function whyNoUrl(text: string): string {
  if (looksLikeHost(text)) return HINT;
  const authority = /^https?:[/\\]*([^/\\?#]*)/i.exec(text)?.[1];
  if (authority === undefined) return 'not a URL';
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  if (host === '' || host.startsWith(':')) return 'the URL has no host';
  const port = /:(\d+)$/.exec(host)?.[1];
  if (port !== undefined && Number(port) > 65_535) return 'the port is larger than 65535';
  return 'not a URL: its host or port is not valid';
}

const HINT = 'not a URL; write https:// (or http://) before it';

type Userinfo = { readonly user: string; readonly authorization: string };

function takeUserinfo(parsed: URL): Userinfo | { readonly why: string } | undefined {
  const { username, password } = parsed;
  if (username === '' && password === '') return undefined;
  parsed.username = '';
  parsed.password = '';
  const user = percentDecode(username);
  // RFC 7617 §2: the first colon would end the name.
  if (user.includes(':')) return { why: 'the user name holds a colon, which Basic authentication cannot carry' };
  const token = Buffer.concat([user, Buffer.from(':'), percentDecode(password)]).toString('base64');
  return { user: username, authorization: `Basic ${token}` };
}

/** `encoded` comes from the URL parser: ASCII, and with a percent sign that escapes nothing where the user wrote one. */
function percentDecode(encoded: string): Buffer {
  const bytes = encoded.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1');
}

/** True where a string of JSON holds half a surrogate pair: it has no UTF-8. */
export function isIllFormed(text: string): boolean {
  return HALF_SURROGATE.test(text);
}
