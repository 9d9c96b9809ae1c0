import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { StoreError, UsageError } from '../../src/core/failure.ts';
import type { Store } from '../../src/core/ports.ts';
import type { PageRecord } from '../../src/core/record.ts';
import { STORES } from '../../src/stores/index.ts';
import {
  makeFolder,
  makePage,
  makeRecord,
  readRecords,
  recordOf,
  runOptions,
  snapshot,
} from '../support/store-pages.ts';
import { storedRecords } from '../support/stored-records.ts';

const CHILD = fileURLToPath(new URL('../support/store-child.ts', import.meta.url));

/** What differs between the stores that stay. */
const LOGS = [
  { format: 'files', name: 'pages', lock: 'pages/.fetch-pages.lock', log: 'pages/manifest.ndjson' },
  { format: 'ndjson', name: 'pages.ndjson', lock: '.pages.ndjson.lock', log: 'pages.ndjson' },
] as const;
const FORMATS = [
  ...LOGS,
  { format: 'sqlite', name: 'pages.db', lock: '.pages.db.lock', log: undefined },
  { format: 'warc', name: 'pages.warc.gz', lock: '.pages.warc.gz.lock', log: undefined },
] as const;

const one = makePage('https://example.com/1');
const two = makePage('https://example.com/2');
const body = Buffer.from('{"a":1}');

function makeStore({ format, name }: (typeof FORMATS)[number]) {
  const folder = makeFolder();
  const path = join(folder, name);
  return { folder, path, store: STORES[format]({ path, place: name }) };
}

async function keepOne(store: Store, path: string, more: Partial<PageRecord> = {}) {
  const session = await store.open(runOptions(path));
  await session.keep(one, recordOf(one, body, more), { chunks: [body] });
  await session.close();
}

