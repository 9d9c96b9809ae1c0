import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../../src/core/ports.ts';
import { certificate } from '../support/certificates.ts';
import { response, startH1Server } from '../support/h1-server.ts';
import {
  ERROR,
  FRAME,
  frame,
  type H2Connection,
  headerBlock,
  SETTING,
  startH2Server,
  startRawH2Server,
} from '../support/h2-server.ts';
import { fetchOne, testClient } from './fetch-one.ts';

const OK: readonly (readonly [string, string])[] = [[':status', '200']];
const GZIPPED = gzipSync('a page of text '.repeat(100));

/** One answer to one stream: what the server does, and what must come out. */
interface Case {
  readonly name: string;
  readonly serve: (connection: H2Connection, stream: number) => Promise<void>;
  readonly outcome: string;
  readonly sent?: boolean;
}

/** A head, some body, and then something that ends it. */
const midBody =
  (
    end: (connection: H2Connection, stream: number) => Promise<void> | void,
    fields: readonly (readonly [string, string])[] = [],
  ) =>
  async (connection: H2Connection, stream: number) => {
    await connection.headers(stream, [...OK, ...fields]);
    await connection.data(stream, 'half of ');
    await end(connection, stream);
  };

const CASES: readonly Case[] = [
  // Whole.
  { name: 'END_STREAM on the last DATA', serve: (c, s) => c.respond(s, 'hi'), outcome: 'h2-end' },
  { name: 'END_STREAM on the head', serve: (c, s) => c.headers(s, OK, true), outcome: 'h2-end' },
  {
    name: 'a content-length that is met',
    serve: (c, s) => c.respond(s, 'hi', [['content-length', '2']]),
    outcome: 'content-length',
  },
  {
    name: 'a coding and no length',
    serve: (c, s) => c.respond(s, GZIPPED, [['content-encoding', 'gzip']]),
    outcome: 'decoded',
  },
  {
    name: 'a frame of an unknown type',
    serve: (c, s) => c.send(frame(0xfe, 0, 0, Buffer.from('?'))).then(() => c.respond(s, 'hi')),
    outcome: 'h2-end',
  },
  {
    name: '103, then 200',
    serve: (c, s) => c.headers(s, [[':status', '103']]).then(() => c.respond(s, 'hi')),
    outcome: 'h2-end',
  },
  {
    name: 'a field of 60 kB',
    serve: (c, s) => c.send(...bigHead(s)).then(() => c.data(s, 'hi', true)),
    outcome: 'h2-end',
  },
  {
    name: 'END_STREAM, then a reset with NO_ERROR',
    serve: (c, s) => c.respond(s, 'hi').then(() => c.resetStream(s, ERROR.noError)),
    outcome: 'h2-end',
  },

  // Cut.
  {
    name: 'a reset with CANCEL inside the body',
    serve: midBody((c, s) => c.resetStream(s, ERROR.cancel)),
    outcome: 'TRUNCATED',
  },
  {
    name: 'a reset with NO_ERROR inside a body with a length',
    serve: midBody((c, s) => c.resetStream(s, ERROR.noError), [['content-length', '99']]),
    outcome: 'TRUNCATED',
  },
  {
    name: 'a reset with NO_ERROR inside a coded body',
    serve: async (c, s) => {
      await c.headers(s, [...OK, ['content-encoding', 'gzip']]);
      await c.data(s, GZIPPED.subarray(0, 30));
      await c.resetStream(s, ERROR.noError);
    },
    outcome: 'TRUNCATED',
  },
  {
    name: 'GOAWAY without error, then FIN, inside the body',
    serve: midBody(async (c, s) => {
      await c.goaway(s, ERROR.noError);
      c.end();
    }),
    outcome: 'TRUNCATED',
  },
  {
    name: 'END_STREAM before the content-length is met',
    serve: (c, s) => c.respond(s, 'hi', [['content-length', '99']]),
    outcome: 'TRUNCATED',
  },
  { name: 'FIN inside the body', serve: midBody((c) => c.end()), outcome: 'TRUNCATED' },
  {
    name: 'a reset with INTERNAL_ERROR inside the body',
    serve: midBody((c, s) => c.resetStream(s, ERROR.internalError)),
    outcome: 'STREAM_RESET',
  },
  {
    name: 'a reset with REFUSED_STREAM inside the body: too late to be a refusal',
    serve: midBody((c, s) => c.resetStream(s, ERROR.refusedStream)),
    outcome: 'STREAM_RESET',
  },

  // Before the head.
  {
    name: 'REFUSED_STREAM, always',
    serve: (c, s) => c.resetStream(s, ERROR.refusedStream),
    outcome: 'NOT_PROCESSED',
    sent: false,
  },
  {
    name: 'GOAWAY with a last stream below ours, always',
    serve: async (c) => {
      await c.goaway(0, ERROR.noError);
      c.end();
    },
    outcome: 'NOT_PROCESSED',
    sent: false,
  },
  {
    name: 'GOAWAY with an error and a last stream below ours',
    serve: async (c) => {
      await c.goaway(0, ERROR.internalError);
      c.end();
    },
    outcome: 'NOT_PROCESSED',
    sent: false,
  },
  { name: 'a reset with CANCEL', serve: (c, s) => c.resetStream(s, ERROR.cancel), outcome: 'STREAM_RESET' },
  {
    name: 'a reset with INTERNAL_ERROR',
    serve: (c, s) => c.resetStream(s, ERROR.internalError),
    outcome: 'STREAM_RESET',
  },
  {
    name: 'ENHANCE_YOUR_CALM for the stream',
    serve: (c, s) => c.resetStream(s, ERROR.enhanceYourCalm),
    outcome: 'SERVER_OVERLOADED',
  },
  {
    name: 'ENHANCE_YOUR_CALM for the connection',
    serve: async (c) => {
      await c.goaway(0, ERROR.enhanceYourCalm);
      c.end();
    },
    outcome: 'SERVER_OVERLOADED',
    sent: false,
  },
  {
    name: 'HTTP_1_1_REQUIRED for the stream',
    serve: (c, s) => c.resetStream(s, ERROR.http11Required),
    outcome: 'HTTP_1_1_REQUIRED',
    sent: false,
  },
  {
    name: 'HTTP_1_1_REQUIRED for the connection',
    serve: async (c) => {
      await c.goaway(0, ERROR.http11Required);
      c.end();
    },
    outcome: 'HTTP_1_1_REQUIRED',
    sent: false,
  },
  { name: 'FIN', serve: async (c) => c.end(), outcome: 'CONNECTION_CLOSED' },
  { name: 'RST, which node:http2 tells as an end', serve: async (c) => c.reset(), outcome: 'CONNECTION_CLOSED' },

  // Not HTTP/2.
  {
    name: '200 fields: node:http2 gives up by itself, so the caller is sent to HTTP/1.1',
    serve: (c, s) => c.send(frame(FRAME.headers, 5, s, manyFields())),
    outcome: 'HTTP_1_1_REQUIRED',
  },
  { name: 'a head without :status', serve: (c, s) => c.headers(s, [['x', 'y']], true), outcome: 'PROTOCOL_ERROR' },
  {
    name: 'an upper-case field name',
    serve: (c, s) => c.headers(s, [...OK, ['X-Upper', 'y']], true),
    outcome: 'PROTOCOL_ERROR',
  },
  {
    name: 'a connection field',
    serve: (c, s) => c.headers(s, [...OK, ['connection', 'close']], true),
    outcome: 'PROTOCOL_ERROR',
  },
  { name: 'DATA without a head', serve: (c, s) => c.data(s, 'hi', true), outcome: 'PROTOCOL_ERROR' },
  { name: 'DATA on stream 0, nobody else on the connection', serve: (c) => c.data(0, 'hi'), outcome: 'PROTOCOL_ERROR' },
  {
    name: 'a flood of PING',
    serve: (c) => c.send(Buffer.concat(new Array(20_000).fill(frame(FRAME.ping, 0, 0, Buffer.alloc(8))))),
    outcome: 'PROTOCOL_ERROR',
  },
  {
    name: '100 interim answers',
    serve: async (c, s) => {
      for (let i = 0; i < 100; i++) await c.headers(s, [[':status', '102']]);
    },
    outcome: 'PROTOCOL_ERROR',
  },
];

