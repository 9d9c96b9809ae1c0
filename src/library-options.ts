import type { Config, StatusSet } from './core/config.ts';
import { DEFAULTS } from './core/config.ts';
import { UsageError } from './core/failure.ts';
import type { HeaderLines } from './core/page.ts';
import type { Listener } from './core/ports.ts';
import { readHeaderFields } from './input/header-fields.ts';

/** Every option is optional; milliseconds, bytes and counts throughout. */
export interface FetchPagesOptions {
  /** Most requests in flight. Default: 100. */
  readonly concurrency?: number;
  /** Most requests in flight to one origin; how many really are is learned. Default: 50. */
  readonly perOrigin?: number;
  /** Most requests started per second and origin, evenly spaced. Default: what the origin bears is learned. */
  readonly ratePerSecond?: number;
  /** Tries of a page after the first. Default: 5. */
  readonly retries?: number;
  /** Statuses that are OK, ranges with both ends included. Default: 200; 200 to 299 for methods other than GET and HEAD. */
  readonly accept?: StatusSet;
  /** For every page, to the first page's origin and those of `credentialsTo` only, but for headers that tell no secret. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly credentialsTo?: readonly string[];
  /** Default: `fetch-pages (library)`. */
  readonly userAgent?: string;
  /** Most bytes of a body, decoded. Default: 16 MiB, for the page is handed over whole. */
  readonly maxBodyBytes?: number;
  /** Redirects followed for a page. Default: 10. */
  readonly maxRedirects?: number;
  /** An origin from which nothing good came for so long is given up. Default: 10 minutes. */
  readonly patienceMs?: number;
  /** An origin that asks to be left alone for longer is given up. Default: 1 hour. */
  readonly maxWaitMs?: number;
  /** PEM of the certificate authorities to trust instead of the built-in ones. */
  readonly ca?: string;
  /** Ends the run: what is in flight gets 5 s to land, and the iteration ends after it. */
  readonly signal?: AbortSignal;
  /** Watches the run. What it throws is ignored. */
  readonly onEvent?: Listener;
}

const USER_AGENT = 'fetch-pages (library)';
const MAX_BODY_BYTES = 16 * 2 ** 20;

/** @throws UsageError that names the option that cannot be meant */
export function configOf(options: FetchPagesOptions): Config {
  const concurrency = wholeNumber('concurrency', options.concurrency ?? DEFAULTS.concurrency, 1);
  const perOrigin = wholeNumber('perOrigin', options.perOrigin ?? DEFAULTS.perOrigin, 1);
  const { ratePerSecond, accept, ca } = options;
  const rate = ratePerSecond === undefined ? {} : { ratePerSecond: above('ratePerSecond', ratePerSecond, 0) };
  return {
    request: requestOf(options),
    net: {
      connectTimeoutMs: DEFAULTS.connectTimeoutMs,
      responseTimeoutMs: DEFAULTS.responseTimeoutMs,
      stallTimeoutMs: DEFAULTS.stallTimeoutMs,
      maxBodyBytes: wholeNumber('maxBodyBytes', options.maxBodyBytes ?? MAX_BODY_BYTES, 1),
      perOrigin,
      concurrency,
      http1Only: false,
      blockPrivate: false,
      insecure: false,
      ...(ca === undefined ? undefined : { ca }),
      resolve: [],
      noProxy: [],
    },
    pace: { concurrency, perOrigin, adapt: true, ...rate },
    retry: {
      retries: wholeNumber('retries', options.retries ?? DEFAULTS.retries, 0),
      statuses: DEFAULTS.retryOn,
      allMethods: false,
      patienceMs: above('patienceMs', options.patienceMs ?? DEFAULTS.patienceMs, 0),
      maxWaitMs: atLeast('maxWaitMs', options.maxWaitMs ?? DEFAULTS.maxWaitMs, 0),
    },
    verdict: { failFast: false, ...(accept === undefined ? undefined : { accept: statuses(accept) }) },
    maxRedirects: wholeNumber('maxRedirects', options.maxRedirects ?? DEFAULTS.maxRedirects, 0),
    restart: false,
    refresh: false,
  };
}

function requestOf(options: FetchPagesOptions): Config['request'] {
  const userAgent = options.userAgent ?? USER_AGENT;
  headerLines('userAgent', { 'user-agent': userAgent });
  return {
    method: DEFAULTS.method,
    userAgent,
    headers: headerLines('headers', options.headers ?? {}),
    credentialsTo: (options.credentialsTo ?? []).map(originOf),
  };
}

function headerLines(option: string, headers: Readonly<Record<string, string>>): HeaderLines {
  const fields = readHeaderFields(headers);
  if (!fields.ok) throw new UsageError(`${option}: ${fields.why}`);
  return fields.headers;
}

function originOf(text: string): string {
  const url = URL.parse(text);
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url.origin;
  throw new UsageError('credentialsTo: not every one is an origin, such as https://api.example.com');
}

function statuses(set: StatusSet): StatusSet {
  const isStatus = (value: number): boolean => Number.isInteger(value) && value >= 100 && value <= 999;
  if (set.every(([from, to]) => isStatus(from) && isStatus(to) && from <= to)) return set;
  throw new UsageError('accept must be ranges of statuses, such as [[200, 204], [404, 404]]');
}

function wholeNumber(option: string, value: number, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new UsageError(`${option} must be a whole number of at least ${least}, not ${value}`);
}

function above(option: string, value: number, bound: number): number {
  if (Number.isFinite(value) && value > bound) return value;
  throw new UsageError(`${option} must be a number above ${bound}, not ${value}`);
}

function atLeast(option: string, value: number, least: number): number {
  if (Number.isFinite(value) && value >= least) return value;
  throw new UsageError(`${option} must be a number of at least ${least}, not ${value}`);
}
