import { type Config, DEFAULTS, type NetConfig, type StatusSet } from './core/config.ts';
import { UsageError } from './core/failure.ts';
import type { HeaderLines } from './core/page.ts';
import type { Listener, Store } from './core/ports.ts';
import { readHeaderFields } from './input/header-fields.ts';

/**
 * How pages are fetched. Every option is optional; times are milliseconds, sizes bytes. What the command calls it stands last, for messages
 * of failures name that.
 */
export interface FetchPagesOptions {
  /** Most requests in flight, whole run. Default: 100. `--concurrency` */
  readonly concurrency?: number;
  /** Most requests in flight to one origin; how many really are is learned. Default: 50. `--per-origin` */
  readonly perOrigin?: number;
  /** Most requests started per second and origin, evenly spaced, retries and redirects included. Default: what the origin bears is learned. `--rate` */
  readonly ratePerSecond?: number;
  /** Most bytes of bodies per second, whole run. Default: no limit. `--limit-rate` */
  readonly limitBytesPerSecond?: number;
  /** False: learn nothing, hold `perOrigin` and `ratePerSecond`, and still obey what is told. Default: true. `--no-adapt` */
  readonly adapt?: boolean;

  /** Tries of a page after the first. Refusals use up none. Default: 5. `--retry` */
  readonly retries?: number;
  /** Statuses after which a page is tried again, as ranges with both ends included. Default: 408, 425, 500, 502 to 504, 520 to 524. `--retry-on` */
  readonly retryOn?: StatusSet;
  /** Try again also requests that are not idempotent, such as POST. Default: false. `--retry-all-methods` */
  readonly retryAllMethods?: boolean;
  /** Milliseconds after which an origin is given up from which nothing good came; waits that it asked for are not counted. Default: 600,000, 10 minutes. `--patience` */
  readonly patienceMs?: number;
  /** Milliseconds; an origin that asks to be left alone for longer is given up at once. Default: 3,600,000, 1 hour. `--max-wait` */
  readonly maxWaitMs?: number;

  /** Milliseconds until a connection stands. Default: 10,000. `--connect-timeout` */
  readonly connectTimeoutMs?: number;
  /** Milliseconds from the request to the response's head. Default: 60,000. `--response-timeout` */
  readonly responseTimeoutMs?: number;
  /** Longest milliseconds of a body with less than 1 kB. A slow consumer's pauses are not counted. Default: 30,000. `--stall-timeout` */
  readonly stallTimeoutMs?: number;
  /** Longest milliseconds of one attempt at a page. Default: no limit. `--max-time` */
  readonly maxTimeMs?: number;

  /** Statuses that are OK, as ranges with both ends included; wins over `retryOn`. Default: 200; 200 to 299 for methods other than GET and HEAD. `--accept` */
  readonly accept?: StatusSet;
  /** Redirects followed for a page. Default: 10. `--max-redirs` */
  readonly maxRedirects?: number;
  /** Most bytes of a page's body, decoded. Default: what the store says, else 16,777,216, for a page is handed over whole. `--max-filesize` */
  readonly maxBodyBytes?: number;

  /** Header fields of every request. Those that may tell a secret go to the first page's origin and those of `credentialsTo` only. Default: none. `--header` */
  readonly headers?: Readonly<Record<string, string>>;
  /** Origins, beside the first page's, that may see such headers. Default: none. `--credentials-to` */
  readonly credentialsTo?: readonly string[];
  /** The User-Agent; an empty one sends none. Default: `fetch-pages (library)`. `--user-agent` */
  readonly userAgent?: string;

  /** The proxy's URL: http, https, socks5 or socks5h. The environment's is not read. Not with `blockPrivate`. Default: no proxy. `--proxy` */
  readonly proxy?: string;
  /** No private, loopback or link-local address, on every hop: for lists that others give you. Default: false. `--block-private` */
  readonly blockPrivate?: boolean;
  /** Certificate authorities to trust, as PEM, instead of the built-in ones. Default: those of Node.js. `--cacert` */
  readonly ca?: string;
  /** Most connections open at once, idle ones included, as far as those in use leave a choice. Default: four for each request in flight, and at least 2,048. */
  readonly maxConnections?: number;
  /** Do not offer HTTP/2. Default: false. `--http1.1` */
  readonly http1Only?: boolean;

  /** Where pages go. It is opened at the first step of the iteration, and closed at its end. Default: nowhere; bodies come with the pages. `--output` */
  readonly store?: Store;
  /** Ask again for what the store has, where it tells validators with ETag and Last-Modified. Default: false. `--refresh` */
  readonly refresh?: boolean;

  /** Ends the run: nothing more is begun, what is in flight gets 5 s to land, and the iteration ends without an error. Default: none. */
  readonly signal?: AbortSignal;
  /** Called with everything that happens; what it throws is ignored. Default: none. */
  readonly onEvent?: Listener;
}

