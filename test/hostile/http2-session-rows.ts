import { type H2Connection, headerBlock, SETTING } from '../support/h2-server.ts';
import type { Http2Row } from './http2-run.ts';
import {
  ERROR,
  FRAME,
  flood,
  frame,
  goAway,
  good,
  headFrames,
  manyFields,
  OK,
  resetWith,
  type StreamScript,
} from './http2-script.ts';

const WHOLE = { outcome: 'ok', attempts: 1, complete: 'h2-end', httpVersion: '2' } as const;
const OVER_HTTP1 = { outcome: 'ok', attempts: 1, complete: 'content-length', httpVersion: '1.1' } as const;
const WHOLE_SOMEHOW = { outcome: 'ok', attempts: 1 } as const;
const SHORT = { net: { responseTimeoutMs: 400, stallTimeoutMs: 400 }, retry: { retries: 1 } };

/** Time for a PING and its answer on a busy machine. */
const PATIENT = { net: { responseTimeoutMs: 1_200, stallTimeoutMs: 1_200 }, retry: { retries: 1 } };

/** A hundred fields, as HPACK literals. */
const FIELDS = headerBlock(new Array(100).fill(['x', 'y']));

/** Older Node says GOAWAY by itself and tells nobody: only the timeout does. */
const TOLD_BY_TIMEOUT = {
  record: { outcome: 'error', code: 'RESPONSE_TIMEOUT', attempts: 2 },
  why: 'before 22.23 node:http2 does not tell that it ended a session for a protocol error',
} as const;

/** Does it once on each connection, when its stream of this order comes; answers all others. */
const onceEach =
  (order: number, bad: StreamScript): StreamScript =>
  (c, s, nth) =>
    (s + 1) / 2 === order ? bad(c, s, nth) : good(c, s, nth);

/** The page whose path is long: its HEADERS frame tells, whatever HPACK makes of it. */
const POISONOUS = `/${'poison'.repeat(200)}`;
const isPoisonous = (c: H2Connection, s: number): boolean => (c.opening(s)?.payload.length ?? 0) > 600;
const pathWithPoison = (index: number): string => (index === 20 ? POISONOUS : `/${index}`);

/** Answers nothing until so many streams are open, or this one is the last. */
const poison =
  (bad: StreamScript): StreamScript =>
  async (c, s, nth) => {
    c.closesOnGoaway = true;
    if (isPoisonous(c, s)) await bad(c, s, nth);
    else {
      await c.headers(s, OK);
      await new Promise((resolve) => setTimeout(resolve, 20));
      await c.data(s, 'a whole page', true);
    }
  };

const FLOODS: readonly [what: string, send: (c: H2Connection, s: number) => Promise<void>][] = [
  ['PING', (c) => flood(c, 20_000, frame(FRAME.ping, 0, 0, Buffer.alloc(8)))],
  ['SETTINGS', (c) => flood(c, 20_000, frame(FRAME.settings, 0, 0))],
  ['DATA of no length', (c, s) => c.headers(s, OK).then(() => flood(c, 200_000, frame(FRAME.data, 0, s)))],
  [
    'CONTINUATION of no length',
    (c, s) => c.send(frame(FRAME.headers, 0, s)).then(() => flood(c, 20_000, frame(FRAME.continuation, 0, s))),
  ],
  [
    'CONTINUATION with fields',
    (c, s) => c.send(frame(FRAME.headers, 0, s)).then(() => flood(c, 2_000, frame(FRAME.continuation, 0, s, FIELDS))),
  ],
  [
    'RST_STREAM for a stream that is not there',
    (c) => flood(c, 20_000, frame(FRAME.rstStream, 0, 99, Buffer.alloc(4))),
  ],
  ['WINDOW_UPDATE of 0', (c) => flood(c, 20_000, frame(FRAME.windowUpdate, 0, 0, Buffer.alloc(4)))],
];

/** Holds its client to so many streams at once on a connection: one more is no HTTP/2. */
function atMost(allowed: number): StreamScript {
  const open = new Map<H2Connection, number>();
  return async (c, s, nth) => {
    const now = (open.get(c) ?? 0) + 1;
    if (now > allowed) return resetWith(ERROR.protocolError)(c, s, nth);
    open.set(c, now);
    await c.arrived();
    open.set(c, (open.get(c) ?? 1) - 1);
    await good(c, s, nth);
  };
}

