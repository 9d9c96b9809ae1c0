import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type Body,
  type Draft,
  type FetchedPage,
  type FetchPagesOptions,
  fetchPages,
  type Page,
  type PageRecord,
  type RunEvent,
  type Store,
  StoreError,
  type StoreOptions,
  type StoreSession,
  type TrailStep,
  type Validators,
  type Verdict,
} from '../src/index.ts';
import { type AppServer, startAppServer } from './support/app-server.ts';

let server: AppServer;
beforeEach(async () => {
  server = await startAppServer(({ path, headers }, { answer }) => {
    if (path === '/hang') return;
    if (path === '/bad') answer('', { status: 404 });
    else if (path === '/large') answer(Buffer.alloc(3 * 2 ** 20, 'x'));
    else if (headers['if-none-match'] === '"1"') answer('', { status: 304, headers: { etag: '"1"' } });
    else answer(`page ${path}`, { headers: { etag: '"1"' } });
  });
});
afterEach(() => server.close());

/** A store of a program’s own: as little as it may be, and a log of what was asked of it. */
class MapStore implements Store {
  readonly place = 'a map';
  readonly bodies = new Map<string, string>();
  readonly records: PageRecord[] = [];
  readonly calls: string[] = [];
  opened: StoreOptions | undefined;
  verdict: Verdict | undefined;
  failure: Error | undefined;
  more: Partial<StoreSession> = {};

  async open(options: StoreOptions): Promise<StoreSession> {
    this.calls.push('open');
    if (this.failure !== undefined) throw this.failure;
    this.opened = options;
    return {
      stored: { pages: this.bodies.size },
      notices: ['It is only a map.'],
      has: (page) => this.bodies.has(page.url),
      keep: async (page, record, body) => this.#keep(page, record, body),
      note: async (record) => void this.records.push(record),
      ended: async (verdict) => {
        this.calls.push('ended');
        this.verdict = verdict;
      },
      close: async () => void this.calls.push('close'),
      ...this.more,
    };
  }

  #keep(page: Page, record: PageRecord, body: Body | undefined): PageRecord {
    const kept = { ...record, file: `map:${page.url}` };
    this.records.push(kept);
    if (body !== undefined && 'chunks' in body) this.bodies.set(page.url, Buffer.concat(body.chunks).toString());
    return kept;
  }
}

function urls(...paths: readonly string[]): string[] {
  return paths.map((path) => `${server.origin}${path}`);
}

/** Nothing more happens: so many turns of the event loop went by without a change. */
async function quiet(value: () => number): Promise<void> {
  let before = Number.NaN;
  for (let turns = 0; turns < 50; turns += 1) {
    if (value() !== before) turns = 0;
    before = value();
    await new Promise(setImmediate);
  }
}

async function collect(input: readonly string[], options: FetchPagesOptions): Promise<FetchedPage[]> {
  const pages: FetchedPage[] = [];
  for await (const page of fetchPages(input, options)) pages.push(page);
  return pages;
}

