import { expect } from 'vitest';
import type { Client } from '../../src/core/ports.ts';
import { createClient } from '../../src/net/client.ts';
import { certificate } from '../support/certificates.ts';
import { type AnswerScript, type H1Connection, response, startH1Server } from '../support/h1-server.ts';
import { hostileRun } from './hostile-run.ts';
import { type CheckCase, type ServerCase, send } from './server-case.ts';

const redirect = (fields: string, body = '') =>
  `HTTP/1.1 302 Found\r\n${fields}content-length: ${body.length}\r\n\r\n${body}`;

/** A redirect for `/`, and a page for anything else. */
const from =
  (fields: string): AnswerScript =>
  (connection, { target }) =>
    connection.send(target === '/' ? redirect(fields) : response(target));

const location = (value: string) => from(`location: ${value}\r\n`);
const portOf = (connection: H1Connection) => connection.socket.localPort;

const FOLLOWED = { outcome: 'ok', attempts: 1, requests: 2 } as const;
const ONCE = { outcome: 'error', attempts: 1, requests: 1 } as const;
const INVALID = { ...ONCE, code: 'REDIRECT_INVALID' } as const;
const SCHEME = { ...ONCE, code: 'REDIRECT_SCHEME' } as const;

export const ROWS: readonly (ServerCase | CheckCase)[] = [
  {
    case: 78,
    name: 'a redirect to itself',
    serve: send(redirect('location: /\r\n')),
    expect: { outcome: 'error', code: 'TOO_MANY_REDIRECTS', attempts: 1, requests: 11 },
    curl: 47,
    curlArguments: ['-L', '--max-redirs', '10'],
  },
  {
    case: 78,
    name: 'redirects without end, each to a new URL',
    serve: (connection, { target }) => connection.send(redirect(`location: ${target}a\r\n`)),
    expect: { outcome: 'error', code: 'TOO_MANY_REDIRECTS', attempts: 1, requests: 11 },
  },
  { case: 78, name: 'no Location', serve: from(''), expect: INVALID },
  { case: 78, name: 'an empty Location', serve: location(''), expect: INVALID },
  { case: 78, name: 'two Locations that differ', serve: from('location: /a\r\nlocation: /b\r\n'), expect: INVALID },
  { case: 78, name: 'two Locations that agree', serve: from('location: /a\r\nlocation: /a\r\n'), expect: FOLLOWED },
  ...['file:///etc/passwd', 'javascript:alert(1)', 'data:text/html,hi', 'ftp://127.0.0.1/', 'mailto:a@b.example'].map(
    (to): ServerCase => ({ case: 79, name: `to ${to}`, serve: location(to), expect: SCHEME }),
  ),
  ...['http://', 'http://[::1', 'http://a b/', 'https://h:99999/', 'http://127.0.0.1:0/'].map(
    (to): ServerCase => ({ case: 79, name: `to ${to}, which is no URL to ask`, serve: location(to), expect: INVALID }),
  ),
  {
    case: 80,
    name: 'userinfo in a Location is not sent',
    serve: (connection, { target }) =>
      connection.send(
        target === '/' ? redirect(`location: http://u:p@127.0.0.1:${portOf(connection)}/a\r\n`) : response('hi'),
      ),
    expect: FOLLOWED,
    also: ({ server, record }) => {
      expect(server.requests[1]?.headers).not.toHaveProperty('authorization');
      expect(JSON.stringify(record)).not.toContain('u:p');
    },
  },
  { case: 80, name: 'to another origin: no credentials, no custom headers', check: crossOrigin },
  {
    case: 80,
    name: 'from https to http with credentials: refused',
    check: () => downgrade({ authorization: 'Basic dTpw' }, 'REDIRECT_DOWNGRADE'),
  },
  { case: 80, name: 'from https to http without any: followed', check: () => downgrade({}, undefined) },
  { case: 81, name: 'to a private address under --block-private', check: toPrivateAddress },
  {
    case: 82,
    name: 'a Location of raw UTF-8',
    serve: location('/caf\xc3\xa9?\xe2\x82\xac'),
    expect: FOLLOWED,
    also: ({ server }) => expect(server.requests[1]?.target).toBe('/caf%C3%A9?%E2%82%AC'),
  },
  {
    case: 82,
    name: 'a Location of raw Latin-1',
    serve: location('/caf\xe9'),
    expect: FOLLOWED,
    also: ({ server }) => expect(server.requests[1]?.target).toBe('/caf%C3%A9'),
  },
  { case: 83, name: 'a redirect whose body has no end', serve: endlessBody, expect: FOLLOWED, body: '/a' },
  {
    case: 83,
    name: 'a redirect whose body never comes',
    serve: (connection, { target }) =>
      connection.send(
        target === '/' ? 'HTTP/1.1 302 Found\r\nlocation: /a\r\ncontent-length: 99999999\r\n\r\n' : response(target),
      ),
    expect: FOLLOWED,
    body: '/a',
  },
];

