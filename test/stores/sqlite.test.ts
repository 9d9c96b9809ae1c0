import { statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Page } from '../../src/core/page.ts';
import { hashText } from '../../src/core/page-key.ts';
import type { Body, StoreOptions, StoreSession } from '../../src/core/ports.ts';
import type { PageRecord } from '../../src/core/record.ts';
import { sqliteStore } from '../../src/stores/sqlite.ts';
import { verdict } from '../progress/events.ts';
import { queryRows as rows } from '../support/sqlite-rows.ts';
import { makeFolder, makePage, makeRecord, recordOf, runOptions, snapshot } from '../support/store-pages.ts';

const MEBIBYTE = 2 ** 20;
const page = makePage('https://example.com/a');
const other = makePage('https://example.com/b');
const body = Buffer.from('{"a":1}');

function makeDatabase() {
  const folder = makeFolder();
  const path = join(folder, 'pages.db');
  const open = async (more: Partial<StoreOptions> = {}) => {
    const session = await sqliteStore({ path, place: 'pages.db' }).open(runOptions(path, more));
    onTestFinished(() => session.close());
    return session;
  };
  return { folder, path, open };
}

async function keep(session: StoreSession, of: Page, bytes: Buffer, more: Partial<PageRecord> = {}) {
  await session.keep(of, recordOf(of, bytes, more), { chunks: [bytes] });
}

async function draftOf(session: StoreSession, of: Page, bytes: Buffer): Promise<Body> {
  const draft = await session.draft?.(of);
  if (draft === undefined) throw new Error('no draft');
  for (let at = 0; at < bytes.length; at += 60_000) await draft.write(bytes.subarray(at, at + 60_000));
  return { draft };
}

/** Bytes that differ wherever they are cut. */
function bytesOf(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at + 4 <= length; at += 4) bytes.writeUInt32LE(at ^ 0x5bd1e995, at);
  return bytes;
}

describe('a row', () => {
  it('has the fields of the record under their names', async () => {
    const { path, open } = makeDatabase();
    const keyed = makePage('https://example.com/k', { headers: [['accept', 'text/xml']], id: 'mine' });
    const redirects = [{ url: 'https://example.com/k', status: 302 }];
    const session = await open();
    await keep(session, keyed, body, { id: 'mine', redirects, finalUrl: 'https://example.com/k2', elapsedMs: 12.5 });
    await session.close();
    expect(rows(path, 'SELECT * FROM pages')).toEqual([
      {
        url: 'https://example.com/k',
        method: 'GET',
        key: hashText(keyed),
        line: 'urls.txt:1',
        id: 'mine',
        outcome: 'ok',
        fetchedAt: '2026-11-22T10:00:00.000Z',
        status: 200,
        errorCode: null,
        errorMessage: null,
        attempts: 1,
        requests: 1,
        elapsedMs: 12.5,
        waitedMs: 0,
        storedAt: '2026-11-22T10:00:00.000Z',
        finalUrl: 'https://example.com/k2',
        redirects: '[{"url":"https://example.com/k","status":302}]',
        httpVersion: '2',
        contentType: 'application/json',
        complete: 'h2-end',
        bytes: 7,
        sha256: '015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862',
        headers: '{"content-type":["application/json"],"etag":["\\"a\\""]}',
        bodyId: null,
        body: '{"a":1}',
      },
    ]);
  });

  it.each([
    ['JSON', 'application/json', '{"a": 1.0}', 'text'],
    ['JSON that is none', 'application/json', '{', 'text'],
    ['text with a BOM', 'text/plain', '\ufeffStraße\r\n', 'text'],
    ['an empty text', 'text/plain', '', 'text'],
    ['no type, but text', undefined, 'plain', 'text'],
    ['text of another charset', 'text/plain; charset=latin1', Buffer.from([0x53, 0xdf]), 'blob'],
    ['text with a NUL, at which SQL would end it', 'text/plain', 'a\0b', 'blob'],
    ['an image', 'image/png', 'really text', 'blob'],
    ['an empty image', 'image/png', '', 'blob'],
  ])('keeps %s as it came', async (_what, contentType, content, type) => {
    const { path, open } = makeDatabase();
    const bytes = Buffer.from(content);
    const session = await open();
    const record = recordOf(page, bytes, contentType === undefined ? {} : { contentType });
    const { contentType: _dropped, ...untyped } = record;
    await session.keep(page, contentType === undefined ? untyped : record, { chunks: [bytes] });
    await session.close();
    const sql = 'SELECT typeof(body) AS type, CAST(body AS BLOB) AS body FROM pages';
    expect(rows(path, sql)).toEqual([{ type, body: new Uint8Array(bytes) }]);
  });

  it('without a body (HEAD) is stored, and has none', async () => {
    const { path, open } = makeDatabase();
    const session = await open();
    await session.keep(page, makeRecord(page), undefined);
    expect(session.has(page)).toBe(true);
    expect(rows(path, 'SELECT body, storedAt IS NOT NULL AS stored FROM pages')).toEqual([{ body: null, stored: 1 }]);
  });

  it('can be read by others while the run goes on', async () => {
    const { path, open } = makeDatabase();
    const session = await open();
    await keep(session, page, body);
    expect(rows(path, 'SELECT url FROM pages')).toEqual([{ url: page.url }]);
  });
});

