import { describe, expect, it } from 'vitest';
import { ProxyChoice, parseProxy } from '../../src/net/proxy.ts';
import { certificate } from '../support/certificates.ts';
import { response, startH1Server, startScriptedServer } from '../support/h1-server.ts';
import { startH2Server } from '../support/h2-server.ts';
import { startHttpProxy, startSocksProxy } from '../support/proxy-server.ts';
import { fetchOne, testClient } from './fetch-one.ts';

const hello = () => startH1Server((connection) => connection.send(response('hi')), certificate('good'));

describe('through a proxy', () => {
  it('https goes through a tunnel, with HTTP/2 inside and one CONNECT for many pages', async () => {
    const proxy = await startHttpProxy();
    const server = await startH2Server((connection, stream) => connection.respond(stream, 'hi'));
    const client = testClient({ proxy: `http://user:p%40ss@${proxy.authority}` });
    const results = await Promise.all([1, 2, 3].map((n) => fetchOne(client, `${server.origin}/${n}`)));
    await client.destroy();
    await server.close();
    await proxy.close();
    expect(results.map((result) => result.outcome)).toEqual(new Array(3).fill('h2-end'));
    expect(proxy.asked).toEqual([`CONNECT 127.0.0.1:${server.port}`]);
    expect(proxy.credentials).toEqual([`Basic ${Buffer.from('user:p@ss').toString('base64')}`]);
    expect(results[0]?.exchange).not.toHaveProperty('remoteAddress');
  });

  it('plain http is forwarded with the whole URL; the credentials go to the proxy', async () => {
    const proxy = await startHttpProxy();
    const client = testClient({ httpProxy: `http://user:pass@${proxy.authority}` });
    const first = await fetchOne(client, 'http://origin.test/page?q=1');
    const second = await fetchOne(client, 'http://other.test/');
    await client.destroy();
    await proxy.close();
    expect([first.body.toString(), second.body.toString()]).toEqual(['forwarded', 'forwarded']);
    expect(proxy.asked).toEqual(['GET http://origin.test/page?q=1', 'GET http://other.test/']);
    expect(proxy.credentials).toEqual(new Array(2).fill(`Basic ${Buffer.from('user:pass').toString('base64')}`));
  });

  it('a proxy that speaks TLS', async () => {
    const proxy = await startHttpProxy(() => 200, certificate('good'));
    const server = await hello();
    const client = testClient({ proxy: `https://${proxy.authority}` });
    const { outcome } = await fetchOne(client, `${server.origin}/`);
    await client.destroy();
    await server.close();
    await proxy.close();
    expect(outcome).toBe('content-length');
  });

  it.each([
    [407, 'PROXY_REFUSED'],
    [403, 'PROXY_REFUSED'],
    [502, 'PROXY_FAILED'],
    [0, 'PROXY_FAILED'],
  ] as const)('CONNECT that is answered %i: %s, and nothing was sent', async (status, code) => {
    const proxy = await startHttpProxy(() => status);
    const client = testClient({
      proxy: `http://user:secret@${proxy.authority}`,
      connectTimeoutMs: status === 0 ? 300 : 10_000,
    });
    const { exchange } = await fetchOne(client, 'https://origin.test/');
    await client.destroy();
    await proxy.close();
    expect(exchange).toMatchObject({ ok: false, sent: false, failure: { code } });
    expect(JSON.stringify(exchange)).not.toContain('secret');
  });

  it('407 to a forwarded request is the proxy’s refusal', async () => {
    const proxy = await startHttpProxy(() => 407);
    const client = testClient({ httpProxy: `http://${proxy.authority}` });
    expect((await fetchOne(client, 'http://origin.test/')).outcome).toBe('PROXY_REFUSED');
    await client.destroy();
    await proxy.close();
  });

  it.each([
    ['closes', (end: () => void) => end()],
    ['talks nonsense', (_: () => void, send: (text: string) => void) => send('SSH-2.0-OpenSSH\r\n\r\n\r\n\r\n')],
  ] as const)('a proxy that %s', async (_name, act) => {
    const proxy = await startScriptedServer(async (connection) => {
      await connection.request();
      act(
        () => connection.end(),
        (text) => void connection.send(text),
      );
    });
    const client = testClient({ proxy: `http://127.0.0.1:${proxy.port}` });
    expect((await fetchOne(client, 'https://origin.test/')).outcome).toBe('PROXY_FAILED');
    await client.destroy();
    await proxy.close();
  });

  it('a proxy that is not there', async () => {
    const gone = await startHttpProxy();
    await gone.close();
    const client = testClient({ proxy: `http://user:secret@${gone.authority}` });
    const { exchange } = await fetchOne(client, 'http://origin.test/');
    await client.destroy();
    expect(exchange).toMatchObject({ ok: false, sent: false, failure: { code: 'PROXY_FAILED' } });
    expect(exchange.ok ? '' : exchange.failure.message).not.toContain('secret');
  });

  it('SOCKS5 with the name looked up by the proxy (socks5h), TLS and HTTP/2 inside', async () => {
    const proxy = await startSocksProxy();
    const server = await startH2Server((connection, stream) => connection.respond(stream, 'hi'));
    const client = testClient({ proxy: `socks5h://${proxy.authority}` });
    const { outcome } = await fetchOne(client, `https://localhost:${server.port}/`);
    await client.destroy();
    await server.close();
    await proxy.close();
    expect([outcome, proxy.asked]).toEqual(['h2-end', [`localhost:${server.port}`]]);
  });

  it('SOCKS5 with the name looked up here (socks5), and a password', async () => {
    const proxy = await startSocksProxy({ password: 'secret' });
    const server = await startH1Server((connection) => connection.send(response('hi')));
    const resolve = [{ host: 'origin.test', port: server.port, addresses: ['127.0.0.1'] }];
    const client = testClient({ proxy: `socks5://user:secret@${proxy.authority}`, resolve });
    const { outcome } = await fetchOne(client, `http://origin.test:${server.port}/`);
    await client.destroy();
    await server.close();
    await proxy.close();
    expect([outcome, proxy.asked, proxy.credentials]).toEqual([
      'content-length',
      [`127.0.0.1:${server.port}`],
      ['user:secret'],
    ]);
  });

  it.each([
    [{ password: 'right' }, 'PROXY_REFUSED'],
    [{ reply: 2 }, 'PROXY_REFUSED'],
    [{ reply: 4 }, 'UNREACHABLE'],
    [{ reply: 5 }, 'CONNECT_REFUSED'],
    [{ reply: 1 }, 'PROXY_FAILED'],
  ] as const)('SOCKS5 that says no: %o is %s', async (options, code) => {
    const proxy = await startSocksProxy(options);
    const client = testClient({ proxy: `socks5h://user:wrong@${proxy.authority}` });
    expect((await fetchOne(client, 'https://origin.test/')).outcome).toBe(code);
    await client.destroy();
    await proxy.close();
  });
});

