import { response } from '../support/h1-server.ts';
import type { ExpectedRecord } from './cases.ts';
import { CHUNKED, drip, ok, pour, type ServerCase, send, sendEnd, sendReset } from './server-case.ts';

/** Three tries, for two are left after the first. */
const CUT = { outcome: 'error', code: 'TRUNCATED', attempts: 3, requests: 3 } as const;
/** The second request is the one over HTTP/1.1 alone that every such failure gets. */
const NOT_HTTP = { outcome: 'error', code: 'PROTOCOL_ERROR', attempts: 1, requests: 2 } as const;
const OK = { outcome: 'ok', attempts: 1, requests: 1 } as const;
const whole = (complete: NonNullable<ExpectedRecord['complete']>): ExpectedRecord => ({ ...OK, complete });

const HI = ok('content-length: 2\r\n', 'hi');
const LONG = response('0123456789'.repeat(40));
const CHUNKS = `${CHUNKED}2\r\nhi\r\n3\r\n yo\r\n0\r\n\r\n`;

export const ROWS: readonly ServerCase[] = [
  {
    case: 26,
    name: 'a body in forty packets, each late, is whole',
    serve: send(LONG),
    toxics: { sliceBytes: 11, latencyMs: 5 },
    expect: whole('content-length'),
    curl: 0,
  },
  {
    case: 26,
    name: 'a whole body, and FIN behind it while our side stays open',
    serve: sendEnd(LONG),
    expect: whole('content-length'),
    curl: 0,
  },
  // Content-Length.
  {
    case: 26,
    name: 'less than content-length, then FIN',
    serve: sendEnd(ok('content-length: 9\r\n', 'hi')),
    expect: CUT,
    curl: 18,
  },
  {
    case: 26,
    name: 'a proxy on the way ends the body after 200 bytes',
    serve: send(LONG),
    toxics: { limitBytes: 200 },
    expect: CUT,
    curl: 18,
  },
  {
    case: 26,
    name: 'FIN inside the head',
    serve: sendEnd('HTTP/1.1 200 OK\r\ncontent-le'),
    expect: { outcome: 'error', code: ['CONNECTION_CLOSED', 'PROTOCOL_ERROR'] },
  },
  {
    case: 26,
    name: 'a body in packets of one byte is whole',
    serve: send(response('0123456789')),
    toxics: { sliceBytes: 1 },
    expect: whole('content-length'),
    body: '0123456789',
    curl: 0,
  },
  {
    case: 27,
    name: 'less than content-length, then RST',
    serve: sendReset(ok('content-length: 9\r\n', 'hi')),
    expect: CUT,
    curl: 56,
  },
  {
    case: 27,
    name: 'a proxy on the way resets after 200 bytes',
    serve: send(LONG),
    toxics: { limitBytes: 200, ending: 'reset' },
    expect: CUT,
    curl: 56,
  },
  {
    case: 28,
    name: 'more than content-length: the rest is nobody’s',
    serve: send(ok('content-length: 2\r\n', 'hi and more')),
    expect: whole('content-length'),
    body: 'hi',
    curl: 0,
  },
  {
    case: 29,
    name: 'a second answer that nobody asked for',
    serve: send(HI + ok('content-length: 4\r\n', 'evil')),
    expect: whole('content-length'),
    body: 'hi',
    curl: 0,
  },

  // Chunks.
  { case: 30, name: 'chunks, then FIN inside of one', serve: sendEnd(`${CHUNKED}9\r\nhi`), expect: CUT, curl: 18 },
  { case: 30, name: 'chunks, then FIN between two', serve: sendEnd(`${CHUNKED}2\r\nhi\r\n`), expect: CUT, curl: 18 },
  { case: 30, name: 'chunks, then RST', serve: sendReset(`${CHUNKED}2\r\nhi\r\n`), expect: CUT, curl: 56 },
  {
    case: 30,
    name: 'chunks, cut by a proxy that resets',
    serve: send(CHUNKS),
    toxics: { limitBytes: CHUNKED.length + 4, ending: 'reset' },
    expect: CUT,
    curl: 56,
  },
  {
    case: 30,
    name: 'chunks in packets of one byte are whole',
    serve: send(CHUNKS),
    toxics: { sliceBytes: 1 },
    expect: whole('chunked'),
    body: 'hi yo',
    curl: 0,
  },
  { case: 31, name: 'a bad chunk size', serve: send(`${CHUNKED}zz\r\nhi\r\n`), expect: NOT_HTTP, curl: 56 },
  { case: 31, name: 'a negative chunk size', serve: send(`${CHUNKED}-2\r\nhi\r\n`), expect: NOT_HTTP, curl: 56 },
  {
    case: 31,
    name: 'a chunk size beyond 64 bits',
    serve: send(`${CHUNKED}fffffffffffffffff\r\nhi\r\n`),
    expect: NOT_HTTP,
    curl: 56,
  },
  {
    case: 32,
    name: 'no empty line after the last chunk, then FIN',
    serve: sendEnd(`${CHUNKED}2\r\nhi\r\n0\r\n`),
    expect: CUT,
    curl: 18,
  },

  // Lengths that contradict each other.
  {
    case: 33,
    name: 'content-length and chunked',
    serve: send(ok('content-length: 2\r\ntransfer-encoding: chunked\r\n', '2\r\nhi\r\n0\r\n\r\n')),
    expect: NOT_HTTP,
  },
  {
    case: 34,
    name: 'two content-lengths that agree: refused, though curl takes them',
    serve: sendEnd(ok('content-length: 2\r\ncontent-length: 2\r\n', 'hi')),
    expect: NOT_HTTP,
    curl: 0,
  },
  {
    case: 34,
    name: 'a content-length that is a list',
    serve: sendEnd(ok('content-length: 2, 2\r\n', 'hi')),
    expect: NOT_HTTP,
  },
  {
    case: 35,
    name: 'two content-lengths that differ',
    serve: send(ok('content-length: 2\r\ncontent-length: 3\r\n', 'hi')),
    expect: NOT_HTTP,
  },
  {
    case: 35,
    name: 'a negative content-length',
    serve: send(ok('content-length: -2\r\n', 'hi')),
    expect: NOT_HTTP,
    curl: 8,
  },
  {
    case: 35,
    name: 'a content-length of words',
    serve: send(ok('content-length: two\r\n', 'hi')),
    expect: NOT_HTTP,
    curl: 8,
  },
  {
    case: 35,
    name: 'a content-length of 2^64',
    serve: send(ok('content-length: 18446744073709551616\r\n', 'hi')),
    expect: NOT_HTTP,
  },

  // Bodies that nothing but the connection's end ends.
  {
    case: 36,
    name: 'transfer-encoding: identity',
    serve: sendEnd(ok('transfer-encoding: identity\r\n', 'hi')),
    expect: whole('close-delimited'),
    body: 'hi',
    curl: 0,
  },
  {
    case: 37,
    name: 'up to the connection’s end',
    serve: sendEnd(ok('', 'hi')),
    expect: whole('close-delimited'),
    body: 'hi',
    curl: 0,
  },
  {
    case: 37,
    name: 'up to the connection’s end, in packets of one byte',
    serve: sendEnd(ok('', 'hi there')),
    toxics: { sliceBytes: 1 },
    expect: whole('close-delimited'),
    body: 'hi there',
    curl: 0,
  },
  {
    case: 38,
    name: 'up to the connection’s end, which is a reset',
    serve: sendReset(ok('', 'hi')),
    expect: CUT,
    curl: 56,
  },
  {
    case: 38,
    name: 'up to the connection’s end, reset by a proxy',
    serve: sendEnd(ok('', 'hi there')),
    toxics: { limitBytes: 24, ending: 'reset' },
    expect: CUT,
    curl: 56,
  },

  // Versions and statuses.
  {
    case: 39,
    name: 'HTTP/1.0',
    serve: sendEnd('HTTP/1.0 200 OK\r\n\r\nhi'),
    expect: whole('close-delimited'),
    body: 'hi',
    curl: 0,
  },
  { case: 39, name: 'HTTP/0.9', serve: sendEnd('<html>hi</html>'), expect: NOT_HTTP, curl: 1 },
  { case: 39, name: 'HTTP/3.7', serve: send('HTTP/3.7 200 OK\r\n\r\n'), expect: NOT_HTTP, curl: 1 },
  {
    case: 40,
    name: 'status 999',
    serve: send('HTTP/1.1 999 Odd\r\ncontent-length: 0\r\n\r\n'),
    expect: { outcome: 'failed', code: 'HTTP_999', status: 999, attempts: 1 },
    curl: 0,
  },
  { case: 40, name: 'status 1000', serve: send('HTTP/1.1 1000 Odd\r\ncontent-length: 0\r\n\r\n'), expect: NOT_HTTP },
  { case: 40, name: 'status 20', serve: send('HTTP/1.1 20 Odd\r\ncontent-length: 0\r\n\r\n'), expect: NOT_HTTP },
  { case: 40, name: 'status 000', serve: send('HTTP/1.1 000 Odd\r\ncontent-length: 0\r\n\r\n'), expect: NOT_HTTP },

  // Fields.
  {
    case: 41,
    name: 'lines that end with LF alone: refused, though curl takes them',
    serve: sendEnd('HTTP/1.1 200 OK\ncontent-length: 2\n\nhi'),
    expect: NOT_HTTP,
    curl: 0,
  },
  {
    case: 41,
    name: 'a field over two lines: refused, though curl takes it',
    serve: sendEnd(ok('x: a\r\n b\r\ncontent-length: 2\r\n', 'hi')),
    expect: NOT_HTTP,
    curl: 0,
  },
  { case: 41, name: 'a space before the colon', serve: send(ok('content-length : 2\r\n', 'hi')), expect: NOT_HTTP },
  { case: 41, name: 'a space in a name', serve: send(ok('x y: z\r\ncontent-length: 2\r\n', 'hi')), expect: NOT_HTTP },
  { case: 41, name: 'no name', serve: send(ok(': z\r\ncontent-length: 2\r\n', 'hi')), expect: NOT_HTTP },
  { case: 41, name: 'NUL in a value', serve: send(ok('x: a\0b\r\ncontent-length: 0\r\n')), expect: NOT_HTTP, curl: 8 },
  {
    case: 41,
    name: 'an escape sequence in a value',
    serve: send(ok('x: \x1b[31mred\r\ncontent-length: 0\r\n')),
    expect: NOT_HTTP,
  },
  { case: 41, name: 'a CR in a value', serve: send(ok('x: a\rb: c\r\ncontent-length: 0\r\n')), expect: NOT_HTTP },

  // Answers without a body, and those before the answer.
  {
    case: 42,
    name: '204 that sends a body',
    serve: send('HTTP/1.1 204 No\r\ncontent-length: 2\r\n\r\nhi'),
    config: { verdict: { accept: [[204, 204]] } },
    expect: { ...whole('content-length'), bytes: 0 },
    curl: 0,
  },
  {
    case: 42,
    name: '304 that sends a body',
    serve: send('HTTP/1.1 304 Same\r\ncontent-length: 2\r\n\r\nhi'),
    expect: { outcome: 'failed', code: 'HTTP_304', attempts: 1, requests: 1 },
    curl: 0,
  },
  {
    case: 43,
    name: '101 that nobody asked for',
    serve: send('HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
    expect: NOT_HTTP,
  },
  {
    case: 44,
    name: '100 that nobody asked for: refused, though RFC 9110 §15.2 would have it skipped',
    serve: send(`HTTP/1.1 100 Continue\r\n\r\n${HI}`),
    expect: NOT_HTTP,
    curl: 0,
  },
  {
    case: 45,
    name: '103, then 200',
    serve: send(`HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${HI}`),
    expect: whole('content-length'),
    body: 'hi',
    curl: 0,
  },
  {
    case: 45,
    name: '10,000 interim answers',
    serve: send('HTTP/1.1 102 Processing\r\n\r\n'.repeat(10_000)),
    expect: NOT_HTTP,
  },
  {
    case: 46,
    name: 'interim answers for ever',
    serve: drip('', 'HTTP/1.1 102 Processing\r\n\r\n'),
    config: { net: { responseTimeoutMs: 300 } },
    expect: { outcome: 'error', code: 'RESPONSE_TIMEOUT', attempts: 3 },
  },
  {
    case: 46,
    name: 'interim answers for ever, as fast as they go',
    serve: pour('', 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(100)),
    expect: NOT_HTTP,
  },
];
