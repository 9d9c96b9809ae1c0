import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { NetConfig } from '../../src/core/config.ts';
import { type H1Connection, response, startH1Server, startScriptedServer } from '../support/h1-server.ts';
import { type H2Connection, SETTING, startH2Server, startRawH2Server } from '../support/h2-server.ts';
import { startTcpServer } from '../support/tcp-server.ts';
import { fetchOne, sha256, testClient, wireRequest } from './fetch-one.ts';

const never = () => new Promise<void>(() => {});
const CHUNKED = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n';

const SHORT_RESPONSE = { responseTimeoutMs: 300 };

describe('time limits over HTTP/1.1', () => {
  it('a limit under a second is kept to a tenth', async () => {
    const client = testClient({ responseTimeoutMs: 500 });
    const server = await startH1Server(never);
    const start = performance.now();
    await fetchOne(client, `${server.origin}/`);
    const elapsed = performance.now() - start;
    await client.destroy();
    await server.close();
    expect(elapsed).toBeGreaterThanOrEqual(500);
    expect(elapsed).toBeLessThan(2_000);
  });

  it('TLS that is never answered is a connect timeout, for everybody who waits behind the first handshake', async () => {
    const client = testClient({ connectTimeoutMs: 300 });
    const server = await startTcpServer(undefined, () => {});
    const results = await Promise.all([1, 2, 3].map((n) => fetchOne(client, `https://127.0.0.1:${server.port}/${n}`)));
    await client.destroy();
    await server.close();
    expect(results.map((result) => result.outcome)).toEqual(new Array(3).fill('CONNECT_TIMEOUT'));
    expect(results.every((result) => !result.exchange.ok && !result.exchange.sent)).toBe(true);
    expect(server.accepted()).toBe(1);
  });

  it('time while the sink holds the body does not count as a stall', async () => {
    const client = testClient({ stallTimeoutMs: 200 });
    const body = randomBytes(400_000);
    const server = await startH1Server((connection) => connection.send(response(body)));
    const chunks: Buffer[] = [];
    let writing = 0;
    const exchange = await client.exchange(wireRequest(`${server.origin}/`), () => ({
      write: async (chunk) => {
        writing += 1;
        expect(writing).toBe(1);
        chunks.push(Buffer.from(chunk));
        await new Promise((resolve) => setTimeout(resolve, chunks.length === 1 ? 700 : 1));
        writing -= 1;
      },
    }));
    await client.destroy();
    await server.close();
    expect(exchange).toMatchObject({ ok: true, bytes: body.length });
    expect(sha256(Buffer.concat(chunks))).toBe(sha256(body));
  });
});

interface H2Case {
  readonly name: string;
  readonly config: Partial<NetConfig>;
  readonly serve: (connection: H2Connection, stream: number) => Promise<void>;
  readonly outcome: string;
}

const HTTP2: readonly H2Case[] = [
  { name: 'no answer at all', config: SHORT_RESPONSE, serve: never, outcome: 'RESPONSE_TIMEOUT' },
];

describe('time limits over HTTP/2', () => {
  it.each(HTTP2)('$name: $outcome', async ({ config, serve, outcome }) => {
    const client = testClient(config);
    const server = await startH2Server(serve);
    expect((await fetchOne(client, `${server.origin}/`)).outcome).toBe(outcome);
    await client.destroy();
    await server.close();
  });

  it('a server that allows no stream: the request ends, and was not sent', async () => {
    const client = testClient({ connectTimeoutMs: 400, responseTimeoutMs: 400 });
    const server = await startRawH2Server((connection) => connection.settings([[SETTING.maxConcurrentStreams, 0]]));
    await fetchOne(client, `${server.origin}/first`);
    const second = await fetchOne(client, `${server.origin}/second`);
    await client.destroy();
    await server.close();
    expect(second.exchange).toMatchObject({ ok: false, sent: false, failure: { code: 'RESPONSE_TIMEOUT' } });
  });

  it('one slow page on a lively connection leaves the connection to its siblings', async () => {
    const client = testClient({ responseTimeoutMs: 400 });
    const server = await startH2Server(async (connection, stream, order) => {
      if (order !== 2) await connection.respond(stream, 'hi');
    });
    await fetchOne(client, `${server.origin}/first`);
    const slow = fetchOne(client, `${server.origin}/slow`);
    let settled = false;
    const ended = slow.finally(() => {
      settled = true;
    });
    while (!settled) expect((await fetchOne(client, `${server.origin}/quick`)).outcome).toBe('h2-end');
    await ended;
    expect((await slow).outcome).toBe('RESPONSE_TIMEOUT');
    expect((await fetchOne(client, `${server.origin}/after`)).outcome).toBe('h2-end');
    await client.destroy();
    await server.close();
    expect(server.accepted()).toBe(1);
  });
});

