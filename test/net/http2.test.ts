import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../../src/core/ports.ts';
import { certificate } from '../support/certificates.ts';
import { response, startH1Server } from '../support/h1-server.ts';
import { ERROR, type H2Connection, SETTING, startH2Server, startRawH2Server } from '../support/h2-server.ts';
import { fetchOne, testClient } from './fetch-one.ts';

const OK: readonly (readonly [string, string])[] = [[':status', '200']];

/** One answer to one stream, and what the exchange says of it. What becomes of the page is in `test/hostile`. */
interface Case {
  readonly name: string;
  readonly serve: (connection: H2Connection, stream: number) => Promise<void> | void;
  readonly outcome: string;
  /** False: it is certain that the server did not process the request. */
  readonly sent: boolean;
}

const goAway = (code: number) => async (connection: H2Connection) => {
  await connection.goaway(0, code);
  connection.end();
};

const CASES: readonly Case[] = [
  {
    name: 'a reset with REFUSED_STREAM: told at the first one, not sent again unseen',
    serve: (c, s) => c.resetStream(s, ERROR.refusedStream),
    outcome: 'STREAM_REFUSED',
    sent: false,
  },
  {
    name: 'a reset with REFUSED_STREAM after the head',
    serve: (c, s) => c.headers(s, OK).then(() => c.resetStream(s, ERROR.refusedStream)),
    outcome: 'STREAM_RESET',
    sent: true,
  },
  {
    name: 'GOAWAY with a last stream below ours, always',
    serve: goAway(ERROR.noError),
    outcome: 'NOT_PROCESSED',
    sent: false,
  },
  {
    name: 'GOAWAY with an error and a last stream below ours',
    serve: goAway(ERROR.internalError),
    outcome: 'NOT_PROCESSED',
    sent: false,
  },
  {
    name: 'GOAWAY with ENHANCE_YOUR_CALM and a last stream below ours',
    serve: goAway(ERROR.enhanceYourCalm),
    outcome: 'SERVER_OVERLOADED',
    sent: false,
  },
  {
    name: 'GOAWAY with HTTP_1_1_REQUIRED and a last stream below ours',
    serve: goAway(ERROR.http11Required),
    outcome: 'HTTP_1_1_REQUIRED',
    sent: false,
  },
  {
    name: 'a reset with HTTP_1_1_REQUIRED',
    serve: (c, s) => c.resetStream(s, ERROR.http11Required),
    outcome: 'HTTP_1_1_REQUIRED',
    sent: false,
  },
  {
    name: 'a reset with ENHANCE_YOUR_CALM',
    serve: (c, s) => c.resetStream(s, ERROR.enhanceYourCalm),
    outcome: 'SERVER_OVERLOADED',
    sent: true,
  },
  {
    name: 'a reset with CANCEL',
    serve: (c, s) => c.resetStream(s, ERROR.cancel),
    outcome: 'STREAM_RESET',
    sent: true,
  },
  { name: 'FIN', serve: (c) => c.end(), outcome: 'CONNECTION_CLOSED', sent: true },
  {
    name: 'RST, which node:http2 tells as an end',
    serve: (c) => c.reset(),
    outcome: 'CONNECTION_CLOSED',
    sent: true,
  },
];

