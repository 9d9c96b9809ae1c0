import fc from 'fast-check';
import { errors } from 'undici';
import { describe, expect, it } from 'vitest';
import { cleanText } from '../../src/net/clean-text.ts';
import { connectFailure } from '../../src/net/connect-failure.ts';
import { classify, type ErrorContext } from '../../src/net/error-code.ts';

const withCode = (code: string, message = code) => Object.assign(new Error(message), { code });

const STARTED: ErrorContext = {
  started: true,
  head: undefined,
  bodyBytes: 0,
  http2: false,
  reused: false,
  responseBegun: false,
  proven: false,
  brokeProtocol: false,
  connectionEnded: false,
  sharers: 1,
  bytesSinceStart: 0,
  othersAnswered: false,
  streamCode: undefined,
};
const HTTP2: ErrorContext = { ...STARTED, http2: true };
const HEAD = { status: 200, headers: {}, httpVersion: '1.1' } as const;

describe('what DNS, TCP and TLS say while connecting', () => {
  it.each([
    ['ENOTFOUND', 'DNS_NOT_FOUND'],
    ['EAI_AGAIN', 'DNS_FAILED'],
    ['ECONNREFUSED', 'CONNECT_REFUSED'],
    ['ETIMEDOUT', 'CONNECT_TIMEOUT'],
    ['EHOSTUNREACH', 'UNREACHABLE'],
    ['ENETUNREACH', 'UNREACHABLE'],
    ['EMFILE', 'LOCAL_RESOURCES'],
    ['ENFILE', 'LOCAL_RESOURCES'],
    ['ENOBUFS', 'LOCAL_RESOURCES'],
    ['EADDRNOTAVAIL', 'LOCAL_RESOURCES'],
    ['ECONNRESET', 'CONNECTION_RESET'],
    ['CERT_HAS_EXPIRED', 'TLS_EXPIRED'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'TLS_FAILED'],
    ['ERR_SSL_SOMETHING_NEW', 'TLS_FAILED'],
    ['ESOMETHINGNEW', 'CONNECTION_RESET'],
    ['constructor', 'CONNECTION_RESET'],
  ])('%s: %s', (code, expected) => {
    const { failure } = connectFailure(withCode(code));
    expect(failure.code).toBe(expected);
    expect(failure.cause).toMatchObject({ code });
  });

  it.each([
    [['ECONNREFUSED', 'ECONNREFUSED'], 'CONNECT_REFUSED'],
    [['ENETUNREACH', 'ETIMEDOUT'], 'CONNECT_TIMEOUT'],
    [['ENETUNREACH', 'ECONNREFUSED'], 'CONNECT_REFUSED'],
    [['ETIMEDOUT', 'EMFILE'], 'LOCAL_RESOURCES'],
    [['EHOSTUNREACH', 'ENETUNREACH'], 'UNREACHABLE'],
  ])('of several addresses %o: %s', (codes, expected) => {
    const error = new AggregateError(codes.map((code) => withCode(code)));
    expect(connectFailure(error).failure.code).toBe(expected);
  });
});