describe('a body that nobody wants', () => {
  const unwanted = async (serve: (connection: H1Connection) => Promise<void> | void) => {
    const client = testClient();
    const server = await startH1Server(serve);
    const start = performance.now();
    const exchange = await client.exchange(wireRequest(`${server.origin}/`), () => undefined);
    const elapsed = performance.now() - start;
    const second = await client.exchange(wireRequest(`${server.origin}/`), () => undefined);
    await client.destroy();
    await server.close();
    return { exchange, elapsed, second, connections: server.accepted() };
  };

  it('a short one is read, and the connection used again', async () => {
    const { exchange, connections } = await unwanted((connection) =>
      connection.send(response('a'.repeat(500), {}, '302 Found')),
    );
    expect(exchange).toMatchObject({ ok: true, complete: 'content-length', bytes: 0, head: { status: 302 } });
    expect(connections).toBe(1);
  });

  it('a long one is cut at once', async () => {
    const { exchange, connections } = await unwanted((connection) =>
      connection.send('HTTP/1.1 302 Found\r\ncontent-length: 9000000\r\n\r\n'),
    );
    expect(exchange).toMatchObject({ ok: true, bytes: 0, head: { status: 302 } });
    expect(connections).toBe(2);
  });

  it('an endless one is cut', async () => {
    const { exchange } = await unwanted(async (connection) => {
      await connection.send(CHUNKED);
      while (!connection.socket.destroyed) await connection.send(`10000\r\n${'a'.repeat(0x10000)}\r\n`);
    });
    expect(exchange).toMatchObject({ ok: true, bytes: 0 });
  });

  it('one that does not come is waited for no longer than two seconds', async () => {
    const { exchange, elapsed } = await unwanted((connection) => connection.send(CHUNKED));
    expect(exchange).toMatchObject({ ok: true, bytes: 0 });
    expect(elapsed).toBeLessThan(8_000);
  });
});

describe('the sink and the end', () => {
  it('a rejection of the sink ends the exchange with that very error', async () => {
    const client = testClient();
    const server = await startH1Server((connection) => connection.send(response(Buffer.alloc(500_000))));
    const full = new Error('disk full');
    const write = () => Promise.reject(full);
    await expect(client.exchange(wireRequest(`${server.origin}/`), () => ({ write }))).rejects.toBe(full);
    const thrower = () => {
      throw full;
    };
    await expect(client.exchange(wireRequest(`${server.origin}/`), () => ({ write: thrower }))).rejects.toBe(full);
    await client.destroy();
    await server.close();
  });

  it('destroy ends what waits, what is answered and what is being connected, and closes every connection', async () => {
    const client = testClient();
    const silent = await startH1Server(never);
    const halfway = await startH2Server((connection, stream) => connection.headers(stream, [[':status', '200']]));
    const deaf = await startTcpServer(undefined, () => {});
    let begun = 0;
    const both = Promise.withResolvers<void>();
    const count = () => {
      begun += 1;
      if (begun === 2) both.resolve();
    };
    const halves = [1, 2].map((n) =>
      client.exchange(wireRequest(`${halfway.origin}/${n}`), () => {
        count();
        return { write: () => {} };
      }),
    );
    const all = [...halves, fetchOne(client, `${silent.origin}/`), fetchOne(client, `https://127.0.0.1:${deaf.port}/`)];
    await both.promise;
    await client.destroy();
    const outcomes = (await Promise.all(all)).map((result) => ('exchange' in result ? result.exchange : result));
    expect(outcomes.map((exchange) => (exchange.ok ? 'ok' : exchange.failure.code))).toEqual(
      new Array(4).fill('ABORTED'),
    );
    expect((await fetchOne(client, `${silent.origin}/`)).outcome).toBe('ABORTED');
    for (const server of [silent, halfway, deaf]) {
      await Promise.all(
        [...server.open].map((socket) => new Promise((resolve) => socket.once('close', resolve).resume().end())),
      );
      await server.close();
    }
  });

  it('counts the bytes of bodies as they came over the wire', async () => {
    const client = testClient();
    const server = await startScriptedServer(async (connection) => {
      for (;;) {
        if ((await connection.request()) === undefined) return;
        await connection.send(response('12345'));
      }
    });
    await fetchOne(client, `${server.origin}/`);
    await fetchOne(client, `${server.origin}/`);
    await client.destroy();
    await server.close();
    expect(client.receivedBytes).toBe(10);
  });
});