describe.each(FORMATS)('the $format store', (row) => {
  const { format, name } = row;

  it('gives back in the next run what it kept in the first', async () => {
    const { path, store } = makeStore(row);
    const first = await store.open(runOptions(path));
    expect(first.stored).toEqual({ pages: 0 });
    expect(first.has(one)).toBe(false);
    await first.keep(one, recordOf(one, body), { chunks: [body.subarray(0, 3), body.subarray(3)] });
    await first.keep(two, makeRecord(two, { outcome: 'failed', status: 404 }), undefined);
    await first.note(makeRecord(two, { url: 'no page', outcome: 'invalid' }));
    await first.close();

    const second = await store.open(runOptions(path));
    expect(second.stored).toEqual({ pages: 1, newest: '2026-11-22T10:00:00.000Z' });
    expect(second.notices).toEqual([]);
    expect(second.has(one)).toBe(true);
    expect(second.has(two)).toBe(false);
    await second.close();
    expect(storedRecords(format, path).map((record) => [record.url, record.outcome])).toEqual([
      [one.url, 'ok'],
      [two.url, 'failed'],
      ['no page', 'invalid'],
    ]);
  });

  it('keeps a page stored that failed when it was asked for again, and tells the newest', async () => {
    const { path, store } = makeStore(row);
    await keepOne(store, path);
    await keepOne(store, path, { fetchedAt: '2026-11-23T00:00:00.000Z' });
    const session = await store.open(runOptions(path));
    await session.keep(one, makeRecord(one, { outcome: 'error', fetchedAt: '2026-11-24T00:00:00.000Z' }), undefined);
    await session.close();
    const next = await store.open(runOptions(path));
    expect(next.stored).toEqual({ pages: 1, newest: '2026-11-23T00:00:00.000Z' });
    expect(next.has(one)).toBe(true);
    await next.close();
  });

  it('makes the folders on the way', async () => {
    const { folder, store } = makeStore(row);
    const path = join(folder, 'a/b', name);
    await keepOne(store, path);
    expect(existsSync(path)).toBe(true);
  });

  it('refuses a second run while the first lives, and no longer', async () => {
    const { path, store } = makeStore(row);
    const first = await store.open(runOptions(path));
    await expect(store.open(runOptions(path))).rejects.toThrow(new RegExp(`^${name} is in use by another run`));
    await first.close();
    await (await store.open(runOptions(path))).close();
  });

  it('refuses a run while another process has the store, and takes it once that was killed', async () => {
    const { path, store } = makeStore(row);
    const child = spawn(process.execPath, [CHILD, format, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    const lines = createInterface({ input: child.stdout });
    expect((await once(lines, 'line'))[0]).toBe('ready');
    await expect(store.open(runOptions(path))).rejects.toThrow(StoreError);
    const looking = await store.open(runOptions(path, { mode: 'inspect' }));
    expect(looking.stored.pages).toBe(0);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const session = await store.open(runOptions(path));
    await session.keep(one, recordOf(one, body), { chunks: [body] });
    await session.close();
  });

  it('looks without a trace', async () => {
    const { folder, path, store } = makeStore(row);
    const nothing = await store.open(runOptions(path, { mode: 'inspect' }));
    expect(nothing.stored).toEqual({ pages: 0 });
    expect(nothing.has(one)).toBe(false);
    await nothing.close();
    expect(snapshot(folder)).toEqual({});

    await keepOne(store, path);
    if (row.log !== undefined)
      writeFileSync(join(folder, row.log), '{"url":"https://example.com/torn","meth', { flag: 'a' });
    const before = snapshot(folder);
    const session = await store.open(runOptions(path, { mode: 'inspect' }));
    expect(session.stored.pages).toBe(1);
    expect(session.has(one)).toBe(true);
    await expect(session.keep(one, makeRecord(one), undefined)).rejects.toThrow('keeps nothing');
    await session.close();
    expect(snapshot(folder)).toEqual(before);
  });

  it('looks while a run is writing', async () => {
    const { path, store } = makeStore(row);
    const run = await store.open(runOptions(path));
    await run.keep(one, recordOf(one, body), { chunks: [body] });
    const session = await store.open(runOptions(path, { mode: 'inspect' }));
    expect(session.has(one)).toBe(true);
    await session.close();
    await run.close();
  });

  it('refuses to mix pages that were asked for otherwise, and names what changed', async () => {
    const { folder, path, store } = makeStore(row);
    await keepOne(store, path);
    const before = snapshot(folder);
    const request = { method: 'POST', data: '5d41', 'header accept': 'text/xml' };
    const opening = store.open(runOptions(path, { request }));
    await expect(opening).rejects.toThrow(UsageError);
    await expect(opening).rejects.toThrow(/changed: data, header accept, method\..*--restart/);
    expect(snapshot(folder)).toEqual(before);

    const restarted = await store.open(runOptions(path, { request, restart: true }));
    expect(restarted.stored.pages).toBe(0);
    await restarted.keep(one, recordOf(one, body), { chunks: [body] });
    await restarted.close();
    await (await store.open(runOptions(path, { request }))).close();
    await expect(store.open(runOptions(path))).rejects.toThrow(UsageError);
  });

  it('is bound to nothing while it holds no page', async () => {
    const { path, store } = makeStore(row);
    const first = await store.open(runOptions(path, { request: { method: 'PUT' } }));
    await first.keep(one, makeRecord(one, { outcome: 'failed', status: 401 }), undefined);
    await first.close();
    await (await store.open(runOptions(path, { request: { method: 'GET' } }))).close();
  });

  it('continues a store whose lock file is gone', async () => {
    const { folder, path, store } = makeStore(row);
    await keepOne(store, path);
    rmSync(join(folder, row.lock));
    const session = await store.open(runOptions(path, { request: { method: 'POST' } }));
    expect(session.has(one)).toBe(true);
    await session.close();
  });

  it("refuses a lock file that is somebody else's", async () => {
    const { folder, path, store } = makeStore(row);
    await keepOne(store, path);
    const lock = join(folder, row.lock);
    writeFileSync(lock, 'not a database, but the notes of a user. '.repeat(50));
    const before = snapshot(folder);
    await expect(store.open(runOptions(path))).rejects.toThrow(/is not the lock of a fetch-pages store/);
    expect(snapshot(folder)).toEqual(before);
    rmSync(lock);
    mkdirSync(lock);
    await expect(store.open(runOptions(path))).rejects.toThrow(StoreError);
  });

  it('lets many pages be kept at once', async () => {
    const { path, store } = makeStore(row);
    const session = await store.open(runOptions(path));
    const pages = Array.from({ length: 300 }, (_, n) => makePage(`https://example.com/${n}?x=${n % 7}`));
    await Promise.all(pages.map((page) => session.keep(page, recordOf(page, body), { chunks: [body] })));
    await session.close();
    expect(storedRecords(format, path)).toHaveLength(300);
    const next = await store.open(runOptions(path));
    expect(pages.every((page) => next.has(page))).toBe(true);
    await next.close();
  });
});

describe.each(LOGS)('the log of the $format store', (row) => {
  const { name } = row;

  it('writes the fields that name a page first, whatever their order in memory', async () => {
    const { folder, path, store } = makeStore(row);
    const log = join(folder, row.log);
    const keyed = makePage('https://example.com/k', { headers: [['accept', 'text/xml']], id: 'mine' });
    const shuffled = Object.fromEntries(
      Object.entries(makeRecord(keyed, { id: 'mine' })).reverse(),
    ) as unknown as PageRecord;
    const session = await store.open(runOptions(path));
    await session.keep(keyed, shuffled, { chunks: [body] });
    await session.close();
    const [record] = readRecords(log);
    expect(Object.keys(record ?? {}).slice(0, 7)).toEqual([
      'url',
      'method',
      'key',
      'line',
      'id',
      'outcome',
      'fetchedAt',
    ]);
    const next = await store.open(runOptions(path));
    expect(next.has(keyed)).toBe(true);
    expect(next.has(makePage('https://example.com/k'))).toBe(false);
    await next.close();
  });

  it('tells of a bad line in the middle where it stands, and changes nothing', async () => {
    const { folder, path, store } = makeStore(row);
    const log = join(folder, row.log);
    await keepOne(store, path);
    const line = readFileSync(log, 'utf8');
    for (const bad of [
      '{"url":"https://example.com/torn","method":"GET","line":"l:1","outcome":"ok","fetc',
      '{"a":1}',
      'hello',
    ]) {
      writeFileSync(log, `${line}${bad}\n${line}`);
      const before = snapshot(folder);
      const opening = store.open(runOptions(path));
      await expect(opening).rejects.toThrow(StoreError);
      await expect(opening).rejects.toThrow(
        `${name === 'pages' ? 'pages/manifest.ndjson' : name}:2: this line is no record`,
      );
      expect(snapshot(folder)).toEqual(before);
    }
  });

  it('finds a torn line that a whole one was appended to', async () => {
    const { folder, path, store } = makeStore(row);
    const log = join(folder, row.log);
    await keepOne(store, path);
    const line = readFileSync(log, 'utf8');
    for (let cut = 1; cut < line.length - 2; cut += 7) {
      writeFileSync(log, `${line}${line.slice(0, cut)}${line}`);
      await expect(store.open(runOptions(path)), `cut after ${cut}`).rejects.toThrow(':2: this line is no record');
    }
  });

  it('reads on where an editor left carriage returns, blank lines and no newline at the end', async () => {
    const { folder, path, store } = makeStore(row);
    const log = join(folder, row.log);
    await keepOne(store, path);
    const line = readFileSync(log, 'utf8').trimEnd();
    const other = line.replaceAll('example.com/1', 'example.com/2');
    writeFileSync(log, `${line}\r\n\r\n\n${other}`);
    const session = await store.open(runOptions(path));
    expect(session.stored.pages).toBe(2);
    expect(session.notices).toEqual([]);
    const three = makePage('https://example.com/3');
    await session.keep(three, recordOf(three, body), { chunks: [body] });
    await session.close();
    const next = await store.open(runOptions(path));
    expect(next.stored.pages).toBe(3);
    await next.close();
  });

  it('reads records whose fields were put into another order', async () => {
    const { folder, path, store } = makeStore(row);
    const log = join(folder, row.log);
    await keepOne(store, path);
    const [record] = readRecords(log);
    const nested = { body: { url: 'x', line: 'y', outcome: 'failed', fetchedAt: 'z' }, ...record };
    writeFileSync(log, `${JSON.stringify(nested)}\n${JSON.stringify(nested)}\n`);
    const session = await store.open(runOptions(path));
    expect(session.has(one)).toBe(true);
    expect(session.stored).toEqual({ pages: 1, newest: '2026-11-22T10:00:00.000Z' });
    await session.close();
  });
});

describe('the store of nothing', () => {
  it('takes everything and keeps nothing', async () => {
    const session = await STORES.none({ place: 'nowhere' }).open({ mode: 'run', restart: false, request: {} });
    const record = recordOf(one, body);
    expect(await session.keep(one, record, { chunks: [body] })).toBe(record);
    const draft = await session.draft?.(one);
    await draft?.write(body);
    await draft?.discard();
    await session.note(record);
    await session.close();
    expect(session.has(one)).toBe(false);
    expect(session.stored).toEqual({ pages: 0 });
  });
});
