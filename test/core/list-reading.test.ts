import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/core/config.ts';
import { UsageError } from '../../src/core/failure.ts';
import type { InputItem, Page } from '../../src/core/page.ts';
import type { Spool, SpoolChunk } from '../../src/core/ports.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { ModelClient, type Reply } from '../support/model-origin.ts';
import { MemoryStore, numbered, pages, testPage } from '../support/model-run.ts';
import { bareRun, batches, checkedRun, toldOf } from './checked-run.ts';

const OK: Reply = { status: 200, body: 'ok', latencyMs: 20 };

/** A list that is made as it is read, and counts how far that was. */
class LazyList {
  read = 0;
  closed = false;

  async *batches(count: number, urlOf: (line: number) => string): AsyncGenerator<readonly InputItem[]> {
    try {
      for (let line = 1; line <= count; ) {
        const batch: InputItem[] = [];
        for (; batch.length < 256 && line <= count; line++) {
          batch.push({ type: 'page', page: testPage(urlOf(line), `list:${line}`) });
        }
        this.read += batch.length;
        yield batch;
      }
    } finally {
      this.closed = true;
    }
  }
}

async function verdictOf(items: Iterable<InputItem>): Promise<unknown> {
  const clock = new FakeClock();
  const client = new ModelClient(clock, () => OK);
  return clock.run(bareRun({ input: batches(items), client, store: new MemoryStore(), clock }).verdict());
}

/** In memory: what a spool on disk does. */
class MemorySpool implements Spool {
  readonly #chunks = new Map<SpoolChunk, readonly Page[]>();
  pages = 0;

  put(pages: readonly Page[]): SpoolChunk {
    const chunk = { pages: pages.length };
    this.#chunks.set(chunk, pages);
    this.pages += pages.length;
    return chunk;
  }

  take(chunk: SpoolChunk): Page[] {
    const pages = this.#chunks.get(chunk) ?? [];
    this.#chunks.delete(chunk);
    return [...pages];
  }

  close(): void {}
}

describe('a list that begins with more than the look-ahead of one paused origin', () => {
  const blocked = 200_000;

  function mixed(line: number): string {
    return line <= blocked ? `https://paused.test/${line}` : `https://o${line % 50}.test/${line}`;
  }

  it('keeps every other origin busy, in bounded memory, and comes back to the first in order', async () => {
    const list = new LazyList();
    const clock = new FakeClock();
    const spool = new MemorySpool();
    const asked: string[] = [];
    let most = 0;
    const client = new ModelClient(clock, ({ url }) => {
      most = Math.max(most, run.gauges().waiting - spool.pages);
      if (!url.startsWith('https://paused.test')) return OK;
      if (clock.now() < 600_000) return { status: 429, headers: { 'retry-after': '600' }, latencyMs: 20 };
      asked.push(url);
      return OK;
    });
    const store = new MemoryStore();
    const run = bareRun({ input: list.batches(blocked + 10_000, mixed), client, store, clock, spool });
    const ended = run.verdict();
    const others = () => store.records.filter(({ url }) => !url.startsWith('https://paused.test')).length;
    let whenOthersWereDone = Number.POSITIVE_INFINITY;
    const watch = (): void => {
      if (others() < 10_000) clock.timer(1_000, watch);
      else whenOthersWereDone = clock.now();
    };
    clock.timer(1_000, watch);
    const verdict = await clock.run(ended);
    expect(verdict).toMatchObject({ ok: blocked + 10_000, pages: blocked + 10_000 });
    expect(whenOthersWereDone).toBeLessThan(60_000);
    expect(spool.pages).toBeGreaterThan(150_000);
    expect(most).toBeLessThanOrEqual(LIMITS.lookAhead);
    const numbers = asked.map((url) => Number(url.split('/').at(-1)));
    // But for the few that were refused first.
    const inversions = numbers.filter((number, index) => index > 0 && number < (numbers[index - 1] ?? 0)).length;
    expect(inversions).toBeLessThan(60);
  });
});

