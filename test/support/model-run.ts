import { type Config, DEFAULTS } from '../../src/core/config.ts';
import type { RunEvent, Verdict } from '../../src/core/event.ts';
import type { InputItem, Page } from '../../src/core/page.ts';
import { hashKey, pageKey } from '../../src/core/page-key.ts';
import type { Body, StoreSession } from '../../src/core/ports.ts';
import type { PageRecord } from '../../src/core/record.ts';
import { Run } from '../../src/core/run.ts';
import { FakeClock } from './fake-clock.ts';
import { ModelClient, type OriginModel } from './model-origin.ts';

export function testConfig(change: DeepPartial<Config> = {}): Config {
  const base: Config = {
    request: { method: 'GET', userAgent: 'test/1', headers: [], credentialsTo: [] },
    net: {
      connectTimeoutMs: DEFAULTS.connectTimeoutMs,
      responseTimeoutMs: DEFAULTS.responseTimeoutMs,
      stallTimeoutMs: DEFAULTS.stallTimeoutMs,
      maxBodyBytes: DEFAULTS.maxBodyBytes,
      perOrigin: DEFAULTS.perOrigin,
      concurrency: DEFAULTS.concurrency,
      http1Only: false,
      blockPrivate: false,
      insecure: false,
      resolve: [],
      noProxy: [],
    },
    pace: { concurrency: DEFAULTS.concurrency, perOrigin: DEFAULTS.perOrigin, adapt: true },
    retry: {
      retries: DEFAULTS.retries,
      statuses: DEFAULTS.retryOn,
      allMethods: false,
      patienceMs: DEFAULTS.patienceMs,
      maxWaitMs: DEFAULTS.maxWaitMs,
    },
    verdict: { failFast: false },
    maxRedirects: DEFAULTS.maxRedirects,
    restart: false,
    refresh: false,
  };
  return merge(base, change) as Config;
}

export type DeepPartial<T> = { [K in keyof T]?: T[K] extends readonly unknown[] ? T[K] : DeepPartial<T[K]> };

function merge(base: unknown, change: unknown): unknown {
  if (typeof base !== 'object' || base === null || Array.isArray(base) || typeof change !== 'object') return change;
  const merged: Record<string, unknown> = { ...base };
  for (const [name, value] of Object.entries(change ?? {})) {
    merged[name] = name in merged && value !== undefined ? merge(merged[name], value) : value;
  }
  return merged;
}

export function testPage(url: string, line = 'list:1', more: Partial<Page> = {}): Page {
  const { href, origin } = new URL(url);
  const method = more.method ?? 'GET';
  const headers = more.headers ?? [];
  return {
    url: href,
    origin,
    method,
    headers,
    line,
    keyed: false,
    ...hashKey(pageKey({ method, url: href, headers })),
    ...more,
  };
}

export function pages(urls: readonly string[]): InputItem[] {
  return urls.map((url, index) => ({ type: 'page', page: testPage(url, `list:${index + 1}`) }));
}

export function numbered(count: number, origin = 'https://api.example.com'): InputItem[] {
  return pages(Array.from({ length: count }, (_, index) => `${origin}/${index + 1}`));
}

/** Keeps records and bodies in memory. */
export class MemoryStore implements StoreSession {
  readonly stored: { pages: number; newest?: string } = { pages: 0 };
  readonly notices: string[] = [];
  readonly records: PageRecord[] = [];
  readonly bodies = new Map<string, string>();
  readonly alreadyStored = new Set<string>();
  failWith: Error | undefined;

  has(page: Page): boolean {
    return this.alreadyStored.has(page.url);
  }

  async keep(page: Page, record: PageRecord, body: Body | undefined): Promise<PageRecord> {
    if (this.failWith !== undefined) throw this.failWith;
    this.records.push(record);
    if (body !== undefined && 'chunks' in body) this.bodies.set(page.url, Buffer.concat(body.chunks).toString());
    return record;
  }

  async note(record: PageRecord): Promise<void> {
    this.records.push(record);
  }

  async close(): Promise<void> {}
}

export interface ModelRun {
  readonly verdict: Verdict;
  readonly events: RunEvent[];
  readonly client: ModelClient;
  readonly store: MemoryStore;
  readonly records: PageRecord[];
  readonly elapsedMs: number;
}

export interface ModelRunOptions {
  readonly config?: DeepPartial<Config>;
  readonly store?: MemoryStore;
  readonly clock?: FakeClock;
  readonly seed?: number;
  /** What the network takes to and from every origin. */
  readonly oneWayMs?: number;
  /** Sees each event when it happens. */
  readonly onEvent?: (event: RunEvent) => void;
  /** Called with the run before time begins to pass. */
  readonly during?: (run: Run, clock: FakeClock) => void;
}

/** A whole run of the real engine against a modelled origin in virtual time. */
export async function modelRun(
  items: Iterable<InputItem>,
  model: OriginModel,
  options: ModelRunOptions = {},
): Promise<ModelRun> {
  const clock = options.clock ?? new FakeClock();
  const client = new ModelClient(clock, model, options.oneWayMs);
  const store = options.store ?? new MemoryStore();
  const events: RunEvent[] = [];
  const run = new Run({
    config: testConfig(options.config),
    input: batches(items),
    client,
    store,
    clock,
    random: seededRandom(options.seed ?? 1),
    listeners: [(event) => events.push(event), ...(options.onEvent === undefined ? [] : [options.onEvent])],
  });
  options.during?.(run, clock);
  const verdict = await clock.run(run.verdict());
  return { verdict, events, client, store, records: store.records, elapsedMs: clock.now() };
}

async function* batches(items: Iterable<InputItem>): AsyncGenerator<readonly InputItem[]> {
  let batch: InputItem[] = [];
  for (const item of items) {
    batch.push(item);
    if (batch.length === 256) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}

/** mulberry32: the same numbers for the same seed. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
