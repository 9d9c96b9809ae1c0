import { Worker } from 'node:worker_threads';
import { expect } from 'vitest';
import { response, startH1Server } from '../support/h1-server.ts';
import { startTcpServer } from '../support/tcp-server.ts';
import { curlExitCode, hostileRun } from './hostile-run.ts';
import { type CheckCase, type ServerCase, send } from './server-case.ts';

const NEVER_SENT = { attempts: 3, requests: 0 } as const;

export const ROWS: readonly (ServerCase | CheckCase)[] = [
  { case: 7, name: 'nobody listens', check: refused },
  {
    case: 7,
    name: 'nobody listens, and many pages are there: after the first one’s tries the origin is given up',
    check: manyRefused,
  },
  { case: 8, name: 'a listener whose queue is full answers no SYN', check: blackhole },
  {
    case: 9,
    name: 'accepts and closes',
    greet: (connection) => connection.end(),
    expect: { outcome: 'error', code: 'CONNECTION_CLOSED', attempts: 3, requests: 3 },
    curl: 52,
  },
  {
    case: 9,
    name: 'closes after the request',
    serve: (connection) => connection.end(),
    expect: { outcome: 'error', code: 'CONNECTION_CLOSED', attempts: 3, requests: 3 },
    curl: 52,
  },
  {
    case: 10,
    name: 'resets before the answer',
    serve: (connection) => connection.reset(),
    expect: { outcome: 'error', code: 'CONNECTION_RESET', attempts: 3, requests: 3 },
    curl: 56,
  },
  {
    case: 11,
    name: 'closes an idle connection just as it is used: sent again, and it costs no try',
    check: () => idle('reset'),
  },
  { case: 11, name: 'the same with FIN', check: () => idle('end') },
  { case: 12, name: 'port 0', check: portZero },
  { case: 12, name: '0.0.0.0 is this machine: blocked under --block-private', check: () => blocked('0.0.0.0') },
  {
    case: 12,
    name: 'localhost. with its dot: blocked under --block-private, or no such name',
    check: () => blocked('localhost.'),
  },
  { case: 29, name: 'answers that nobody asked for are never the next page’s', check: unsolicited },
];

async function gonePort(): Promise<number> {
  const server = await startTcpServer(undefined, () => {});
  await server.close();
  return server.port;
}

async function refused(): Promise<void> {
  const url = `http://127.0.0.1:${await gonePort()}/`;
  const { records } = await hostileRun([url]);
  expect(records).toMatchObject([{ outcome: 'error', error: { code: 'CONNECT_REFUSED' }, ...NEVER_SENT }]);
  expect(await curlExitCode(url)).toBe(7);
}

async function manyRefused(): Promise<void> {
  const port = await gonePort();
  const { records } = await hostileRun(Array.from({ length: 50 }, (_, n) => `http://127.0.0.1:${port}/${n}`));
  const codes = records.map((record) => record.error?.code);
  expect(codes.length).toBe(50);
  expect(codes.filter((code) => code === 'ORIGIN_UNREACHABLE').length).toBeGreaterThan(40);
  expect(new Set(codes).size).toBeLessThanOrEqual(2);
}

/** Listens with the shortest queue, and never comes round to accepting: its thread sleeps. */
const DEAF = `
  const { parentPort } = require('node:worker_threads');
  const server = require('node:net').createServer(() => {});
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0), 20);
  });
`;

async function blackhole(): Promise<void> {
  const worker = new Worker(DEAF, { eval: true });
  const port = await new Promise<number>((resolve) => worker.once('message', resolve));
  await new Promise((resolve) => setTimeout(resolve, 100));
  const { connect } = await import('node:net');
  const fillers = Array.from({ length: 4 }, () => connect(port, '127.0.0.1').on('error', () => {}));
  await new Promise((resolve) => setTimeout(resolve, 50));
  const url = `http://127.0.0.1:${port}/`;
  const { records } = await hostileRun([url], { config: { net: { connectTimeoutMs: 300 } } });
  const curl = await curlExitCode(url, ['--connect-timeout', '0.3']);
  for (const filler of fillers) filler.destroy();
  await worker.terminate();
  expect(records).toMatchObject([{ outcome: 'error', error: { code: 'CONNECT_TIMEOUT' }, ...NEVER_SENT }]);
  expect(curl).toBe(28);
}

async function idle(ending: 'reset' | 'end'): Promise<void> {
  const server = await startH1Server(async (connection, { target }) => {
    await connection.send(response(target));
    // The next request's first byte finds the connection given up.
    if (connection.number === 1) connection.socket.once('data', () => connection[ending]());
  });
  const urls = ['/a', '/b', '/c'].map((path) => server.origin + path);
  const { records } = await hostileRun(urls, { config: { pace: { concurrency: 1, perOrigin: 1 } } });
  await server.close();
  expect(records.map(({ outcome, attempts }) => ({ outcome, attempts }))).toEqual(
    new Array(3).fill({ outcome: 'ok', attempts: 1 }),
  );
  expect(server.accepted()).toBe(2);
}

async function portZero(): Promise<void> {
  const { records } = await hostileRun(['http://127.0.0.1:0/']);
  expect(records).toMatchObject([{ outcome: 'invalid', error: { code: 'INVALID_LINE' }, requests: 0 }]);
}

async function blocked(host: string): Promise<void> {
  const server = await startH1Server(send(response('hi')));
  const { records } = await hostileRun([`http://${host}:${server.port}/`], { config: { net: { blockPrivate: true } } });
  await server.close();
  expect(['BLOCKED_ADDRESS', 'DNS_NOT_FOUND', 'DNS_FAILED']).toContain(records[0]?.error?.code);
  expect(server.accepted()).toBe(0);
}

async function unsolicited(): Promise<void> {
  const evil = 'HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil';
  const server = await startH1Server((connection, { target }) => connection.send(response(target) + evil));
  const urls = ['/a', '/b', '/c', '/d'].map((path) => server.origin + path);
  const { bodies } = await hostileRun(urls, { config: { pace: { concurrency: 1, perOrigin: 1 } } });
  await server.close();
  expect([...bodies.values()].toSorted()).toEqual(['/a', '/b', '/c', '/d']);
}
