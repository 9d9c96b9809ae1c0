import { describe, expect, test } from 'vitest';
import type { AppRequest, Route } from '../support/app-server.ts';
import { CA, certificate } from '../support/certificates.ts';
import { startHttpProxy, startSocksProxy } from '../support/proxy-server.ts';
import { useWorkspace } from '../support/workspace.ts';

const work = useWorkspace();
const echo: Route = (request, reply) => reply.answer(`page ${request.path}`);

/** What the server saw of the only page that was asked for with these options. */
async function seen(...argv: readonly string[]): Promise<AppRequest> {
  const server = await work.serve(echo);
  const { code, stderr } = await work.run([`${server.origin}/page`, '--format', 'none', ...argv]);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const [request] = server.requests;
  if (server.requests.length !== 1 || request === undefined) throw new Error('not asked once');
  return request;
}

describe('what is asked', () => {
  test('without options: GET, a User-Agent that says who it is, and the codings that can be decoded', async () => {
    const { method, headers, body } = await seen();
    expect({ method, body }).toEqual({ method: 'GET', body: '' });
    expect(headers['user-agent']).toMatch(/^fetch-pages\/\d+\.\d+\.\d+ \(\+https:\/\/.*\)$/);
    expect(headers['accept-encoding']).toContain('gzip');
    expect(headers).not.toHaveProperty('authorization');
    expect(headers).not.toHaveProperty('cookie');
  });

  test('-X, -I, -A, -b, -u and -H, as in curl', async () => {
    expect((await seen('-X', 'DELETE')).method).toBe('DELETE');
    expect((await seen('-I')).method).toBe('HEAD');
    expect((await seen('-A', 'me/1')).headers['user-agent']).toBe('me/1');
    expect((await seen('-b', 'a=1; b=2')).headers.cookie).toBe('a=1; b=2');
    expect((await seen('-u', 'name:pass:word')).headers.authorization).toBe(`Basic ${btoa('name:pass:word')}`);
    const { headers } = await seen('-H', 'X-One: 1', '-H', 'Accept: text/html', '-H', 'X-Empty;', '-H', 'User-Agent:');
    expect(headers).toMatchObject({ 'x-one': '1', accept: 'text/html', 'x-empty': '' });
    expect(headers).not.toHaveProperty('user-agent');
  });

  test('-H @file is a header a line', async () => {
    work.write('headers.txt', ['X-One: 1', '', 'X-Two: 2']);
    expect((await seen('-H', '@headers.txt')).headers).toMatchObject({ 'x-one': '1', 'x-two': '2' });
  });

  test('-d is a POST of a form, --json of JSON, and @file reads them', async () => {
    const form = await seen('-d', 'a=1', '-d', 'b=2');
    expect(form).toMatchObject({ method: 'POST', body: 'a=1&b=2' });
    expect(form.headers['content-type']).toBe('application/x-www-form-urlencoded');
    const json = await seen('--json', '{"a":1}');
    expect(json).toMatchObject({ method: 'POST', body: '{"a":1}' });
    expect(json.headers).toMatchObject({ 'content-type': 'application/json', accept: 'application/json' });
    work.write('body.json', '{"b":2}');
    expect(await seen('--json', '@body.json')).toMatchObject({ body: '{"b":2}' });
    expect(await seen('-X', 'PUT', '-d', '@body.json')).toMatchObject({ method: 'PUT', body: '{"b":2}' });
  });

  test('a line of JSON overrules what is said for all', async () => {
    const server = await work.serve(echo);
    work.write('list.txt', [
      `${server.origin}/all`,
      JSON.stringify({ url: `${server.origin}/own`, method: 'PATCH', headers: { 'x-one': 'own' }, body: 'own' }),
    ]);
    await work.run(['list.txt', '-H', 'X-One: all', '-d', 'all', '-o', 'out/']);
    const own = server.requests.find(({ path }) => path === '/own');
    expect(own).toMatchObject({ method: 'PATCH', body: 'own', headers: { 'x-one': 'own' } });
    const all = server.requests.find(({ path }) => path === '/all');
    expect(all).toMatchObject({ method: 'POST', body: 'all', headers: { 'x-one': 'all' } });
  });

  test('credentials in a URL become Authorization, and are in no record', async () => {
    const server = await work.serve(echo);
    const { code, stdout, stderr } = await work.run([
      `${server.origin.replace('://', '://us%20er:canary@')}/page`,
      '-o',
      '-',
      '-v',
    ]);
    expect(code).toBe(0);
    expect(server.requests[0]?.headers.authorization).toBe(`Basic ${btoa('us er:canary')}`);
    expect(stdout + stderr).not.toContain('canary');
  });
});