describe('what undici says after the start', () => {
  it.each<[string, unknown, ErrorContext, string, boolean]>([
    ['descriptors ran out', withCode('EMFILE'), STARTED, 'LOCAL_RESOURCES', true],
    ['a fresh connection was reset', withCode('ECONNRESET'), STARTED, 'CONNECTION_RESET', true],
    ['a fresh connection was closed', new errors.SocketError('other side closed'), STARTED, 'CONNECTION_CLOSED', true],
    ['an idle connection was reset', withCode('ECONNRESET'), { ...STARTED, reused: true }, 'NOT_PROCESSED', true],
    [
      'a used connection ended inside the head',
      new errors.SocketError('closed'),
      { ...STARTED, reused: true, responseBegun: true },
      'CONNECTION_CLOSED',
      true,
    ],
    ['a body was cut', withCode('ECONNRESET'), { ...STARTED, head: HEAD }, 'TRUNCATED', true],
    [
      'never started',
      new errors.SocketError('closed'),
      { ...STARTED, started: false, http2: undefined },
      'NOT_PROCESSED',
      false,
    ],
    [
      'never started, behind a session that broke the protocol',
      withCode('ERR_HTTP2_ERROR'),
      { ...STARTED, started: false, http2: undefined },
      'PROTOCOL_ERROR',
      false,
    ],
    [
      'never started, behind one that had answered',
      withCode('ERR_HTTP2_ERROR'),
      { ...STARTED, started: false, http2: undefined, proven: true },
      'NOT_PROCESSED',
      false,
    ],
    ['not HTTP', new errors.HTTPParserError('Response does not match'), STARTED, 'PROTOCOL_ERROR', true],
    ['a session error, with siblings', withCode('ERR_HTTP2_ERROR'), { ...HTTP2, sharers: 2 }, 'SESSION_DIED', true],
    ['a session error, alone', withCode('ERR_HTTP2_ERROR'), HTTP2, 'PROTOCOL_ERROR', true],
    [
      'a stream that ended without a word, with the connection that it shared',
      new errors.InformationalError('HTTP/2: stream closed before the response was complete'),
      { ...HTTP2, connectionEnded: true, sharers: 2 },
      'SESSION_DIED',
      true,
    ],
    [
      'a stream that ended without a word, with its connection',
      new errors.InformationalError('HTTP/2: stream closed before the response was complete'),
      { ...HTTP2, connectionEnded: true, streamCode: 8 },
      'CONNECTION_CLOSED',
      true,
    ],
    [
      'GOAWAY with INTERNAL_ERROR, alone: its own business, not ours',
      withCode('ERR_HTTP2_SESSION_ERROR', 'Session closed with error code 2'),
      HTTP2,
      'CONNECTION_CLOSED',
      true,
    ],
    [
      'GOAWAY with PROTOCOL_ERROR, alone',
      withCode('ERR_HTTP2_SESSION_ERROR', 'Session closed with error code 1'),
      HTTP2,
      'PROTOCOL_ERROR',
      true,
    ],
    [
      'GOAWAY with ENHANCE_YOUR_CALM, with siblings',
      withCode('ERR_HTTP2_SESSION_ERROR', 'Session closed with error code 11'),
      { ...HTTP2, sharers: 2 },
      'SERVER_OVERLOADED',
      true,
    ],
    [
      'INTERNAL_ERROR after a lot, with siblings',
      withCode('ERR_HTTP2_STREAM_ERROR'),
      { ...HTTP2, streamCode: 2, bytesSinceStart: 9_000, othersAnswered: true },
      'STREAM_RESET',
      true,
    ],
    [
      'INTERNAL_ERROR after a lot, alone: an older Node, for too many fields',
      withCode('ERR_HTTP2_STREAM_ERROR'),
      { ...HTTP2, streamCode: 2, bytesSinceStart: 9_000 },
      'HTTP_1_1_REQUIRED',
      true,
    ],
    ['a stream on a dead session', withCode('ERR_HTTP2_INVALID_SESSION'), HTTP2, 'NOT_PROCESSED', false],
    [
      'frames that could not be sent',
      new errors.InformationalError('HTTP/2: "frameError" received - type 1, code -1'),
      HTTP2,
      'NOT_PROCESSED',
      false,
    ],
    [
      'ENHANCE_YOUR_CALM with a little',
      withCode('ERR_HTTP2_STREAM_ERROR'),
      { ...HTTP2, streamCode: 11, bytesSinceStart: 40 },
      'SERVER_OVERLOADED',
      true,
    ],
    [
      'ENHANCE_YOUR_CALM where much came in for others',
      withCode('ERR_HTTP2_STREAM_ERROR'),
      { ...HTTP2, streamCode: 11, bytesSinceStart: 9_000, othersAnswered: true },
      'STREAM_REFUSED',
      true,
    ],
    [
      'ENHANCE_YOUR_CALM with a lot: our own, for too many fields',
      withCode('ERR_HTTP2_STREAM_ERROR'),
      { ...HTTP2, streamCode: 11, bytesSinceStart: 9_000 },
      'HTTP_1_1_REQUIRED',
      true,
    ],
    ['nobody knows what', withCode('ESOMETHINGNEW'), STARTED, 'CONNECTION_RESET', true],
    ['not even an error', 'words', STARTED, 'CONNECTION_RESET', true],
  ])('%s', (_name, error, context, code, sent) => {
    const verdict = classify(error, context);
    expect([verdict.failure.code, verdict.sent]).toEqual([code, sent]);
    expect(verdict.failure.cause).toBe(error);
  });
});

describe('cleanText', () => {
  it('leaves no control character, no userinfo, and no more than a line', () => {
    expect(cleanText('bad\r\n\u001b[31mred\u202e http://user:pass@host/x')).toBe('bad [31mred  http://host/x');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const cleaned = cleanText(text);
        expect(cleaned).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/);
        expect(cleaned.length).toBeLessThanOrEqual(301);
      }),
    );
  });
});