describe('a page that is asked for again', () => {
  const version = { storedAt: '2026-11-22T10:00:00.000Z', body: '{"a":1}', finalUrl: page.url, bytes: 7 };
  const sql = 'SELECT outcome, status, fetchedAt, errorCode, storedAt, body, finalUrl, bytes FROM pages';
  const later = { fetchedAt: '2026-11-23T00:00:00.000Z' };

  it.each([
    ['fails', { outcome: 'failed', status: 500, error: { code: 'HTTP_500', message: 'x' } }],
    ['is not answered', { outcome: 'error', error: { code: 'STALLED', message: 'x' } }],
    ['is unchanged', { outcome: 'unchanged', status: 304 }],
  ] as const)('and %s keeps what is stored, and tells what the last ask came to', async (_what, last) => {
    const { path, open } = makeDatabase();
    const session = await open();
    await keep(session, page, body);
    const more = { ...last, ...later, finalUrl: 'https://example.com/login', headers: { etag: ['"login"'] } };
    const { status, ...unanswered } = makeRecord(page, more);
    await session.keep(page, 'status' in last ? { ...unanswered, status: last.status } : unanswered, undefined);
    const { outcome } = last;
    const errorCode = 'error' in last ? last.error.code : null;
    expect(rows(path, sql)).toEqual([
      { ...version, ...later, outcome, errorCode, status: 'status' in last ? last.status : null },
    ]);
    expect(session.has(page)).toBe(true);
    expect(session.validators?.(page)).toEqual({ url: page.url, etag: '"a"' });
    await session.close();
    expect((await open()).stored).toEqual({ pages: 1, newest: version.storedAt });
  });

  it('and has changed is replaced whole', async () => {
    const { path, open } = makeDatabase();
    const session = await open();
    await keep(session, page, body);
    const headers = { 'last-modified': ['Sun, 22 Nov 2026 09:00:00 GMT'] };
    await keep(session, page, Buffer.from('{"a":23}'), { ...later, headers, finalUrl: 'https://example.com/new' });
    expect(rows(path, sql)).toMatchObject([{ storedAt: later.fetchedAt, body: '{"a":23}', bytes: 8 }]);
    expect(session.validators?.(page)).toEqual({
      url: 'https://example.com/new',
      lastModified: 'Sun, 22 Nov 2026 09:00:00 GMT',
    });
  });

  it('after a failure is stored once it is OK', async () => {
    const { path, open } = makeDatabase();
    const session = await open();
    const error = { code: 'HTTP_404', message: 'x' } as const;
    await session.keep(page, makeRecord(page, { outcome: 'failed', status: 404, error }), undefined);
    expect(session.has(page)).toBe(false);
    expect(session.validators?.(page)).toBeUndefined();
    expect(rows(path, sql)).toMatchObject([{ storedAt: null, errorCode: 'HTTP_404', finalUrl: page.url }]);
    await keep(session, page, body);
    expect(rows(path, sql)).toMatchObject([{ ...version, outcome: 'ok', errorCode: null }]);
  });
});

