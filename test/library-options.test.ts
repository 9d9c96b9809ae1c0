import { afterEach, describe, expect, test } from 'vitest';
import { DEFAULTS } from '../src/core/config.ts';
import { type FetchedPage, type FetchPagesOptions, fetchPages, UsageError } from '../src/index.ts';
import { configOf } from '../src/library-options.ts';
import { type AppServer, type Route, startAppServer } from './support/app-server.ts';
import { CA } from './support/certificates.ts';
import { startHttpProxy } from './support/proxy-server.ts';

const servers: { close(): Promise<void> }[] = [];

async function serve(route: Route, tls = false): Promise<AppServer> {
  const server = await startAppServer(route, { tls });
  servers.push(server);
  return server;
}

afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));

async function only(url: string, options: FetchPagesOptions): Promise<FetchedPage | undefined> {
  const pages: FetchedPage[] = [];
  for await (const page of fetchPages([url], options)) pages.push(page);
  expect(pages).toHaveLength(1);
  return pages[0];
}

test('every option lands where the engine reads it', () => {
  expect(
    configOf({
      concurrency: 7,
      perOrigin: 6,
      ratePerSecond: 5.5,
      limitBytesPerSecond: 4_000,
      adapt: false,
      retries: 3,
      retryOn: [[500, 599]],
      retryAllMethods: true,
      patienceMs: 2_000,
      maxWaitMs: 0,
      connectTimeoutMs: 1_001,
      responseTimeoutMs: 1_002,
      stallTimeoutMs: 1_003,
      maxTimeMs: 1_004,
      accept: [[200, 204]],
      maxRedirects: 0,
      maxBodyBytes: 900,
      headers: { Accept: 'text/plain' },
      credentialsTo: ['https://api.example.com/path'],
      userAgent: '',
      proxy: 'http://proxy.example:3128',
      ca: 'PEM',
      http1Only: true,
      maxConnections: 20,
    }),
  ).toEqual({
    request: {
      method: 'GET',
      userAgent: '',
      headers: [['accept', 'text/plain']],
      credentialsTo: ['https://api.example.com'],
    },
    net: {
      connectTimeoutMs: 1_001,
      responseTimeoutMs: 1_002,
      stallTimeoutMs: 1_003,
      maxTimeMs: 1_004,
      maxBodyBytes: 900,
      limitBytesPerSecond: 4_000,
      perOrigin: 6,
      concurrency: 7,
      maxConnections: 20,
      http1Only: true,
      blockPrivate: false,
      insecure: false,
      ca: 'PEM',
      resolve: [],
      proxy: 'http://proxy.example:3128',
      noProxy: [],
    },
    pace: { concurrency: 7, perOrigin: 6, ratePerSecond: 5.5, adapt: false },
    retry: { retries: 3, statuses: [[500, 599]], allMethods: true, patienceMs: 2_000, maxWaitMs: 0 },
    verdict: { failFast: false, accept: [[200, 204]] },
    maxRedirects: 0,
    restart: false,
    refresh: false,
  });
});

test('without options it is the command’s defaults, but for bodies, which are handed over whole', () => {
  const { net, pace, retry, maxRedirects } = configOf({});
  const { concurrency, perOrigin, retries, patienceMs, maxWaitMs } = DEFAULTS;
  const { connectTimeoutMs, responseTimeoutMs, stallTimeoutMs } = DEFAULTS;
  expect(net).toMatchObject({ connectTimeoutMs, responseTimeoutMs, stallTimeoutMs, maxBodyBytes: 16 * 2 ** 20 });
  expect(pace).toEqual({ concurrency, perOrigin, adapt: true });
  expect(retry).toEqual({ retries, statuses: DEFAULTS.retryOn, allMethods: false, patienceMs, maxWaitMs });
  expect(maxRedirects).toBe(DEFAULTS.maxRedirects);
});

describe('they do what they say', () => {
  test('proxy', async () => {
    const proxy = await startHttpProxy();
    servers.push(proxy);
    const page = await only('http://origin.test/page', { proxy: `http://${proxy.authority}` });
    expect(page?.body?.toString()).toBe('forwarded');
    expect(proxy.asked).toEqual(['GET http://origin.test/page']);
  });

  test('blockPrivate', async () => {
    const server = await serve((_request, { answer }) => answer());
    const page = await only(server.origin, { blockPrivate: true });
    expect(page).toMatchObject({ outcome: 'blocked', error: { code: 'BLOCKED_ADDRESS' } });
    expect(server.connections).toBe(0);
  });

  test('http1Only', async () => {
    const server = await serve((_request, { answer }) => answer(), true);
    expect(await only(server.origin, { ca: CA })).toMatchObject({ httpVersion: '2' });
    expect(await only(server.origin, { ca: CA, http1Only: true })).toMatchObject({ httpVersion: '1.1' });
  });

  test('retryOn and retryAllMethods', async () => {
    const server = await serve(({ count }, { answer }) => answer('', { status: count === 1 ? 418 : 200 }));
    expect(await only(`${server.origin}/1`, {})).toMatchObject({ attempts: 1, status: 418 });
    expect(await only(`${server.origin}/2`, { retryOn: [[418, 418]] })).toMatchObject({ attempts: 2, status: 200 });
    const post = async (path: string, options: FetchPagesOptions) => {
      for await (const page of fetchPages([{ url: `${server.origin}${path}`, method: 'POST' }], options)) return page;
      return undefined;
    };
    expect(await post('/3', { retryOn: [[418, 418]] })).toMatchObject({ attempts: 1 });
    expect(await post('/4', { retryOn: [[418, 418]], retryAllMethods: true })).toMatchObject({ attempts: 2 });
  });

  test.each([
    [{ responseTimeoutMs: 50 }, 'RESPONSE_TIMEOUT'],
    [{ maxTimeMs: 50 }, 'MAX_TIME'],
  ] as const)('%j', async (options, code) => {
    const server = await serve(() => {});
    expect(await only(server.origin, { ...options, retries: 0 })).toMatchObject({ outcome: 'error', error: { code } });
  });
});

test.each([
  { concurrency: 0 },
  { perOrigin: 1.5 },
  { retries: -1 },
  { maxRedirects: Number.NaN },
  { maxBodyBytes: 0 },
  { ratePerSecond: 0 },
  { ratePerSecond: Number.NaN },
  { patienceMs: 0 },
  { maxWaitMs: -1 },
  { headers: { 'no name': 'x' } },
  { headers: { 'x-name': 'a\nb' } },
  { headers: { host: 'x' } },
  { userAgent: 'a\nb' },
  { credentialsTo: ['no origin'] },
  { accept: [[300, 200]] as const },
  { retryOn: [[99, 200]] as const },
  // As JavaScript may have it.
  { accept: [200, 404] as never },
  { accept: 200 as never },
  { limitBytesPerSecond: 0 },
  { connectTimeoutMs: 0 },
  { responseTimeoutMs: Number.POSITIVE_INFINITY },
  { stallTimeoutMs: 2 ** 31 },
  { maxTimeMs: -1 },
  { proxy: 'http://127.0.0.1:1', blockPrivate: true },
  { refresh: true },
  { maxConnections: 0.5 },
])('%j is a UsageError that names the option', (options) => {
  const [name = ''] = Object.keys(options);
  expect(() => configOf(options)).toThrow(UsageError);
  expect(() => configOf(options)).toThrow(name);
});
