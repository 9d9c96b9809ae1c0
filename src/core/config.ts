import type { HeaderLines } from './page.ts';

/** Statuses as ranges, both ends included. */
export type StatusSet = readonly (readonly [from: number, to: number])[];

export function hasStatus(set: StatusSet, status: number): boolean {
  return set.some(([from, to]) => status >= from && status <= to);
}

export const STORE_FORMATS = ['files', 'ndjson', 'sqlite', 'warc', 'none'] as const;
export type StoreFormat = (typeof STORE_FORMATS)[number];

/** What is asked of every page that does not say otherwise. */
export interface RequestConfig {
  readonly method: string;
  /** Empty: none is sent. */
  readonly userAgent: string;
  /** Every -H line in order. Which of them go to which origin is decided by `policy/credentials.ts`. */
  readonly headers: HeaderLines;
  readonly body?: string | Uint8Array;
  /** `Basic …`, of --user. */
  readonly authorization?: string;
  readonly cookie?: string;
  /** Origins, beside the first page's, that are shown credentials, cookies, custom headers and the client certificate. */
  readonly credentialsTo: readonly string[];
}

/** `--resolve host:port:address`. */
export interface ResolveRule {
  readonly host: string;
  readonly port: number;
  readonly addresses: readonly string[];
}

/** What the client needs to know. */
export interface NetConfig {
  readonly connectTimeoutMs: number;
  readonly responseTimeoutMs: number;
  readonly stallTimeoutMs: number;
  /** Of one attempt's exchange; absent: none. */
  readonly maxTimeMs?: number;
  /** Decoded. */
  readonly maxBodyBytes: number;
  /** Of a whole run; absent: none. */
  readonly limitBytesPerSecond?: number;
  /** Most requests in flight to one origin: what connections are counted by. */
  readonly perOrigin: number;
  /** Most requests in flight, whole run. */
  readonly concurrency: number;
  /** Connections open at once, idle ones included, as far as those in use leave a choice. Absent: four for each request in flight, and at least 2,048. */
  readonly maxConnections?: number;
  readonly http1Only: boolean;
  readonly blockPrivate: boolean;
  readonly insecure: boolean;
  /** PEM texts. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly resolve: readonly ResolveRule[];
  /** --proxy: for every origin that `noProxy` does not except. */
  readonly proxy?: string;
  /** From the environment, where --proxy is not given. */
  readonly httpProxy?: string;
  readonly httpsProxy?: string;
  /** Host names as in no_proxy. */
  readonly noProxy: readonly string[];
}

export interface PaceConfig {
  readonly concurrency: number;
  readonly perOrigin: number;
  /** Requests started per second and origin, evenly spaced; absent: learned. */
  readonly ratePerSecond?: number;
  /** False: learn nothing, hold the ceilings, still obey what is told. */
  readonly adapt: boolean;
}

export interface RetryConfig {
  /** Tries after the first. */
  readonly retries: number;
  readonly statuses: StatusSet;
  /** Also requests that are not idempotent. */
  readonly allMethods: boolean;
  readonly patienceMs: number;
  readonly maxWaitMs: number;
}

export interface VerdictConfig {
  /** What counts as OK; absent: 200, and 200-299 for methods other than GET and HEAD. */
  readonly accept?: StatusSet;
  readonly failFast: boolean;
  /** Stop once so many pages are not OK: a count, or a share (0 to 1) from 100 pages on. */
  readonly maxFailures?: { readonly count: number } | { readonly share: number };
}

export interface ShardConfig {
  /** 1-based. */
  readonly index: number;
  readonly count: number;
}

/** A run, resolved: nothing in it is a word as it was typed. Milliseconds, bytes, counts. */
export interface Config {
  readonly request: RequestConfig;
  readonly net: NetConfig;
  readonly pace: PaceConfig;
  readonly retry: RetryConfig;
  readonly verdict: VerdictConfig;
  readonly maxRedirects: number;
  readonly shard?: ShardConfig;
  readonly deadlineMs?: number;
  readonly restart: boolean;
  /** Ask again for what is stored. */
  readonly refresh: boolean;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** Every default of the program, here and nowhere else. */
export const DEFAULTS = {
  method: 'GET',
  concurrency: 100,
  perOrigin: 50,
  retries: 5,
  retryOn: [
    [408, 408],
    [425, 425],
    [500, 500],
    [502, 504],
    [520, 524],
  ] as StatusSet,
  acceptSafe: [[200, 200]] as StatusSet,
  acceptUnsafe: [[200, 299]] as StatusSet,
  patienceMs: 10 * MINUTE,
  maxWaitMs: 60 * MINUTE,
  connectTimeoutMs: 10 * SECOND,
  responseTimeoutMs: 60 * SECOND,
  stallTimeoutMs: 30 * SECOND,
  maxBodyBytes: 2 ** 30,
  maxRedirects: 10,
  output: 'pages/',
} as const;

/** Limits that no option moves. */
export const LIMITS = {
  /** Below so many bytes in --stall-timeout a body counts as stalled. */
  stallBytes: 1_000,
  /** A body that decodes to more than `bombRatio` times what came, past `bombBytes`, is a bomb. */
  bombRatio: 200,
  bombBytes: 10 * 2 ** 20,
  /** Content codings on one body, as in curl. */
  maxCodings: 5,
  /** Interim (1xx) responses before one final one. */
  maxInterim: 64,
  maxHeaderBytes: 64 * 1024,
  /** Bodies held in memory, of all pages together; over it responses are paused. */
  bodyBudgetBytes: 64 * 2 ** 20,
  /** Of a body that is not a page's own an archive gets so much. */
  glanceBytes: 64 * 1024,
  /** Free repeats of a request that was never processed. */
  freeRepeats: 6,
  /** Free repeats of a request whose whole session died, before it goes alone over HTTP/1.1. */
  sharedFateRepeats: 3,
  /** Refusals of one page while its siblings get through. */
  refusalsOfOnePage: 20,
  /** Backoff of a page, milliseconds. */
  backoffBaseMs: 200,
  backoffCapMs: 30 * SECOND,
  /** What is in flight when the run is stopped gets so long to land. */
  graceMs: 5 * SECOND,
  /** And the store so long after that: a reader of stdout that does not read would hold the run for ever. */
  keepingMs: 2 * SECOND,
  /** Pages that are read ahead of what is fetched. */
  lookAhead: 4_000,
} as const;
