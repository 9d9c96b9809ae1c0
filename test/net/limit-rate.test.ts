import { randomBytes } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { certificate } from '../support/certificates.ts';
import { response, startH1Server } from '../support/h1-server.ts';
import { startH2Server } from '../support/h2-server.ts';
import { fetchOne, sha256, testClient } from './fetch-one.ts';

/** What was taken from the system for all connections to one port, TLS and framing included: as the system counts it. */
class Wire {
  readonly #sockets: Socket[] = [];
  readonly #onSocket = (message: unknown) => void this.#sockets.push((message as { socket: Socket }).socket);

  constructor() {
    subscribe('net.client.socket', this.#onSocket);
  }

  bytesFrom(port: number): number {
    return this.#sockets.reduce((sum, socket) => sum + (socket.remotePort === port ? socket.bytesRead : 0), 0);
  }

  close(): void {
    unsubscribe('net.client.socket', this.#onSocket);
  }
}

let wire: Wire;
beforeAll(() => {
  wire = new Wire();
});
afterAll(() => wire.close());

const SERVERS = {
  'HTTP/1.1': (body: Buffer) => startH1Server((connection) => connection.send(response(body))),
  'HTTP/1.1 over TLS': (body: Buffer) =>
    startH1Server((connection) => connection.send(response(body)), certificate('good')),
  'HTTP/2': (body: Buffer) =>
    startH2Server(async (connection, stream) => {
      await connection.headers(stream, [[':status', '200']]);
      for (let at = 0; at < body.length; at += 16_000) await connection.data(stream, body.subarray(at, at + 16_000));
      await connection.data(stream, '', true);
    }),
};

interface Saturated {
  readonly start: (typeof SERVERS)[keyof typeof SERVERS];
  readonly limit: number;
  readonly bodyBytes: number;
  readonly forMs: number;
}

/** Eight pages at a time for so long: the highest rate of any two seconds, and the mean, as shares of the limit. */
async function saturate({ start, limit, bodyBytes, forMs }: Saturated) {
  const server = await start(randomBytes(bodyBytes));
  const client = testClient({ limitBytesPerSecond: limit, http1Only: start !== SERVERS['HTTP/2'] });
  const samples: (readonly [atMs: number, bytes: number])[] = [];
  const sampler = setInterval(() => samples.push([performance.now(), wire.bytesFrom(server.port)]), 10);
  let isOver = false;
  const pages = Array.from({ length: 8 }, async () => {
    while (!isOver) await fetchOne(client, `${server.origin}/`);
  });
  await new Promise((resolve) => setTimeout(resolve, forMs));
  clearInterval(sampler);
  isOver = true;
  await client.destroy();
  await Promise.all(pages);
  await server.close();
  const [firstMs = 0, firstBytes = 0] = samples[0] ?? [];
  const [lastMs = 0, lastBytes = 0] = samples.at(-1) ?? [];
  return {
    most: mostIn(samples, 2_000) / 2 / limit,
    mean: ((lastBytes - firstBytes) * 1_000) / (lastMs - firstMs) / limit,
  };
}

function mostIn(samples: readonly (readonly [atMs: number, bytes: number])[], windowMs: number): number {
  let most = 0;
  let from = 0;
  for (const [at, bytes] of samples) {
    while (at - (samples[from]?.[0] ?? at) > windowMs) from += 1;
    most = Math.max(most, bytes - (samples[from]?.[1] ?? 0));
  }
  return most;
}

describe('--limit-rate: what is taken from the network', () => {
  // What a busy machine holds up is made up for within a few hundredths of a second, or not at all: so much for the mean.
  it.each(
    Object.entries(SERVERS).flatMap(([protocol, start]) =>
      [60_000, 300_000, 3_000_000].map((limit) => ({ protocol, limit, start })),
    ),
  )(
    '$protocol, $limit bytes a second: never more than 5% over it in any two seconds, and it is used',
    async ({ start, limit }) => {
      const sizes = [20_000, 200_000, 5_000_000];
      const results = await Promise.all(sizes.map((bodyBytes) => saturate({ start, limit, bodyBytes, forMs: 4_000 })));
      for (const { most, mean } of results) {
        expect(most).toBeLessThanOrEqual(1.05);
        expect(mean).toBeGreaterThan(0.5);
      }
    },
  );

  it.each(Object.entries(SERVERS))('%s: every body is whole', async (_protocol, start) => {
    const body = randomBytes(70_000);
    const server = await start(body);
    const client = testClient({ limitBytesPerSecond: 1_000_000, http1Only: start !== SERVERS['HTTP/2'] });
    const results = await Promise.all(Array.from({ length: 10 }, (_, n) => fetchOne(client, `${server.origin}/${n}`)));
    await client.destroy();
    await server.close();
    expect(results.map((result) => sha256(result.body))).toEqual(new Array(10).fill(sha256(body)));
  });

  it('time in which the limit holds everything is no silence of the server: neither a head nor a body is late', async () => {
    const server = await SERVERS['HTTP/2'](randomBytes(10_000));
    const client = testClient({ limitBytesPerSecond: 50_000, responseTimeoutMs: 100, stallTimeoutMs: 50 });
    const twoPages = async () => [
      await fetchOne(client, `${server.origin}/`),
      await fetchOne(client, `${server.origin}/`),
    ];
    const results = (await Promise.all([1, 2, 3, 4, 5, 6].map(twoPages))).flat();
    await client.destroy();
    await server.close();
    expect(results.map(({ outcome }) => outcome)).toEqual(new Array(12).fill('h2-end'));
  });

  it('a server that is silent while there is room is late all the same', async () => {
    const server = await startH1Server(() => new Promise<void>(() => {}));
    const client = testClient({ limitBytesPerSecond: 50_000, responseTimeoutMs: 300 });
    expect((await fetchOne(client, `${server.origin}/`)).outcome).toBe('RESPONSE_TIMEOUT');
    await client.destroy();
    await server.close();
  });

  it('a reset below TLS is no end of a body', async () => {
    const server = await startH1Server(async (connection) => {
      await connection.send('HTTP/1.1 200 OK\r\n\r\nhalf a body');
      setTimeout(() => connection.reset(), 100);
    }, certificate('good'));
    const client = testClient({ limitBytesPerSecond: 1_000_000, http1Only: true });
    expect((await fetchOne(client, `${server.origin}/`)).outcome).toBe('TRUNCATED');
    await client.destroy();
    await server.close();
  });
});