/** A head over the 16 kB of a frame: HEADERS and CONTINUATION. */
function bigHead(stream: number): Buffer[] {
  const block = headerBlock([...OK, ['x-big', 'a'.repeat(60_000)]]);
  const parts: Buffer[] = [];
  for (let at = 0; at < block.length; at += 16_384) parts.push(block.subarray(at, at + 16_384));
  return parts.map((part, index) => {
    const last = index === parts.length - 1 ? 4 : 0;
    return frame(index === 0 ? FRAME.headers : FRAME.continuation, last, stream, part);
  });
}

function manyFields(): Buffer {
  return headerBlock([...OK, ...Array.from({ length: 200 }, (_, n) => [`x-field-${n}`, 'some value'] as const)]);
}

describe('HTTP/2: what a server sends, and what the exchange is', () => {
  let client: Client;
  beforeAll(() => {
    client = testClient();
  });
  afterAll(() => client.destroy());

  it.each(CASES)('$name: $outcome', async ({ serve, outcome, sent }) => {
    const server = await startH2Server((connection, stream) => serve(connection, stream));
    const fetched = await fetchOne(client, `${server.origin}/`);
    await server.close();
    expect(fetched.outcome).toBe(outcome);
    if (fetched.exchange.ok) expect(fetched.exchange.head.httpVersion).toBe('2');
    else expect(fetched.exchange.sent).toBe(sent ?? true);
  });

  it('a stream that is refused once is sent again without a word', async () => {
    const server = await startH2Server((connection, stream, order) =>
      order === 1 ? connection.resetStream(stream, ERROR.refusedStream) : connection.respond(stream, 'hi'),
    );
    expect((await fetchOne(client, `${server.origin}/`)).outcome).toBe('h2-end');
    await server.close();
  });

  it('DATA on stream 0 while siblings run: the session died for all of them', async () => {
    const server = await startH2Server(async (connection, stream, order) => {
      if (order === 1) await connection.respond(stream, 'first');
      if (order === 6) await connection.data(0, 'poison');
    });
    expect((await fetchOne(client, `${server.origin}/0`)).outcome).toBe('h2-end');
    const results = await Promise.all([1, 2, 3, 4, 5].map((n) => fetchOne(client, `${server.origin}/${n}`)));
    await server.close();
    expect(results.map((result) => result.outcome)).toEqual(new Array(5).fill('SESSION_DIED'));
  });

  it('a connection that is lost under many streams: the session died for all of them, heads or not', async () => {
    const server = await startH2Server(async (connection, stream, order) => {
      if (order === 1) await connection.respond(stream, 'first');
      if (order === 3) await connection.headers(stream, OK);
      if (order === 5) connection.end();
    });
    expect((await fetchOne(client, `${server.origin}/0`)).outcome).toBe('h2-end');
    const results = await Promise.all([1, 2, 3, 4].map((n) => fetchOne(client, `${server.origin}/${n}`)));
    await server.close();
    expect(results.map((result) => result.outcome)).toEqual(new Array(4).fill('SESSION_DIED'));
  });

  it('a server that says h2 and speaks HTTP/1.1: a protocol error for everybody who waited, and HTTP/1.1 works', async () => {
    const server = await startH1Server((connection) => connection.send(response('hi')), {
      ...certificate('good'),
      ALPNProtocols: ['h2', 'http/1.1'],
      // It always picks h2 where that is offered; it never speaks it.
    });
    const results = await Promise.all([1, 2, 3, 4, 5].map((n) => fetchOne(client, `${server.origin}/${n}`)));
    const retried = await fetchOne(client, `${server.origin}/`, { http1Only: true });
    await server.close();
    expect(results.map((result) => result.outcome)).toEqual(new Array(5).fill('PROTOCOL_ERROR'));
    expect([retried.outcome, retried.body.toString()]).toEqual(['content-length', 'hi']);
  });

  it('a server that says http/1.1 and speaks HTTP/2', async () => {
    const server = await startRawH2Server((connection) => connection.settings(), {
      ...certificate('good'),
      ALPNProtocols: ['http/1.1'],
    });
    expect((await fetchOne(client, `${server.origin}/`)).outcome).toBe('PROTOCOL_ERROR');
    await server.close();
  });

  it('http1Only offers HTTP/1.1 alone, and showCertificate makes no difference without a certificate', async () => {
    const offered: unknown[] = [];
    const server = await startH1Server(
      (connection) => {
        offered.push((connection.socket as { alpnProtocol?: unknown }).alpnProtocol);
        return connection.send(response('hi'));
      },
      { ...certificate('good'), ALPNProtocols: ['http/1.1'] },
    );
    await fetchOne(client, `${server.origin}/`, { http1Only: true, showCertificate: true });
    await server.close();
    expect(offered).toEqual(['http/1.1']);
  });

  it('fifty pages at once go over one connection', async () => {
    const server = await startH2Server((connection, stream) => connection.respond(stream, `page ${stream}`));
    const results = await Promise.all(Array.from({ length: 50 }, (_, n) => fetchOne(client, `${server.origin}/${n}`)));
    await server.close();
    expect(results.every((result) => result.outcome === 'h2-end')).toBe(true);
    expect(server.accepted()).toBe(1);
  });

  it('heeds MAX_CONCURRENT_STREAMS of 1: one stream at a time on each connection', async () => {
    const busy = new Map<number, number>();
    let most = 0;
    const server = await startRawH2Server(async (connection) => {
      await connection.settings([[SETTING.maxConcurrentStreams, 1]]);
      for (let stream = await connection.stream(); stream !== undefined; stream = await connection.stream()) {
        const now = (busy.get(connection.number) ?? 0) + 1;
        busy.set(connection.number, now);
        most = Math.max(most, now);
        await connection.headers(stream, OK);
        busy.set(connection.number, now - 1);
        await connection.data(stream, 'hi', true);
      }
    });
    const results = await Promise.all(Array.from({ length: 10 }, (_, n) => fetchOne(client, `${server.origin}/${n}`)));
    await server.close();
    expect(results.every((result) => result.outcome === 'h2-end')).toBe(true);
    expect(most).toBe(1);
  });

  it('a GOAWAY after every tenth page costs no page', async () => {
    const server = await startH2Server(async (connection, stream, order) => {
      if (order > 10) return;
      await connection.respond(stream, 'hi');
      if (order === 10) {
        await connection.goaway(stream, ERROR.noError);
        connection.end();
      }
    });
    const outcomes: string[] = [];
    for (let n = 0; n < 35; n++) outcomes.push((await fetchOne(client, `${server.origin}/${n}`)).outcome);
    await server.close();
    expect(outcomes.filter((outcome) => outcome !== 'h2-end' && outcome !== 'NOT_PROCESSED')).toEqual([]);
    expect(outcomes.filter((outcome) => outcome === 'h2-end').length).toBeGreaterThanOrEqual(30);
  });

  it('has no false alarm: 2,000 clean answers of many sizes, some of them paused, are all whole', async () => {
    const server = await startH2Server((connection, stream) =>
      connection.respond(stream, Buffer.alloc(stream % 9_000, 'a')),
    );
    let bad = 0;
    for (let round = 0; round < 40; round++) {
      const results = await Promise.all(
        Array.from({ length: 50 }, async (_, n) => {
          if (n % 3 > 0) return (await fetchOne(client, `${server.origin}/${n}`)).outcome;
          const pausing = { write: () => new Promise<void>((resolve) => setImmediate(resolve)) };
          const exchange = await client.exchange(
            {
              url: `${server.origin}/${n}`,
              origin: server.origin,
              method: 'GET',
              headers: {},
              http1Only: false,
              showCertificate: false,
            },
            () => pausing,
          );
          return exchange.ok ? exchange.complete : exchange.failure.code;
        }),
      );
      bad += results.filter((outcome) => outcome !== 'h2-end').length;
    }
    await server.close();
    expect(bad).toBe(0);
  });
});
