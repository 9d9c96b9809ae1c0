import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPrivateAddress } from '../../src/net/address-guard.ts';
import { createClient } from '../../src/net/client.ts';
import { Resolver } from '../../src/net/resolver.ts';
import type { LookUpAll } from '../../src/net/system-lookup.ts';
import { response, startH1Server } from '../support/h1-server.ts';
import { startTcpServer } from '../support/tcp-server.ts';
import { fetchOne, TEST_CONFIG, testClient } from './fetch-one.ts';

describe('isPrivateAddress', () => {
  it.each([
    '127.0.0.1',
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '198.18.0.1',
    '192.0.2.1',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '0:0:0:0:0:ffff:10.0.0.1',
    '::127.0.0.1',
    'fe80::1',
    'fe80::1%eth0',
    'fc00::1',
    'fd12::1',
    'ff02::1',
    '64:ff9b::7f00:1',
    '64:ff9b::10.0.0.1',
    '64:ff9b:1::1',
    '2002:7f00:1::',
    '2002:c0a8:101::1',
    '2001:db8::1',
    '2001::1',
    'not an address',
    '',
  ])('%s is', (address) => {
    expect(isPrivateAddress(address)).toBe(true);
  });

  it.each([
    '1.1.1.1',
    '8.8.8.8',
    '172.15.255.255',
    '172.32.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '192.167.1.1',
    '198.17.0.1',
    '198.20.0.1',
    '223.255.255.255',
    '2606:4700::1111',
    '::ffff:8.8.8.8',
    '64:ff9b::808:808',
    '2002:808:808::1',
    '2a00:1450::1',
  ])('%s is not', (address) => {
    expect(isPrivateAddress(address)).toBe(false);
  });

  it('says of an address inside IPv6 what it says of the address', () => {
    fc.assert(
      fc.property(fc.ipV4(), (v4) => {
        const [a = 0, b = 0, c = 0, d = 0] = v4.split('.').map(Number);
        const hex = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
        const embedded = [`::ffff:${v4}`, `::ffff:${hex}`, `64:ff9b::${v4}`, `64:ff9b::${hex}`, `2002:${hex}::1`];
        return embedded.every((address) => isPrivateAddress(address) === isPrivateAddress(v4));
      }),
    );
  });
});

describe('--block-private', () => {
  it.each(['127.0.0.1', '127.1', '2130706433', '0x7f.1', '[::1]', '[::ffff:7f00:1]', 'localhost', '0.0.0.0'])(
    'http://%s/ is blocked, and nothing is connected',
    async (host) => {
      const server = await startTcpServer(undefined, () => {});
      const client = testClient({ blockPrivate: true });
      const { exchange } = await fetchOne(client, `http://${host}:${server.port}/`);
      await client.destroy();
      await server.close();
      expect(exchange).toMatchObject({ ok: false, sent: false, failure: { code: 'BLOCKED_ADDRESS' } });
      expect(server.accepted()).toBe(0);
    },
  );

  it('many pages of a blocked name end at once, without a loop', async () => {
    const client = testClient({ blockPrivate: true, perOrigin: 1 });
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, n) => fetchOne(client, `https://localhost:1/${n}`)),
    );
    await client.destroy();
    expect(results.map((result) => result.outcome)).toEqual(new Array(20).fill('BLOCKED_ADDRESS'));
  });

  it('--resolve is guarded too', async () => {
    const client = testClient({ blockPrivate: true, resolve: [{ host: 'a.test', port: 80, addresses: ['10.0.0.1'] }] });
    expect((await fetchOne(client, 'http://a.test/')).outcome).toBe('BLOCKED_ADDRESS');
    await client.destroy();
  });
});

describe('the way to a host', () => {
  it('--resolve leads a name and port to an address, and the server still sees the name', async () => {
    const server = await startH1Server((connection) => connection.send(response('hi')));
    const client = testClient({ resolve: [{ host: 'a.test', port: server.port, addresses: ['127.0.0.1'] }] });
    const { exchange } = await fetchOne(client, `http://a.test:${server.port}/`);
    await client.destroy();
    await server.close();
    expect(exchange).toMatchObject({ ok: true, remoteAddress: '127.0.0.1' });
    expect(server.requests[0]?.headers.host).toBe(`a.test:${server.port}`);
  });

  it('the time for a name and a connection is told apart from that for an answer', async () => {
    const server = await startH1Server((connection) => connection.send(response('hi')));
    const client = createClient(TEST_CONFIG, (_, callback) => {
      setTimeout(() => callback(null, [{ address: '127.0.0.1', family: 4 }]), 60);
    });
    const first = await fetchOne(client, `http://a.test:${server.port}/1`);
    const second = await fetchOne(client, `http://a.test:${server.port}/2`);
    await client.destroy();
    await server.close();
    const times = [first, second].map(({ exchange }) => (exchange.ok ? exchange.connectMs : Number.NaN));
    expect(times[0]).toBeGreaterThanOrEqual(59);
    expect(times[1]).toBeLessThan(59);
  });

  it('an address that refuses, then one that does not', async () => {
    const server = await startH1Server((connection) => connection.send(response('hi')));
    const client = testClient({
      resolve: [{ host: 'a.test', port: server.port, addresses: ['127.0.0.2', '127.0.0.1'] }],
    });
    const { exchange } = await fetchOne(client, `http://a.test:${server.port}/`);
    await client.destroy();
    await server.close();
    expect(exchange).toMatchObject({ ok: true, remoteAddress: '127.0.0.1' });
  });

  it('nobody listens', async () => {
    const gone = await startTcpServer(undefined, () => {});
    await gone.close();
    const client = testClient({
      resolve: [{ host: 'a.test', port: gone.port, addresses: ['127.0.0.1', '127.0.0.2'] }],
    });
    const one = await fetchOne(client, `http://127.0.0.1:${gone.port}/`);
    const several = await fetchOne(client, `https://a.test:${gone.port}/`);
    await client.destroy();
    expect([one.outcome, several.outcome]).toEqual(['CONNECT_REFUSED', 'CONNECT_REFUSED']);
  });
});

