import { Resolver as DnsResolver } from 'node:dns';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { Worker } from 'node:worker_threads';
import { expect } from 'vitest';
import { createClient } from '../../src/net/client.ts';
import type { LookUpAll } from '../../src/net/system-lookup.ts';
import { type DnsReply, startDnsServer } from '../support/dns-server.ts';
import { response, startH1Server } from '../support/h1-server.ts';
import { startBin } from '../support/spawn-bin.ts';
import { until } from '../support/workspace.ts';
import { type HostileRunOptions, hostileRun } from './hostile-run.ts';
import type { CheckCase } from './server-case.ts';
import { send } from './server-case.ts';
import { inNamespace, NO_NAMESPACE } from './short-of.ts';

/**
 * Twice each: in this process a stand-in for the system's look-up asks a name server of ours (c-ares; its errors are told as getaddrinfo tells
 * them), and in a network namespace the system's own look-up does.
 */
const IN_NAMESPACE = NO_NAMESPACE === undefined ? {} : { cannotRun: NO_NAMESPACE };

const SHORT = { net: { connectTimeoutMs: 400 } } as const;

export const ROWS: readonly CheckCase[] = [
  { case: 1, name: 'NXDOMAIN', check: () => ends('nxdomain', 'DNS_NOT_FOUND') },
  {
    case: 1,
    name: 'a hundred pages of a host that does not exist: it is looked up a few times, not a hundred',
    check: deadHost,
  },
  { case: 1, name: 'a name without an address', check: () => ends({}, 'DNS_NOT_FOUND') },
  { case: 2, name: 'SERVFAIL', check: () => ends('servfail', 'DNS_FAILED') },
  { case: 2, name: 'a name server that gets well again', check: wellAgain },
  { case: 3, name: 'a name server that does not answer', check: () => ends('silence', 'CONNECT_TIMEOUT') },
  {
    case: 3,
    name: 'the command has threads enough for sixteen look-ups that hang',
    ...(process.platform === 'linux' ? {} : { cannotRun: 'threads are counted in /proc' }),
    check: manyThreads,
  },
  { case: 3, name: 'a slow one keeps no other host waiting', check: slowNames },
  { case: 4, name: 'the first address answers no SYN, the second does', check: () => broken(false) },
  { case: 4, name: 'no address answers a SYN', check: () => broken(true) },
  {
    case: 5,
    name: 'a name that leads inside is blocked under --block-private',
    check: () => guarded({ v4: ['127.0.0.1'] }),
  },
  {
    case: 5,
    name: 'so is one of which a single address does',
    check: () => guarded({ v4: ['203.0.114.7', '127.0.0.1'] }),
  },
  { case: 5, name: 'so is one that leads inside by way of NAT64', check: () => guarded({ v6: ['64:ff9b::7f00:1'] }) },
  { case: 6, name: 'the address that was checked is the one that is used: nobody looks again', check: onceOnly },
  {
    case: 1,
    name: 'NXDOMAIN, SERVFAIL and a broken IPv6 address, by the system’s look-up; and 20 names that hang harm no other',
    ...IN_NAMESPACE,
    check: realNames,
  },
  {
    case: 6,
    name: 'rebinding from a public address to loopback, and a redirect there, by the system’s look-up',
    ...IN_NAMESPACE,
    check: realRebinding,
  },
  { case: 81, name: 'from a public address to a private one, for real', ...IN_NAMESPACE, check: realRebinding },
];

const GETADDRINFO: Readonly<Record<string, string>> = {
  ENOTFOUND: 'ENOTFOUND',
  ENODATA: 'ENOTFOUND',
  ESERVFAIL: 'EAI_AGAIN',
  ETIMEOUT: 'EAI_AGAIN',
};