describe('a list of ten million lines', () => {
  it('is not read further than the look-ahead while its origin is paused', async () => {
    const list = new LazyList();
    const input = list.batches(10_000_000, (line) => `https://api.example.com/${line}`);
    const run = await checkedRun(input, () => ({ status: 429, headers: { 'retry-after': '3000' }, latencyMs: 20 }), {
      config: { deadlineMs: 60_000 },
    });
    expect(list.read).toBeGreaterThanOrEqual(LIMITS.lookAhead);
    expect(list.read).toBeLessThanOrEqual(LIMITS.lookAhead + 256);
    expect(run.verdict).toMatchObject({
      stopped: 'deadline',
      listRead: false,
      pages: list.read,
      unfinished: list.read,
    });
    expect(list.closed).toBe(true);
  });

  it('is not read further than the store keeps up', async () => {
    const list = new LazyList();
    const input = list.batches(10_000_000, (line) => `https://o${line % 1000}.example.com/${line}`);
    const clock = new FakeClock();
    const client = new ModelClient(clock, () => ({ ...OK, latencyMs: 1 }));
    const store = new MemoryStore();
    store.keep = () => new Promise(() => {});
    const run = bareRun({ input, client, store, clock });
    const ended = run.verdict();
    await expect(clock.run(ended, 60_000)).rejects.toThrow('nothing is left');
    expect(client.seen.length).toBeLessThanOrEqual(500);
    expect(list.read).toBeLessThanOrEqual(LIMITS.lookAhead + 1_000);
  });
});

