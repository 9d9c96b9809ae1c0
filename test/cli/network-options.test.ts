import { describe, expect, test } from 'vitest';
import type { ResolveOptions } from '../../src/cli/resolve-config.ts';
import { CA, certificate } from '../support/certificates.ts';
import { filesOf, refusal, resolved } from './command-line.ts';

function net(argv: readonly string[], surroundings: Partial<ResolveOptions> = {}) {
  return resolved([...argv, 'u'], surroundings).config.net;
}

describe('proxies', () => {
  test.each([
    ['http://proxy:3128', 'http://proxy:3128'],
    ['https://Proxy.example:8443/', 'https://Proxy.example:8443/'],
    ['http://proxy:80', 'http://proxy:80'],
    ['socks5://127.0.0.1:1080', 'socks5://127.0.0.1:1080'],
    ['socks5h://127.0.0.1:1080', 'socks5h://127.0.0.1:1080'],
    ['http://me:p%40ss@proxy:3128', 'http://me:p%40ss@proxy:3128'],
    ['proxy:3128', 'http://proxy:3128'],
    ['http://[::1]:3128', 'http://[::1]:3128'],
  ])('%s', (text, url) => expect(net(['-x', text])).toMatchObject({ proxy: url }));

  test.each([
    ['ftp://proxy:21', '--proxy: "ftp://proxy:21" is not a proxy; write it as http://host:port'],
    ['socks4://me:secret@proxy:1080', '"socks4://…@proxy:1080" is not a proxy'],
    ['http://me:secret@proxy:99999', '"http://…@proxy:99999" is not a proxy'],
    ['me:sec/ret@', 'is not a proxy'],
    ['socks5://', 'is not a proxy'],
  ])('%s is refused, and no secret shown', (text, message) => {
    const told = refusal(['-x', text, 'u']);
    expect(told).toContain(message);
    expect(told).not.toMatch(/sec/);
  });

  const H = 'http://h:1';
  const S = 'http://s:1';
  const A = 'socks5://a:1';
  test.each([
    ['each its own', { http_proxy: H, https_proxy: S }, { httpProxy: H, httpsProxy: S }],
    ['capitals of https', { HTTPS_PROXY: S }, { httpsProxy: S }],
    ['lower case wins', { https_proxy: S, HTTPS_PROXY: H }, { httpsProxy: S }],
    ['HTTP_PROXY may come from a request', { HTTP_PROXY: H }, {}],
    ['all', { all_proxy: A }, { httpProxy: A, httpsProxy: A }],
    ['the rest', { ALL_PROXY: A, http_proxy: H }, { httpProxy: H, httpsProxy: A }],
    ['empty is as if not there', { http_proxy: '', https_proxy: '' }, {}],
    [
      'exceptions',
      { http_proxy: H, no_proxy: 'a.example, .b.example localhost,,*' },
      { httpProxy: H, noProxy: ['a.example', '.b.example', 'localhost', '*'] },
    ],
    ['exceptions in capitals', { NO_PROXY: 'x' }, { noProxy: ['x'] }],
  ])('of the environment: %s', (_, environment, proxies) => {
    const found = net([], { environment });
    expect(found).toMatchObject(proxies);
    expect(Object.keys(found).filter((key) => /^(?:http|https)?proxy$/i.test(key))).toEqual(
      Object.keys(proxies).filter((key) => key !== 'noProxy'),
    );
  });

  test('--proxy wins, exceptions hold; an empty one is none', () => {
    const environment = { http_proxy: H, https_proxy: S, no_proxy: 'x' };
    const own = net(['-x', 'http://p:1'], { environment });
    expect(own).toMatchObject({ proxy: 'http://p:1', noProxy: ['x'] });
    expect(own).not.toHaveProperty('httpProxy');
    const none = net(['-x', ''], { environment });
    for (const key of ['proxy', 'httpProxy', 'httpsProxy']) expect(none).not.toHaveProperty(key);
  });

  test('a bad one of the environment is named', () => {
    expect(refusal(['u'], { environment: { https_proxy: 'ftp://x' } })).toContain(
      'https_proxy: "ftp://x" is not a proxy',
    );
  });

  test('--block-private and a proxy, from wherever', () => {
    expect(refusal(['--block-private', '-x', H, 'u'])).toContain(
      '--block-private and --proxy cannot be given together',
    );
    const environment = { all_proxy: A };
    expect(refusal(['--block-private', 'u'], { environment })).toContain("--proxy '' uses none");
    expect(net(['--block-private', '-x', ''], { environment }).blockPrivate).toBe(true);
  });
});

