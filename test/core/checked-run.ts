import { expect } from 'vitest';
import { type Config, hasStatus } from '../../src/core/config.ts';
import type { RunEvent, Verdict } from '../../src/core/event.ts';
import type { Input, InputItem } from '../../src/core/page.ts';
import type { Client, Listener, Spool, StoreSession } from '../../src/core/ports.ts';
import { isOk, type PageRecord } from '../../src/core/record.ts';
import { Run } from '../../src/core/run.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { type Break, ModelClient, type OriginModel, type Reply, type Seen } from '../support/model-origin.ts';
import { type DeepPartial, MemoryStore, seededRandom, testConfig } from '../support/model-run.ts';

/** An event and when it was told. */
export type Told = RunEvent & { readonly at: number };

/** A request and what became of it. */
export interface Asked extends Seen {
  /** When its answer was in. */
  readonly endsAt: number;
  readonly reply: Reply | Break;
  /** Of its origin, itself included. */
  readonly inFlight: number;
}

export interface CheckedRun {
  readonly verdict: Verdict;
  readonly events: readonly Told[];
  readonly asked: readonly Asked[];
  readonly records: readonly PageRecord[];
  readonly store: MemoryStore;
  readonly peakInFlight: number;
  readonly elapsedMs: number;
}

export interface CheckedRunOptions {
  readonly config?: DeepPartial<Config>;
  readonly store?: MemoryStore;
  readonly seed?: number;
  readonly listeners?: readonly Listener[];
  /** Called with the run before time begins to pass. */
  readonly during?: (run: Run, clock: FakeClock) => void;
  /** Virtual time by which the run must have ended. Default: a year. */
  readonly untilMs?: number;
}

const YEAR_MS = 366 * 86_400_000;

/** The parts of a run whose client and store are anything at all. */
export interface BareRun {
  readonly input: Input;
  readonly client: Client;
  readonly store: StoreSession;
  readonly clock: FakeClock;
  readonly config?: DeepPartial<Config>;
  readonly seed?: number;
  readonly listeners?: readonly Listener[];
  readonly spool?: Spool;
}

export function bareRun({ config, seed = 1, listeners = [], ...parts }: BareRun): Run {
  return new Run({ ...parts, config: testConfig(config), random: seededRandom(seed), listeners });
}

/** A whole run of the real engine against modelled origins, held against what is true of every run. */
export async function checkedRun(
  items: Iterable<InputItem> | Input,
  model: OriginModel,
  options: CheckedRunOptions = {},
): Promise<CheckedRun> {
  const clock = new FakeClock();
  const asked: Asked[] = [];
  const client = new ModelClient(clock, (request, now, inFlight) => {
    const reply = model(request, now, inFlight);
    const { url, origin, method, headers, http1Only } = request;
    const endsAt = now + reply.latencyMs;
    asked.push({ url, origin, method, headers, http1Only, startedAt: now, endsAt, reply, inFlight });
    return reply;
  });
  const store = options.store ?? new MemoryStore();
  const events: Told[] = [];
  const listeners: Listener[] = [(event) => events.push({ ...event, at: clock.now() }), ...(options.listeners ?? [])];
  const config = options.config === undefined ? {} : { config: options.config };
  const input = Symbol.asyncIterator in items ? items : batches(items);
  const run = bareRun({ input, client, store, clock, seed: options.seed ?? 1, listeners, ...config });
  options.during?.(run, clock);
  const verdict = await clock.run(run.verdict(), options.untilMs ?? YEAR_MS);
  const { peakInFlight } = client;
  const { records } = store;
  const checked = { verdict, events, asked, records, store, peakInFlight, elapsedMs: clock.now() };
  checkInvariants(checked, testConfig(options.config));
  return checked;
}