describe('who gets the credentials', () => {
  const secret = ['-u', 'me:secret', '-b', 'a=1', '-H', 'X-Api-Key: 1', '-H', 'Accept: text/plain'];

  test("the first page's origin only, which is told once; what tells no secret goes to all", async () => {
    const first = await work.serve(echo);
    const second = await work.serve(echo);
    const third = await work.serve(echo);
    work.write(
      'list.txt',
      [first, second, second, third].map(({ origin }, index) => `${origin}/${index}`),
    );
    const { stderr } = await work.run(['list.txt', ...secret, '-o', 'out/']);
    expect(first.requests[0]?.headers).toMatchObject({ cookie: 'a=1', 'x-api-key': '1', accept: 'text/plain' });
    for (const { headers } of [...second.requests, ...third.requests]) {
      expect(headers).toMatchObject({ accept: 'text/plain' });
      for (const name of ['authorization', 'cookie', 'x-api-key']) expect(headers).not.toHaveProperty(name);
    }
    expect(stderr.match(/--credentials-to/g)).toHaveLength(1);
    expect(stderr).toContain('CREDENTIALS_WITHHELD');
  });

  test('those of --credentials-to get them too', async () => {
    const first = await work.serve(echo);
    const second = await work.serve(echo);
    const { stderr } = await work.run([
      `${first.origin}/`,
      `${second.origin}/`,
      ...secret,
      '--credentials-to',
      second.origin,
      '-o',
      'out/',
    ]);
    expect(second.requests[0]?.headers).toMatchObject({ cookie: 'a=1', 'x-api-key': '1' });
    expect(second.requests[0]?.headers).toHaveProperty('authorization');
    expect(stderr).not.toContain('CREDENTIALS_WITHHELD');
  });

  test('a redirect to another origin takes none along, not those of the line either', async () => {
    const second = await work.serve(echo);
    const first = await work.serve((_request, reply) =>
      reply.answer('', { status: 302, headers: { location: `${second.origin}/end` } }),
    );
    work.write('list.txt', [JSON.stringify({ url: `${first.origin}/`, headers: { 'x-own': 'own' } })]);
    const { code } = await work.run(['list.txt', ...secret, '-o', 'out.ndjson']);
    expect(code).toBe(0);
    expect(first.requests[0]?.headers).toMatchObject({ 'x-own': 'own', 'x-api-key': '1' });
    for (const name of ['authorization', 'cookie', 'x-api-key', 'x-own']) {
      expect(second.requests[0]?.headers).not.toHaveProperty(name);
    }
    expect(work.records('out.ndjson')[0]).toMatchObject({
      outcome: 'ok',
      url: `${first.origin}/`,
      finalUrl: `${second.origin}/end`,
      redirects: [{ url: `${first.origin}/`, status: 302 }],
      requests: 2,
      attempts: 1,
    });
  });
});

