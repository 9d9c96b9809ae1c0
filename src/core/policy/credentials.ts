import type { RequestConfig } from '../config.ts';
import type { HeaderLines, Page } from '../page.ts';

/**
 * Header fields that say nothing of who asks: they go to every origin. Everything else may be a secret under another name
 * (`x-api-key`), so the list names what is safe, never what is not.
 */
const SAFE = new Set([
  'accept',
  'accept-charset',
  'accept-encoding',
  'accept-language',
  'cache-control',
  'content-encoding',
  'content-language',
  'content-type',
  'dnt',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'pragma',
  'range',
  'save-data',
  'upgrade-insecure-requests',
  'user-agent',
]);

/** Fields that describe a body, and go with it. */
const OF_A_BODY = new Set(['content-type', 'content-encoding', 'content-language']);

export function isSafeHeader(name: string): boolean {
  return SAFE.has(name);
}

/** The headers of one request, and what they show. */
export interface HopHeaders {
  readonly headers: Readonly<Record<string, string>>;
  /** A credential, the client certificate included, or a header that is not on the safe list goes with them. */
  readonly secret: boolean;
  /** This origin may be shown the client certificate. */
  readonly showCertificate: boolean;
  /** Credentials or custom headers of the run were held back from this origin. */
  readonly withheld: boolean;
}

/**
 * Who gets the run's credentials, cookies and custom headers: the first page's origin and those of --credentials-to. A line's own headers
 * go with its page, to its page's origin. After a redirect to another origin only safe headers follow (curl's CVE-2018-1000007,
 * CVE-2022-27774 and CVE-2022-27776 were all of this kind: another host, port or scheme is another origin).
 */
export class Credentials {
  readonly #request: RequestConfig;
  readonly #trusted: Set<string>;
  readonly #shown: HopHeaders;
  readonly #safe: HopHeaders;
  readonly #hasCertificate: boolean;

  /** @param firstOrigin of the first page of the list, whatever becomes of it */
  constructor(request: RequestConfig, firstOrigin: string, hasCertificate: boolean) {
    this.#request = request;
    this.#trusted = new Set([firstOrigin, ...request.credentialsTo]);
    this.#hasCertificate = hasCertificate;
    this.#shown = this.#build(true, [], undefined, true);
    const safe = this.#build(false, [], undefined, true);
    this.#safe = { ...safe, withheld: this.#shown.secret };
  }

  headersFor(page: Page, origin: string, keepBody: boolean): HopHeaders {
    const trusted = this.#trusted.has(origin);
    const own = origin === page.origin;
    const common = trusted ? this.#shown : this.#safe;
    if (page.headers.length === 0 && (page.authorization === undefined || !own) && keepBody) return common;
    const lines = own ? page.headers : page.headers.filter(([name]) => SAFE.has(name));
    const built = this.#build(trusted, lines, own ? page.authorization : undefined, keepBody);
    return { ...built, withheld: common.withheld };
  }

  #build(trusted: boolean, lines: HeaderLines, authorization: string | undefined, keepBody: boolean): HopHeaders {
    const headers: Record<string, string> = Object.create(null);
    const request = this.#request;
    headers.accept = '*/*';
    if (request.userAgent !== '') headers['user-agent'] = request.userAgent;
    let secret = trusted && this.#hasCertificate;
    const set = (name: string, value: string, again: boolean): void => {
      if (!keepBody && OF_A_BODY.has(name)) return;
      if (!SAFE.has(name)) secret = true;
      // RFC 9110 §5.3; cookies are the exception (RFC 9113 §8.2.3).
      const separator = name === 'cookie' ? '; ' : ', ';
      headers[name] = again && headers[name] !== undefined ? headers[name] + separator + value : value;
    };
    if (trusted && request.authorization !== undefined) set('authorization', request.authorization, false);
    if (trusted && request.cookie !== undefined) set('cookie', request.cookie, false);
    const given = new Set<string>();
    for (const [name, value] of request.headers) {
      if (!trusted && !SAFE.has(name)) continue;
      set(name, value, given.has(name));
      given.add(name);
    }
    if (authorization !== undefined) set('authorization', authorization, false);
    given.clear();
    for (const [name, value] of lines) {
      set(name, value, given.has(name));
      given.add(name);
    }
    return { headers, secret, showCertificate: trusted, withheld: false };
  }
}
