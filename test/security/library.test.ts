import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FetchPagesOptions, fetchPages, UsageError } from '../../src/index.ts';
import { type AppRequest, type AppServer, type Route, startAppServer } from '../support/app-server.ts';
import { CA } from '../support/certificates.ts';

const SECRET_FIELDS = ['authorization', 'cookie', 'x-api-key', 'x-own'];
const shown = ({ headers }: AppRequest) => SECRET_FIELDS.filter((name) => name in headers);

/** `/to?URL` redirects there. */
const route: Route = ({ path }, { answer }) => {
  if (path.startsWith('/to?')) answer('', { status: 302, headers: { location: path.slice(4) } });
  else answer('page');
};
let tls: AppServer;
let plain: AppServer;
let other: AppServer;
beforeEach(async () => {
  [tls, plain, other] = await Promise.all([
    startAppServer(route, { tls: true }),
    startAppServer(route),
    startAppServer(route),
  ]);
});
afterEach(() => Promise.all([tls, plain, other].map((server) => server.close())));

const OPTIONS: FetchPagesOptions = {
  headers: { authorization: 'Bearer canary', cookie: 'a=canary', 'x-api-key': 'canary', accept: 'text/plain' },
  ca: CA,
  retries: 0,
  concurrency: 1,
};

async function codesOf(pages: Parameters<typeof fetchPages>[0], options = OPTIONS) {
  const codes: string[] = [];
  const told: string[] = [];
  const onEvent = (event: object) => void told.push(JSON.stringify(event));
  for await (const { error, ...page } of fetchPages(pages, { ...options, onEvent })) {
    codes.push(error?.code ?? 'ok');
    told.push(JSON.stringify(page));
  }
  return { codes, told };
}

test('the run’s headers go to the first page’s origin, and to no other on the list or behind a redirect', async () => {
  const { codes } = await codesOf([
    `${plain.origin}/first`,
    `${plain.origin}/to?${other.origin}/redirected`,
    `${other.origin}/listed`,
    `${tls.origin}/listed`,
  ]);
  expect(codes).toEqual(['ok', 'ok', 'ok', 'ok']);
  for (const request of plain.requests) expect(shown(request)).toEqual(['authorization', 'cookie', 'x-api-key']);
  for (const request of [...other.requests, ...tls.requests]) {
    expect([request.path, shown(request), request.headers.accept]).toEqual([request.path, [], 'text/plain']);
  }
});

test('a request’s own headers and a URL’s userinfo go to its own origin only', async () => {
  const userinfo = (url: string) => url.replace('://', '://me:canary@');
  await codesOf(
    [
      { url: `${plain.origin}/to?${other.origin}/redirected`, headers: { 'x-own': 'canary' } },
      userinfo(`${plain.origin}/to?${userinfo(other.origin)}/with-userinfo`),
    ],
    { retries: 0 },
  );
  expect(plain.requests.map(shown)).toEqual(expect.arrayContaining([['x-own'], ['authorization']]));
  expect(other.requests.map(shown)).toEqual([[], []]);
});

test('from https to http nothing goes that carried any of it', async () => {
  const { codes } = await codesOf([`${tls.origin}/to?${plain.origin}/down`]);
  expect(codes).toEqual(['REDIRECT_DOWNGRADE']);
  expect(plain.connections).toBe(0);
});

test('certificates are verified', async () => {
  const { ca: _, ...untrusting } = OPTIONS;
  expect((await codesOf([`${tls.origin}/`], untrusting)).codes).toEqual(['TLS_UNTRUSTED']);
});

test('a line break in a header is refused before anything is sent, and a request’s own makes it invalid', async () => {
  await expect(codesOf([`${plain.origin}/`], { headers: { 'x-a': 'b\r\nInjected: yes' } })).rejects.toThrow(UsageError);
  await expect(codesOf([`${plain.origin}/`], { userAgent: 'b\nInjected: yes' })).rejects.toThrow(UsageError);
  const { codes } = await codesOf([{ url: `${plain.origin}/`, headers: { 'x-a': 'b\r\nInjected: yes' } }]);
  expect(codes).toEqual(['INVALID_LINE']);
  expect(plain.requests).toEqual([]);
});
