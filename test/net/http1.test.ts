import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../../src/core/ports.ts';
import { type H1Connection, response, startH1Server, startScriptedServer } from '../support/h1-server.ts';
import { fetchOne, testClient } from './fetch-one.ts';

const CHUNKED = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n';
const ok = (fields: string, body = '') => `HTTP/1.1 200 OK\r\n${fields}\r\n${body}`;

/** Whole answers; the bad ones are in test/hostile. */
interface Case {
  readonly name: string;
  readonly serve: (connection: H1Connection) => Promise<void> | void;
  readonly outcome: string;
  readonly body?: string;
}

const sendEnd = (bytes: string) => async (connection: H1Connection) => {
  await connection.send(bytes);
  connection.end();
};

const send = (bytes: string) => (connection: H1Connection) => connection.send(bytes);

const CASES: readonly Case[] = [
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
  { name: 'an empty body up to the connection’s end', serve: sendEnd(ok('')), outcome: 'close-delimited', body: '' },
  { name: '204 without fields', serve: send('HTTP/1.1 204 No Content\r\n\r\n'), outcome: 'content-length', body: '' },
  {
    name: '304 with the length of what it stands for',
    serve: send('HTTP/1.1 304 Same\r\ncontent-length: 99\r\n\r\n'),
    outcome: 'content-length',
    body: '',
  },
];

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
    expect(fetched.outcome).toBe(outcome);
    if (body !== undefined) expect(fetched.body.toString()).toBe(body);
  });

  it('HEAD has no body whatever its fields say', async () => {
    const server = await startH1Server(send(ok('content-length: 1000\r\ncontent-encoding: gzip\r\n')));
    const { outcome, body } = await fetchOne(client, `${server.origin}/`, { method: 'HEAD' });
    await server.close();
    expect([outcome, body.length]).toEqual(['content-length', 0]);
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