describe('failures', () => {
  it('are what is not OK, invalid lines with them', async () => {
    const { path, open } = makeDatabase();
    const session = await open();
    await keep(session, page, body);
    const error = { code: 'HTTP_404', message: 'answered 404' } as const;
    await session.keep(other, makeRecord(other, { outcome: 'failed', status: 404, error }), undefined);
    const invalid = { code: 'INVALID_LINE', message: 'not a URL' } as const;
    await session.note(makeRecord(page, { url: 'no page', outcome: 'invalid', line: 'urls.txt:9', error: invalid }));
    expect(rows(path, 'SELECT url, line, outcome, errorCode, errorMessage FROM failures')).toEqual([
      { url: other.url, line: 'urls.txt:1', outcome: 'failed', errorCode: 'HTTP_404', errorMessage: 'answered 404' },
      { url: 'no page', line: 'urls.txt:9', outcome: 'invalid', errorCode: 'INVALID_LINE', errorMessage: 'not a URL' },
    ]);
  });

  it('lose the invalid lines that a later run, which read its lists to the end, did not meet', async () => {
    const { path, open } = makeDatabase();
    const note = (session: StoreSession, line: string, fetchedAt: string) =>
      session.note(makeRecord(page, { url: 'no page', outcome: 'invalid', line, fetchedAt }));
    const first = await open();
    await note(first, 'urls.txt:1', '2026-11-22T10:00:00.000Z');
    await note(first, 'urls.txt:2', '2026-11-22T10:00:00.000Z');
    await first.close();
    const stopped = await open();
    await stopped.ended?.(verdict({ listRead: false, stopped: 'SIGINT' }));
    await stopped.close();
    expect(rows(path, 'SELECT line FROM invalid')).toHaveLength(2);
    const whole = await open();
    await note(whole, 'urls.txt:2', '9999-01-01T00:00:00.000Z');
    await whole.ended?.(verdict({ listRead: true }));
    expect(rows(path, 'SELECT line FROM invalid')).toEqual([{ line: 'urls.txt:2' }]);
  });
});

describe('runs', () => {
  it('are listed with version, options, start, end and verdict', async () => {
    const { path, open } = makeDatabase();
    const run = { version: '1.2.3', options: { output: 'pages.db', user: 'given' } };
    const session = await open({ run });
    await session.ended?.(verdict({ pages: 3, ok: 2, stopped: 'deadline' }));
    await session.close();
    const [row] = rows(path, 'SELECT * FROM runs');
    expect(row).toMatchObject({ id: 1, version: '1.2.3', pages: 3, ok: 2, stopped: 'deadline' });
    expect(JSON.parse(String(row?.options))).toEqual(run.options);
    expect(JSON.parse(String(row?.verdict))).toEqual(verdict({ pages: 3, ok: 2, stopped: 'deadline' }));
    expect(Date.parse(String(row?.endedAt))).toBeGreaterThanOrEqual(Date.parse(String(row?.startedAt)));
  });

  it('have no end where they were killed', async () => {
    const { path, open } = makeDatabase();
    await (await open()).close();
    expect(rows(path, 'SELECT endedAt, verdict FROM runs')).toEqual([{ endedAt: null, verdict: null }]);
  });
});

