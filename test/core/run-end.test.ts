import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/core/config.ts';
import { ReaderGoneError, StoreError } from '../../src/core/failure.ts';
import type { InputItem } from '../../src/core/page.ts';
import type { StoreSession } from '../../src/core/ports.ts';
import type { Run } from '../../src/core/run.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { ModelClient, type OriginModel, type Reply } from '../support/model-origin.ts';
import { MemoryStore, numbered } from '../support/model-run.ts';
import { bareRun, batches, type CheckedRunOptions, checkedRun, toldOf } from './checked-run.ts';

const OK: Reply = { status: 200, body: 'ok', latencyMs: 100 };

function at(ms: number, act: (run: Run) => void): NonNullable<CheckedRunOptions['during']> {
  return (run, clock) => void clock.timer(ms, () => act(run));
}

/** A store whose nth page fails so. */
class FailingStore extends MemoryStore {
  #left: number;
  readonly #error: Error;

  constructor(pages: number, error: Error) {
    super();
    this.#left = pages;
    this.#error = error;
  }

  override async keep(...[page, record, body]: Parameters<StoreSession['keep']>) {
    this.#left -= 1;
    if (this.#left < 0) throw this.#error;
    return super.keep(page, record, body);
  }
}

describe('a run that is stopped', () => {
  it('starts nothing more and lets land what is in flight', async () => {
    const run = await checkedRun(numbered(3_000), () => ({ ...OK, latencyMs: 3_000 }), {
      during: at(10_000, (run) => run.stop('SIGINT')),
    });
    expect(run.asked.every(({ startedAt }) => startedAt <= 10_000)).toBe(true);
    const landed = run.asked.filter(({ startedAt }) => startedAt > 7_000);
    expect(landed.length).toBeGreaterThan(5);
    expect(run.verdict).toMatchObject({
      stopped: 'SIGINT',
      ok: run.asked.length,
      unfinished: 3_000 - run.asked.length,
    });
    expect(run.elapsedMs).toBeLessThan(13_000);
    expect(toldOf(run, 'stopping').map(({ at, reason }) => [at, reason])).toEqual([[10_000, 'SIGINT']]);
  });

  it('ends what has not landed after 5 s; those pages have no outcome', async () => {
    const run = await checkedRun(numbered(50), ({ url }) => (url.endsWith('/1') ? { ...OK, latencyMs: 60_000 } : OK), {
      during: at(2_000, (run) => run.stop('SIGTERM')),
    });
    expect(run.elapsedMs).toBe(7_000);
    expect(run.verdict).toMatchObject({ stopped: 'SIGTERM', ok: 49, notOk: 0, unfinished: 1 });
  });

  it('tries nothing again, follows no hop, and calls neither a failure', async () => {
    const model: OriginModel = ({ url }) => {
      const page = Number(url.split('/').at(-1));
      if (page % 2 === 0) return { status: 302, headers: { location: '/to' }, latencyMs: 1_000 };
      return { status: 500, latencyMs: 1_000 };
    };
    const run = await checkedRun(numbered(50), model, { during: at(500, (run) => run.stop('SIGINT')) });
    expect(run.verdict).toMatchObject({ ok: 0, notOk: 0, unfinished: 50 });
    expect(run.elapsedMs).toBe(1_000);
  });

  it('does not wait for an origin that is paused', async () => {
    const run = await checkedRun(
      numbered(50),
      () => ({ status: 429, headers: { 'retry-after': '3000' }, latencyMs: 50 }),
      {
        during: at(10_000, (run) => run.stop('SIGINT')),
      },
    );
    expect(run.elapsedMs).toBe(10_000);
  });

  it('does not wait for a list that is slow', async () => {
    const clock = new FakeClock();
    async function* endless(): AsyncGenerator<readonly InputItem[]> {
      yield numbered(3);
      await new Promise(() => {});
    }
    const client = new ModelClient(clock, () => OK);
    const run = bareRun({ input: endless(), client, store: new MemoryStore(), clock });
    clock.timer(5_000, () => run.stop('SIGINT'));
    expect(await clock.run(run.verdict())).toMatchObject({ ok: 3, pages: 3, listRead: false, stopped: 'SIGINT' });
  });

  it('keeps its first reason', async () => {
    const run = await checkedRun(numbered(500), () => ({ ...OK, latencyMs: 3_000 }), {
      during: at(1_000, (run) => {
        run.stop('deadline');
        run.stop('SIGINT');
      }),
    });
    expect(run.verdict.stopped).toBe('deadline');
    expect(toldOf(run, 'stopping')).toHaveLength(1);
  });

  it('before it has begun fetches nothing', async () => {
    const clock = new FakeClock();
    const client = new ModelClient(clock, () => OK);
    const run = bareRun({ input: batches(numbered(50)), client, store: new MemoryStore(), clock });
    run.stop('abort');
    expect(await clock.run(run.verdict())).toMatchObject({ stopped: 'abort', ok: 0 });
    expect(client.seen).toHaveLength(0);
  });

  it('by a listener in the middle of a batch has a verdict that adds up', async () => {
    const store = new MemoryStore();
    store.alreadyStored.add('https://api.example.com/3');
    const invalid: InputItem = { type: 'invalid', line: 'list:99', text: '?', why: 'no URL' };
    const run = await checkedRun(
      [...numbered(3), invalid, ...numbered(50, 'https://more.example.com')].map(withLine),
      () => OK,
      {
        store,
        during: (run) => {
          stop = () => run.stop('abort');
        },
        listeners: [(event) => void (event.type === 'already-stored' && stop())],
      },
    );
    expect(run.verdict.stopped).toBe('abort');
    expect(run.asked).toHaveLength(0);
  });

  let stop: () => void = () => {};

  function withLine(item: InputItem, index: number): InputItem {
    return item.type === 'page' ? { ...item, page: { ...item.page, line: `list:${index}` } } : item;
  }

  it('at its deadline says so', async () => {
    const run = await checkedRun(numbered(5_000), () => OK, { config: { deadlineMs: 2_000 } });
    expect(run.verdict.stopped).toBe('deadline');
    expect(run.elapsedMs).toBeLessThanOrEqual(2_100);
  });

  it('is not stopped by a deadline that is not reached', async () => {
    const run = await checkedRun(numbered(5), () => OK, { config: { deadlineMs: 2_000 } });
    expect(run.verdict.stopped).toBeUndefined();
    expect(run.elapsedMs).toBe(200);
  });
});

describe('failures that end a run', () => {
  const bad: OriginModel = ({ url }) =>
    Number(url.split('/').at(-1)) % 10 === 0 ? { status: 404, latencyMs: 100 } : OK;

  it('--fail-fast: the first', async () => {
    const run = await checkedRun(numbered(5_000), bad, { config: { verdict: { failFast: true } } });
    expect(run.verdict.stopped).toBe('fail-fast');
    expect(run.verdict.notOk).toBeGreaterThanOrEqual(1);
    expect(run.asked.length).toBeLessThan(60);
  });

  it('--fail-fast: a line that is no page does not stop the others', async () => {
    const invalid: InputItem = { type: 'invalid', line: 'x:1', text: '?', why: 'no URL' };
    const run = await checkedRun([invalid, ...numbered(500)], () => OK, { config: { verdict: { failFast: true } } });
    expect(run.verdict.stopped).toBeUndefined();
    expect(run.verdict).toMatchObject({ ok: 500, invalid: 1 });
  });

  it('a store that keeps nothing any more holds a run that is stopped for no longer than it may', async () => {
    const clock = new FakeClock();
    const client = new ModelClient(clock, () => OK);
    const store = new MemoryStore();
    store.keep = () => new Promise(() => {});
    const run = bareRun({ input: batches(numbered(500)), client, store, clock });
    clock.timer(1_000, () => run.stop('SIGINT'));
    const verdict = await clock.run(run.verdict());
    expect(clock.now()).toBe(1_000 + LIMITS.graceMs + LIMITS.keepingMs);
    expect(verdict).toMatchObject({ stopped: 'SIGINT', ok: 0, unfinished: 500 });
  });

  it('--max-failures 20', async () => {
    const run = await checkedRun(numbered(5_000), bad, { config: { verdict: { maxFailures: { count: 20 } } } });
    expect(run.verdict.stopped).toBe('max-failures');
    expect(run.verdict.notOk).toBeGreaterThanOrEqual(20);
    expect(run.verdict.notOk).toBeLessThan(30);
  });

  it('--max-failures 5%, from 100 pages on', async () => {
    const config = { verdict: { maxFailures: { share: 0.05 } } };
    const run = await checkedRun(numbered(5_000), bad, { config });
    expect(run.verdict.stopped).toBe('max-failures');
    expect(run.verdict.ok + run.verdict.notOk).toBeGreaterThanOrEqual(100);
    const short = await checkedRun(numbered(90), bad, { config });
    expect(short.verdict.stopped).toBeUndefined();
    const borne = await checkedRun(numbered(1_000), bad, { config: { verdict: { maxFailures: { share: 0.2 } } } });
    expect(borne.verdict).toMatchObject({ ok: 900, notOk: 100 });
  });
});

describe('a store that fails', () => {
  it('stops the run at once, with its sentence', async () => {
    const store = new FailingStore(30, new StoreError('no space left on /pages'));
    const run = await checkedRun(numbered(3_000), () => ({ ...OK, latencyMs: 1_000 }), { store });
    expect(run.verdict).toMatchObject({ stopped: 'store', storeFailure: 'no space left on /pages', ok: 30, notOk: 0 });
    expect(run.verdict.unfinished).toBe(3_000 - 30);
    expect(run.asked.length).toBeLessThan(150);
  });

  it('while the run is being stopped is told all the same', async () => {
    const store = new FailingStore(0, new StoreError('no space left on /pages'));
    const run = await checkedRun(numbered(50), () => ({ ...OK, latencyMs: 1_000 }), {
      store,
      during: at(500, (run) => run.stop('SIGINT')),
    });
    expect(run.verdict).toMatchObject({ stopped: 'SIGINT', storeFailure: 'no space left on /pages', ok: 0 });
  });

  it('ends quietly where the reader of stdout went away', async () => {
    const store = new FailingStore(3, new ReaderGoneError('EPIPE'));
    const run = await checkedRun(numbered(5_000), () => ({ ...OK, latencyMs: 1_000 }), { store });
    expect(run.verdict).toMatchObject({ stopped: 'reader-gone', ok: 3, notOk: 0 });
    expect(run.verdict.storeFailure).toBeUndefined();
  });

  it('at a draft stops the run too', async () => {
    const store: StoreSession = Object.assign(new MemoryStore(), {
      draft: () => Promise.reject(new StoreError('no space left on /pages')),
    });
    const clock = new FakeClock();
    const body = 'x'.repeat(2 ** 21);
    const client = new ModelClient(clock, () => ({ status: 200, body, latencyMs: 100 }));
    const run = bareRun({ input: batches(numbered(50)), client, store, clock });
    expect(await clock.run(run.verdict())).toMatchObject({
      stopped: 'store',
      storeFailure: 'no space left on /pages',
      ok: 0,
    });
  });

  it('that is slow holds new requests back, and loses nothing', async () => {
    const clock = new FakeClock();
    const client = new ModelClient(clock, () => ({ ...OK, latencyMs: 1 }));
    const store = new MemoryStore();
    const keep = store.keep.bind(store);
    let keeping = 0;
    let most = 0;
    store.keep = async (...args) => {
      keeping += 1;
      most = Math.max(most, keeping);
      await new Promise<void>((resolve) => clock.timer(1_000, resolve));
      keeping -= 1;
      return keep(...args);
    };
    const run = bareRun({ input: batches(numbered(2_000)), client, store, clock });
    expect(await clock.run(run.verdict())).toMatchObject({ ok: 2_000, unfinished: 0 });
    expect(most).toBeLessThanOrEqual(500);
  });
});

describe('a bug', () => {
  function runWith(change: { store?: StoreSession; input?: () => AsyncGenerator<readonly InputItem[]> }) {
    const clock = new FakeClock();
    const client = new ModelClient(clock, () => OK);
    const input = change.input?.() ?? batches(numbered(500));
    const run = bareRun({ input, client, store: change.store ?? new MemoryStore(), clock });
    return clock.run(run.verdict(), 60_000);
  }

  it('of the store rejects the verdict with what was thrown', async () => {
    await expect(runWith({ store: new FailingStore(5, new TypeError('a bug')) })).rejects.toThrow(
      new TypeError('a bug'),
    );
  });

  it('of the store while it looks a page up does, too', async () => {
    const store = new MemoryStore();
    store.has = () => {
      throw new RangeError('a bug');
    };
    await expect(runWith({ store })).rejects.toThrow(new RangeError('a bug'));
  });

  it('of the input does, too, and nothing more is read', async () => {
    async function* broken(): AsyncGenerator<readonly InputItem[]> {
      yield numbered(300);
      throw new TypeError('a bug');
    }
    await expect(runWith({ input: broken })).rejects.toThrow(new TypeError('a bug'));
  });

  it('closes the list that was being read', async () => {
    let closed = false;
    async function* long(): AsyncGenerator<readonly InputItem[]> {
      try {
        for (let batch = 0; batch < 1_000; batch++) {
          yield numbered(256, `https://o${batch}.example.com`);
        }
      } finally {
        closed = true;
      }
    }
    await expect(runWith({ store: new FailingStore(5, new TypeError('a bug')), input: long })).rejects.toThrow('a bug');
    expect(closed).toBe(true);
  });
});

describe('a listener that throws', () => {
  it('hurts nothing, and the others are told', async () => {
    const told: string[] = [];
    const run = await checkedRun(numbered(50), () => OK, {
      listeners: [
        () => {
          throw new Error('not my day');
        },
        (event) => void told.push(event.type),
      ],
    });
    expect(run.verdict.ok).toBe(50);
    expect(told).toHaveLength(run.events.length);
  });
});

describe('pages that end at the same instant', () => {
  it.each([2, 3, 5, 50])('are all in the verdict (%i)', async (count) => {
    for (let failing = 0; failing < count; failing++) {
      const model: OriginModel = ({ url }) => (url.endsWith(`/${failing}`) ? { status: 404, latencyMs: 100 } : OK);
      const run = await checkedRun(numbered(count), model, { config: { pace: { adapt: false } } });
      expect(run.verdict.unfinished).toBe(0);
    }
  });

  it('are not left behind when one of them goes on', async () => {
    const model: OriginModel = ({ url }, now) => {
      if (now > 50 || !url.endsWith('/2')) return OK;
      return { status: 500, latencyMs: 100 };
    };
    expect((await checkedRun(numbered(2), model)).verdict.ok).toBe(2);
  });
});