/** One session, and what it does to all the pages on it. */
export const ROWS: readonly Http2Row[] = [
  {
    case: 57,
    name: 'GOAWAY without error, then FIN, while bodies are under way: costs none of them a try',
    serve: async (c, s, nth) => {
      if (c.number > 1) return good(c, s, nth);
      await c.headers(s, OK);
      await c.data(s, 'a whole');
      if (nth === 3) await goAway(ERROR.noError, 99)(c, s, nth);
    },
    pages: 20,
    record: WHOLE,
  },
  {
    case: 58,
    name: 'GOAWAY after every tenth page: costs no page anything',
    serve: onceEach(10, async (c, s) => {
      await good(c, s, 0);
      await goAway(ERROR.noError)(c, s, 0);
    }),
    pages: 60,
    record: WHOLE,
  },
  {
    case: 58,
    name: 'GOAWAY with an error after every tenth page: costs no page a try',
    serve: onceEach(10, async (c, s) => {
      await good(c, s, 0);
      await goAway(ERROR.internalError)(c, s, 0);
    }),
    pages: 60,
    record: WHOLE_SOMEHOW,
  },
  {
    case: 59,
    name: 'REFUSED_STREAM for whatever comes while five streams are open',
    serve: (() => {
      const open = new Map<H2Connection, number>();
      return async (c, s, nth) => {
        const now = open.get(c) ?? 0;
        if (now >= 5) return resetWith(ERROR.refusedStream)(c, s, nth);
        open.set(c, now + 1);
        await c.headers(s, OK);
        await new Promise((resolve) => setTimeout(resolve, 5));
        open.set(c, (open.get(c) ?? 1) - 1);
        await c.data(s, 'a whole page', true);
      };
    })(),
    pages: 60,
    record: WHOLE_SOMEHOW,
  },
  {
    case: 62,
    name: 'MAX_CONCURRENT_STREAMS of 1',
    greet: (c) => c.settings([[SETTING.maxConcurrentStreams, 1]]),
    serve: atMost(1),
    pages: 30,
    record: WHOLE,
    connections: 3,
    curl: 0,
  },
  {
    case: 62,
    name: 'MAX_CONCURRENT_STREAMS of 10',
    greet: (c) => c.settings([[SETTING.maxConcurrentStreams, 10]]),
    serve: atMost(10),
    pages: 100,
    record: WHOLE,
    connections: 3,
  },
  {
    case: 62,
    name: 'MAX_CONCURRENT_STREAMS of 100, lowered to 3 after the tenth page',
    greet: (c) => c.settings([[SETTING.maxConcurrentStreams, 100]]),
    serve: async (c, s, nth) => {
      if (nth === 10) await c.settings([[SETTING.maxConcurrentStreams, 3]]);
      await good(c, s, nth);
    },
    pages: 100,
    record: WHOLE,
  },
  {
    case: 62,
    name: 'MAX_CONCURRENT_STREAMS of 0, and 10 a little later: nothing is lost meanwhile',
    greet: async (c) => {
      await c.settings([[SETTING.maxConcurrentStreams, 0]]);
      setTimeout(() => void c.settings([[SETTING.maxConcurrentStreams, 10]]), 300);
    },
    serve: good,
    pages: 30,
    record: WHOLE,
  },
  {
    case: 62,
    name: 'MAX_CONCURRENT_STREAMS of 0 for ever, and no answer: it ends',
    greet: (c) => c.settings([[SETTING.maxConcurrentStreams, 0]]),
    serve: () => {},
    config: { net: { responseTimeoutMs: 300, connectTimeoutMs: 300 }, retry: { retries: 1 } },
    record: { outcome: 'error', code: 'RESPONSE_TIMEOUT', attempts: 2 },
  },
  {
    case: 63,
    name: 'SETTINGS a second late',
    greet: (c) => new Promise((resolve) => setTimeout(() => resolve(c.settings()), 1_000)),
    serve: good,
    pages: 20,
    record: WHOLE,
    connections: 1,
    curl: 0,
  },
  ...FLOODS.map(
    ([what, send]): Http2Row => ({
      case: 64,
      name: `a flood of ${what}: the session ends, and the page comes over HTTP/1.1`,
      serve: async (c, s) => send(c, s),
      speaksHttp1: true,
      config: SHORT,
      record: OVER_HTTP1,
    }),
  ),
  {
    case: 64,
    name: 'a flood of PRIORITY, and then the answer: taken as a flood or passed over, the page comes',
    serve: async (c, s, nth) => {
      await flood(c, 20_000, frame(FRAME.priority, 0, 1, Buffer.alloc(5)));
      await good(c, s, nth);
    },
    speaksHttp1: true,
    record: WHOLE_SOMEHOW,
  },
  {
    case: 65,
    name: 'DATA on stream 0, whenever one page of forty is asked: no sibling fails, and the page comes over HTTP/1.1',
    serve: poison((c) => c.data(0, 'poison')),
    speaksHttp1: true,
    pages: 40,
    path: pathWithPoison,
    config: { net: { responseTimeoutMs: 800 } },
    record: WHOLE_SOMEHOW,
    onFloor: { record: { outcome: 'ok' }, why: TOLD_BY_TIMEOUT.why },
  },
  {
    case: 65,
    name: 'a frame larger than we allow, whenever one page of forty is asked',
    serve: poison((c, s) => c.send(frame(FRAME.data, 0, s, Buffer.alloc(70_000)))),
    speaksHttp1: true,
    pages: 40,
    path: pathWithPoison,
    config: { net: { responseTimeoutMs: 800 } },
    record: WHOLE_SOMEHOW,
    onFloor: { record: { outcome: 'ok' }, why: TOLD_BY_TIMEOUT.why },
  },
  {
    case: 65,
    name: 'DATA on stream 0 for a page that is alone',
    serve: (c) => c.data(0, 'poison'),
    speaksHttp1: true,
    config: SHORT,
    record: OVER_HTTP1,
    onFloor: TOLD_BY_TIMEOUT,
    curl: [16, 52, 56, 92],
  },
  {
    case: 70,
    name: 'a connection that froze, without answer and without PING: the next one is a new one',
    serve: (c, s, nth) => {
      c.acknowledgesPing = c.number > 1;
      if (c.number > 1) return good(c, s, nth);
    },
    config: PATIENT,
    record: { ...WHOLE, attempts: 2 },
    connections: 2,
  },
  {
    case: 70,
    name: 'a connection that froze under twenty pages: it costs none of them a try',
    serve: (c, s, nth) => {
      c.acknowledgesPing = c.number > 1;
      if (c.number > 1) return good(c, s, nth);
    },
    pages: 20,
    config: PATIENT,
    record: WHOLE,
  },
  {
    case: 70,
    name: 'a connection that froze inside the body',
    serve: async (c, s, nth) => {
      if (c.number > 1) return good(c, s, nth);
      c.acknowledgesPing = false;
      await c.headers(s, OK);
    },
    config: PATIENT,
    record: { ...WHOLE, attempts: 2 },
    connections: 2,
  },
  {
    case: 70,
    name: 'a connection whose PINGs are answered: the page was slow, and the connection stays',
    serve: (c, s, nth) => (nth === 1 ? undefined : good(c, s, nth)),
    config: PATIENT,
    record: { ...WHOLE, attempts: 2 },
    connections: 1,
  },
  {
    case: 61,
    name: 'HTTP_1_1_REQUIRED for every stream: it is tried with a few pages, not with each',
    serve: resetWith(ERROR.http11Required),
    speaksHttp1: true,
    pages: 300,
    record: OVER_HTTP1,
    streams: 50,
  },
  {
    case: 68,
    name: '200 fields on every page: HTTP/2 is tried with a few pages, not with each',
    serve: (c, s) => c.send(...headFrames(s, [...OK, ...manyFields])),
    speaksHttp1: true,
    pages: 300,
    record: OVER_HTTP1,
    onFloor: {
      record: { outcome: 'ok', httpVersion: '1.1' },
      why: 'before 22.23 node:http2 resets such a stream with INTERNAL_ERROR at times: the first pages may pay a try',
    },
    streams: 60,
  },
  {
    case: 68,
    name: '200 fields on one page of forty: the others stay with HTTP/2',
    serve: async (c, s, nth) => {
      if (isPoisonous(c, s)) await c.send(...headFrames(s, [...OK, ...manyFields]));
      else await good(c, s, nth);
    },
    speaksHttp1: true,
    pages: 40,
    path: pathWithPoison,
    record: { outcome: 'ok', attempts: 1 },
    connections: 2,
  },
  {
    case: 22,
    name: 'ALPN says h2, and what comes is HTTP/1.1: learned from a few pages',
    greet: (c) => c.send(Buffer.from('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n')),
    serve: () => {},
    speaksHttp1: true,
    pages: 300,
    record: OVER_HTTP1,
    connections: 110,
  },
];