describe('a large body', () => {
  it.each([
    ['of 8 MiB', 8 * MEBIBYTE, false],
    ['of one byte more', 8 * MEBIBYTE + 1, true],
    ['of 100,000 bytes, all of it in one row of a draft', 100_000, false],
    ['of 200,000 bytes', 200_000, false],
    ['without a byte', 0, false],
  ])('%s comes by draft or by chunks, and is there whole', async (_what, length, inChunks) => {
    const { path, open } = makeDatabase();
    const bytes = bytesOf(length);
    const session = await open();
    const image = { contentType: 'image/png' };
    await session.keep(page, recordOf(page, bytes, image), await draftOf(session, page, bytes));
    await session.keep(other, recordOf(other, bytes, image), { chunks: [bytes.subarray(0, 9), bytes.subarray(9)] });
    await session.close();
    expect(rows(path, 'SELECT bodyId IS NOT NULL AS chunks, body IS NULL AS noBody FROM pages')).toEqual([
      { chunks: Number(inChunks), noBody: Number(inChunks) },
      { chunks: Number(inChunks), noBody: Number(inChunks) },
    ]);
    const bodies = rows(path, 'SELECT body, inChunks FROM bodies');
    expect(bodies).toHaveLength(2);
    for (const row of bodies) {
      expect(row.inChunks).toBe(Number(inChunks));
      expect(Buffer.from(row.body as Uint8Array).equals(bytes)).toBe(true);
    }
    const [chunks] = rows(path, 'SELECT count(*) AS count, max(length(chunk)) AS largest FROM body_chunks');
    if (inChunks) expect(chunks?.largest).toBeLessThan(MEBIBYTE);
    else expect(chunks?.count).toBe(0);
  });

  it.each([2, 5])(
    'of 3 MiB, %i of them at once, waits in memory or in chunks, and is in its row in the end',
    async (count) => {
      const { path, open } = makeDatabase();
      const bytes = bytesOf(3 * MEBIBYTE);
      const session = await open();
      const pages = Array.from({ length: count }, (_, n) => makePage(`https://example.com/${n}`));
      const drafts = await Promise.all(pages.map((each) => draftOf(session, each, bytes)));
      const onTheWay = () => rows(path, 'SELECT count(DISTINCT bodyId) AS bodies FROM body_chunks');
      expect(onTheWay()).toEqual([{ bodies: count === 2 ? 0 : 3 }]);
      await Promise.all(
        drafts.map((draft, n) => session.keep(pages[n] ?? page, recordOf(pages[n] ?? page, bytes), draft)),
      );
      await session.close();
      expect(onTheWay()).toEqual([{ bodies: 0 }]);
      const stored = rows(path, 'SELECT body FROM pages');
      expect(stored).toHaveLength(count);
      for (const row of stored) expect(Buffer.from(row.body as Uint8Array).equals(bytes)).toBe(true);
    },
  );

  it('that is text and not too large is text', async () => {
    const { path, open } = makeDatabase();
    const bytes = Buffer.from('Straße '.repeat(200_000));
    const session = await open();
    await session.keep(page, recordOf(page, bytes), await draftOf(session, page, bytes));
    await session.close();
    const [row] = rows(path, 'SELECT typeof(body) AS type, body FROM pages');
    expect(row?.type).toBe('text');
    expect(row?.body === bytes.toString()).toBe(true);
  });

  it('that is discarded leaves nothing, and its number is nobody else’s', async () => {
    const { path, open } = makeDatabase();
    const session = await open();
    const draft = await session.draft?.(page);
    const kept = await draftOf(session, other, bytesOf(9 * MEBIBYTE));
    await draft?.write(bytesOf(MEBIBYTE));
    await draft?.discard();
    await draft?.discard();
    await expect(draft?.write(body)).rejects.toThrow('discarded');
    await session.keep(other, makeRecord(other), kept);
    await session.close();
    expect(rows(path, 'SELECT count(DISTINCT bodyId) AS bodies, sum(length(chunk)) AS bytes FROM body_chunks')).toEqual(
      [{ bodies: 1, bytes: 9 * MEBIBYTE }],
    );
  });

  it('that has changed replaces the old one, of which nothing is left', async () => {
    const { path, open } = makeDatabase();
    const session = await open();
    const first = bytesOf(10 * MEBIBYTE);
    const second = first.subarray(MEBIBYTE);
    for (const bytes of [first, second]) {
      await session.keep(page, recordOf(page, bytes), await draftOf(session, page, bytes));
    }
    const [stored] = rows(path, 'SELECT body FROM bodies');
    expect(Buffer.from(stored?.body as Uint8Array).equals(second)).toBe(true);
    await keep(session, page, body);
    await session.close();
    expect(rows(path, 'SELECT body FROM bodies')).toEqual([{ body: '{"a":1}' }]);
    expect(rows(path, 'SELECT count(*) AS count FROM body_chunks')).toEqual([{ count: 0 }]);
  });

  it('on its way when the run was killed is removed by the next one; what is stored stays', async () => {
    const { path, open } = makeDatabase();
    const first = await open();
    const bytes = bytesOf(9 * MEBIBYTE);
    await first.keep(other, recordOf(other, bytes), await draftOf(first, other, bytes));
    await draftOf(first, page, bytes);
    await first.close();
    expect(rows(path, 'SELECT count(DISTINCT bodyId) AS bodies FROM body_chunks')).toEqual([{ bodies: 2 }]);
    await (await open()).close();
    expect(rows(path, 'SELECT count(DISTINCT bodyId) AS bodies FROM body_chunks')).toEqual([{ bodies: 1 }]);
    const [stored] = rows(path, 'SELECT body FROM bodies');
    expect(Buffer.from(stored?.body as Uint8Array).equals(bytes)).toBe(true);
  });

  it('of another store is no body of this one', async () => {
    const { open } = makeDatabase();
    const session = await open();
    const draft = { async write() {}, async discard() {} };
    await expect(session.keep(page, makeRecord(page), { draft })).rejects.toThrow('another store');
  });
});

