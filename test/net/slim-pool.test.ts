import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Dispatcher } from 'undici';
import FixedQueue from 'undici/lib/dispatcher/fixed-queue.js';
import { expect, onTestFinished, test } from 'vitest';
import { slimPool } from '../../src/net/slim-pool.ts';

function queueOf(pool: object): FixedQueue {
  const queue = Object.getOwnPropertySymbols(pool)
    .map((key): unknown => Reflect.get(pool, key))
    .find((value) => value instanceof FixedQueue);
  if (queue === undefined) throw new Error('undici keeps a pool’s queue elsewhere now: slimPool has nothing to do');
  return queue;
}

test('a pool of an origin reserves no places in its queue', () => {
  expect(queueOf(slimPool('https://localhost', { connections: 50 })).head.list).toHaveLength(0);
});

test('more requests than undici’s ring has places pass through one pool in order, and more than once round', async () => {
  const paths: string[] = [];
  const server = createServer((request, response) => {
    paths.push(request.url ?? '');
    response.end();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const pool = slimPool(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { connections: 1 });
  onTestFinished(async () => {
    await pool.destroy();
    server.close();
  });
  for (const count of [1_500, 1_500, 5_000]) {
    paths.length = 0;
    const wanted = Array.from({ length: count }, (_, n) => `/${n}`);
    await Promise.all(wanted.map((path) => done(pool, path)));
    expect(paths).toEqual(wanted);
  }
});

function done(pool: Dispatcher, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: () => {},
      onResponseStart: () => {},
      onResponseData: () => {},
      onResponseEnd: () => resolve(),
      onResponseError: (_controller, error) => reject(error),
    };
    pool.dispatch({ path, method: 'GET' }, handler);
  });
}
