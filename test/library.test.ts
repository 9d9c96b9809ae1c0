import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FetchedPage, fetchPages, UsageError } from '../src/index.ts';
import { type AppServer, type Route, startAppServer } from './support/app-server.ts';
import { CA } from './support/certificates.ts';

const servers: AppServer[] = [];
let server: AppServer;

async function serve(route: Route, tls = false): Promise<AppServer> {
  const started = await startAppServer(route, { tls });
  servers.push(started);
  return started;
}

beforeEach(async () => {
  server = await serve((request, { answer }) => {
    if (request.path.startsWith('/hang')) return;
    answer(`page ${request.path}`, { status: request.path.startsWith('/bad') ? 404 : 200 });
  });
});
afterEach(() => Promise.all(servers.splice(0).map((started) => started.close())));

function urls(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${server.origin}/${index}`);
}

async function collect(pages: AsyncIterable<FetchedPage>): Promise<FetchedPage[]> {
  const all: FetchedPage[] = [];
  for await (const page of pages) all.push(page);
  return all;
}

async function* endless(origin: string): AsyncGenerator<string, never> {
  for (let number = 0; ; number += 1) yield `${origin}/${number}`;
}

/** Some pages, and then silence for ever. */
async function* thenSilence(...pages: readonly string[]): AsyncGenerator<string> {
  yield* pages;
  await new Promise(() => {});
}

describe('what is yielded', () => {
  test('every page once, with its record and its body as bytes', async () => {
    const pages = await collect(fetchPages([...urls(30), ...urls(10)]));
    expect(pages).toHaveLength(30);
    expect(new Set(pages.map(({ url }) => url)).size).toBe(30);
    for (const { outcome, body, url, status } of pages) {
      expect({ outcome, status, body: body?.toString() }).toEqual({
        outcome: 'ok',
        status: 200,
        body: `page ${new URL(url).pathname}`,
      });
    }
  });

  test('in order of completion, each as soon as it is there', async () => {
    const slowFirst = await serve((request, { answer }) => void setTimeout(answer, request.path === '/0' ? 600 : 0));
    const pages = await collect(
      fetchPages([`${slowFirst.origin}/0`, `${slowFirst.origin}/1`, `${slowFirst.origin}/2`]),
    );
    expect(pages.at(-1)?.url).toBe(`${slowFirst.origin}/0`);
    for await (const { url } of fetchPages([`${server.origin}/hang`, `${server.origin}/now`])) {
      expect(url).toBe(`${server.origin}/now`);
      break;
    }
  });

  test('also what is not OK, without a body, and what is no page', async () => {
    const [bad, invalid, ...more] = await collect(fetchPages([`${server.origin}/bad`, 'no page']));
    expect(more).toEqual([]);
    const records = [bad, invalid].sort((a, b) => (a?.line ?? '').localeCompare(b?.line ?? ''));
    expect(records).toMatchObject([
      { line: 'input:1', outcome: 'failed', status: 404, error: { code: 'HTTP_404' } },
      { line: 'input:2', outcome: 'invalid', error: { code: 'INVALID_LINE' } },
    ]);
    for (const record of records) expect(record).not.toHaveProperty('body');
  });

  test('requests with method, headers, body and id; URL objects as well', async () => {
    const request = { url: `${server.origin}/1`, method: 'PUT', headers: { 'X-One': '1' }, body: 'b', id: 'seven' };
    const [page] = await collect(fetchPages([request]));
    expect(page).toMatchObject({ id: 'seven', method: 'PUT', outcome: 'ok' });
    expect(server.requests[0]).toMatchObject({ method: 'PUT', body: 'b', headers: { 'x-one': '1' } });
    expect(await collect(fetchPages([new URL('/2', server.origin)]))).toMatchObject([{ outcome: 'ok' }]);
  });

  test('the options reach the server: headers, user agent, certificate authority', async () => {
    const secure = await serve((_request, { answer }) => answer('fine'), true);
    const [page] = await collect(
      fetchPages([`${secure.origin}/`], { ca: CA, userAgent: 'me', headers: { 'X-Api-Key': 'k' } }),
    );
    expect(page).toMatchObject({ outcome: 'ok', httpVersion: '2' });
    expect(secure.requests[0]?.headers).toMatchObject({ 'user-agent': 'me', 'x-api-key': 'k' });
  });

  test('a page larger than maxBodyBytes is an error, not a piece of it', async () => {
    const large = await serve((_request, { answer }) => answer(Buffer.alloc(10_000)));
    const [page] = await collect(fetchPages([large.origin], { maxBodyBytes: 5_000 }));
    expect(page).toMatchObject({ outcome: 'error', error: { code: 'TOO_LARGE' } });
    expect(page).not.toHaveProperty('body');
  });
});

describe('what a request may hold', () => {
  test('a body that is an object is sent as JSON', async () => {
    const request = { url: `${server.origin}/search`, method: 'POST', body: { q: 'lamp', sizes: [1, 2] } };
    expect(await collect(fetchPages([request]))).toMatchObject([{ outcome: 'ok' }]);
    expect(server.requests[0]).toMatchObject({
      body: '{"q":"lamp","sizes":[1,2]}',
      headers: { 'content-type': 'application/json' },
    });
  });
});

test('a body of bytes is an invalid record that says what to give, not their numbers as JSON', async () => {
  const url = `${server.origin}/1`;
  const request = { url: url.replace('://', '://me:secret@'), method: 'PUT', body: Buffer.from('b') };
  expect(await collect(fetchPages([request]))).toMatchObject([
    {
      outcome: 'invalid',
      url: `${server.origin}/1`,
      error: { code: 'INVALID_LINE', message: expect.stringContaining('bytes') },
    },
  ]);
  expect(server.requests).toEqual([]);
});

describe('a consumer that takes its time', () => {
  test('slows the fetching down', async () => {
    const pages = fetchPages(endless(server.origin), { concurrency: 5 });
    await pages.next();
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(server.requests.length).toBeLessThan(100);
    await pages.return();
  });
});

describe('leaving early', () => {
  test('the loop, by break or by an error of the loop, ends the run at once', async () => {
    for (const leave of ['break', 'throw']) {
      const startedAt = performance.now();
      const loop = async (): Promise<void> => {
        for await (const _page of fetchPages([`${server.origin}/hang`, ...urls(50)])) {
          if (leave === 'throw') throw new Error('mine');
          break;
        }
      };
      if (leave === 'throw') await expect(loop()).rejects.toThrow('mine');
      else await loop();
      expect(performance.now() - startedAt).toBeLessThan(4_000);
    }
  });

  test.each(['break', 'abort'])(
    'while the input is silent (%s)',
    async (way) => {
      const controller = new AbortController();
      const taken: string[] = [];
      for await (const { url } of fetchPages(thenSilence(`${server.origin}/1`), { signal: controller.signal })) {
        taken.push(url);
        if (way === 'break') break;
        controller.abort();
      }
      expect(taken).toEqual([`${server.origin}/1`]);
    },
    8_000,
  );

  test('by a signal: what is in flight lands, and the iteration ends', async () => {
    const controller = new AbortController();
    let taken = 0;
    for await (const _page of fetchPages(endless(server.origin), { signal: controller.signal, concurrency: 4 })) {
      taken += 1;
      if (taken === 20) controller.abort();
    }
    expect(taken).toBeGreaterThanOrEqual(20);
    expect(taken).toBeLessThan(200);
  });

  test('by a signal that was given before: nothing is fetched', async () => {
    expect(await collect(fetchPages(urls(5), { signal: AbortSignal.abort() }))).toEqual([]);
    expect(server.requests).toEqual([]);
  });

  test('the input is told: its return is called', async () => {
    let closed = false;
    const input = (function* () {
      try {
        for (let number = 0; ; number += 1) yield `${server.origin}/${number}`;
      } finally {
        closed = true;
      }
    })();
    for await (const _page of fetchPages(input)) break;
    expect(closed).toBe(true);
  });
});

describe('errors', () => {
  test('of the input end the iteration with that error', async () => {
    const mine = new Error('mine');
    const input = (async function* () {
      yield `${server.origin}/1`;
      throw mine;
    })();
    await expect(collect(fetchPages(input))).rejects.toBe(mine);
  });

  test('an input without a page is a UsageError', async () => {
    await expect(collect(fetchPages([]))).rejects.toThrow(UsageError);
  });

  test('an input that is one URL is a UsageError that says what to write, not a list of letters', async () => {
    await expect(collect(fetchPages(`${server.origin}/1`))).rejects.toThrow('fetchPages([url])');
    await expect(collect(fetchPages(new URL(server.origin) as never))).rejects.toThrow(UsageError);
  });

  test('an option that cannot be meant is a UsageError before anything is asked', async () => {
    await expect(collect(fetchPages(urls(3), { concurrency: 0 }))).rejects.toThrow(UsageError);
    await expect(collect(fetchPages(urls(3), { ca: 'no certificate' }))).rejects.toThrow(UsageError);
    await expect(collect(fetchPages(urls(3), { proxy: 'gopher://127.0.0.1' }))).rejects.toThrow(UsageError);
    expect(server.connections).toBe(0);
  });

  test('a listener that throws hurts nobody', async () => {
    const onEvent = (): never => {
      throw new Error('mine');
    };
    expect(await collect(fetchPages(urls(5), { onEvent }))).toHaveLength(5);
  });
});

test('two runs at once keep to themselves', async () => {
  const other = await serve((request, { answer }) => answer(`other ${request.path}`));
  const [mine, theirs] = await Promise.all([
    collect(fetchPages(urls(40))),
    collect(fetchPages(Array.from({ length: 40 }, (_, index) => `${other.origin}/${index}`))),
  ]);
  expect(mine.every(({ body }) => body?.toString().startsWith('page '))).toBe(true);
  expect(theirs.every(({ body }) => body?.toString().startsWith('other '))).toBe(true);
  expect([mine.length, theirs.length]).toEqual([40, 40]);
});

/** What of the process a library might change. Node's own assert, which undici loads, looks at stderr: that is the PipeWrap. */
const BEFORE = `
const stateOf = () => [
  ...Reflect.ownKeys(globalThis).map((name) => 'global ' + String(name)),
  ...process.eventNames().map((name) => 'listener ' + String(name)),
  ...Object.entries(process.env).map(([name, value]) => 'environment ' + name + '=' + value),
  ...process.getActiveResourcesInfo().filter((name) => !['Immediate', 'PipeWrap'].includes(name)).map((name) => 'open ' + name),
];
const before = stateOf();
const changes = () => stateOf().filter((entry) => !before.includes(entry));
`;
/** Sockets that are being closed get some turns of the event loop. */
const AFTER = `
for (let turn = 0; turn < 1_000 && changes().length > 0; turn += 1) await new Promise(setImmediate);
for (const change of changes()) console.log(change);
`;

/** Runs a program that uses the built package, and tells what it printed once it ended by itself. */
function program(text: string): Promise<{ code: number | null; printed: string }> {
  const module = new URL('../dist/index.js', import.meta.url);
  const load = `const { fetchPages } = await import(${JSON.stringify(module.href)});`;
  const script = `${BEFORE}\n${load}\n${text}\n${AFTER}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: join(import.meta.dirname, '..'),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  const hear = (chunk: Buffer): void => {
    printed += chunk;
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, printed })));
}

test('a program that uses it ends by itself; the library prints nothing, and leaves the process as it was', async () => {
  const secure = await serve((request, { answer }) => (request.path === '/hang' ? undefined : answer()), true);
  const ways = {
    whole: `for await (const page of fetchPages(['${server.origin}/1', '${server.origin}/bad', 'no page', '${server.origin}/1']));`,
    left: `for await (const page of fetchPages(['${server.origin}/hang', '${server.origin}/1'])) break;`,
    two: `
      const all = async () => { let count = 0; for await (const page of fetchPages(['${server.origin}/1', '${server.origin}/2'])) count += 1; return count; };
      const counts = await Promise.all([all(), all()]);
      if (counts.join() !== '2,2') console.log(counts);`,
    secure: `for await (const page of fetchPages(['${secure.origin}/hang', '${secure.origin}/1'], { ca: ${JSON.stringify(CA)} })) break;`,
  };
  const startedAt = performance.now();
  for (const [way, text] of Object.entries(ways)) {
    expect({ way, ...(await program(text)) }).toEqual({ way, code: 0, printed: '' });
  }
  expect(performance.now() - startedAt).toBeLessThan(12_000);
}, 20_000);
