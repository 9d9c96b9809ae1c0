import { afterEach, describe, expect, it } from 'vitest';
import { type DnsAnswer, DnsClient, type DnsClientOptions } from '../../src/net/dns-client.ts';
import type { NameSources } from '../../src/net/name-sources.ts';
import { Resolver } from '../../src/net/resolver.ts';
import type { LookUpAll } from '../../src/net/system-lookup.ts';
import { type DnsReply, type DnsServer, startDnsServer } from '../support/dns-server.ts';

const PLAIN: NameSources = { usesDns: true, inHosts: new Set(), ndots: 1, searches: false };

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function serve(reply: Parameters<typeof startDnsServer>[0]): Promise<DnsServer> {
  const server = await startDnsServer(reply);
  closing.push(() => server.close());
  return server;
}

function clientOf(server: Pick<DnsServer, 'port'>, options: DnsClientOptions = {}): DnsClient {
  const client = new DnsClient({ servers: [`127.0.0.1:${server.port}`], readSources: () => PLAIN, ...options });
  closing.push(() => client.close());
  return client;
}

function ask(client: DnsClient, host = 'a.test'): Promise<DnsAnswer | undefined> {
  expect(client.mayAsk(host)).toBe(true);
  return new Promise((resolve) => client.ask(host, resolve));
}

const both: DnsReply = { v4: ['192.0.2.1', '192.0.2.2'], v6: ['2001:db8::1'], ttlS: 300 };
const byKind = (a: DnsReply, aaaa: DnsReply) => (_: string, __: number, kind: string) => (kind === 'A' ? a : aaaa);

describe.runIf(process.platform === 'linux')('names asked of the DNS itself', () => {
  it('both families, and how long they hold', async () => {
    const answer = await ask(clientOf(await serve(() => both)));
    expect(answer?.ttlMs).toBe(300_000);
    expect(answer?.addresses.map((one) => one.address).sort()).toEqual(['192.0.2.1', '192.0.2.2', '2001:db8::1']);
  });

  it.each<[prose: string, reply: DnsReply, ttlMs: number]>([
    ['not at all', { v4: ['192.0.2.1'], ttlS: 0 }, 1_000],
    ['a year', { v4: ['192.0.2.1'], ttlS: 31_536_000 }, 3_600_000],
  ])('an answer that holds %s', async (_, reply, ttlMs) => {
    expect((await ask(clientOf(await serve(() => reply))))?.ttlMs).toBe(ttlMs);
  });

  it.each<[prose: string, a: DnsReply, aaaa: DnsReply, expected: readonly string[] | undefined]>([
    ['one family alone', { v4: ['192.0.2.1'] }, {}, ['192.0.2.1']],
    ['the other alone', {}, { v6: ['2001:db8::1'] }, ['2001:db8::1']],
    ['AAAA that is never answered keeps nobody waiting (RFC 4074)', { v4: ['192.0.2.1'] }, 'silence', ['192.0.2.1']],
    ['AAAA that fails', { v4: ['192.0.2.1'] }, 'servfail', ['192.0.2.1']],
    ['no such name', 'nxdomain', 'nxdomain', []],
    ['no address', {}, {}, []],
    ['a name server that fails: the system is asked', 'servfail', 'servfail', undefined],
    ['one that fails for one family', 'servfail', {}, undefined],
  ])('%s', async (_, a, aaaa, expected) => {
    const answer = await ask(clientOf(await serve(byKind(a, aaaa))));
    expect(answer?.addresses.map((one) => one.address)).toEqual(expected);
  });

  it('where there is a search list, the system is asked for a name that is not found', async () => {
    const client = clientOf(await serve(() => 'nxdomain'), { readSources: () => ({ ...PLAIN, searches: true }) });
    expect(await ask(client)).toBeUndefined();
  });

  it('name servers that do not answer are left alone for a minute', async () => {
    let now = 0;
    const client = clientOf(await serve(() => 'silence'), { now: () => now });
    expect(await Promise.all([ask(client, 'a.test'), ask(client, 'b.test')])).toEqual([undefined, undefined]);
    expect(client.mayAsk('c.test')).toBe(false);
    now = 60_000;
    expect(client.mayAsk('c.test')).toBe(true);
  });

  it('what the machine is set to is read again after a minute', async () => {
    let now = 0;
    let usesDns = true;
    const client = clientOf({ port: 1 }, { now: () => now, readSources: () => ({ ...PLAIN, usesDns }) });
    expect(client.mayAsk('a.test')).toBe(true);
    usesDns = false;
    expect(client.mayAsk('a.test')).toBe(true);
    now = 60_000;
    expect(client.mayAsk('a.test')).toBe(false);
  });

  it('closed, it ends what is under way and asks nothing more', async () => {
    const client = clientOf(await serve(() => 'silence'));
    const answer = ask(client);
    client.close();
    expect(await answer).toBeUndefined();
    expect(client.mayAsk('a.test')).toBe(false);
  });
});