describe('which proxy', () => {
  const PROXIES = { httpProxy: 'http://plain.test:1', httpsProxy: 'http://secure.test:2' };
  const NO_PROXY = [
    'localhost',
    '.example.com',
    'example.org:8080',
    '10.0.0.0/8',
    '[fd00::1]',
    '2001:db8::/32',
    '192.0.2.7',
  ];

  it.each([
    ['http://a.test', 'plain.test'],
    ['https://a.test', 'secure.test'],
    ['http://localhost', undefined],
    ['http://localhost:3000', undefined],
    ['https://example.com', undefined],
    ['https://www.example.com', undefined],
    ['https://notexample.com', 'secure.test'],
    ['https://example.org', 'secure.test'],
    ['https://example.org:8080', undefined],
    ['http://10.1.2.3', undefined],
    ['http://11.1.2.3', 'plain.test'],
    ['http://192.0.2.7', undefined],
    ['http://[fd00::1]', undefined],
    ['http://[2001:db8::9]', undefined],
    ['http://[2001:db9::9]', 'plain.test'],
  ])('%s: %s', (origin, host) => {
    expect(new ProxyChoice({ ...PROXIES, noProxy: NO_PROXY }).for(origin)?.host).toBe(host);
  });

  it('--proxy is for every scheme, and `*` excepts all', () => {
    const config = { ...PROXIES, proxy: 'socks5://socks.test' };
    expect(new ProxyChoice({ ...config, noProxy: [] }).for('https://a.test')).toMatchObject({
      kind: 'socks5',
      port: 1080,
    });
    expect(new ProxyChoice({ ...config, noProxy: ['*'] }).for('https://a.test')).toBe(undefined);
  });

  it.each([
    ['proxy.test:3128', { kind: 'http', host: 'proxy.test', port: 3128 }],
    ['http://proxy.test:80', { kind: 'http', host: 'proxy.test', port: 80 }],
    ['http://proxy.test', { kind: 'http', host: 'proxy.test', port: 1080 }],
    ['https://proxy.test', { kind: 'https', host: 'proxy.test', port: 443 }],
    ['socks5h://[::1]:9050', { kind: 'socks5h', host: '::1', port: 9050 }],
  ])('%s', (text, proxy) => {
    expect(parseProxy(text)).toEqual(proxy);
  });

  it.each(['ftp://proxy.test', 'http://', 'http://user:secret@pro xy'])(
    '%s is no proxy, and the error holds no password',
    (text) => {
      expect(() => parseProxy(text)).toThrow(/^(?!.*secret).*$/);
    },
  );
});