describe('how the server is reached', () => {
  test('HTTP/2 where it is offered, HTTP/1.1 with --http1.1', async () => {
    const server = await work.serve(echo, { tls: true });
    work.write('ca.pem', CA);
    await work.run([`${server.origin}/2`, '--cacert', 'ca.pem', '-o', 'out.ndjson']);
    await work.run([`${server.origin}/1`, '--cacert', 'ca.pem', '--http1.1', '-o', 'out.ndjson']);
    expect(server.requests.map(({ httpVersion }) => httpVersion)).toEqual(['2.0', '1.1']);
    expect(work.records('out.ndjson').map(({ httpVersion }) => httpVersion)).toEqual(['2', '1.1']);
  });

  test('a certificate that nobody vouches for is refused but with -k, which is told', async () => {
    const server = await work.serve(echo, { tls: certificate('self-signed') });
    const refused = await work.run([`${server.origin}/`, '-o', 'out.ndjson']);
    expect(refused.code).toBe(1);
    expect(work.records('out.ndjson')[0]).toMatchObject({ outcome: 'error', error: { code: 'TLS_UNTRUSTED' } });
    expect(server.requests).toEqual([]);
    const believed = await work.run([`${server.origin}/`, '-k', '-o', 'out.ndjson']);
    expect(believed).toMatchObject({ code: 0, stderr: expect.stringContaining('INSECURE') });
  });

  test('a client certificate is shown', async () => {
    const server = await work.serve(echo, {
      tls: { ...certificate('good'), ca: CA, requestCert: true, rejectUnauthorized: true },
    });
    const { cert, key } = certificate('client');
    work.write('ca.pem', CA);
    work.write('client.pem', cert);
    work.write('client.key', key);
    const argv = [`${server.origin}/`, '--cacert', 'ca.pem', '--retry', '0', '-o', 'out.ndjson'];
    expect(await work.run(argv)).toMatchObject({ code: 1 });
    expect(await work.run([...argv, '--cert', 'client.pem', '--key', 'client.key'])).toMatchObject({ code: 0 });
    expect(server.requests[0]?.clientName).toMatch(/client/i);
  });

  test('--resolve sends a host to another address', async () => {
    const server = await work.serve(echo);
    const { port } = server;
    const { code } = await work.run([
      `http://pages.example:${port}/`,
      '--resolve',
      `pages.example:${port}:127.0.0.1`,
      '-o',
      'out/',
    ]);
    expect(code).toBe(0);
    expect(server.requests[0]?.authority).toBe(`pages.example:${port}`);
  });

  test('--proxy, http_proxy and socks5, and no_proxy not', async () => {
    const server = await work.serve(echo);
    const proxy = await startHttpProxy();
    const socks = await startSocksProxy({ password: 'p' });
    try {
      const run = (option: readonly string[], env = {}) =>
        work.run([`${server.origin}/`, '--restart', '-o', 'out.ndjson', ...option], { env });
      expect(await run(['-x', `http://me:p@${proxy.authority}`])).toMatchObject({ code: 0 });
      expect(proxy.asked).toHaveLength(1);
      expect(proxy.credentials).toEqual([`Basic ${btoa('me:p')}`]);
      expect(await run([], { http_proxy: `http://${proxy.authority}` })).toMatchObject({ code: 0 });
      expect(proxy.asked).toHaveLength(2);
      expect(await run([], { http_proxy: `http://${proxy.authority}`, no_proxy: '127.0.0.1' })).toMatchObject({
        code: 0,
      });
      expect(proxy.asked).toHaveLength(2);
      expect(await run(['--proxy', ''], { http_proxy: `http://${proxy.authority}` })).toMatchObject({ code: 0 });
      expect(proxy.asked).toHaveLength(2);
      expect(await run(['-x', `socks5://me:p@${socks.authority}`])).toMatchObject({ code: 0 });
      expect(socks.asked).toEqual([`127.0.0.1:${server.port}`]);
    } finally {
      await proxy.close();
      await socks.close();
    }
  });

  test('a proxy that refuses is told, without its password', async () => {
    const proxy = await startHttpProxy(() => 407);
    try {
      const { code, stderr } = await work.run([
        'https://pages.example/',
        '-x',
        `http://me:canary@${proxy.authority}`,
        '-o',
        'out.ndjson',
        '-v',
      ]);
      expect(code).toBe(1);
      expect(work.records('out.ndjson')[0]).toMatchObject({ outcome: 'error', error: { code: 'PROXY_REFUSED' } });
      expect(stderr + work.read('out.ndjson')).not.toContain('canary');
    } finally {
      await proxy.close();
    }
  });

  test('--block-private blocks loopback, at the first hop and behind a name', async () => {
    const server = await work.serve(echo);
    const { port } = server;
    const { code } = await work.run([
      `${server.origin}/`,
      `http://pages.example:${port}/`,
      `http://localhost:${port}/`,
      `http://[::ffff:127.0.0.1]:${port}/`,
      '--resolve',
      `pages.example:${port}:127.0.0.1`,
      '--block-private',
      '-o',
      'out.ndjson',
    ]);
    expect(code).toBe(1);
    expect(work.records('out.ndjson').map(({ outcome, error }) => [outcome, error?.code])).toEqual(
      Array.from({ length: 4 }, () => ['blocked', 'BLOCKED_ADDRESS']),
    );
    expect(server.connections).toBe(0);
  });

  test('--block-private with a proxy, also of the environment, ends with 2', async () => {
    const argv = ['http://pages.example/', '--block-private', '-o', 'out/'];
    expect(await work.run([...argv, '-x', 'http://127.0.0.1:9'])).toMatchObject({ code: 2 });
    expect(await work.run(argv, { env: { http_proxy: 'http://127.0.0.1:9' } })).toMatchObject({ code: 2 });
    expect(work.files()).toEqual([]);
  });
});
