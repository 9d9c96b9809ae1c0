import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DEFAULTS } from '../../src/core/config.ts';
import { Connector } from '../../src/net/connector.ts';
import { ProxyChoice } from '../../src/net/proxy.ts';
import { Resolver } from '../../src/net/resolver.ts';
import type { Address } from '../../src/net/system-lookup.ts';
import { createTlsContext } from '../../src/net/tls-context.ts';
import { startTcpServer } from '../support/tcp-server.ts';
import { useWorkspace } from '../support/workspace.ts';
import { INSIDE_ADDRESSES, INSIDE_PORT, OUTSIDE_ADDRESS, OUTSIDE_PORT, type WorldEnding } from './world-addresses.ts';

const work = useWorkspace();

/** A user namespace with its own network and mounts, which some systems do not grant. */
const UNSHARE = ['--map-root-user', '--net', '--mount'];
const canUnshare =
  spawnSync('unshare', [...UNSHARE, 'true']).status === 0 && spawnSync('ip', ['-V']).error === undefined;

/** Runs the bin in a network of its own, in which every one of these addresses is really there. */
function runInWorld(urls: readonly string[], ...options: readonly string[]): WorldEnding {
  work.write('list.txt', urls);
  const argv = ['list.txt', '--http1.1', '--retry', '0', '-c', '1', '-o', 'out.ndjson', '--restart', ...options];
  const world = join(import.meta.dirname, 'inside-world.ts');
  const child = [...UNSHARE, process.execPath, world, work.folder, ...argv];
  return JSON.parse(execFileSync('unshare', child, { encoding: 'utf8', timeout: 50_000 }));
}

const codes = () => work.records('out.ndjson').map(({ url, error }) => [new URL(url).host, error?.code ?? 'ok']);
const bracketed = (address: string) => (address.includes(':') ? `[${address}]` : address);

/** Every way to write an address that is not of the public internet. */
const LITERALS = [
  '127.0.0.1',
  '127.1',
  '127.0.0.1.',
  '2130706433',
  '0x7f.1',
  '0x7F000001',
  '0177.0.0.1',
  '017700000001',
  '①②⑦.0.0.1',
  '１２７.0.0.1',
  '127。0。0。1',
  '%31%32%37.0.0.1',
  'localhost',
  'LOCALHOST.',
  '0.0.0.0',
  '0',
  '[::]',
  '[::1]',
  '[0:0:0:0:0:0:0:1]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  ...INSIDE_ADDRESSES.map(bracketed),
];
const URLS = LITERALS.map((host, n) => `http://${host}:${INSIDE_PORT}/${n}`);