describe('HTTP/2: what a server sends, and what the exchange is', () => {
  let client: Client;
  beforeAll(() => {
    client = testClient();
  });
  afterAll(() => client.destroy());

  it.each(CASES)('$name: $outcome', async ({ serve, outcome, sent }) => {
    const server = await startH2Server(serve);
    const fetched = await fetchOne(client, `${server.origin}/`);
    await server.close();
    expect(fetched.outcome).toBe(outcome);
    expect(fetched.exchange).toMatchObject({ ok: false, sent });
  });

  it('a session that ends with an error while siblings run: it died for all of them', async () => {
    const server = await startH2Server(async (connection, stream, order) => {
      if (order === 1) await connection.respond(stream, 'first');
      if (order === 6) await connection.goaway(99, ERROR.protocolError);
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

  it.each([
    ['FIN', (c: H2Connection) => c.end()],
    ['GOAWAY with an error', (c: H2Connection) => c.goaway(99, ERROR.protocolError)],
    ['a frame that is none', (c: H2Connection) => c.send(Buffer.alloc(100, 'x'))],
  ])(
    'what waits for a session that dies with %s is sent over the next one, or was not sent, but for one that was begun too late',
    async (_what, die) => {
      const server = await startRawH2Server(async (connection) => {
        // Before SETTINGS come, only one stream is opened.
        const first = await connection.stream();
        if (connection.number === 1) return die(connection);
        await connection.settings();
        for (let stream = first; stream !== undefined; stream = await connection.stream()) {
          await connection.respond(stream, 'hi');
        }
      });
      const results = await Promise.all([1, 2, 3, 4, 5].map((n) => fetchOne(client, `${server.origin}/${n}`)));
      await server.close();
      const lost = results.filter(({ exchange }) => !exchange.ok && exchange.sent);
      expect(lost.length).toBeLessThanOrEqual(2);
    },
  );

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

describe('HTTP/2: how many streams the server allows', () => {
  const maxStreamsOf = async (client: Client, url: string) => (await fetchOne(client, url)).exchange.maxStreams;

  it('is told with each answer, as the server last said', async () => {
    const client = testClient();
    const server = await startRawH2Server(async (connection) => {
      await connection.settings([[SETTING.maxConcurrentStreams, 7]]);
      for (let stream = await connection.stream(); stream !== undefined; stream = await connection.stream()) {
        if (stream === 3) await connection.settings([[SETTING.maxConcurrentStreams, 2]]);
        await connection.respond(stream, 'hi');
      }
    });
    const told = [];
    for (const path of ['/a', '/b', '/c']) told.push(await maxStreamsOf(client, server.origin + path));
    await client.destroy();
    await server.close();
    expect(told).toEqual([7, 2, 2]);
  });

  it('is told with a failure too', async () => {
    const client = testClient();
    const server = await startRawH2Server(async (connection) => {
      await connection.settings([[SETTING.maxConcurrentStreams, 7]]);
      const stream = (await connection.stream()) ?? 0;
      await connection.resetStream(stream, ERROR.refusedStream);
    });
    const { exchange } = await fetchOne(client, `${server.origin}/`);
    await client.destroy();
    await server.close();
    expect(exchange).toMatchObject({ ok: false, maxStreams: 7, failure: { code: 'STREAM_REFUSED' } });
  });

  it('is not told where the server did not say, nor over HTTP/1.1', async () => {
    const client = testClient();
    const silent = await startH2Server((connection, stream) => connection.respond(stream, 'hi'));
    const old = await startH1Server((connection) => connection.send(response('hi')));
    const told = [await maxStreamsOf(client, silent.origin), await maxStreamsOf(client, old.origin)];
    await client.destroy();
    await Promise.all([silent.close(), old.close()]);
    expect(told).toEqual([undefined, undefined]);
  });

  it('sends back what was dispatched beyond it before it was known: nothing waits unseen', async () => {
    const client = testClient();
    let open = 0;
    let most = 0;
    const server = await startRawH2Server(async (connection) => {
      const first = await connection.stream();
      await connection.settings([[SETTING.maxConcurrentStreams, 3]]);
      for (let stream = first; stream !== undefined; stream = await connection.stream()) {
        const now = stream;
        open += 1;
        most = Math.max(most, open);
        void connection.arrived().then(async () => {
          open -= 1;
          await connection.respond(now, 'hi');
        });
      }
    });
    const results = await Promise.all(Array.from({ length: 10 }, (_, n) => fetchOne(client, `${server.origin}/${n}`)));
    await client.destroy();
    await server.close();
    const outcomes = results.map(({ outcome }) => outcome);
    expect(outcomes).toEqual([...new Array(3).fill('h2-end'), ...new Array(7).fill('NOT_PROCESSED')]);
    expect(results.every(({ exchange }) => exchange.maxStreams === 3)).toBe(true);
    expect(results.slice(3).every(({ exchange }) => !exchange.ok && !exchange.sent)).toBe(true);
    expect(most).toBeLessThanOrEqual(3);
  });
});