describe('a list that is read', () => {
  it('is fetched from its first lines on, long before its end is known', async () => {
    const clock = new FakeClock();
    const client = new ModelClient(clock, () => OK);
    async function* slow(): AsyncGenerator<readonly InputItem[]> {
      for (let line = 1; line <= 10; line++) {
        yield pages([`https://api.example.com/${line}`]);
        await new Promise<void>((resolve) => clock.timer(1_000, resolve));
      }
    }
    const run = await clock.run(bareRun({ input: slow(), client, store: new MemoryStore(), clock }).verdict());
    expect(run.ok).toBe(10);
    expect(client.seen.map(({ startedAt }) => startedAt)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((s) => s * 1_000));
  });

  it('names duplicates, and fetches their page once', async () => {
    const a = 'https://api.example.com/a';
    const items: InputItem[] = [
      { type: 'page', page: testPage(a, 'list:1', { id: 'one' }) },
      { type: 'page', page: testPage(a, 'list:2', { id: 'one' }) },
      { type: 'page', page: testPage(a, 'list:3', { id: 'two' }) },
      { type: 'page', page: testPage(a, 'list:4', { method: 'POST' }) },
    ];
    const run = await checkedRun(items, () => OK);
    expect(run.verdict).toMatchObject({ pages: 2, ok: 2, duplicates: 2 });
    expect(toldOf(run, 'duplicate').map(({ line, idsDiffer }) => [line, idsDiffer])).toEqual([
      ['list:2', false],
      ['list:3', true],
    ]);
  });

  it('leaves a record of every line that is no page, and goes on', async () => {
    const invalid: InputItem = { type: 'invalid', line: 'list:9', text: 'gopher://x', why: 'not http or https' };
    const run = await checkedRun([...numbered(3), invalid], () => OK);
    expect(run.verdict).toMatchObject({ pages: 4, ok: 3, notOk: 1, invalid: 1 });
    expect(run.records.find(({ outcome }) => outcome === 'invalid')).toMatchObject({
      url: 'gopher://x',
      line: 'list:9',
      attempts: 0,
      error: { code: 'INVALID_LINE', message: 'not http or https' },
    });
  });

  it('may hold more lines that are no pages than the look-ahead', async () => {
    const items = Array.from(
      { length: LIMITS.lookAhead + 5_000 },
      (_, i): InputItem => ({ type: 'invalid', line: `other:${i}`, text: `x${i}`, why: 'no' }),
    );
    const run = await checkedRun([...items, ...numbered(10)], () => OK);
    expect(run.verdict).toMatchObject({ ok: 10, invalid: LIMITS.lookAhead + 5_000 });
  });

  it('that breaks in the middle is fetched as far as it was read, and that is told', async () => {
    const torn: InputItem = { type: 'truncated', list: 'urls.gz', why: 'unexpected end of file' };
    const run = await checkedRun([...numbered(3), torn], () => OK);
    expect(run.verdict).toMatchObject({ ok: 3, listTruncated: true, listRead: true });
    expect(toldOf(run, 'notice')[0]).toMatchObject({ code: 'LIST_TRUNCATED' });
    expect(toldOf(run, 'notice')[0]?.message).toContain('urls.gz');
  });

  it('is told apart from what is stored already', async () => {
    const store = new MemoryStore();
    for (let i = 1; i <= 600; i++) store.alreadyStored.add(`https://api.example.com/${i}`);
    const run = await checkedRun(numbered(1_000), () => OK, { store });
    expect(run.verdict).toMatchObject({ pages: 1_000, ok: 1_000, alreadyStored: 600 });
    expect(run.asked).toHaveLength(400);
  });

  it('that is stored whole asks nothing', async () => {
    const store = new MemoryStore();
    for (let i = 1; i <= 30_000; i++) store.alreadyStored.add(`https://api.example.com/${i}`);
    const run = await checkedRun(numbered(30_000), () => OK, { store });
    expect(run.verdict).toMatchObject({ ok: 30_000, alreadyStored: 30_000, requests: 0 });
  });

  it.each<[string, InputItem[]]>([
    ['no line', []],
    ['nothing before it broke', [{ type: 'truncated', list: 'urls.gz', why: 'torn' }]],
  ])('with %s is a usage error', async (_what, items) => {
    await expect(verdictOf(items)).rejects.toBeInstanceOf(UsageError);
  });

  it('that gave nothing before it broke is not called blank', async () => {
    await expect(verdictOf([{ type: 'truncated', list: 'urls.gz', why: 'torn' }])).rejects.not.toThrow('every line');
  });

  it('without a page for this shard is fine', async () => {
    const shards = await Promise.all(
      [1, 2, 3, 4].map((index) => checkedRun(numbered(1), () => OK, { config: { shard: { index, count: 4 } } })),
    );
    expect(shards.map(({ verdict }) => verdict.pages).sort()).toEqual([0, 0, 0, 1]);
    expect(shards.every(({ verdict }) => verdict.listRead)).toBe(true);
  });

  it('is split by shards into parts that are distinct and together whole', async () => {
    const seen: string[] = [];
    for (const index of [1, 2, 3]) {
      const run = await checkedRun(numbered(600), () => OK, { config: { shard: { index, count: 3 } } });
      expect(run.verdict.pages).toBeGreaterThan(150);
      seen.push(...run.asked.map(({ url }) => url));
    }
    expect(seen).toHaveLength(600);
    expect(new Set(seen).size).toBe(600);
  });

  it("trusts its first page's origin with credentials, also where that page is another shard's or stored already", async () => {
    const urls = ['https://first.example.com/', 'https://first.example.com/2', 'https://second.example.com/'];
    const store = new MemoryStore();
    store.alreadyStored.add('https://first.example.com/');
    const config = { request: { authorization: 'Basic x' } };
    const run = await checkedRun(pages(urls), () => OK, { store, config });
    const shown = run.asked.filter(({ headers }) => headers.authorization !== undefined);
    expect(shown.map(({ url }) => url)).toEqual(['https://first.example.com/2']);
    for (const index of [1, 2]) {
      const shard = await checkedRun(pages(urls), () => OK, { config: { ...config, shard: { index, count: 2 } } });
      expect(
        shard.asked.every(
          ({ origin, headers }) => (headers.authorization !== undefined) === (origin === 'https://first.example.com'),
        ),
      ).toBe(true);
    }
  });

  it('of 100,000 origins is fetched without remembering each of them', async () => {
    const items = (function* () {
      for (let i = 0; i < 100_000; i++)
        yield { type: 'page', page: testPage(`https://o${i}.example.com/`, `list:${i}`) } as const;
    })();
    let most = 0;
    const run = await checkedRun(items, () => OK, {
      config: { pace: { concurrency: 1_000 } },
      during: (run, clock) => {
        const look = () => {
          most = Math.max(most, run.gauges().origins.length);
          clock.timer(100, look);
        };
        look();
      },
    });
    expect(run.verdict.ok).toBe(100_000);
    expect(most).toBeLessThanOrEqual(LIMITS.lookAhead + 1_256);
  });
});
