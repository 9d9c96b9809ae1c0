import { describe, expect, it } from 'vitest';
import type { FailureCode } from '../../src/core/failure.ts';
import { failure } from '../../src/core/failure.ts';
import type { Body, BodySink, Client, Draft, Exchange, Head, StoreSession, WireRequest } from '../../src/core/ports.ts';
import { FakeClock } from '../support/fake-clock.ts';
import type { Break, OriginModel, Reply } from '../support/model-origin.ts';
import { MemoryStore, numbered, pages, testPage } from '../support/model-run.ts';
import { askedOf, bareRun, batches, type CheckedRun, checkedRun, recordOf, toldOf } from './checked-run.ts';

const OK: Reply = { status: 200, body: 'ok', latencyMs: 20 };
const PAGE = 'https://api.example.com/page';

function fails(fail: FailureCode, sent = true): Break {
  return { fail, sent, latencyMs: 20 };
}

/** One page in a list of others, answered by what is given one after the other, then OK. */
async function onePage(
  replies: readonly (Reply | Break)[],
  options: Parameters<typeof checkedRun>[2] = {},
): Promise<CheckedRun> {
  const rest = [...replies];
  const model: OriginModel = ({ url }) => (url === PAGE ? (rest.shift() ?? OK) : OK);
  return checkedRun(pages([PAGE, 'https://api.example.com/other']), model, options);
}

function times(count: number, reply: Reply | Break): (Reply | Break)[] {
  return new Array<Reply | Break>(count).fill(reply);
}

describe('a page that fails', () => {
  it('twice with 500 and then comes is OK', async () => {
    const run = await onePage(times(2, { status: 500, latencyMs: 20 }));
    expect(recordOf(run, PAGE)).toMatchObject({ outcome: 'ok', attempts: 3, requests: 3, bytes: 2 });
    expect(run.verdict).toMatchObject({ ok: 2, retries: 2 });
  });

  it.each([400, 401, 404, 410, 451, 501, 505])('with %i is final at once', async (status) => {
    const run = await onePage([{ status, latencyMs: 20 }]);
    expect(recordOf(run, PAGE)).toMatchObject({
      outcome: 'failed',
      status,
      attempts: 1,
      error: { code: `HTTP_${status}` },
    });
  });

  it.each([408, 425, 500, 502, 503, 504, 520, 524])(
    'with %i is tried six times in all, and its last status stands',
    async (status) => {
      const run = await onePage(times(99, { status, latencyMs: 20 }));
      expect(recordOf(run, PAGE)).toMatchObject({
        outcome: 'failed',
        status,
        attempts: 6,
        requests: 6,
        error: { code: `HTTP_${status}` },
      });
    },
  );

  it.each<FailureCode>([
    'CONNECTION_RESET',
    'CONNECTION_CLOSED',
    'STREAM_RESET',
    'RESPONSE_TIMEOUT',
    'STALLED',
    'MAX_TIME',
    'TRUNCATED',
    'CORRUPT_BODY',
    'SERVER_OVERLOADED',
  ])('with %s is tried six times in all', async (code) => {
    const run = await onePage(times(99, fails(code)));
    expect(recordOf(run, PAGE)).toMatchObject({ outcome: 'error', attempts: 6, error: { code } });
  });

  it.each<FailureCode>(['TOO_LARGE', 'DECOMPRESSION_BOMB', 'HEADERS_TOO_LARGE', 'TLS_WRONG_HOST', 'PROXY_REFUSED'])(
    'with %s is final at once',
    async (code) => {
      const run = await onePage([fails(code)]);
      expect(recordOf(run, PAGE)).toMatchObject({ outcome: 'error', attempts: 1, error: { code } });
    },
  );

  it('for its private address is blocked', async () => {
    const run = await onePage([fails('BLOCKED_ADDRESS', false)]);
    expect(recordOf(run, PAGE)).toMatchObject({ outcome: 'blocked', requests: 0, error: { code: 'BLOCKED_ADDRESS' } });
  });

  it('is tried once with --retry 0', async () => {
    const run = await onePage(times(9, { status: 500, latencyMs: 20 }), { config: { retry: { retries: 0 } } });
    expect(askedOf(run, PAGE)).toHaveLength(1);
  });

  it('is answered with what --accept names: no failure, whatever --retry-on says', async () => {
    const run = await onePage([{ status: 500, body: 'oops', latencyMs: 20 }], {
      config: { verdict: { accept: [[200, 599]] } },
    });
    expect(recordOf(run, PAGE)).toMatchObject({ outcome: 'ok', status: 500, bytes: 4 });
    expect(run.store.bodies.get(PAGE)).toBe('oops');
  });

  it('waits between its tries within the bounds of full jitter, and holds no permit', async () => {
    const longest = [0, 0, 0, 0, 0];
    for (let seed = 1; seed <= 40; seed++) {
      const run = await onePage(times(99, { status: 500, latencyMs: 20 }), {
        seed,
        config: { pace: { concurrency: 1 } },
      });
      const asked = askedOf(run, PAGE);
      const waits = asked.slice(1).map(({ startedAt }, index) => startedAt - (asked[index]?.endsAt ?? 0));
      for (const [index, wait] of waits.entries()) {
        // The other page may hold the one permit for the time of its answer.
        expect(wait).toBeLessThanOrEqual(200 * 2 ** index + 20);
        longest[index] = Math.max(longest[index] ?? 0, wait);
      }
      const other = askedOf(run, 'https://api.example.com/other');
      expect(other[0]?.startedAt).toBeLessThanOrEqual(40);
    }
    for (const [index, wait] of longest.entries()) expect(wait).toBeGreaterThan(200 * 2 ** index * 0.7);
  });
});

