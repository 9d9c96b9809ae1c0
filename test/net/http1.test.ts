import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../../src/core/ports.ts';
import { type H1Connection, response, startH1Server, startScriptedServer } from '../support/h1-server.ts';
import { fetchOne, testClient } from './fetch-one.ts';

const CHUNKED = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n';
const ok = (fields: string, body = '') => `HTTP/1.1 200 OK\r\n${fields}\r\n${body}`;

/** One answer to one request: what the server does, and what must come out. */
interface Case {
  readonly name: string;
  readonly serve: (connection: H1Connection) => Promise<void> | void;
  readonly outcome: string | readonly string[];
  readonly body?: string;
}

const sendEnd = (bytes: string) => async (connection: H1Connection) => {
  await connection.send(bytes);
  connection.end();
};

/** The pause lets the bytes arrive before the reset throws away what was not read: without it the client may see the reset alone. */
const sendReset = (bytes: string) => async (connection: H1Connection) => {
  await connection.send(bytes);
  await new Promise((resolve) => setTimeout(resolve, 50));
  connection.reset();
};

const send = (bytes: string) => (connection: H1Connection) => connection.send(bytes);

const CASES: readonly Case[] = [
  // Whole.
  {
    name: 'a content-length that is met',
    serve: send(ok('content-length: 2\r\n', 'hi')),
    outcome: 'content-length',
    body: 'hi',
  },
  {
    name: 'a body in chunks',
    serve: send(`${CHUNKED}2\r\nhi\r\n3\r\n yo\r\n0\r\n\r\n`),
    outcome: 'chunked',
    body: 'hi yo',
  },
  {
    name: 'chunk extensions and trailers',
    serve: send(`${CHUNKED}2;a=b\r\nhi\r\n0\r\nx: y\r\n\r\n`),
    outcome: 'chunked',
    body: 'hi',
  },
  { name: 'a body up to the connection’s end', serve: sendEnd(ok('', 'hi')), outcome: 'close-delimited', body: 'hi' },
  { name: 'an empty body up to the connection’s end', serve: sendEnd(ok('')), outcome: 'close-delimited', body: '' },
  { name: '204 without fields', serve: send('HTTP/1.1 204 No Content\r\n\r\n'), outcome: 'content-length', body: '' },
  {
    name: '204 that says it has a body',
    serve: send('HTTP/1.1 204 No\r\ncontent-length: 2\r\n\r\nhi'),
    outcome: 'content-length',
    body: '',
  },
  {
    name: '304 with the length of what it stands for',
    serve: send('HTTP/1.1 304 Same\r\ncontent-length: 99\r\n\r\n'),
    outcome: 'content-length',
    body: '',
  },
  { name: 'HTTP/1.0', serve: sendEnd('HTTP/1.0 200 OK\r\n\r\nhi'), outcome: 'close-delimited', body: 'hi' },
  { name: 'status 999', serve: send('HTTP/1.1 999 Odd\r\ncontent-length: 0\r\n\r\n'), outcome: 'content-length' },
  {
    name: '103, then 200',
    serve: send(`HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${ok('content-length: 2\r\n', 'hi')}`),
    outcome: 'content-length',
    body: 'hi',
  },
  {
    name: 'more bytes than content-length: the rest is nobody’s',
    serve: send(ok('content-length: 2\r\n', 'hiHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil')),
    outcome: 'content-length',
    body: 'hi',
  },
  {
    name: 'a transfer coding that is not chunked',
    serve: sendEnd(ok('transfer-encoding: identity\r\n', 'hi')),
    outcome: ['close-delimited', 'PROTOCOL_ERROR'],
  },

  // Cut.
  {
    name: 'content-length, then FIN too early',
    serve: sendEnd(ok('content-length: 9\r\n', 'hi')),
    outcome: 'TRUNCATED',
  },
  {
    name: 'content-length, then RST too early',
    serve: sendReset(ok('content-length: 9\r\n', 'hi')),
    outcome: 'TRUNCATED',
  },
  { name: 'chunks, then FIN inside of one', serve: sendEnd(`${CHUNKED}9\r\nhi`), outcome: 'TRUNCATED' },
  { name: 'chunks, then FIN between two', serve: sendEnd(`${CHUNKED}2\r\nhi\r\n`), outcome: 'TRUNCATED' },
  { name: 'chunks, then FIN before the last line', serve: sendEnd(`${CHUNKED}2\r\nhi\r\n0\r\n`), outcome: 'TRUNCATED' },
  { name: 'chunks, then RST', serve: sendReset(`${CHUNKED}2\r\nhi\r\n`), outcome: 'TRUNCATED' },
  { name: 'a body up to the connection’s end, which is a reset', serve: sendReset(ok('', 'hi')), outcome: 'TRUNCATED' },
  { name: 'FIN before the head', serve: (connection) => connection.end(), outcome: 'CONNECTION_CLOSED' },
  {
    name: 'FIN inside the head',
    serve: sendEnd('HTTP/1.1 200 OK\r\ncontent-le'),
    outcome: ['CONNECTION_CLOSED', 'PROTOCOL_ERROR'],
  },
  { name: 'RST before the head', serve: (connection) => connection.reset(), outcome: 'CONNECTION_RESET' },

  // Not HTTP.
  {
    name: 'content-length and chunked',
    serve: send(ok('content-length: 2\r\ntransfer-encoding: chunked\r\n', '2\r\nhi\r\n0\r\n\r\n')),
    outcome: 'PROTOCOL_ERROR',
  },
  {
    name: 'two content-lengths that differ',
    serve: send(ok('content-length: 2\r\ncontent-length: 3\r\n', 'hi')),
    outcome: 'PROTOCOL_ERROR',
  },
  { name: 'a negative content-length', serve: send(ok('content-length: -2\r\n', 'hi')), outcome: 'PROTOCOL_ERROR' },
  { name: 'a content-length of words', serve: send(ok('content-length: two\r\n', 'hi')), outcome: 'PROTOCOL_ERROR' },
  {
    name: 'a content-length of 2^64',
    serve: send(ok('content-length: 18446744073709551616\r\n', 'hi')),
    outcome: ['PROTOCOL_ERROR', 'TOO_LARGE'],
  },
  { name: 'a bad chunk size', serve: send(`${CHUNKED}zz\r\nhi\r\n`), outcome: 'PROTOCOL_ERROR' },
  { name: 'a negative chunk size', serve: send(`${CHUNKED}-2\r\nhi\r\n`), outcome: 'PROTOCOL_ERROR' },
  {
    name: 'a chunk size beyond 64 bits',
    serve: send(`${CHUNKED}fffffffffffffffff\r\nhi\r\n`),
    outcome: 'PROTOCOL_ERROR',
  },
  { name: 'HTTP/0.9', serve: sendEnd('<html>hi</html>'), outcome: 'PROTOCOL_ERROR' },
  { name: 'HTTP/3.7', serve: send('HTTP/3.7 200 OK\r\n\r\n'), outcome: 'PROTOCOL_ERROR' },
  { name: 'an SSH banner', serve: send('SSH-2.0-OpenSSH_9.2\r\n'), outcome: 'PROTOCOL_ERROR' },
  { name: 'status 1000', serve: send('HTTP/1.1 1000 Odd\r\ncontent-length: 0\r\n\r\n'), outcome: 'PROTOCOL_ERROR' },
  { name: 'status 20', serve: send('HTTP/1.1 20 Odd\r\ncontent-length: 0\r\n\r\n'), outcome: 'PROTOCOL_ERROR' },
  { name: 'status 000', serve: send('HTTP/1.1 000 Odd\r\ncontent-length: 0\r\n\r\n'), outcome: 'PROTOCOL_ERROR' },
  { name: 'a space before the colon', serve: send(ok('content-length : 2\r\n', 'hi')), outcome: 'PROTOCOL_ERROR' },
  { name: 'NUL in a value', serve: send(ok('x: a\0b\r\ncontent-length: 0\r\n')), outcome: 'PROTOCOL_ERROR' },
  {
    name: '101 that nobody asked for',
    serve: send('HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
    outcome: 'PROTOCOL_ERROR',
  },
  {
    name: '100 that nobody asked for',
    serve: send(`HTTP/1.1 100 Continue\r\n\r\n${ok('content-length: 2\r\n', 'hi')}`),
    outcome: 'PROTOCOL_ERROR',
  },
  {
    name: '1,000 interim answers',
    serve: send('HTTP/1.1 102 Processing\r\n\r\n'.repeat(1_000)),
    outcome: 'PROTOCOL_ERROR',
  },

  // Too much.
  {
    name: 'a head of 100 kB',
    serve: send(ok(`x: ${'a'.repeat(100_000)}\r\ncontent-length: 0\r\n`)),
    outcome: 'HEADERS_TOO_LARGE',
  },
  {
    name: 'a head of 60 kB',
    serve: send(ok(`x: ${'a'.repeat(60_000)}\r\ncontent-length: 0\r\n`)),
    outcome: 'content-length',
  },
  {
    name: 'a content-length over the bound',
    serve: send(ok('content-length: 9000000000\r\n', 'hi')),
    outcome: 'TOO_LARGE',
  },
  { name: 'chunks without end', serve: (connection) => sendForever(connection), outcome: 'TOO_LARGE' },
];

async function sendForever(connection: H1Connection): Promise<void> {
  const chunk = `10000\r\n${'a'.repeat(0x10000)}\r\n`;
  await connection.send(CHUNKED);
  while (!connection.socket.destroyed) await connection.send(chunk);
}

describe('HTTP/1.1: what a server sends, and what the exchange is', () => {
  let client: Client;
  beforeAll(() => {
    client = testClient({ maxBodyBytes: 1024 * 1024 });
  });
  afterAll(() => client.destroy());

  it.each(CASES)('$name: $outcome', async ({ serve, outcome, body }) => {
    const server = await startH1Server((connection) => serve(connection));
    const fetched = await fetchOne(client, `${server.origin}/`);
    await server.close();
    expect([outcome].flat()).toContain(fetched.outcome);
    if (body !== undefined) expect(fetched.body.toString()).toBe(body);
    if (!fetched.exchange.ok) expect(fetched.exchange.sent).toBe(true);
  });

  it('HEAD has no body whatever its fields say', async () => {
    const server = await startH1Server(send(ok('content-length: 1000\r\ncontent-encoding: gzip\r\n')));
    const { outcome, body } = await fetchOne(client, `${server.origin}/`, { method: 'HEAD' });
    await server.close();
    expect([outcome, body.length]).toEqual(['content-length', 0]);
  });

  it('never delivers a response that nobody asked for as the next page’s', async () => {
    const server = await startH1Server((connection, request) =>
      connection.send(response(request.target) + ok('content-length: 4\r\n', 'evil')),
    );
    const bodies: string[] = [];
    for (const path of ['/a', '/b', '/c']) bodies.push((await fetchOne(client, server.origin + path)).body.toString());
    await server.close();
    expect(bodies).toEqual(['/a', '/b', '/c']);
  });

  it('a connection that the server closed while it was idle: not processed, though the request was sent', async () => {
    const server = await startH1Server(async (connection) => {
      await connection.send(response('first'));
      // The next request's first byte is answered by a reset: the server had given the connection up.
      connection.socket.once('data', () => connection.reset());
    });
    const first = await fetchOne(client, `${server.origin}/`);
    const second = await fetchOne(client, `${server.origin}/`);
    await server.close();
    expect(first.outcome).toBe('content-length');
    expect(second.exchange).toMatchObject({ ok: false, sent: true, failure: { code: 'NOT_PROCESSED' } });
  });

  it('keeps bytes over 127 as latin1, repeated fields as lists, and __proto__ as a name like any other', async () => {
    const server = await startH1Server(
      send(
        ok(
          'x-name: caf\xe9\r\nset-cookie: a\r\nSet-Cookie: b\r\n__proto__: p\r\nconstructor: c\r\ncontent-length: 0\r\n',
        ),
      ),
    );
    const { heads } = await fetchOne(client, `${server.origin}/`);
    await server.close();
    const headers = heads[0]?.headers ?? {};
    expect(Object.getPrototypeOf(headers)).toBe(null);
    expect(Object.entries(headers)).toEqual([
      ['x-name', ['caf\xe9']],
      ['set-cookie', ['a', 'b']],
      ['__proto__', ['p']],
      ['constructor', ['c']],
      ['content-length', ['0']],
    ]);
  });

  it('uses one connection for pages that follow each other, and sends method, target, fields and body as they are', async () => {
    const server = await startH1Server((connection) => connection.send(response('ok')));
    await fetchOne(client, `${server.origin}/a?b=c`, { headers: { 'x-own': 'v', 'user-agent': 'test' } });
    await fetchOne(client, `${server.origin}/b`, {
      method: 'POST',
      body: '{"a":"é"}',
      headers: { 'content-type': 'application/json' },
    });
    await server.close();
    expect(server.accepted()).toBe(1);
    expect(server.requests[0]).toMatchObject({
      method: 'GET',
      target: '/a?b=c',
      headers: { 'x-own': 'v', 'user-agent': 'test', 'accept-encoding': 'gzip, br, zstd, deflate' },
    });
    expect(server.requests[1]).toMatchObject({ method: 'POST', target: '/b' });
    expect(server.requests[1]?.body.toString()).toBe('{"a":"é"}');
  });

  it('asks for no coding where the request has a range or its own accept-encoding', async () => {
    const server = await startH1Server((connection) => connection.send(response('ok')));
    await fetchOne(client, `${server.origin}/`, { headers: { range: 'bytes=0-1' } });
    await fetchOne(client, `${server.origin}/`, { headers: { 'accept-encoding': 'br' } });
    await server.close();
    expect(server.requests.map((request) => request.headers['accept-encoding'])).toEqual([undefined, 'br']);
  });

  it('opens as many connections as there are requests in flight, and no more than perOrigin', async () => {
    const release: (() => void)[] = [];
    const server = await startScriptedServer(async (connection) => {
      await connection.request();
      release.push(() => void connection.send(response('ok')));
      if (release.length === 3) for (const go of release) go();
    });
    const results = await Promise.all([1, 2, 3].map((n) => fetchOne(client, `${server.origin}/${n}`)));
    await server.close();
    expect(results.map((result) => result.outcome)).toEqual(['content-length', 'content-length', 'content-length']);
    expect(server.accepted()).toBe(3);
  });
});
