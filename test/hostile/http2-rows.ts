import { gzipSync } from 'node:zlib';
import type { Http2Row } from './http2-run.ts';
import {
  atFirst,
  drip,
  ERROR,
  FRAME,
  frame,
  goAway,
  good,
  headFrames,
  manyFields,
  midBody,
  OK,
  PAGE,
  resetWith,
} from './http2-script.ts';

const GZIPPED = gzipSync(PAGE);
const LENGTH = [['content-length', `${PAGE.length}`]] as const;
const SHORT = { net: { responseTimeoutMs: 300, stallTimeoutMs: 300 }, retry: { retries: 1 } };

const CUT = { outcome: 'error', code: 'TRUNCATED', attempts: 3 } as const;
const RESET = { outcome: 'error', code: 'STREAM_RESET', attempts: 3 } as const;
const WHOLE = { outcome: 'ok', attempts: 1, complete: 'h2-end', httpVersion: '2' } as const;
const WHOLE_AT_SECOND = { ...WHOLE, attempts: 2 } as const;
const OVER_HTTP1 = { outcome: 'ok', attempts: 1, complete: 'content-length', httpVersion: '1.1' } as const;

/** One page, and a server that is bad about its stream. */
export const ROWS: readonly Http2Row[] = [
  // 54, 55, 56: a stream that is reset inside its body.
  {
    case: 54,
    name: 'a reset with CANCEL inside the body, always: never taken for the end',
    serve: midBody(resetWith(ERROR.cancel)),
    record: CUT,
    curl: 92,
  },
  {
    case: 54,
    name: 'a reset with CANCEL inside the body, once: whole at the second try',
    serve: atFirst(1, midBody(resetWith(ERROR.cancel))),
    record: WHOLE_AT_SECOND,
  },
  {
    case: 54,
    name: 'a reset with CANCEL inside a body with a length',
    serve: midBody(resetWith(ERROR.cancel), LENGTH),
    record: CUT,
    curl: 92,
  },
  {
    case: 54,
    name: 'a reset with CANCEL after the head and before any body',
    serve: (c, s) => c.headers(s, OK).then(() => c.resetStream(s, ERROR.cancel)),
    record: CUT,
    curl: 92,
  },
  {
    case: 55,
    name: 'a reset with NO_ERROR inside a body with a length: the length tells',
    serve: midBody(resetWith(ERROR.noError), LENGTH),
    record: CUT,
    curl: 18,
  },
  {
    case: 55,
    name: 'a reset with NO_ERROR inside a coded body: the coding tells',
    serve: async (c, s) => {
      await c.headers(s, [...OK, ['content-encoding', 'gzip']]);
      await c.data(s, GZIPPED.subarray(0, 12));
      await c.resetStream(s, ERROR.noError);
    },
    record: CUT,
  },
  {
    case: 55,
    name: 'a reset with NO_ERROR inside a body with neither length nor coding: nobody can tell it from an end, nor can curl',
    serve: midBody(resetWith(ERROR.noError)),
    record: { ...WHOLE, bytes: 8 },
    curl: 0,
  },
  {
    case: 55,
    name: 'END_STREAM, then a reset with NO_ERROR: the body was whole',
    serve: (c, s) => c.respond(s, PAGE).then(() => c.resetStream(s, ERROR.noError)),
    record: WHOLE,
    curl: 0,
  },
  {
    case: 56,
    name: 'a reset with INTERNAL_ERROR inside the body',
    serve: midBody(resetWith(ERROR.internalError)),
    record: RESET,
    curl: 92,
  },
  {
    case: 56,
    name: 'a reset with REFUSED_STREAM inside the body: too late to be a refusal, it costs a try',
    serve: midBody(resetWith(ERROR.refusedStream)),
    record: RESET,
    curl: [56, 92],
  },
  {
    case: 56,
    name: 'a reset with INTERNAL_ERROR before the head, once',
    serve: atFirst(1, resetWith(ERROR.internalError)),
    record: WHOLE_AT_SECOND,
  },

  // 57, 58: a session that is taken away.
  {
    case: 57,
    name: 'GOAWAY without error, then FIN, inside the body, always',
    serve: midBody(goAway(ERROR.noError)),
    record: CUT,
    curl: [18, 56],
  },
  {
    case: 57,
    name: 'GOAWAY without error, then FIN, inside the body, once',
    serve: atFirst(1, midBody(goAway(ERROR.noError))),
    record: WHOLE_AT_SECOND,
  },
  {
    case: 57,
    name: 'GOAWAY without error, then a TCP reset, inside the body',
    serve: midBody(async (c, s) => {
      await c.goaway(s, ERROR.noError);
      await c.arrived();
      c.reset();
    }),
    record: CUT,
    curl: [18, 56],
  },
  {
    case: 57,
    name: 'FIN inside the body, without a GOAWAY',
    serve: midBody((c) => c.end()),
    record: CUT,
    curl: [18, 56],
  },
  {
    case: 57,
    name: 'GOAWAY without error inside the body, and then the rest of it: a server may say so before it closes',
    serve: midBody(async (c, s) => {
      await c.goaway(s, ERROR.noError);
      await c.data(s, PAGE.slice(8), true);
      c.end();
    }),
    record: WHOLE,
    curl: 0,
  },
  {
    case: 58,
    name: 'GOAWAY with INTERNAL_ERROR inside the body, nobody else on the connection',
    serve: midBody(goAway(ERROR.internalError)),
    record: CUT,
  },
  {
    case: 58,
    name: 'GOAWAY with INTERNAL_ERROR before the head, once',
    serve: atFirst(1, goAway(ERROR.internalError)),
    record: WHOLE_AT_SECOND,
  },
  {
    case: 58,
    name: 'GOAWAY with PROTOCOL_ERROR before the head: the page goes over HTTP/1.1',
    serve: goAway(ERROR.protocolError),
    speaksHttp1: true,
    record: OVER_HTTP1,
  },
  {
    case: 58,
    name: 'GOAWAY with a last stream below ours, always: the free repeats end',
    serve: goAway(ERROR.noError, 0),
    record: { outcome: 'error', code: 'NOT_PROCESSED', attempts: 3, requests: 0 },
  },
  {
    case: 58,
    name: 'GOAWAY with a last stream below ours, four times: no try is used up',
    serve: atFirst(4, goAway(ERROR.noError, 0)),
    record: WHOLE,
  },
  {
    case: 58,
    name: 'GOAWAY with an error and a last stream below ours, four times: not processed either',
    serve: atFirst(4, goAway(ERROR.internalError, 0)),
    record: WHOLE,
  },

  // 59, 60, 61: what a server says with a code.
  {
    case: 59,
    name: 'REFUSED_STREAM, always: six repeats are free, then each costs a try',
    serve: resetWith(ERROR.refusedStream),
    record: { outcome: 'error', code: 'STREAM_REFUSED', attempts: 3, requests: 0 },
    streams: 9,
    curl: [56, 92],
  },
  {
    case: 59,
    name: 'REFUSED_STREAM, once',
    serve: atFirst(1, resetWith(ERROR.refusedStream)),
    record: { ...WHOLE, requests: 1 },
    curl: 0,
  },
  {
    case: 59,
    name: 'REFUSED_STREAM, six times: no try is used up',
    serve: atFirst(6, resetWith(ERROR.refusedStream)),
    record: { ...WHOLE, requests: 1 },
  },
  {
    case: 60,
    name: 'ENHANCE_YOUR_CALM for the stream, always',
    serve: resetWith(ERROR.enhanceYourCalm),
    record: { outcome: 'error', code: 'SERVER_OVERLOADED' },
    curl: 92,
  },
  {
    case: 60,
    name: 'ENHANCE_YOUR_CALM for the stream, once',
    serve: atFirst(1, resetWith(ERROR.enhanceYourCalm)),
    record: { outcome: 'ok', complete: 'h2-end' },
  },
  {
    case: 60,
    name: 'ENHANCE_YOUR_CALM for the connection, our stream not processed',
    serve: goAway(ERROR.enhanceYourCalm, 0),
    record: { outcome: 'error', code: 'SERVER_OVERLOADED' },
  },
  {
    case: 60,
    name: 'ENHANCE_YOUR_CALM for the connection, inside the body',
    serve: midBody(goAway(ERROR.enhanceYourCalm)),
    record: { outcome: 'error', code: 'SERVER_OVERLOADED' },
  },
  {
    case: 61,
    name: 'HTTP_1_1_REQUIRED for the stream: the page comes over HTTP/1.1, at no cost',
    serve: resetWith(ERROR.http11Required),
    speaksHttp1: true,
    record: OVER_HTTP1,
    curl: 0,
  },
  {
    case: 61,
    name: 'HTTP_1_1_REQUIRED for the connection, our stream not processed',
    serve: goAway(ERROR.http11Required, 0),
    speaksHttp1: true,
    record: OVER_HTTP1,
  },
  {
    case: 61,
    name: 'HTTP_1_1_REQUIRED for the connection, our stream processed',
    serve: goAway(ERROR.http11Required),
    speaksHttp1: true,
    record: OVER_HTTP1,
  },
  {
    case: 61,
    name: 'HTTP_1_1_REQUIRED from a server that does not offer HTTP/1.1',
    serve: resetWith(ERROR.http11Required),
    record: { outcome: 'error', code: 'TLS_FAILED' },
  },

  // 66, 67, 68: heads.
  {
    case: 66,
    name: 'a frame of an unknown type, on the connection and on the stream: passed over',
    serve: async (c, s) => {
      await c.send(frame(0xfe, 0, 0, Buffer.from('?')), frame(0xfd, 0xff, s, Buffer.from('?')));
      await good(c, s, 0);
    },
    record: WHOLE,
    curl: 0,
  },
  {
    case: 67,
    name: 'a connection field: the page goes over HTTP/1.1',
    serve: (c, s) => c.headers(s, [...OK, ['connection', 'close']], true),
    speaksHttp1: true,
    record: OVER_HTTP1,
  },
  {
    case: 67,
    name: 'a connection field from a server that has no HTTP/1.1',
    serve: (c, s) => c.headers(s, [...OK, ['connection', 'close']], true),
    record: { outcome: 'error', code: 'TLS_FAILED' },
    curl: 92,
  },
  {
    case: 67,
    name: 'an upper-case field name',
    serve: (c, s) => c.headers(s, [...OK, ['X-Upper', 'y']], true),
    speaksHttp1: true,
    record: OVER_HTTP1,
    curl: 92,
  },
  {
    case: 67,
    name: 'a head without :status',
    serve: (c, s) => c.headers(s, [['x', 'y']], true),
    speaksHttp1: true,
    record: OVER_HTTP1,
    curl: 92,
  },
  {
    case: 67,
    name: '101, which HTTP/2 does not have',
    serve: (c, s) => c.headers(s, [[':status', '101']]).then(() => good(c, s, 0)),
    speaksHttp1: true,
    record: OVER_HTTP1,
    curl: 92,
  },
  {
    case: 67,
    name: '103, then 200',
    serve: (c, s) => c.headers(s, [[':status', '103']]).then(() => good(c, s, 0)),
    record: WHOLE,
    curl: 0,
  },
  {
    case: 67,
    name: '100 interim answers',
    serve: async (c, s) => {
      for (let n = 0; n < 100; n++) await c.headers(s, [[':status', '102']]);
    },
    speaksHttp1: true,
    record: OVER_HTTP1,
  },
  {
    case: 68,
    name: '200 fields: more than node:http2 takes, so the page goes over HTTP/1.1',
    serve: (c, s) => c.send(...headFrames(s, [...OK, ...manyFields])).then(() => c.data(s, PAGE, true)),
    speaksHttp1: true,
    record: OVER_HTTP1,
    curl: 0,
  },
  {
    case: 68,
    name: 'a field of 60 kB, over several frames',
    serve: (c, s) => c.send(...headFrames(s, [...OK, ['x-big', 'a'.repeat(60_000)]])).then(() => c.data(s, PAGE, true)),
    record: WHOLE,
    curl: 0,
  },

  // 69, 71, 72: bodies.
  {
    case: 69,
    name: 'END_STREAM before the content-length is met',
    serve: (c, s) => c.respond(s, PAGE, [['content-length', '99']]),
    record: CUT,
    curl: 92,
  },
  {
    case: 69,
    name: 'more DATA than the content-length',
    serve: (c, s) => c.respond(s, PAGE, [['content-length', '5']]),
    record: CUT,
    curl: 92,
  },
  {
    case: 69,
    name: 'a content-length that is met',
    serve: (c, s) => c.respond(s, PAGE, LENGTH),
    record: { ...WHOLE, complete: 'content-length' },
    curl: 0,
  },
  {
    case: 69,
    name: '204 with DATA: no HTTP/2, so the page goes over HTTP/1.1, where this server says 200',
    serve: async (c, s) => {
      await c.headers(s, [[':status', '204']]);
      await c.data(s, PAGE, true);
    },
    config: { verdict: { accept: [[204, 204]] } },
    speaksHttp1: true,
    record: { outcome: 'failed', code: 'HTTP_200' },
    curl: 92,
  },
  {
    case: 71,
    name: 'DATA and END_STREAM without a head: the page goes over HTTP/1.1',
    serve: (c, s) => c.data(s, PAGE, true),
    speaksHttp1: true,
    config: SHORT,
    record: OVER_HTTP1,
    onFloor: {
      record: { outcome: 'error', code: 'RESPONSE_TIMEOUT', attempts: 2 },
      why: 'before 22.23 node:http2 does not tell that it ended a session for a protocol error',
    },
    curl: [52, 92],
  },
  {
    case: 71,
    name: 'PUSH_PROMISE, which we have forbidden',
    serve: async (c, s) => {
      await c.send(frame(FRAME.pushPromise, 4, s, Buffer.from([0, 0, 0, 2])));
      await good(c, s, 0);
    },
    speaksHttp1: true,
    record: OVER_HTTP1,
  },
  {
    case: 72,
    name: 'DATA of no length, again and again',
    serve: (c, s) => c.headers(s, OK).then(() => drip(c, 30, () => c.data(s, ''))),
    config: SHORT,
    record: { outcome: 'error', code: 'STALLED', attempts: 2 },
  },
  {
    case: 72,
    name: 'a byte now and then',
    serve: (c, s) => c.headers(s, OK).then(() => drip(c, 20, () => c.data(s, 'a'))),
    config: SHORT,
    record: { outcome: 'error', code: 'STALLED', attempts: 2 },
  },
  {
    case: 72,
    name: 'a body that stops',
    serve: midBody(() => {}),
    config: SHORT,
    record: { outcome: 'error', code: 'STALLED', attempts: 2 },
  },
];
