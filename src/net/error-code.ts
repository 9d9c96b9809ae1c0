import { type Failure, type FailureCode, failure } from '../core/failure.ts';
import type { Head } from '../core/ports.ts';
import { cleanText } from './clean-text.ts';
import { ConnectFailure, errorCode, localCode, tlsCode } from './connect-failure.ts';

/** What an exchange knows of itself when an error comes. */
export interface ErrorContext {
  /** undici began to write the request. */
  readonly started: boolean;
  readonly head: Head | undefined;
  /** Body bytes that came. */
  readonly bodyBytes: number;
  /** Absent before the start. */
  readonly http2: boolean | undefined;
  /** The connection had carried a request before. */
  readonly reused: boolean;
  /** The first byte of a response came. */
  readonly responseBegun: boolean;
  /** An answer came from that origin before, spoken to in the same way. */
  readonly proven: boolean;
  /** The connection died of a session error, told by this exchange or one before it. */
  readonly brokeProtocol: boolean;
  /** The connection is closed, so that a stream that ends without a word ended with it. */
  readonly connectionEnded: boolean;
  /** Exchanges that were on the connection when it died, this one included. */
  readonly sharers: number;
  /** Bytes that the connection got since the start. */
  readonly bytesSinceStart: number;
  /** Answers to others may be among these bytes. */
  readonly othersAnswered: boolean;
  /** HTTP/2 error code of the stream, where there is one (RFC 9113 §7). */
  readonly streamCode: number | undefined;
}

export interface Verdict {
  readonly failure: Failure;
  readonly sent: boolean;
}

/** RFC 9113 §7 */
const H2 = {
  noError: 0,
  protocol: 1,
  internal: 2,
  flowControl: 3,
  frameSize: 6,
  refused: 7,
  cancel: 8,
  compression: 9,
  calm: 11,
  insecure: 12,
  http11: 13,
} as const;

/** Codes with which a server says that it does not understand us, or will not speak HTTP/2 with us. */
const DISAGREEMENTS: ReadonlySet<number> = new Set([
  H2.protocol,
  H2.flowControl,
  H2.frameSize,
  H2.compression,
  H2.insecure,
  H2.http11,
]);

/**
 * ENHANCE_YOUR_CALM is also what node:http2 itself resets a stream with when a head has more than 128 fields, and nothing tells the two apart
 * but how much came in: a RST_STREAM (with a fresh session's SETTINGS and tickets) is small, such a head is not.
 */
const REMOTE_CALM_BYTES = 1_200;

const SESSION_ERRORS = new Set([
  'ERR_HTTP2_ERROR',
  'ERR_HTTP2_SESSION_ERROR',
  'ERR_HTTP2_TOO_MANY_INVALID_FRAMES',
  'ERR_HTTP2_MAX_PENDING_SETTINGS_ACK',
]);

const NEVER_SENT = new Set(['ERR_HTTP2_INVALID_SESSION', 'ERR_HTTP2_GOAWAY_SESSION', 'ERR_HTTP2_STREAM_CANCEL']);

const CONNECTION_LOST = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ETIMEDOUT', 'EHOSTUNREACH']);

/** True where the two sides of a connection do not agree on HTTP/2: not where the server ends it for reasons of its own. */
export function isSessionError(error: unknown): boolean {
  const goaway = goawayCode(error);
  return goaway === undefined ? SESSION_ERRORS.has(errorCode(error) ?? '') : DISAGREEMENTS.has(goaway);
}

/** The code of the GOAWAY that ended the session of a stream that was being processed; undefined for any other error. */
function goawayCode(error: unknown): number | undefined {
  if (errorCode(error) !== 'ERR_HTTP2_SESSION_ERROR') return undefined;
  const code = / error code (\d+)/.exec(messageOf(error))?.[1];
  return code === undefined ? undefined : Number(code);
}

/** True where the session had ended before the stream was opened. */
export function isDeadSession(error: unknown): boolean {
  return errorCode(error) === 'ERR_HTTP2_INVALID_SESSION';
}