describe('a store of one’s own', () => {
  test('gets every page before it is yielded: the record as the store keeps it, the body in the store only', async () => {
    const store = new MapStore();
    for await (const page of fetchPages([...urls('/1', '/2', '/bad'), 'no page'], { store })) {
      expect(page).not.toHaveProperty('body');
      expect(store.records).toContainEqual(page);
      if (page.outcome === 'ok') expect(page.file).toBe(`map:${page.url}`);
    }
    expect([...store.bodies.values()].toSorted()).toEqual(['page /1', 'page /2']);
    expect(store.records.map(({ outcome }) => outcome).toSorted()).toEqual(['failed', 'invalid', 'ok', 'ok']);
    expect(store.calls).toEqual(['open', 'ended', 'close']);
    expect(store.verdict).toMatchObject({ pages: 4, ok: 2, notOk: 2 });
  });

  test('is told how it is opened, and its notices are events', async () => {
    const store = new MapStore();
    const events: RunEvent[] = [];
    const headers = { accept: 'text/plain', authorization: 'Bearer secret' };
    await collect(urls('/1'), { store, headers, onEvent: (event) => events.push(event) });
    expect(store.opened).toMatchObject({ mode: 'run', restart: false, request: { method: 'GET' } });
    expect(Object.keys(store.opened?.request ?? {})).toEqual(['method', 'header accept']);
    expect(events).toContainEqual({ type: 'notice', code: 'STORE', message: 'It is only a map.' });
  });

  test('what it has is not fetched and not yielded, but told', async () => {
    const store = new MapStore();
    const told: string[] = [];
    const onEvent = (event: RunEvent) => {
      if (event.type === 'already-stored') told.push(event.page.url);
    };
    await collect(urls('/1', '/2'), { store });
    const again = await collect(urls('/1', '/2', '/3'), { store, onEvent });
    expect(again.map(({ url }) => url)).toEqual(urls('/3'));
    expect(told.toSorted()).toEqual(urls('/1', '/2'));
    expect(server.requests).toHaveLength(3);
  });

  test('with validators it is refreshed: 304 is unchanged', async () => {
    const store = new MapStore();
    const validators = (page: Page): Validators | undefined =>
      store.bodies.has(page.url) ? { url: page.url, etag: '"1"' } : undefined;
    store.more = { validators };
    await collect(urls('/1'), { store });
    expect(await collect(urls('/1', '/2'), { store, refresh: true })).toMatchObject([
      { outcome: 'unchanged', status: 304 },
      { outcome: 'ok' },
    ]);
  });

  test('with drafts, large bodies stream into it', async () => {
    const store = new MapStore();
    const bytes: number[] = [];
    const draft = async (): Promise<Draft> => ({
      write: (chunk) => void bytes.push(chunk.length),
      discard: async () => {},
    });
    store.more = { draft };
    expect(await collect(urls('/large'), { store })).toMatchObject([{ outcome: 'ok', bytes: 3 * 2 ** 20 }]);
    expect(bytes.reduce((sum, length) => sum + length, 0)).toBe(3 * 2 ** 20);
    expect(bytes.length).toBeGreaterThan(1);
  });

  test('one that archives gets the trail', async () => {
    const store = new MapStore();
    const trails: (readonly TrailStep[] | undefined)[] = [];
    const keep: StoreSession['keep'] = async (_page, record, _body, trail) => {
      trails.push(trail);
      return record;
    };
    store.more = { archives: true, keep };
    await collect(urls('/1'), { store });
    expect(trails).toMatchObject([[{ url: `${server.origin}/1`, method: 'GET', head: { status: 200 } }]]);
  });

  test('its maxBodyBytes is the default, and the option wins', async () => {
    const store = Object.assign(new MapStore(), { maxBodyBytes: 3 });
    expect(await collect(urls('/1'), { store })).toMatchObject([{ error: { code: 'TOO_LARGE' } }]);
    expect(await collect(urls('/1'), { store, maxBodyBytes: 100 })).toMatchObject([{ outcome: 'ok' }]);
  });

  test('one that takes its time holds requests back', async () => {
    const store = new MapStore();
    let beingKept = 0;
    let most = 0;
    const keep: StoreSession['keep'] = async (_page, record) => {
      beingKept += 1;
      most = Math.max(most, beingKept);
      await quiet(() => server.requests.length);
      beingKept -= 1;
      return record;
    };
    store.more = { keep };
    const many = Array.from({ length: 100 }, (_, index) => `${server.origin}/${index}`);
    expect(await collect(many, { store, concurrency: 3 })).toHaveLength(100);
    // Four for each request that may be in flight, and those in flight.
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(4 * 3 + 3);
  });
});

describe('a store that fails', () => {
  test('at opening: nothing is fetched', async () => {
    const store = new MapStore();
    store.failure = new StoreError('The map is full.');
    await expect(collect(urls('/1'), { store })).rejects.toThrow('The map is full.');
    expect([server.connections, store.calls]).toEqual([0, ['open']]);
  });

  test.each([
    ['a StoreError', new StoreError('The map is full.')],
    ['any other error', new Error('a bug of the store')],
  ])('at keeping, with %s: the iteration ends with it, and the store is closed', async (_, error) => {
    const store = new MapStore();
    store.more = {
      keep: async () => {
        throw error;
      },
    };
    const failing = collect(urls('/1', '/2', '/hang'), { store });
    await expect(failing).rejects.toThrow(error.message);
    await expect(failing).rejects.toBeInstanceOf(error.constructor);
    expect(store.calls.at(-1)).toBe('close');
  });

  test('at its end: the iteration ends with it', async () => {
    const store = new MapStore();
    store.more = {
      ended: async () => {
        throw new StoreError('The map is gone.');
      },
    };
    await expect(collect(urls('/1'), { store })).rejects.toThrow('The map is gone.');
    expect(store.calls.at(-1)).toBe('close');
  });
});

test.each(['break', 'throw', 'abort'])('leaving early (%s) closes it, after all that was being kept', async (way) => {
  const store = new MapStore();
  const controller = new AbortController();
  const loop = async () => {
    for await (const _page of fetchPages(urls('/1', '/2', '/3'), { store, signal: controller.signal })) {
      if (way === 'break') break;
      if (way === 'throw') throw new Error('mine');
      controller.abort();
    }
  };
  await loop().catch(() => {});
  expect(store.calls).toEqual(['open', 'ended', 'close']);
  expect(store.verdict?.stopped).toBe('abort');
});