describe('a request that is not idempotent', () => {
  function post(replies: readonly (Reply | Break)[], allMethods = false): Promise<CheckedRun> {
    const rest = [...replies];
    const page = testPage(PAGE, 'list:1', { method: 'POST', body: 'x' });
    return checkedRun([{ type: 'page', page }], () => rest.shift() ?? OK, { config: { retry: { allMethods } } });
  }

  it.each<[string, Reply | Break]>([
    ['500', { status: 500, latencyMs: 20 }],
    ['a reset', fails('CONNECTION_RESET')],
    ['a session that died', fails('SESSION_DIED')],
    ['a protocol error', fails('PROTOCOL_ERROR')],
  ])('is not repeated after %s', async (_what, reply) => {
    expect((await post([reply])).asked).toHaveLength(1);
  });

  it.each<[string, Reply | Break]>([
    ['it was never processed', fails('NOT_PROCESSED', false)],
    ['it was refused', { status: 429, latencyMs: 20 }],
    ['no connection came about', fails('CONNECT_REFUSED', false)],
    ['it was refused with 503 and a time', { status: 503, headers: { 'retry-after': '1' }, latencyMs: 20 }],
  ])('is repeated where %s', async (_what, reply) => {
    const run = await post([reply]);
    expect(run.asked).toHaveLength(2);
    expect(run.verdict.ok).toBe(1);
  });

  it('is repeated after anything with --retry-all-methods', async () => {
    expect((await post([{ status: 500, latencyMs: 20 }, fails('CONNECTION_RESET')], true)).verdict.ok).toBe(1);
  });

  it('is OK with any 2xx', async () => {
    const page = testPage(PAGE, 'list:1', { method: 'POST', body: 'x' });
    const run = await checkedRun([{ type: 'page', page }], () => ({ status: 201, latencyMs: 20 }));
    expect(run.verdict.ok).toBe(1);
  });
});