/** Both families, of the name server at that port. */
function lookUpAt(port: number): { readonly lookUpAll: LookUpAll; readonly stop: () => void } {
  const resolver = new DnsResolver({ timeout: 20_000, tries: 1 });
  resolver.setServers([`127.0.0.1:${port}`]);
  const lookUpAll: LookUpAll = (host, callback) => {
    resolver.resolve4(host, (v4Error, v4) =>
      resolver.resolve6(host, (v6Error, v6) => {
        const addresses = [
          ...(v4 ?? []).map((address) => ({ address, family: 4 as const })),
          ...(v6 ?? []).map((address) => ({ address, family: 6 as const })),
        ];
        const error = v4Error ?? v6Error;
        if (addresses.length > 0 || error === null) callback(null, addresses);
        else
          callback(
            Object.assign(new Error(`getaddrinfo of ${host}`), {
              code: GETADDRINFO[error.code ?? ''] ?? error.code,
              syscall: 'getaddrinfo',
            }),
            [],
          );
      }),
    );
  };
  return { lookUpAll, stop: () => resolver.cancel() };
}

async function withNames(
  reply: (name: string, nth: number) => DnsReply,
  list: readonly string[],
  config: HostileRunOptions['config'] = {},
) {
  const dns = await startDnsServer(reply);
  const { lookUpAll, stop } = lookUpAt(dns.port);
  try {
    const run = await hostileRun(list, { config, createClient: ({ net }) => createClient(net, lookUpAll) });
    return { ...run, asked: dns.asked };
  } finally {
    stop();
    await dns.close();
  }
}

async function ends(reply: DnsReply, code: string): Promise<void> {
  const { records } = await withNames(() => reply, ['http://a.test/'], SHORT);
  expect(records).toMatchObject([{ outcome: 'error', error: { code }, attempts: 3, requests: 0 }]);
}

async function deadHost(): Promise<void> {
  const list = Array.from({ length: 100 }, (_, n) => `http://a.test/${n}`);
  const { records, asked } = await withNames(() => 'nxdomain', list);
  expect(records.length).toBe(100);
  for (const record of records) expect(record.error?.code).toMatch(/^(DNS_NOT_FOUND|ORIGIN_UNREACHABLE)$/);
  expect(asked.length).toBeLessThan(20);
}

async function wellAgain(): Promise<void> {
  const server = await startH1Server(send(response('hi')));
  const { records } = await withNames(
    (_, nth) => (nth === 0 ? 'servfail' : { v4: ['127.0.0.1'] }),
    [`http://a.test:${server.port}/`],
    { retry: { retries: 200 } },
  );
  await server.close();
  expect(records).toMatchObject([{ outcome: 'ok', requests: 1 }]);
}

async function slowNames(): Promise<void> {
  const server = await startH1Server(send(response('hi')));
  const url = (name: string) => `http://${name}.test:${server.port}/`;
  const slow = Array.from({ length: 10 }, (_, n) => url(`slow${n}`));
  const quick = Array.from({ length: 10 }, (_, n) => url(`quick${n}`));
  const reply = (name: string): DnsReply => ({ v4: ['127.0.0.1'], afterMs: name.startsWith('slow') ? 300 : 0 });
  const { records } = await withNames(reply, [...slow, ...quick]);
  await server.close();
  expect(records.map((record) => record.outcome)).toEqual(new Array(20).fill('ok'));
  expect(records.slice(0, 10).every((record) => record.url.includes('quick'))).toBe(true);
}

/** Its queue is full before it begins, and it never comes round to accepting: its thread sleeps. */
const DEAF = `
  const { parentPort, workerData } = require('node:worker_threads');
  const net = require('node:net');
  const server = net.createServer(() => {});
  server.listen({ port: workerData, host: '127.0.0.2', backlog: 1 }, () => {
    parentPort.postMessage(0);
    setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0), 10);
  });
`;