describe.skipIf(!canUnshare)('--block-private, in a network where every address answers (needs unshare)', () => {
  test('without it they are all asked, so that the other tests prove something', () => {
    const { insideHosts } = runInWorld([...URLS, `http://inside.test:${INSIDE_PORT}/`]);
    expect(codes().filter(([, code]) => code !== 'ok')).toEqual([]);
    expect(insideHosts).toHaveLength(LITERALS.length + 1);
  });

  test('a literal in any spelling is blocked, and nobody is connected to', () => {
    const { code, insideConnections } = runInWorld(URLS, '--block-private');
    expect(codes().filter(([, why]) => why !== 'BLOCKED_ADDRESS')).toEqual([]);
    expect(work.records('out.ndjson')).toHaveLength(LITERALS.length);
    expect({ code, insideConnections }).toEqual({ code: 1, insideConnections: 0 });
  });

  test('so is a redirect from a public address to any of them', () => {
    const { insideConnections } = runInWorld(
      [...URLS, `http://inside.test:${INSIDE_PORT}/`].map(
        (url) => `http://${OUTSIDE_ADDRESS}:${OUTSIDE_PORT}/to?${url}`,
      ),
      '--block-private',
    );
    const records = work.records('out.ndjson');
    expect(records).toHaveLength(LITERALS.length + 1);
    for (const { error, requests } of records) {
      expect({ code: error?.code, requests }).toEqual({ code: 'BLOCKED_ADDRESS', requests: 1 });
    }
    expect(insideConnections).toBe(0);
  });

  test('so is a name that is private, or private among others; one that is public is fetched', () => {
    const names = ['outside', 'inside', 'metadata', 'mixed', 'mixed-first'];
    const { insideConnections } = runInWorld(
      names.flatMap((name) => [OUTSIDE_PORT, INSIDE_PORT].map((port) => `http://${name}.test:${port}/`)),
      '--block-private',
    );
    const found = Object.fromEntries(codes());
    for (const port of [OUTSIDE_PORT, INSIDE_PORT]) {
      for (const name of names.slice(1))
        expect([name, found[`${name}.test:${port}`]]).toEqual([name, 'BLOCKED_ADDRESS']);
    }
    expect(found[`outside.test:${OUTSIDE_PORT}`]).toBe('ok');
    expect(insideConnections).toBe(0);
  });

  test('a name that turns private once it was looked up is never followed there', () => {
    const { insideConnections } = runInWorld(
      [
        ...[1, 2, 3].map((n) => `http://rebinds.test:${OUTSIDE_PORT}/${n}`),
        `http://${OUTSIDE_ADDRESS}:${OUTSIDE_PORT}/to?http://rebinds.test:${INSIDE_PORT}/`,
      ],
      '--block-private',
    );
    const fetched = codes().filter(([host]) => host === `rebinds.test:${OUTSIDE_PORT}`);
    expect(fetched).toEqual(Array.from({ length: 3 }, () => [`rebinds.test:${OUTSIDE_PORT}`, 'ok']));
    expect(insideConnections).toBe(0);
  });
});

/** As if a check had been passed, or never made. */
class LyingResolver extends Resolver {
  override async resolve(): Promise<readonly Address[]> {
    return [{ address: '127.0.0.1', family: 4 }];
  }
}

test('the address that was really connected to is checked too, before a byte is sent', async () => {
  let received = 0;
  const server = await startTcpServer(undefined, (socket) => {
    socket.on('data', (chunk: Buffer) => {
      received += chunk.length;
    });
  });
  const tls = createTlsContext({ insecure: false }, false);
  const connector = new Connector({
    connectTimeoutMs: DEFAULTS.connectTimeoutMs,
    blockPrivate: true,
    resolver: new LyingResolver({ resolve: [], blockPrivate: true, connectTimeoutMs: 1_000 }),
    proxies: new ProxyChoice({ noProxy: [] }),
    tls,
    proxyTls: tls,
  });
  for (const secure of [false, true]) {
    const origin = `http${secure ? 's' : ''}://public.example:${server.port}`;
    const target = { origin, tls: secure, host: 'public.example', port: server.port, offerHttp2: true };
    await expect(connector.connect(target)).rejects.toMatchObject({ failure: { code: 'BLOCKED_ADDRESS' } });
  }
  await server.close();
  expect(received).toBe(0);
});

const PROXIES: readonly (readonly [argv: string[], env: Record<string, string>])[] = [
  [['-x', 'http://127.0.0.1:9'], {}],
  [['--proxy', 'socks5://127.0.0.1:9'], {}],
  [[], { https_proxy: 'http://127.0.0.1:9' }],
  [[], { HTTPS_PROXY: 'http://127.0.0.1:9' }],
  [[], { ALL_PROXY: 'socks5://127.0.0.1:9' }],
  [[], { http_proxy: 'http://127.0.0.1:9', no_proxy: 'example.com' }],
];

test.each(PROXIES)('with a proxy, %j and %j, nobody knows the address: exit code 2', async (argv, env) => {
  const { code, stderr } = await work.run(['http://example.com/', '--block-private', '-o', 'out/', ...argv], { env });
  expect({ code, files: work.files() }).toEqual({ code: 2, files: [] });
  expect(stderr).toContain('only the proxy knows the address');
});

test('HTTP_PROXY in capitals is no proxy: a web server sets it from a header of whoever asks', async () => {
  const server = await work.serve((_request, { answer }) => answer());
  const options = { env: { HTTP_PROXY: 'http://127.0.0.1:9' } };
  expect(await work.run([server.origin, '--format', 'none'], options)).toMatchObject({ code: 0 });
});
