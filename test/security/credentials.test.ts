import { beforeEach, describe, expect, test } from 'vitest';
import type { AppRequest, AppServer, Route } from '../support/app-server.ts';
import { CA, certificate } from '../support/certificates.ts';
import { byPath, useWorkspace } from '../support/workspace.ts';

const work = useWorkspace();
const AUTHENTICATED = { ...certificate('good'), ca: CA, requestCert: true, rejectUnauthorized: false };
const SECRET_FIELDS = ['authorization', 'cookie', 'x-api-key', 'x-own', 'proxy-authorization'];

/** What of the run's or the line's secrets a request showed. */
function shown({ headers, clientName }: AppRequest): readonly string[] {
  const names = SECRET_FIELDS.filter((name) => name in headers);
  return clientName === undefined ? names : [...names, 'certificate'];
}

const RUN_SECRETS = [
  '-u',
  'me:pass',
  '-b',
  'a=b',
  '-H',
  'X-Api-Key: key',
  '--cert',
  'client.pem',
  '--cacert',
  'ca.pem',
];
const ALL = ['authorization', 'cookie', 'x-api-key', 'certificate'];

/** `/to?URL` redirects there, `/to308?URL` with 308. */
const route: Route = ({ path }, { answer }) => {
  const [, status, location] = /^\/to(\d*)\?(.*)$/.exec(path) ?? [];
  if (location === undefined) answer('page');
  else answer('', { status: Number(status || 302), headers: { location } });
};

let first: AppServer;
let otherPort: AppServer;
let plain: AppServer;

beforeEach(async () => {
  [first, otherPort, plain] = await Promise.all([
    work.serve(route, { tls: AUTHENTICATED }),
    work.serve(route, { tls: AUTHENTICATED }),
    work.serve(route),
  ]);
  const { cert, key } = certificate('client');
  work.write('client.pem', cert + key);
  work.write('ca.pem', CA);
});

function fetchList(lines: readonly string[], ...more: readonly string[]) {
  work.write('list.txt', lines);
  return work.run(['list.txt', '-o', 'out.ndjson', '--retry', '0', '-c', '1', ...RUN_SECRETS, ...more]);
}

/** The same server under another name. */
const underName = (server: AppServer, name: string) => server.origin.replace('127.0.0.1', name);
const toName = (name: string, ...servers: readonly AppServer[]) =>
  servers.flatMap(({ port }) => ['--resolve', `${name}:${port}:127.0.0.1`]);

describe('after a redirect, the secrets of run and line', () => {
  test.each(['--http1.1', '--per-origin=9'])('go to no other port, host or scheme (%s)', async (option) => {
    const elsewhere = [
      `${otherPort.origin}/port`,
      `${underName(first, 'localhost')}/host`,
      `${underName(first, '127.0.0.1.elsewhere.test')}/longer-host`,
      `//localhost:${first.port}/without-scheme`,
      `https://127.0.0.1:pass@localhost:${first.port}/userinfo`,
      `https:\\\\localhost:${first.port}\\backslashes`,
    ];
    const lines = elsewhere.flatMap((location, n) =>
      [302, 308].map((status) =>
        JSON.stringify({ url: `${first.origin}/to${status}?${location}-${status}`, headers: { 'x-own': `${n}` } }),
      ),
    );
    const { stderr } = await fetchList(
      lines,
      option,
      '-k',
      ...toName('localhost', first),
      ...toName('127.0.0.1.elsewhere.test', first),
    );
    const arrived = [...first.requests, ...otherPort.requests].filter(({ path }) => !path.startsWith('/to'));
    expect(arrived, stderr).toHaveLength(lines.length);
    for (const request of arrived) expect([request.path, shown(request)]).toEqual([request.path, []]);
    for (const request of first.requests.filter(({ path }) => path.startsWith('/to'))) {
      expect(shown(request)).toEqual(expect.arrayContaining(['authorization', 'cookie', 'x-api-key', 'x-own']));
    }
  });

  test('go on at the same origin, and the userinfo of a Location is nobody’s', async () => {
    await fetchList(
      [`${first.origin}/to?/same`, `${first.origin}/to?https://evil:canary@127.0.0.1:${first.port}/same-with-userinfo`],
      '--http1.1',
    );
    expect(first.requests.map(shown)).toEqual(Array.from({ length: 4 }, () => ALL));
    const authorization = new Set(first.requests.map(({ headers }) => headers.authorization));
    expect(authorization).toEqual(new Set([`Basic ${btoa('me:pass')}`]));
  });

  test('do not go along from https to http, and such a page is not asked there at all', async () => {
    const { code } = await fetchList([
      `${first.origin}/to?${plain.origin}/down`,
      `${first.origin}/to?http://127.0.0.1:${first.port}/same-port`,
      `${first.origin}/to?${otherPort.origin}/to?${plain.origin}/by-way-of-another`,
    ]);
    expect(code).toBe(1);
    expect(work.records('out.ndjson').map(({ error }) => error?.code)).toEqual(
      Array.from({ length: 3 }, () => 'REDIRECT_DOWNGRADE'),
    );
    expect(plain.connections).toBe(0);
  });

  test('there and back again: the stranger between sees nothing', async () => {
    await fetchList([`${first.origin}/to?${otherPort.origin}/to?${first.origin}/back`], '--http1.1');
    expect(otherPort.requests.map(shown)).toEqual([[]]);
    expect(first.requests.map(shown)).toEqual([ALL, ALL]);
  });

  test('of a URL’s userinfo go to its own origin only', async () => {
    const url = (path: string) => `${plain.origin.replace('://', '://me:canary@')}${path}`;
    await work.run([url(`/to?${first.origin}/elsewhere`), url('/to?/here'), '-k', '-c', '1', '-o', 'out.ndjson']);
    expect(first.requests.map(shown)).toEqual([[]]);
    expect(plain.requests.map(shown)).toEqual(plain.requests.map(() => ['authorization']));
  });
});

