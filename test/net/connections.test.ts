import { createSecureServer, type Http2SecureServer, type ServerHttp2Session } from 'node:http2';
import { type AddressInfo, Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Connection, connectionOf, registerConnection } from '../../src/net/connection.ts';
import { OpenConnections } from '../../src/net/open-connections.ts';
import { certificate } from '../support/certificates.ts';
import { fetchOne, testClient } from './fetch-one.ts';

interface Served {
  readonly origin: string;
  readonly sessions: readonly ServerHttp2Session[];
}

/** `/N` is a body of N bytes. */
async function startServer(): Promise<Served> {
  const sessions: ServerHttp2Session[] = [];
  const server: Http2SecureServer = createSecureServer(certificate('good'));
  server.on('session', (session) => sessions.push(session));
  server.on('stream', (stream, headers) => {
    stream.respond({ ':status': 200 });
    stream.end(Buffer.alloc(Number(headers[':path']?.slice(1))));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  return { origin: `https://localhost:${(server.address() as AddressInfo).port}`, sessions };
}

const windowOf = ({ sessions }: Served): number | undefined => sessions[0]?.remoteSettings.initialWindowSize;

describe('windows of HTTP/2 streams', () => {
  test('stay small for small bodies, and grow while a large one comes', async () => {
    const server = await startServer();
    const client = testClient();
    onTestFinished(() => client.destroy());
    expect((await fetchOne(client, `${server.origin}/1000`)).body).toHaveLength(1_000);
    expect(windowOf(server)).toBe(256 * 1024);
    expect((await fetchOne(client, `${server.origin}/4000000`)).body).toHaveLength(4_000_000);
    // 4 MiB at the least: how far loopback seems depends on how busy the machine is.
    expect(windowOf(server)).toBeGreaterThanOrEqual(4 * 1024 * 1024);
  });

  test('only so many connections at a time have large ones', async () => {
    const servers = await Promise.all(Array.from({ length: 10 }, startServer));
    const client = testClient();
    onTestFinished(() => client.destroy());
    for (const { origin } of servers) expect((await fetchOne(client, `${origin}/2000000`)).outcome).toBe('h2-end');
    expect(servers.filter((server) => (windowOf(server) ?? 0) >= 4 * 1024 * 1024)).toHaveLength(8);
  });
});

/** Over a socket that leads nowhere. */
function idleConnection(onClose: () => void): Connection {
  const socket = new Socket();
  socket.once('close', onClose);
  socket.destroy = (): typeof socket => {
    socket.emit('close', false);
    return socket;
  };
  registerConnection(socket, '2', '127.0.0.1');
  const connection = connectionOf(socket);
  if (connection === undefined) throw new Error('it was just registered');
  return connection;
}

describe('connections that are open', () => {
  test('are no more than may be: the one that has been idle for longest is let go', async () => {
    const servers = await Promise.all(Array.from({ length: 5 }, startServer));
    const client = testClient({ maxConnections: 2 });
    onTestFinished(() => client.destroy());
    for (const { origin } of servers) expect((await fetchOne(client, `${origin}/10`)).outcome).toBe('h2-end');
    await expect
      .poll(() => servers.map(({ sessions }) => sessions.filter((session) => !session.destroyed).length))
      .toEqual([0, 0, 0, 1, 1]);
    expect((await fetchOne(client, `${servers[4]?.origin}/10`)).outcome).toBe('h2-end');
    expect(servers[4]?.sessions).toHaveLength(1);
  });

  test('are let go first where nobody else waits for their origin', async () => {
    const servers = await Promise.all(Array.from({ length: 4 }, startServer));
    const client = testClient({ maxConnections: 3 });
    onTestFinished(() => client.destroy());
    for (const [n, { origin }] of servers.entries()) {
      expect((await fetchOne(client, `${origin}/10`, { isLast: n === 1 })).outcome).toBe('h2-end');
    }
    await expect
      .poll(() => servers.map(({ sessions }) => sessions.filter((session) => !session.destroyed).length))
      .toEqual([1, 0, 1, 1]);
  });

  test('are few where nobody waits for any of their origins, however many there may be', () => {
    const connections = new OpenConnections(2_048);
    const open = new Set<object>();
    let most = 0;
    for (let n = 0; n < 1_000; n++) {
      const connection = idleConnection(() => open.delete(connection));
      connections.connecting();
      connections.opened(connection);
      open.add(connection);
      connections.taken(connection);
      connections.left(connection, true);
      most = Math.max(most, open.size);
    }
    expect(most).toBe(257);
  });

  test('are never taken from who uses them: then there are more', async () => {
    const servers = await Promise.all(Array.from({ length: 4 }, startServer));
    const client = testClient({ maxConnections: 1 });
    onTestFinished(() => client.destroy());
    const fetched = await Promise.all(servers.map(({ origin }) => fetchOne(client, `${origin}/300000`)));
    expect(fetched.map(({ outcome }) => outcome)).toEqual(['h2-end', 'h2-end', 'h2-end', 'h2-end']);
  });
});