const RESOLVER = { resolve: [], blockPrivate: false, connectTimeoutMs: 1_000 };

/** A name server that is told when to answer. */
function scriptedLookup() {
  const asked: string[] = [];
  const pending: ((error: Error | null, ...addresses: string[]) => void)[] = [];
  const lookUpAll: LookUpAll = (host, callback) => {
    asked.push(host);
    pending.push((error, ...addresses) =>
      callback(
        error,
        addresses.map((address) => ({ address, family: 4 as const })),
      ),
    );
  };
  return {
    asked,
    lookUpAll,
    answer: (error: Error | null, ...addresses: string[]) => pending.shift()?.(error, ...addresses),
  };
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'ok',
    (error: { failure: { code: string } }) => error.failure.code,
  );

describe('Resolver', () => {
  it('asks once for many who want to know at the same time, and remembers for a minute', async () => {
    let now = 0;
    const dns = scriptedLookup();
    const resolver = new Resolver(RESOLVER, { system: dns.lookUpAll }, () => now);
    const both = Promise.all([resolver.resolve('a.test', 80), resolver.resolve('a.test', 443)]);
    dns.answer(null, '1.2.3.4');
    expect(await both).toEqual(new Array(2).fill([{ address: '1.2.3.4', family: 4 }]));
    now = 59_000;
    await resolver.resolve('a.test', 80);
    expect(dns.asked).toEqual(['a.test']);
    now = 61_000;
    const later = resolver.resolve('a.test', 80);
    dns.answer(null, '1.2.3.5');
    expect((await later)[0]?.address).toBe('1.2.3.5');
  });

  it('remembers a failure for three seconds', async () => {
    let now = 0;
    const dns = scriptedLookup();
    const resolver = new Resolver(RESOLVER, { system: dns.lookUpAll }, () => now);
    const first = codeOf(resolver.resolve('a.test', 80));
    dns.answer(Object.assign(new Error('getaddrinfo ENOTFOUND a.test'), { code: 'ENOTFOUND', syscall: 'getaddrinfo' }));
    expect(await first).toBe('DNS_NOT_FOUND');
    now = 2_000;
    expect(await codeOf(resolver.resolve('a.test', 80))).toBe('DNS_NOT_FOUND');
    expect(dns.asked.length).toBe(1);
    now = 4_000;
    const again = codeOf(resolver.resolve('a.test', 80));
    dns.answer(Object.assign(new Error('getaddrinfo EAI_AGAIN a.test'), { code: 'EAI_AGAIN', syscall: 'getaddrinfo' }));
    expect(await again).toBe('DNS_FAILED');
  });

  it('asks anew once a look-up has hung for longer than a connection may take', async () => {
    let now = 0;
    const dns = scriptedLookup();
    const resolver = new Resolver(RESOLVER, { system: dns.lookUpAll }, () => now);
    void resolver.resolve('a.test', 80);
    now = 1_001;
    void resolver.resolve('a.test', 80);
    expect(dns.asked.length).toBe(2);
  });

  it('keeps a name waiting that comes after sixteen others that hang, and says so', async () => {
    let now = 0;
    const dns = scriptedLookup();
    const resolver = new Resolver(RESOLVER, { system: dns.lookUpAll }, () => now);
    for (let n = 1; n <= 16; n++) void codeOf(resolver.resolve(`hangs${n}.test`, 80));
    const late = codeOf(resolver.resolve('late.test', 80));
    now = 5_000;
    const again = codeOf(resolver.resolve('late.test', 80));
    expect([dns.asked.length, resolver.isQueued('late.test'), resolver.isQueued('hangs1.test')]).toEqual([
      16,
      true,
      false,
    ]);
    dns.answer(null, '1.2.3.4');
    expect([dns.asked.at(-1), resolver.isQueued('late.test')]).toEqual(['late.test', false]);
    for (let n = 1; n <= 16; n++) dns.answer(null, '1.2.3.4');
    expect(await Promise.all([late, again])).toEqual(['ok', 'ok']);
  });

  it('uses none of a name’s addresses where one of them is private', async () => {
    const dns = scriptedLookup();
    const resolver = new Resolver({ ...RESOLVER, blockPrivate: true }, { system: dns.lookUpAll });
    const mixed = codeOf(resolver.resolve('a.test', 80));
    dns.answer(null, '1.2.3.4', '10.0.0.1');
    expect(await mixed).toBe('BLOCKED_ADDRESS');
  });
});