describe('--resolve', () => {
  test.each([
    ['api.example:443:192.0.2.7', { host: 'api.example', port: 443, addresses: ['192.0.2.7'] }],
    [
      'API.Example:80:192.0.2.7,[2001:db8::1]',
      { host: 'api.example', port: 80, addresses: ['192.0.2.7', '2001:db8::1'] },
    ],
    ['h:1:2001:db8::1', { host: 'h', port: 1, addresses: ['2001:db8::1'] }],
    ['*:443:192.0.2.7', { host: '*', port: 443, addresses: ['192.0.2.7'] }],
    ['[::1]:8080:127.0.0.1', { host: '[::1]', port: 8080, addresses: ['127.0.0.1'] }],
    ['bücher.example:65535:::1', { host: 'xn--bcher-kva.example', port: 65535, addresses: ['::1'] }],
  ])('%s', (text, rule) => expect(net(['--resolve', text]).resolve).toEqual([rule]));

  test('of two for one host and port the later counts', () => {
    const words = ['a:1:192.0.2.1', 'b:1:192.0.2.2', 'A:1:192.0.2.3'];
    expect(net(words.flatMap((word) => ['--resolve', word])).resolve).toEqual([
      { host: 'a', port: 1, addresses: ['192.0.2.3'] },
      { host: 'b', port: 1, addresses: ['192.0.2.2'] },
    ]);
  });

  test.each([
    '',
    'h',
    'h:443',
    'h:443:',
    'h:0:192.0.2.1',
    'h:65536:192.0.2.1',
    'h:x:192.0.2.1',
    'h:443:example.com',
    'h:443:192.0.2.1,',
    ':443:192.0.2.1',
    '*x:443:192.0.2.1',
    '+h:443:192.0.2.1',
    'h/x:443:192.0.2.1',
    'h:443:[192.0.2.1',
  ])('%j is refused', (text) =>
    expect(refusal(['--resolve', text, 'u'])).toContain(`--resolve: ${JSON.stringify(text)} is not host:port:address`),
  );
});

describe('certificates', () => {
  const good = certificate('good');
  const client = certificate('client');
  const files = filesOf({
    'ca.pem': CA,
    'good.pem': good.cert,
    'good.key': good.key,
    'client.key': client.key,
    'both.pem': good.cert + good.key,
    'locked.key': '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n',
    'broken.pem': `${CA}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
    'cut.pem': CA.slice(0, 200),
    text: 'hello',
  });

  test('are read', () => {
    expect(net(['--cacert', 'ca.pem', '--cert', 'good.pem', '--key', 'good.key'], files)).toMatchObject({
      ca: CA,
      cert: good.cert,
      key: good.key,
    });
  });

  test('one file may hold certificate and key', () => {
    expect(net(['--cert', 'both.pem'], files)).toMatchObject({ cert: good.cert + good.key, key: good.cert + good.key });
  });

  test.each([
    [['--key', 'good.key'], '--key needs --cert'],
    [['--cert', 'good.pem'], '--cert holds no private key; give it with --key'],
    [['--cert', 'good.pem', '--key', 'client.key'], '--cert and --key: TLS does not take them'],
    [['--cert', 'good.pem', '--key', 'locked.key'], '--key: the key is encrypted; decrypt it first'],
    [['--cacert', 'text'], '--cacert: "text" holds no certificate in PEM'],
    [['--cacert', 'broken.pem'], '--cacert: certificate 2 in it cannot be read'],
    [['--cacert', 'cut.pem'], '--cacert: a certificate in it does not end'],
    [['--cert', 'good.pem', '--key', 'good.pem'], '--key: "good.pem" holds no private key in PEM'],
    [['--cacert', 'nope'], '--cacert: cannot read "nope": there is no such file or folder'],
  ])('%j is refused', (argv, message) => expect(refusal([...argv, 'u'], files)).toContain(message));
});