describe('on a list of several origins, the secrets of the run', () => {
  test('go to the first page’s origin alone: no other port, host or scheme', async () => {
    const { stderr } = await fetchList(
      [
        `${first.origin}/first`,
        `${otherPort.origin}/port`,
        `${underName(first, 'localhost')}/host`,
        `${plain.origin}/scheme`,
        `http://127.0.0.1:${plain.port}/again`,
      ],
      '--http1.1',
      ...toName('localhost', first),
    );
    const requests = [first, otherPort, plain].flatMap((server) => server.requests);
    const byWay = Object.fromEntries(requests.map((request) => [request.path, shown(request)]));
    expect(byWay).toEqual({ '/first': ALL, '/port': [], '/host': [], '/scheme': [], '/again': [] });
    expect(stderr.match(/CREDENTIALS_WITHHELD/g)).toHaveLength(1);
  });

  test('go to none that merely looks like one of --credentials-to', async () => {
    await fetchList(
      [`${plain.origin}/first`, `${otherPort.origin}/named`, `${first.origin}/other`],
      '--http1.1',
      '--credentials-to',
      otherPort.origin,
    );
    expect(otherPort.requests.map(shown)).toEqual([ALL]);
    expect(first.requests.map(shown)).toEqual([[]]);
  });

  test('go to the origin of the list’s first page though that page is no good, and a line that is no page is not it', async () => {
    await fetchList(['no page', `${otherPort.origin}/to?/to?`, `${first.origin}/other`], '--http1.1');
    expect(otherPort.requests[0] && shown(otherPort.requests[0])).toEqual(ALL);
    expect(first.requests.map(shown)).toEqual([[]]);
  });

  test('go with a line’s own headers only where they would go anyway', async () => {
    await fetchList(
      [`${first.origin}/first`, JSON.stringify({ url: `${otherPort.origin}/own`, headers: { 'x-own': '1' } })],
      '--http1.1',
    );
    expect(otherPort.requests.map(shown)).toEqual([['x-own']]);
  });
});

test('headers of a file (-H @file) are as secret as those of the command line', async () => {
  work.write('secret-headers', ['Authorization: Bearer canary', 'Cookie: session=canary', 'X-Api-Key: canary']);
  work.write('list.txt', [`${plain.origin}/first`, `${plain.origin}/to?${first.origin}/redirected`, first.origin]);
  const { code } = await work.run(['list.txt', '-H', '@secret-headers', '-k', '-o', 'out.ndjson']);
  expect(code).toBe(0);
  expect(byPath(work.records('out.ndjson'))['/first']?.outcome).toBe('ok');
  expect(first.requests.map(shown)).toEqual([[], []]);
  for (const request of plain.requests) expect(shown(request)).toEqual(['authorization', 'cookie', 'x-api-key']);
});