const USER_AGENT = 'fetch-pages (library)';
const MAX_BODY_BYTES = 16 * 2 ** 20;
/** What Node's timers can wait. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** @throws UsageError that names the option that cannot be meant */
export function configOf(options: FetchPagesOptions): Config {
  const concurrency = wholeNumber('concurrency', options.concurrency ?? DEFAULTS.concurrency, 1);
  const perOrigin = wholeNumber('perOrigin', options.perOrigin ?? DEFAULTS.perOrigin, 1);
  const { ratePerSecond, accept } = options;
  return {
    request: requestOf(options),
    net: netOf(options, concurrency, perOrigin),
    pace: {
      concurrency,
      perOrigin,
      adapt: options.adapt ?? true,
      ...(ratePerSecond === undefined ? undefined : { ratePerSecond: above('ratePerSecond', ratePerSecond, 0) }),
    },
    retry: {
      retries: wholeNumber('retries', options.retries ?? DEFAULTS.retries, 0),
      statuses: statuses('retryOn', options.retryOn ?? DEFAULTS.retryOn),
      allMethods: options.retryAllMethods ?? false,
      patienceMs: above('patienceMs', options.patienceMs ?? DEFAULTS.patienceMs, 0),
      maxWaitMs: atLeast('maxWaitMs', options.maxWaitMs ?? DEFAULTS.maxWaitMs, 0),
    },
    verdict: { failFast: false, ...(accept === undefined ? undefined : { accept: statuses('accept', accept) }) },
    maxRedirects: wholeNumber('maxRedirects', options.maxRedirects ?? DEFAULTS.maxRedirects, 0),
    restart: false,
    refresh: refreshOf(options),
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

function netOf(options: FetchPagesOptions, concurrency: number, perOrigin: number): NetConfig {
  const { ca, proxy, maxTimeMs, limitBytesPerSecond, maxConnections, store, blockPrivate = false } = options;
  if (blockPrivate && proxy !== undefined) {
    throw new UsageError('blockPrivate and proxy cannot be given together: only the proxy knows where it connects to');
  }
  return {
    connectTimeoutMs: timeout('connectTimeoutMs', options.connectTimeoutMs ?? DEFAULTS.connectTimeoutMs),
    responseTimeoutMs: timeout('responseTimeoutMs', options.responseTimeoutMs ?? DEFAULTS.responseTimeoutMs),
    stallTimeoutMs: timeout('stallTimeoutMs', options.stallTimeoutMs ?? DEFAULTS.stallTimeoutMs),
    ...(maxTimeMs === undefined ? undefined : { maxTimeMs: timeout('maxTimeMs', maxTimeMs) }),
    maxBodyBytes: wholeNumber('maxBodyBytes', options.maxBodyBytes ?? store?.maxBodyBytes ?? MAX_BODY_BYTES, 1),
    ...(limitBytesPerSecond === undefined
      ? undefined
      : { limitBytesPerSecond: above('limitBytesPerSecond', limitBytesPerSecond, 0) }),
    perOrigin,
    concurrency,
    ...(maxConnections === undefined
      ? undefined
      : { maxConnections: wholeNumber('maxConnections', maxConnections, 1) }),
    http1Only: options.http1Only ?? false,
    blockPrivate,
    insecure: false,
    ...(ca === undefined ? undefined : { ca }),
    resolve: [],
    ...(proxy === undefined ? undefined : { proxy }),
    noProxy: [],
  };
}

function refreshOf({ refresh = false, store }: FetchPagesOptions): boolean {
  if (refresh && store === undefined) throw new UsageError('refresh asks again for what a store has; give a store too');
  return refresh;
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

function statuses(option: string, set: StatusSet): StatusSet {
  const isStatus = (value: number): boolean => Number.isInteger(value) && value >= 100 && value <= 999;
  // JavaScript may pass anything: `[200, 404]` is what one would try first.
  const isSet = Array.isArray(set) && set.every((range) => Array.isArray(range) && range.length === 2);
  if (isSet && set.every(([from, to]) => isStatus(from) && isStatus(to) && from <= to)) return set;
  throw new UsageError(`${option} must be ranges of statuses, such as [[200, 204], [404, 404]]`);
}

function wholeNumber(option: string, value: number, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new UsageError(`${option} must be a whole number of at least ${least}, not ${value}`);
}

function timeout(option: string, value: number): number {
  if (above(option, value, 0) <= MAX_TIMER_MS) return value;
  throw new UsageError(`${option} must be at most ${MAX_TIMER_MS} (596 hours), not ${value}`);
}

function above(option: string, value: number, bound: number): number {
  if (Number.isFinite(value) && value > bound) return value;
  throw new UsageError(`${option} must be a number above ${bound}, not ${value}`);
}

function atLeast(option: string, value: number, least: number): number {
  if (Number.isFinite(value) && value >= least) return value;
  throw new UsageError(`${option} must be a number of at least ${least}, not ${value}`);
}