describe.runIf(process.platform === 'linux')('Resolver, with the DNS before the system', () => {
  const CONFIG = { resolve: [], blockPrivate: false, connectTimeoutMs: 10_000 };

  function resolverOf(server: Pick<DnsServer, 'port'>, now: () => number = () => performance.now()) {
    const bySystem: string[] = [];
    const system: LookUpAll = (host, callback) => {
      bySystem.push(host);
      callback(null, [{ address: '198.51.100.1', family: 4 }]);
    };
    return { bySystem, resolver: new Resolver(CONFIG, { system, dns: clientOf(server) }, now) };
  }

  it('asks again when the answer no longer holds, and not before', async () => {
    let now = 0;
    const server = await serve((_, nth) => ({ v4: [`192.0.2.${nth + 1}`], ttlS: 5 }));
    const { resolver, bySystem } = resolverOf(server, () => now);
    const first = await resolver.resolve('a.test', 80);
    now = 4_999;
    expect(await resolver.resolve('a.test', 80)).toBe(first);
    expect(server.asked.filter((one) => one === 'a.test A').length).toBe(1);
    now = 5_000;
    expect(await resolver.resolve('a.test', 80)).not.toBe(first);
    expect(bySystem).toEqual([]);
  });

  it('leaves to the system what the DNS cannot say', async () => {
    const server = await serve((name) => (name === 'good.test' ? { v4: ['192.0.2.1'] } : 'servfail'));
    const { resolver, bySystem } = resolverOf(server);
    const found = await Promise.all(['bad.test', 'good.test', 'plain'].map((name) => resolver.resolve(name, 80)));
    expect(found.map(([one]) => one?.address)).toEqual(['198.51.100.1', '192.0.2.1', '198.51.100.1']);
    expect(bySystem.sort()).toEqual(['bad.test', 'plain']);
  });

  it('asks for many at once, and not for more than a small name server takes', async () => {
    const released: (() => void)[] = [];
    let most = 0;
    let underWay = 0;
    const dns = {
      mayAsk: () => true,
      close: () => {},
      ask: (_: string, callback: (answer: DnsAnswer) => void) => {
        underWay += 1;
        most = Math.max(most, underWay);
        released.push(() => {
          underWay -= 1;
          callback({ addresses: [{ address: '192.0.2.1', family: 4 }], ttlMs: 1_000 });
        });
      },
    };
    const resolver = new Resolver(CONFIG, { system: () => {}, dns });
    const all = Array.from({ length: 500 }, (_, n) => resolver.resolve(`n${n}.test`, 80));
    expect([underWay, resolver.isQueued('n63.test'), resolver.isQueued('n64.test')]).toEqual([64, false, true]);
    for (let release = released.shift(); release !== undefined; release = released.shift()) release();
    await Promise.all(all);
    expect(most).toBe(64);
  });
});