/** True where the error is not the stream's alone: everything on the connection ends with it. */
export function endsConnection(error: unknown): boolean {
  const code = errorCode(error);
  return code !== undefined && (SESSION_ERRORS.has(code) || CONNECTION_LOST.has(code));
}

/** Codes that mean one thing whenever they come after the start. */
const PLAIN: Readonly<Record<string, FailureCode>> = {
  UND_ERR_HEADERS_OVERFLOW: 'HEADERS_TOO_LARGE',
  UND_ERR_HEADERS_TIMEOUT: 'RESPONSE_TIMEOUT',
  UND_ERR_BODY_TIMEOUT: 'STALLED',
  UND_ERR_RES_EXCEEDED_MAX_SIZE: 'TOO_LARGE',
  UND_ERR_INVALID_ARG: 'PROTOCOL_ERROR',
  UND_ERR_NOT_SUPPORTED: 'PROTOCOL_ERROR',
  ERR_ASSERTION: 'PROTOCOL_ERROR',
};

function messageOf(error: unknown): string {
  return cleanText(error instanceof Error ? error.message : String(error));
}

function verdict(code: FailureCode, error: unknown, sent: boolean, detail = messageOf(error)): Verdict {
  return { failure: failure(code, detail, error), sent };
}

/** The error of undici, TLS or the socket as a failure of ours. What is unknown counts as a reset connection: transient, with its cause kept. */
export function classify(error: unknown, context: ErrorContext): Verdict {
  if (error instanceof ConnectFailure) return { failure: error.failure, sent: false };
  const code = errorCode(error);
  const local = localCode(code);
  if (local !== undefined) return verdict(local, error, context.started);
  if (!context.started) return neverStarted(error, code, context);
  const plain = code !== undefined && Object.hasOwn(PLAIN, code) ? PLAIN[code] : undefined;
  if (plain !== undefined) return verdict(plain, error, true);
  if ((error as Error | undefined)?.name === 'HTTPParserError') return parserError(error, context);
  if (code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') {
    return verdict(context.head === undefined ? 'PROTOCOL_ERROR' : 'TRUNCATED', error, true);
  }
  const tls = tlsCode(code);
  if (tls !== undefined) return verdict(tls, error, true);
  return context.http2 === true ? http2Error(error, code, context) : http1Error(error, code, context);
}