describe('what costs no try', () => {
  it('a request that was never processed goes again six times, then uses up tries', async () => {
    const free = await onePage(times(6, fails('NOT_PROCESSED', false)), { config: { retry: { retries: 0 } } });
    expect(recordOf(free, PAGE)).toMatchObject({ outcome: 'ok', attempts: 1, requests: 1 });
    expect(askedOf(free, PAGE)).toHaveLength(7);
    const more = await onePage(times(99, fails('NOT_PROCESSED', false)), { config: { retry: { retries: 2 } } });
    expect(recordOf(more, PAGE)).toMatchObject({
      outcome: 'error',
      attempts: 3,
      requests: 0,
      error: { code: 'NOT_PROCESSED' },
    });
    expect(askedOf(more, PAGE)).toHaveLength(6 + 3);
  });

  it('a session that died three times under a page sends it alone over HTTP/1.1', async () => {
    const run = await onePage(times(4, fails('SESSION_DIED')));
    expect(recordOf(run, PAGE)).toMatchObject({ outcome: 'ok', attempts: 1, requests: 5 });
    expect(askedOf(run, PAGE).map(({ http1Only }) => http1Only)).toEqual([false, false, false, false, true]);
  });

  it.each<FailureCode>(['PROTOCOL_ERROR', 'HTTP_1_1_REQUIRED'])(
    '%s sends it once more, over HTTP/1.1',
    async (code) => {
      const run = await onePage([fails(code)], { config: { retry: { retries: 0 } } });
      expect(recordOf(run, PAGE)).toMatchObject({ outcome: 'ok', attempts: 1 });
      expect(askedOf(run, PAGE).map(({ http1Only }) => http1Only)).toEqual([false, true]);
      const broken = await onePage(times(9, fails(code)));
      expect(recordOf(broken, PAGE)).toMatchObject({ outcome: 'error', error: { code } });
      expect(askedOf(broken, PAGE)).toHaveLength(2);
    },
  );

  it('a machine that runs out of descriptors is never charged to the page', async () => {
    const run = await onePage(times(30, fails('LOCAL_RESOURCES', false)), { config: { retry: { retries: 0 } } });
    expect(recordOf(run, PAGE)).toMatchObject({ outcome: 'ok', attempts: 1 });
  });
});

describe('a server that refuses every stream above so many', () => {
  it.each([
    [1, 300],
    [3, 1_000],
    [10, 2_000],
  ])('%i at once is learned, and no page is lost', async (allowed, count) => {
    const run = await checkedRun(numbered(count), (_request, _now, inFlight) =>
      inFlight > allowed ? fails('STREAM_REFUSED', false) : { ...OK, latencyMs: 50 },
    );
    expect(run.verdict).toMatchObject({ ok: count, notOk: 0 });
    expect(run.verdict.refusals).toBeLessThan(count * 0.03 + 10);
    expect(run.elapsedMs).toBeLessThan((count / allowed) * 50 * 1.15 + 500);
  });

  it('that falls while the run goes on is learned anew', async () => {
    const run = await checkedRun(numbered(3_000), (_request, now, inFlight) =>
      inFlight > (now < 2_000 ? 50 : 5) ? fails('STREAM_REFUSED', false) : { ...OK, latencyMs: 50 },
    );
    expect(run.verdict.ok).toBe(3_000);
    expect(run.verdict.refusals).toBeLessThan(150);
  });

  it('does not shrink for requests that a GOAWAY left unprocessed', async () => {
    let asked = 0;
    const run = await checkedRun(numbered(5_000), () => {
      asked += 1;
      return asked % 100 === 0 ? fails('NOT_PROCESSED', false) : { ...OK, latencyMs: 100 };
    });
    expect(run.verdict.ok).toBe(5_000);
    expect(run.elapsedMs).toBeLessThan((5_000 / 50) * 100 * 1.1 + 1_000);
  });

  it('is taken for the page alone where nothing else is in flight', async () => {
    const run = await onePage(times(40, fails('STREAM_REFUSED', false)));
    expect(recordOf(run, PAGE)).toMatchObject({ outcome: 'error', error: { code: 'STREAM_REFUSED' } });
    expect(askedOf(run, PAGE)).toHaveLength(6 + 6);
  });
});

