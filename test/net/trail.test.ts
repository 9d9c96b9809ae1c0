import { randomBytes } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Page } from '../../src/core/page.ts';
import type { Body, TrailStep } from '../../src/core/ports.ts';
import type { PageRecord } from '../../src/core/record.ts';
import { Run } from '../../src/core/run.ts';
import { createClient } from '../../src/net/client.ts';
import { systemClock } from '../../src/system-clock.ts';
import { type AppServer, startAppServer } from '../support/app-server.ts';
import { CA } from '../support/certificates.ts';
import { MemoryStore, testConfig, testPage } from '../support/model-run.ts';
import { sha256 } from './fetch-one.ts';

const TEXT = Buffer.from('the page, decoded '.repeat(50));
const CODED = gzipSync(TEXT);
const LARGE = randomBytes(100_000);

/** Keeps what an archive is given. */
class ArchiveStore extends MemoryStore {
  readonly archives = true;
  readonly kept: { record: PageRecord; body: Buffer | undefined; trail: readonly TrailStep[] }[] = [];

  override async keep(page: Page, record: PageRecord, body: Body | undefined, trail: readonly TrailStep[] = []) {
    const bytes = body !== undefined && 'chunks' in body ? Buffer.concat(body.chunks) : undefined;
    this.kept.push({ record, body: bytes, trail });
    return super.keep(page, record, body);
  }
}

let server: AppServer;
let store: ArchiveStore;
let flaky: number;

beforeAll(async () => {
  server = await startAppServer(
    ({ path }, reply) => {
      if (path === '/coded') reply.answer(CODED, { headers: { 'content-encoding': 'gzip' } });
      else if (path === '/moved') reply.answer('gone on', { status: 301, headers: { location: '/coded' } });
      else if (path === '/moved-large') reply.answer(LARGE, { status: 302, headers: { location: '/coded' } });
      else if (path === '/missing') reply.answer('not here', { status: 404 });
      else if (path === '/flaky' && flaky++ < 2) reply.answer('wait', { status: 500 });
      else reply.answer('plain');
    },
    { tls: true },
  );
});
afterAll(() => server.close());
beforeEach(() => {
  store = new ArchiveStore();
  flaky = 0;
});

async function archived(path: string, http1Only: boolean, more: Partial<Page> = {}) {
  const config = testConfig({ net: { ca: CA, http1Only }, retry: { retries: 3 } });
  const client = createClient(config.net);
  const page = testPage(`${server.origin}${path}`, 'list:1', more);
  const input = (async function* () {
    yield [{ type: 'page', page } as const];
  })();
  const parts = { config, input, client, store, clock: systemClock, random: () => 0, listeners: [] };
  try {
    await new Run(parts).verdict();
  } finally {
    await client.destroy();
  }
  const [kept] = store.kept;
  if (kept === undefined) throw new Error('nothing was kept');
  return kept;
}

describe.each([
  ['HTTP/2', false],
  ['HTTP/1.1', true],
])('what an archive is given over %s', (_, http1Only) => {
  test('a body as it came, and its digest decoded', async () => {
    const { record, body, trail } = await archived('/coded', http1Only);
    expect(body?.equals(CODED)).toBe(true);
    expect(record).toMatchObject({ outcome: 'ok', bytes: TEXT.length, sha256: sha256(TEXT) });
    expect(gunzipSync(body ?? '').equals(TEXT)).toBe(true);
    expect(trail).toMatchObject([
      {
        url: `${server.origin}/coded`,
        method: 'GET',
        requestHeaders: { accept: '*/*', 'accept-encoding': expect.stringContaining('gzip') },
        remoteAddress: '127.0.0.1',
        head: { status: 200, httpVersion: http1Only ? '1.1' : '2' },
        body: [],
        bodyCut: false,
      },
    ]);
    expect(Math.abs((trail[0]?.startedWall ?? 0) - Date.now())).toBeLessThan(60_000);
  });

  test('every hop, with the body that a redirect has', async () => {
    const { trail } = await archived('/moved', http1Only);
    expect(trail.map(({ url, head }) => [new URL(url).pathname, head.status])).toEqual([
      ['/moved', 301],
      ['/coded', 200],
    ]);
    expect(Buffer.concat(trail[0]?.body ?? []).toString()).toBe('gone on');
    expect(trail[0]?.bodyCut).toBe(false);
  });

  test('of a large body that nobody wants it is told that it was cut', async () => {
    const { trail } = await archived('/moved-large', http1Only);
    expect(trail.map(({ bodyCut }) => bodyCut)).toEqual([true, false]);
  });

  test('an answer that is not accepted, with its body', async () => {
    const { record, body, trail } = await archived('/missing', http1Only);
    expect({ outcome: record.outcome, body }).toEqual({ outcome: 'failed', body: undefined });
    expect(Buffer.concat(trail[0]?.body ?? []).toString()).toBe('not here');
  });

  test('of several tries the last', async () => {
    const { record, trail } = await archived('/flaky', http1Only);
    expect(record).toMatchObject({ outcome: 'ok', attempts: 3 });
    expect(trail.map(({ head }) => head.status)).toEqual([200]);
  });

  test('no secret: what is not known to be safe is there by its name alone', async () => {
    const headers = [
      ['x-api-key', 'sesame'],
      ['accept-language', 'de'],
    ] as const;
    const { trail } = await archived('/plain', http1Only, { headers, authorization: 'Basic sesame' });
    expect(trail[0]?.requestHeaders).toMatchObject({
      'x-api-key': '[redacted]',
      authorization: '[redacted]',
      'accept-language': 'de',
    });
    expect(JSON.stringify(trail)).not.toContain('sesame');
  });
});
