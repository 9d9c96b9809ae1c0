/**
 * How a failure may be met. The retry policy reads nothing else of a failure.
 *
 * - `free`: the server never processed the request (RFC 9113 §8.7, RFC 9112 §9.3.1): sent again without using up a try.
 * - `shared-fate`: a whole HTTP/2 session died with this page in flight; free at first, then alone over HTTP/1.1.
 * - `transient`: a try is used up, and the next one may well succeed.
 * - `host`: nothing answers at that address (DNS, refused): what the origin's breaker counts.
 * - `protocol`: the two sides do not speak the same HTTP: once more, over HTTP/1.1.
 * - `permanent`: another try would end the same.
 * - `local`: this machine ran out of something: never the page's fault.
 * - `aborted`: we ended it ourselves because the run stops.
 */
export type FailureClass =
  | 'free'
  | 'shared-fate'
  | 'transient'
  | 'host'
  | 'protocol'
  | 'permanent'
  | 'local'
  | 'aborted';

/** Every failure of an exchange or a page, by its stable code: its class, and what it means in words for a person. */
export const FAILURES = {
  DNS_NOT_FOUND: ['host', 'the host name does not exist'],
  DNS_FAILED: ['host', 'the host name could not be looked up'],
  CONNECT_REFUSED: ['host', 'the connection was refused'],
  CONNECT_TIMEOUT: ['host', 'no connection within --connect-timeout'],
  UNREACHABLE: ['host', 'no route to the host'],
  CONNECTION_RESET: ['transient', 'the connection was reset'],
  CONNECTION_CLOSED: ['transient', 'the connection was closed before the answer'],
  STREAM_RESET: ['transient', 'the server reset the stream'],
  RESPONSE_TIMEOUT: ['transient', 'no response head within --response-timeout'],
  STALLED: ['transient', 'less than 1 kB of body within --stall-timeout'],
  MAX_TIME: ['transient', 'the attempt took longer than --max-time'],
  TRUNCATED: ['transient', 'the body ended before it was whole'],
  CORRUPT_BODY: ['transient', 'the body could not be decoded'],
  NOT_PROCESSED: ['free', 'the server never processed the request'],
  STREAM_REFUSED: ['free', 'the server refused the stream before processing it'],
  SESSION_DIED: ['shared-fate', 'the HTTP/2 session died'],
  SERVER_OVERLOADED: ['transient', 'the server asked for calm (HTTP/2 ENHANCE_YOUR_CALM)'],
  HTTP_1_1_REQUIRED: ['protocol', 'the server wants HTTP/1.1'],
  PROTOCOL_ERROR: ['protocol', 'the answer is not valid HTTP'],
  HEADERS_TOO_LARGE: ['permanent', 'the response headers are too large'],
  TOO_LARGE: ['permanent', 'the body is larger than --max-filesize'],
  DECOMPRESSION_BOMB: ['permanent', 'the body is a decompression bomb, or built like one'],
  TLS_UNTRUSTED: ['permanent', 'the certificate is signed by nobody we trust'],
  TLS_EXPIRED: ['permanent', 'the certificate is not valid now'],
  TLS_WRONG_HOST: ['permanent', 'the certificate is for another host'],
  TLS_FAILED: ['permanent', 'no TLS session could be made'],
  PROXY_FAILED: ['transient', 'the proxy could not be used'],
  PROXY_REFUSED: ['permanent', 'the proxy refused'],
  BLOCKED_ADDRESS: ['permanent', 'the address is private, and --block-private is given'],
  TOO_MANY_REDIRECTS: ['permanent', 'more redirects than --max-redirs'],
  REDIRECT_INVALID: ['permanent', 'a redirect without a usable Location'],
  REDIRECT_SCHEME: ['permanent', 'a redirect to something that is not http or https'],
  REDIRECT_DOWNGRADE: ['permanent', 'a redirect from https to http would have shown credentials'],
  THROTTLED: ['permanent', 'refused 20 times while other pages of its origin got through'],
  ORIGIN_SILENT: ['permanent', 'nothing good came from the origin for --patience'],
  ORIGIN_UNREACHABLE: ['permanent', 'nobody ever answered there in this run'],
  ORIGIN_ASKS_TOO_LONG: ['permanent', 'the origin asks to be left alone for longer than --max-wait'],
  INVALID_LINE: ['permanent', 'the line is no page'],
  LOCAL_RESOURCES: ['local', 'this machine ran out of descriptors, ports or memory'],
  ABORTED: ['aborted', 'ended because the run stops'],
} as const satisfies Record<string, readonly [FailureClass, string]>;

/** The code of a failure that is not a status of the server's. */
export type FailureCode = keyof typeof FAILURES;

/** The code of a page that was answered with a status that is not accepted, such as `HTTP_404`. */
export type StatusCode = `HTTP_${number}`;

/** Why an exchange did not bring a whole answer. A value, never thrown. */
export interface Failure {
  readonly code: FailureCode;
  /** What happened, in one line, without control characters and without secrets. */
  readonly message: string;
  /** The error that undici, TLS or the socket gave, for `--verbose` and the library. */
  readonly cause?: unknown;
}

export function failure(code: FailureCode, detail?: string, cause?: unknown): Failure {
  const message = detail === undefined ? FAILURES[code][1] : `${FAILURES[code][1]}: ${detail}`;
  return cause === undefined ? { code, message } : { code, message, cause };
}

export function failureClass(code: FailureCode): FailureClass {
  return FAILURES[code][0];
}

/** Wrong options, an unreadable list, no page at all: the run does not begin, exit 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The store cannot go on: disk full, not writable, in use, not ours: the run stops, exit 3. The message says what to do. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
}

/** Whoever read our stdout went away: the run ends quietly, exit 141. */
export class ReaderGoneError extends Error {
  override readonly name = 'ReaderGoneError';
}