describe('the file', () => {
  it('is alone with its lock when the run has ended, and known by its two numbers', async () => {
    const { folder, path, open } = makeDatabase();
    const session = await open();
    await keep(session, page, body);
    expect(Object.keys(snapshot(folder))).toContain('pages.db-wal');
    await session.close();
    await session.close();
    expect(Object.keys(snapshot(folder))).toEqual(['.pages.db.lock', 'pages.db']);
    expect(rows(path, 'PRAGMA application_id')).toEqual([{ application_id: 0x46745044 }]);
    expect(rows(path, 'PRAGMA user_version')).toEqual([{ user_version: 1 }]);
  });

  it('keeps what others put into it, with --restart too', async () => {
    const { path, open } = makeDatabase();
    const session = await open({ request: { method: 'GET' } });
    await keep(session, page, bytesOf(9 * MEBIBYTE));
    await session.close();
    const database = new DatabaseSync(path);
    database.exec('CREATE TABLE mine (a); INSERT INTO mine VALUES (1); CREATE INDEX by_status ON pages (status)');
    database.close();
    const again = await open({ restart: true, request: { method: 'POST' } });
    expect(again.stored).toEqual({ pages: 0 });
    expect(again.has(page)).toBe(false);
    await again.close();
    expect(rows(path, 'SELECT a FROM mine')).toEqual([{ a: 1 }]);
    expect(rows(path, 'SELECT count(*) AS count FROM body_chunks')).toEqual([{ count: 0 }]);
    expect(rows(path, 'SELECT count(*) AS count FROM runs')).toEqual([{ count: 1 }]);
    await (await open({ request: { method: 'POST' } })).close();
  });

  it('brings a log that has grown into the database while the run goes on', async () => {
    const { path, open } = makeDatabase();
    const session = await open();
    const pages = Array.from({ length: 3_000 }, (_, n) => makePage(`https://example.com/${n}`));
    const large = Buffer.from(JSON.stringify('x'.repeat(30_000)));
    await Promise.all(pages.map((each) => keep(session, each, large)));
    expect(statSync(`${path}-wal`).size).toBeLessThan(40 * MEBIBYTE);
    expect(statSync(path).size).toBeGreaterThan(40 * MEBIBYTE);
    expect(pages.every((each) => session.has(each))).toBe(true);
    await session.close();
    expect(rows(path, 'PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }]);
  });
});