async function broken(all: boolean): Promise<void> {
  const { connect } = await import('node:net');
  const server = await startH1Server(send(response('hi')));
  const worker = new Worker(DEAF, { eval: true, workerData: server.port });
  await new Promise((resolve) => worker.once('message', resolve));
  await new Promise((resolve) => setTimeout(resolve, 60));
  const fillers = Array.from({ length: 4 }, () => connect(server.port, '127.0.0.2').on('error', () => {}));
  await new Promise((resolve) => setTimeout(resolve, 50));
  const addresses = all ? ['127.0.0.2', '127.0.0.2'] : ['127.0.0.2', '127.0.0.1'];
  const resolve = [{ host: 'a.test', port: server.port, addresses }];
  const { records } = await hostileRun([`http://a.test:${server.port}/`], {
    config: { net: { resolve, connectTimeoutMs: all ? 600 : 10_000 }, retry: { retries: 1 } },
  });
  for (const filler of fillers) filler.destroy();
  await worker.terminate();
  await server.close();
  const expected = all
    ? { outcome: 'error', error: { code: 'CONNECT_TIMEOUT' }, attempts: 2 }
    : { outcome: 'ok', attempts: 1 };
  expect(records).toMatchObject([expected]);
}

async function guarded(reply: DnsReply): Promise<void> {
  const inside = await startH1Server(send(response('secret')));
  const { records } = await withNames(() => reply, [`http://a.test:${inside.port}/`], { net: { blockPrivate: true } });
  await inside.close();
  expect(records).toMatchObject([{ outcome: 'blocked', error: { code: 'BLOCKED_ADDRESS' }, attempts: 1, requests: 0 }]);
  expect(inside.accepted()).toBe(0);
}

async function onceOnly(): Promise<void> {
  const server = await startH1Server(send(response('hi')));
  const reply = (_: string, nth: number): DnsReply => ({ v4: [nth === 0 ? '127.0.0.1' : '127.0.0.3'] });
  const list = Array.from({ length: 20 }, (_, n) => `http://a.test:${server.port}/${n}`);
  const { records, asked } = await withNames(reply, list);
  await server.close();
  expect(records.map((record) => record.outcome)).toEqual(new Array(20).fill('ok'));
  expect(asked).toEqual(['a.test A', 'a.test AAAA']);
}

async function realNames(): Promise<void> {
  const { single, crowd } = await inNamespace('names');
  const byName = Object.fromEntries(single.map((record) => [new URL(record.url).hostname, record]));
  expect(byName).toMatchObject({
    'missing.test': { outcome: 'error', code: 'DNS_NOT_FOUND', attempts: 3, requests: 0 },
    'broken.test': { outcome: 'error', code: 'DNS_FAILED', attempts: 3, requests: 0 },
    'both.test': { outcome: 'ok', attempts: 1 },
  });
  const good = crowd.filter((record) => record.url.includes('//good'));
  expect(good.map((record) => record.code ?? record.outcome)).toEqual(new Array(10).fill('ok'));
  expect(crowd.length).toBe(30);
}

async function manyThreads(): Promise<void> {
  const server = await startH1Server(() => {});
  const running = startBin(['--format', 'none', '--max-time', '20', `http://localhost:${server.port}/`], {
    cwd: tmpdir(),
  });
  const { pid } = running.child;
  const threads = () => readdirSync(`/proc/${pid}/task`).length;
  try {
    await until(() => server.requests.length === 1, 'the request');
    expect(threads()).toBeGreaterThan(32);
  } finally {
    running.signal('SIGKILL');
    await running.ended;
    await server.close();
  }
}

let rebinding: ReturnType<typeof inNamespace<'rebinding'>> | undefined;

async function realRebinding(): Promise<void> {
  rebinding ??= inNamespace('rebinding');
  const { records, insideAccepted } = await rebinding;
  const ends = Object.fromEntries(
    records.map((record) => [new URL(record.url).hostname, record.code ?? record.outcome]),
  );
  expect(ends).toEqual({ 'turns.test': 'ok', 'both.test': 'BLOCKED_ADDRESS', '203.0.114.7': 'BLOCKED_ADDRESS' });
  expect(insideAccepted).toBe(0);
}