describe('a machine that cannot hold so many connections', () => {
  it('gets its permits back once it can', async () => {
    const run = await checkedRun(
      numbered(20_000),
      (_request, now) => (now > 1_000 && now < 1_300 ? fails('LOCAL_RESOURCES', false) : { ...OK, latencyMs: 100 }),
      { config: { pace: { concurrency: 20, perOrigin: 20 } } },
    );
    expect(run.verdict.ok).toBe(20_000);
    const late = run.asked.filter(({ startedAt }) => startedAt > 60_000);
    expect(Math.max(...late.map(({ inFlight }) => inFlight))).toBe(20);
  });

  it('and never can ends the run', async () => {
    const run = await checkedRun(numbered(20), () => fails('LOCAL_RESOURCES', false));
    expect(run.verdict).toMatchObject({ ok: 0, notOk: 20 });
    expect(run.elapsedMs).toBeLessThan(1_800_000);
  });

  it('goes on with fewer at a time, told once, and fetches everything', async () => {
    const items = pages(Array.from({ length: 2_000 }, (_, i) => `https://o${i % 8}.example.com/${i}`));
    const ends: number[] = [];
    const run = await checkedRun(items, (_request, now) => {
      const open = ends.filter((end) => end > now);
      const reply = open.length < 40 ? { ...OK, latencyMs: 100 } : fails('LOCAL_RESOURCES', false);
      ends.splice(0, ends.length, ...open, now + reply.latencyMs);
      return reply;
    });
    expect(run.verdict.ok).toBe(2_000);
    expect(toldOf(run, 'notice').filter(({ code }) => code === 'LOCAL_RESOURCES')).toHaveLength(1);
    // 40 at once are borne: 2,000 pages of 100 ms need five seconds.
    expect(run.elapsedMs).toBeLessThan(20_000);
  });
});

/** Gives half of a body, then breaks; gives the whole one the second time. */
class TornClient implements Client {
  receivedBytes = 0;
  exchanges = 0;
  readonly #bytes: number;

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  async exchange(_request: WireRequest, onHead: (head: Head) => BodySink | undefined): Promise<Exchange> {
    this.exchanges += 1;
    const isTorn = this.exchanges === 1;
    const head: Head = { status: 200, headers: {}, httpVersion: '1.1' };
    const sink = onHead(head);
    const bytes = isTorn ? this.#bytes / 2 : this.#bytes;
    for (let at = 0; at < bytes; at += 65_536) {
      await sink?.write(Buffer.alloc(Math.min(65_536, bytes - at), isTorn ? 'torn' : 'whole'));
    }
    if (isTorn) return { ok: false, failure: failure('TRUNCATED'), head, sent: true };
    return { ok: true, head, complete: 'content-length', bytes, wireBytes: bytes, connectMs: 0, headMs: 1 };
  }

  async destroy(): Promise<void> {}
}

class DraftingStore extends MemoryStore implements StoreSession {
  readonly drafts: { bytes: number; discarded: boolean; kept: boolean }[] = [];

  async draft(): Promise<Draft> {
    const draft = {
      bytes: 0,
      discarded: false,
      kept: false,
      write: async (chunk: Buffer) => {
        draft.bytes += chunk.length;
      },
      discard: async () => {
        draft.discarded = true;
      },
    };
    this.drafts.push(draft);
    return draft;
  }

  override async keep(...[page, record, body]: Parameters<StoreSession['keep']>) {
    const kept = bodyDraft(body);
    for (const draft of this.drafts) if (draft === kept) draft.kept = true;
    return super.keep(page, record, body);
  }
}

function bodyDraft(body: Body | undefined): unknown {
  return body !== undefined && 'draft' in body ? body.draft : undefined;
}

describe('a body that breaks off', () => {
  it.each([
    ['in memory', 1_000],
    ['in the draft of the store', 8 * 2 ** 20],
  ])('is left nowhere, and the page is tried again (%s)', async (_where, bytes) => {
    const clock = new FakeClock();
    const client = new TornClient(bytes);
    const store = new DraftingStore();
    const run = bareRun({ input: batches(numbered(1)), client, store, clock });
    const verdict = await clock.run(run.verdict());
    expect(verdict).toMatchObject({ ok: 1, bytes });
    expect(store.records[0]).toMatchObject({ outcome: 'ok', attempts: 2, bytes });
    if (bytes < 2 ** 20) {
      expect(store.bodies.get('https://api.example.com/1')).toBe('whole'.repeat(bytes / 5));
      expect(store.drafts).toHaveLength(0);
    } else {
      expect(store.drafts.map(({ discarded, kept }) => ({ discarded, kept }))).toEqual([
        { discarded: true, kept: false },
        { discarded: false, kept: true },
      ]);
      expect(store.drafts[1]?.bytes).toBe(bytes);
    }
  });
});