function neverStarted(error: unknown, code: string | undefined, context: ErrorContext): Verdict {
  // A session that died of a protocol error without ever having answered will not do better for those that waited for it.
  if (isSessionError(error) && !context.proven) return verdict('PROTOCOL_ERROR', error, false);
  if (code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_NOT_SUPPORTED')
    return verdict('PROTOCOL_ERROR', error, false);
  if (code === 'UND_ERR_HEADERS_TIMEOUT') return verdict('RESPONSE_TIMEOUT', error, false);
  return verdict('NOT_PROCESSED', error, false);
}

/** llhttp reports an early end as a parser error; after the head that is a cut, not bad HTTP. */
function parserError(error: unknown, context: ErrorContext): Verdict {
  const cut = context.head !== undefined && /EOF/i.test(messageOf(error));
  return verdict(cut ? 'TRUNCATED' : 'PROTOCOL_ERROR', error, true);
}

function http1Error(error: unknown, code: string | undefined, context: ErrorContext): Verdict {
  const message = messageOf(error);
  if (code === 'UND_ERR_SOCKET' && /^bad (response|upgrade)/.test(message))
    return verdict('PROTOCOL_ERROR', error, true);
  return connectionLost(error, code, context);
}

function http2Error(error: unknown, code: string | undefined, context: ErrorContext): Verdict {
  const message = messageOf(error);
  const begun = context.head !== undefined;
  const goaway = /"GOAWAY" frame received with code (\d+)/.exec(message)?.[1];
  if (goaway !== undefined) return afterGoaway(error, Number(goaway), begun);
  if (code !== undefined && NEVER_SENT.has(code) && !begun) {
    return verdict(context.brokeProtocol && !context.proven ? 'PROTOCOL_ERROR' : 'NOT_PROCESSED', error, false);
  }
  if (message.includes('"frameError"') && !begun) return verdict('NOT_PROCESSED', error, false);
  if (code !== undefined && SESSION_ERRORS.has(code)) return sessionDied(error, context);
  if (code !== undefined && CONNECTION_LOST.has(code)) return connectionLost(error, code, context);
  return streamReset(error, context.streamCode, context);
}

/** A page that was alone on the session is what it died of, or it makes no difference. */
function sessionDied(error: unknown, context: ErrorContext): Verdict {
  const code = goawayCode(error);
  if (code === H2.calm) return verdict('SERVER_OVERLOADED', error, true);
  if (code === H2.http11) return verdict('HTTP_1_1_REQUIRED', error, true);
  if (context.sharers > 1) return verdict('SESSION_DIED', error, true);
  if (isSessionError(error)) return verdict('PROTOCOL_ERROR', error, true);
  return verdict(context.head === undefined ? 'CONNECTION_CLOSED' : 'TRUNCATED', error, true);
}

/** undici passes GOAWAY on only for streams above its last one, and for those the connection's end is not waited for (RFC 9113 §6.8). */
function afterGoaway(error: unknown, code: number, begun: boolean): Verdict {
  if (code === H2.http11) return verdict('HTTP_1_1_REQUIRED', error, begun);
  if (code === H2.calm) return verdict('SERVER_OVERLOADED', error, begun);
  return begun ? verdict('STREAM_RESET', error, true) : verdict('NOT_PROCESSED', error, false);
}

function streamReset(error: unknown, streamCode: number | undefined, context: ErrorContext): Verdict {
  const begun = context.head !== undefined;
  switch (streamCode) {
    case H2.http11:
      return verdict('HTTP_1_1_REQUIRED', error, begun);
    case H2.refused:
      return begun ? verdict('STREAM_RESET', error, true) : verdict('STREAM_REFUSED', error, false);
    case H2.calm: {
      if (begun) return verdict('SERVER_OVERLOADED', error, true);
      // Where much came in for others nothing tells whose word it is. Servers on Node send it when what they have queued for others is too
      // much, so it is taken for that; a head of too many fields is seen through when its page is asked for alone.
      if (context.othersAnswered) return verdict('STREAM_REFUSED', error, true, 'it asks for calm');
      return context.bytesSinceStart < REMOTE_CALM_BYTES
        ? verdict('SERVER_OVERLOADED', error, true)
        : tooManyFields(error);
    }
    case undefined:
    case H2.noError:
    case H2.cancel:
      if (context.connectionEnded) return connectionLost(error, 'UND_ERR_SOCKET', context);
      return verdict(begun ? 'TRUNCATED' : 'STREAM_RESET', error, true);
    case H2.internal:
      // What Node before 22.23 makes of such a head now and then; sure only where nobody else's answer came over the connection meanwhile.
      return !begun && !context.othersAnswered && context.bytesSinceStart >= REMOTE_CALM_BYTES
        ? tooManyFields(error)
        : verdict('STREAM_RESET', error, true);
    default:
      return verdict('PROTOCOL_ERROR', error, true);
  }
}

function tooManyFields(error: unknown): Verdict {
  return verdict('HTTP_1_1_REQUIRED', error, true, 'the head has too many fields for HTTP/2');
}

function connectionLost(error: unknown, code: string | undefined, context: ErrorContext): Verdict {
  if (context.http2 === true && context.sharers > 1) return verdict('SESSION_DIED', error, true);
  if (context.head !== undefined) {
    return verdict('TRUNCATED', error, true, `${messageOf(error)} after ${context.bodyBytes} bytes`);
  }
  // A connection that was idle may have been closed by the server while the request was on its way (RFC 9112 §9.3.1, §9.5).
  if (context.reused && !context.responseBegun) return verdict('NOT_PROCESSED', error, true);
  return verdict(code === 'UND_ERR_SOCKET' ? 'CONNECTION_CLOSED' : 'CONNECTION_RESET', error, true);
}