async function endlessBody(connection: H1Connection, { target }: { readonly target: string }): Promise<void> {
  if (target !== '/') return connection.send(response(target));
  await connection.send('HTTP/1.1 302 Found\r\nlocation: /a\r\ntransfer-encoding: chunked\r\n\r\n');
  while (!connection.socket.destroyed) await connection.send(`10000\r\n${'a'.repeat(0x10000)}\r\n`);
}

async function crossOrigin(): Promise<void> {
  const stranger = await startH1Server((connection) => connection.send(response('hi')));
  const server = await startH1Server((connection) => connection.send(redirect(`location: ${stranger.origin}/\r\n`)));
  const request = { authorization: 'Basic dTpw', cookie: 'a=b', headers: [['x-key', 'secret']] } as const;
  const { records } = await hostileRun([`${server.origin}/`], { config: { request } });
  await server.close();
  await stranger.close();
  expect(records).toMatchObject([{ ...FOLLOWED, finalUrl: `${stranger.origin}/` }]);
  expect(server.requests[0]?.headers).toMatchObject({ authorization: 'Basic dTpw', cookie: 'a=b', 'x-key': 'secret' });
  for (const name of ['authorization', 'cookie', 'x-key'])
    expect(stranger.requests[0]?.headers).not.toHaveProperty(name);
}

async function downgrade(request: { authorization?: string }, code: string | undefined): Promise<void> {
  const plain = await startH1Server((connection) => connection.send(response('hi')));
  const server = await startH1Server(
    (connection) => connection.send(redirect(`location: ${plain.origin}/\r\n`)),
    certificate('good'),
  );
  const { records } = await hostileRun([`${server.origin}/`], { config: { request } });
  await server.close();
  await plain.close();
  expect(records.map(({ error }) => error?.code)).toEqual([code]);
  expect(plain.accepted()).toBe(code === undefined ? 1 : 0);
}

/** No public address is to be had on loopback, so the first hop is answered by a stand-in; the second one is asked for real. */
async function toPrivateAddress(): Promise<void> {
  const inside = await startH1Server((connection) => connection.send(response('secret')));
  const outside = 'http://public.example';
  const guarded = (real: Client): Client => ({
    exchange: async (request, onHead) => {
      if (request.origin !== outside) return real.exchange(request, onHead);
      const headers = { location: [`http://[::ffff:7f00:1]:${inside.port}/`] };
      const head = { status: 302, headers, httpVersion: '1.1' } as const;
      onHead(head);
      return { ok: true, head, complete: 'content-length', bytes: 0, wireBytes: 0, connectMs: 0, headMs: 1 };
    },
    destroy: () => real.destroy(),
    get receivedBytes() {
      return real.receivedBytes;
    },
  });
  const { records } = await hostileRun([`${outside}/`], {
    config: { net: { blockPrivate: true } },
    createClient: ({ net }) => guarded(createClient(net)),
  });
  await inside.close();
  expect(records).toMatchObject([{ outcome: 'blocked', error: { code: 'BLOCKED_ADDRESS' }, attempts: 1 }]);
  expect(inside.accepted()).toBe(0);
}