/** Items in the batches in which a list is read. */
export async function* batches(items: Iterable<InputItem>, size = 256): AsyncGenerator<readonly InputItem[]> {
  let batch: InputItem[] = [];
  for (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** What is true of every run, whatever happened in it. */
function checkInvariants(run: CheckedRun, config: Config): void {
  checkCounts(run);
  checkEvents(run);
  checkRecords(run);
  checkToldTimes(run, config);
  checkTellingsObeyed(run);
  checkCeilings(run, config);
}

function checkCounts({ verdict, events, asked }: CheckedRun): void {
  expect(verdict.ok + verdict.notOk + verdict.unfinished).toBe(verdict.pages);
  expect(verdict.unfinished).toBeGreaterThanOrEqual(0);
  const final = events.filter((event) => event.type === 'page').length;
  const stored = events.filter((event) => event.type === 'already-stored').length;
  expect(final + stored).toBe(verdict.ok + verdict.notOk);
  expect(verdict.alreadyStored).toBe(stored);
  if (verdict.stopped !== undefined) return;
  expect(verdict.unfinished).toBe(0);
  expect(verdict.listRead).toBe(true);
  expect(events.filter((event) => event.type === 'attempt')).toHaveLength(asked.length);
  expect(verdict.requests).toBe(asked.filter(({ reply }) => !('fail' in reply) || reply.sent !== false).length);
}

function checkEvents({ events }: CheckedRun): void {
  expect(events[0]?.type).toBe('started');
  expect(events.filter((event) => event.type === 'started')).toHaveLength(1);
  expect(events.at(-1)?.type).toBe('ended');
  expect(events.filter((event) => event.type === 'ended')).toHaveLength(1);
  const flaw = flawOfOrder(events);
  if (flaw !== undefined) expect.fail(flaw);
}

function flawOfOrder(events: readonly Told[]): string | undefined {
  const givenUp = new Set<string>();
  const final = new Set<string>();
  for (const event of events) {
    if (event.type === 'origin-given-up') {
      if (givenUp.has(event.origin)) return `${event.origin} was given up twice`;
      givenUp.add(event.origin);
    } else if (event.type === 'origin-paused') {
      if (givenUp.has(event.origin)) return `${event.origin} was paused after it was given up`;
    } else if (event.type === 'page') {
      if (final.has(event.record.line)) return `${event.record.line} ended twice`;
      final.add(event.record.line);
    } else if (event.type === 'attempt') {
      if (final.has(event.page.line)) return `${event.page.line} was tried after its end`;
    }
  }
  return undefined;
}

function checkRecords({ records, events, store }: CheckedRun): void {
  const told = events.flatMap((event) => (event.type === 'page' ? [event.record] : []));
  expect(told.length).toBe(records.length);
  const kept = new Set(records);
  const okUrls = new Set(records.filter(({ outcome }) => outcome === 'ok').map(({ url }) => url));
  for (const record of told) {
    const what = flawOf(record) ?? (kept.has(record) ? undefined : 'told but not kept');
    const hasBody = store.bodies.has(record.url);
    const flaw = what ?? (hasBody === okUrls.has(record.url) ? undefined : `body kept: ${hasBody}`);
    if (flaw !== undefined) expect.fail(`${flaw}: ${JSON.stringify(record)}`);
  }
}

function flawOf(record: PageRecord): string | undefined {
  const ok = isOk(record.outcome);
  if ((record.error === undefined) !== ok) return 'an error belongs to what is not OK';
  if (record.waitedMs > record.elapsedMs) return 'waited longer than it took';
  if ((record.sha256 === undefined) === ok) return 'a digest belongs to what is OK';
  if (ok && record.complete === undefined) return 'OK, and not known to be whole';
  if (ok && record.finalUrl === undefined) return 'OK, and from nowhere';
  if (record.attempts > 0 && record.requests === 0 && ok) return 'OK without a request';
  return undefined;
}

/** No request before a time that the origin told, by what it answered. */
function checkToldTimes({ asked }: CheckedRun, { verdict }: Config): void {
  const told = asked.flatMap((request) => {
    const { reply, origin, endsAt } = request;
    if ('fail' in reply || (reply.status !== 429 && reply.status !== 503)) return [];
    if (hasStatus(verdict.accept ?? [], reply.status)) return [];
    const after = Number(reply.headers?.['retry-after'] ?? Number.NaN);
    return after > 0 ? [{ origin, from: endsAt, until: endsAt + after * 1000 }] : [];
  });
  checkNobodyAsks(asked, told);
}

/** No request before a time that the run itself told its listeners. */
function checkTellingsObeyed({ events, asked }: CheckedRun): void {
  const first = events[0]?.at ?? 0;
  const told = events.flatMap((event) => {
    if (event.type !== 'origin-paused') return [];
    return [{ origin: event.origin, from: event.at, until: event.untilWall - WALL_START - first }];
  });
  checkNobodyAsks(asked, told);
}

const WALL_START = new FakeClock().wall();

interface Silence {
  readonly origin: string;
  readonly from: number;
  readonly until: number;
}

function checkNobodyAsks(asked: readonly Asked[], silences: readonly Silence[]): void {
  const rest = silences.toSorted((a, b) => b.from - a.from);
  const untilOf = new Map<string, number>();
  for (const { origin, startedAt, url } of asked) {
    while ((rest.at(-1)?.from ?? Number.POSITIVE_INFINITY) < startedAt) {
      const silence = rest.pop();
      if (silence === undefined) break;
      untilOf.set(silence.origin, Math.max(silence.until, untilOf.get(silence.origin) ?? 0));
    }
    const until = untilOf.get(origin) ?? 0;
    if (startedAt < until - 0.001) expect.fail(`${url} was asked at ${startedAt}, told to wait until ${until}`);
  }
}

function checkCeilings({ asked, peakInFlight }: CheckedRun, { pace }: Config): void {
  expect(peakInFlight).toBeLessThanOrEqual(pace.concurrency);
  const most = asked.reduce((peak, { inFlight }) => Math.max(peak, inFlight), 0);
  expect(most).toBeLessThanOrEqual(pace.perOrigin);
}

/** The requests to one URL, in order. */
export function askedOf(run: CheckedRun, url: string): readonly Asked[] {
  return run.asked.filter((request) => request.url === url);
}

export function recordOf(run: CheckedRun, url: string): PageRecord {
  const found = run.records.find((record) => record.url === url);
  if (found === undefined) throw new Error(`no record of ${url}`);
  return found;
}

export function toldOf<T extends RunEvent['type']>(run: CheckedRun, type: T): readonly (Told & { readonly type: T })[] {
  return run.events.filter((event): event is Told & { readonly type: T } => event.type === type);
}
