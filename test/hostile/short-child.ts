/**
 * Runs where something is short or otherwise than usual, in a process of its own: few descriptors, or a network namespace with a name server
 * on port 53, a public address and few ports. Prints what came of each scenario as JSON.
 */
import { writeFileSync } from 'node:fs';
import type { PageRecord } from '../../src/core/record.ts';
import { startDnsServer } from '../support/dns-server.ts';
import { response, startH1Server } from '../support/h1-server.ts';
import { startTcpServer } from '../support/tcp-server.ts';
import { hostileRun } from './hostile-run.ts';

export interface ShortRecord extends Pick<PageRecord, 'url' | 'outcome' | 'attempts' | 'requests'> {
  readonly code: string | undefined;
}

const shorten = (records: readonly PageRecord[]): ShortRecord[] =>
  records.map(({ url, outcome, attempts, requests, error }) => ({
    url,
    outcome,
    attempts,
    requests,
    code: error?.code,
  }));

const FORTY = Array.from({ length: 40 }, (_, n) => n);
const ALL_AT_ONCE = { pace: { concurrency: 40, perOrigin: 40, adapt: false }, net: { perOrigin: 40 } } as const;

const SCENARIOS = {
  /** To a server in another process, with few descriptors. */
  descriptors: async (origin = '') =>
    shorten(
      (
        await hostileRun(
          FORTY.map((n) => `${origin}/${n}`),
          { config: ALL_AT_ONCE },
        )
      ).records,
    ),

  /** Only so many ports are left to connect from. */
  ports: async () => {
    const server = await startH1Server(async (connection) => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      await connection.send(response('hi'));
    });
    writeFileSync('/proc/sys/net/ipv4/ip_local_port_range', '40000 40009');
    const { records, events } = await hostileRun(
      FORTY.map((n) => `${server.origin}/${n}`),
      { config: ALL_AT_ONCE },
    );
    await server.close();
    const notices = events.flatMap((event) => (event.type === 'notice' ? [event.code] : []));
    return { records: shorten(records), noticed: notices.includes('LOCAL_RESOURCES') };
  },

  /** Names through the system's own resolver, and a name server that misbehaves. */
  names: async () => {
    const server = await startH1Server((connection) => connection.send(response('hi')));
    const dns = await startDnsServer((name) => {
      if (name.startsWith('missing')) return 'nxdomain';
      if (name.startsWith('broken')) return 'servfail';
      if (name.startsWith('hangs')) return 'silence';
      if (name.startsWith('inside')) return { v4: ['10.0.0.1'] };
      return { v4: ['127.0.0.1'], v6: ['100::1'] };
    }, 53);
    const url = (name: string) => `http://${name}.test:${server.port}/`;
    const single = (await hostileRun(['missing', 'broken', 'both'].map(url))).records;
    const hanging = FORTY.slice(20).map((n) => url(`hangs${n}`));
    const good = FORTY.slice(30).map((n) => url(`good${n}`));
    const config = { net: { connectTimeoutMs: 1_200 }, retry: { retries: 1 } };
    const crowd = (await hostileRun([...hanging, ...good], { config })).records;
    await dns.close();
    await server.close();
    return { single: shorten(single), crowd: shorten(crowd) };
  },

  /** A public address and loopback, on one port: what the name leads to changes after it was checked. */
  rebinding: async () => {
    const inside = await startTcpServer(undefined, (socket) => socket.end());
    const outside = await startH1Server(
      (connection, { target }) =>
        connection.send(
          target === '/redirect'
            ? `HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:${inside.port}/\r\ncontent-length: 0\r\n\r\n`
            : response('public'),
        ),
      undefined,
      { host: PUBLIC, port: inside.port },
    );
    const dns = await startDnsServer((name, nth) => {
      if (name === 'both.test') return { v4: [PUBLIC, '127.0.0.1'] };
      return { v4: [nth === 0 ? PUBLIC : '127.0.0.1'] };
    }, 53);
    const urls = [
      `http://turns.test:${outside.port}/`,
      `http://both.test:${outside.port}/`,
      `http://${PUBLIC}:${outside.port}/redirect`,
    ];
    const { records } = await hostileRun(urls, { config: { net: { blockPrivate: true } } });
    const seen = { records: shorten(records), insideAccepted: inside.accepted() };
    await dns.close();
    await outside.close();
    await inside.close();
    return seen;
  },
} as const;

/** Of no special-purpose registry; in the namespace it is this machine's. */
const PUBLIC = '203.0.114.7';

export type Scenarios = typeof SCENARIOS;

const [name, argument] = process.argv.slice(2);
if (name !== undefined && Object.hasOwn(SCENARIOS, name)) {
  const result = await SCENARIOS[name as keyof Scenarios](argument);
  process.stdout.write(JSON.stringify(result));
}
