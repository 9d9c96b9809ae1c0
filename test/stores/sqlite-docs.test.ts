import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Page } from '../../src/core/page.ts';
import type { StoreSession } from '../../src/core/ports.ts';
import type { PageRecord } from '../../src/core/record.ts';
import { sqliteStore } from '../../src/stores/sqlite.ts';
import { verdict } from '../progress/events.ts';
import { makeFolder, makePage, makeRecord, recordOf, runOptions } from '../support/store-pages.ts';

const DOCS = readFileSync(join(import.meta.dirname, '../../docs/sqlite.md'), 'utf8');
const SHELL = '/usr/bin/sqlite3';
const TEN = section('Ten queries', 'Shards put together');
const MERGE = section('Shards put together', 'What is promised')[0] ?? '';

/** The SQL of a section of the document, by its headings. */
function section(from: string, to: string): string[] {
  const text = DOCS.slice(DOCS.indexOf(`## ${from}`), DOCS.indexOf(`## ${to}`));
  return [...text.matchAll(/```sql\n([\s\S]*?)```/g)].map(([, sql = '']) => sql.trim());
}

/** What each of the ten answers of the store that `fill` makes: a row a line, columns joined as sqlite3 does. */
const ANSWERS = [
  ['ok|200|4', 'failed|404|1', 'unchanged|304|1'],
  ['HTTP_404|1|https://example.com/gone|answered 404', 'INVALID_LINE|1|no page|not a URL'],
  ['{"name":"A","tags":["x","y"]}'],
  ['https://example.com/a.json|A|x', 'https://example.com/b.json|B|'],
  ['https://example.com/c.txt|a needle in a haystack'],
  [
    'https://example.com/c.txt|120.0|1',
    'https://example.com/a.json|12.0|1',
    'https://example.com/b.json|12.0|1',
    'https://example.com/gone|12.0|1',
    'https://other.example/c.txt|12.0|1',
    'https://other.example/d.png|10.0|1',
  ],
  ['https://example.com|4|3|73', 'https://other.example|2|2|26'],
  ['2|22|https://example.com/c.txt|DIGEST'],
  ['https://other.example/d.png|200|4|Sun, 22 Nov 2026 09:00:00 GMT'],
  ['STARTED|SECONDS|5|6||7|9', 'STARTED|SECONDS|1|1|||9'],
];

async function keep(session: StoreSession, page: Page, body: string | Buffer, more: Partial<PageRecord> = {}) {
  const bytes = Buffer.from(body);
  await session.keep(page, recordOf(page, bytes, more), { chunks: [bytes] });
}

async function fill(path: string): Promise<void> {
  const store = sqliteStore({ path, place: 'pages.db' });
  const first = await store.open(runOptions(path, { run: { version: '1.2.3', options: { concurrency: '7' } } }));
  const unchanged = makePage('https://other.example/c.txt');
  const text = { contentType: 'text/plain' };
  await keep(first, makePage('https://example.com/a.json'), '{"name":"A","tags":["x","y"]}');
  await keep(first, makePage('https://example.com/b.json'), '{"name":"B","tags":[]}');
  await keep(first, makePage('https://example.com/c.txt'), 'a needle in a haystack', {
    ...text,
    elapsedMs: 150,
    waitedMs: 30,
  });
  await keep(first, unchanged, 'a needle in a haystack', { ...text, contentType: 'image/gif' });
  const gone = makePage('https://example.com/gone');
  const error = { code: 'HTTP_404', message: 'answered 404' } as const;
  await first.keep(gone, makeRecord(gone, { outcome: 'failed', status: 404, error }), undefined);
  const invalid = { code: 'INVALID_LINE', message: 'not a URL' } as const;
  await first.note(makeRecord(gone, { url: 'no page', line: 'urls.txt:7', outcome: 'invalid', error: invalid }));
  await first.ended?.(verdict({ pages: 6, ok: 5, requests: 9, listRead: false }));
  await first.close();

  const second = await store.open(runOptions(path));
  await second.keep(unchanged, makeRecord(unchanged, { outcome: 'unchanged', status: 304 }), undefined);
  await keep(second, makePage('https://other.example/d.png'), Buffer.from([0, 1, 2, 255]), {
    contentType: 'image/png',
    headers: { 'last-modified': ['Sun, 22 Nov 2026 09:00:00 GMT'] },
    fetchedAt: new Date().toISOString(),
    elapsedMs: 10,
  });
  await second.ended?.(verdict({ pages: 1, ok: 1, requests: 9, listRead: false }));
  await second.close();
}

/** As sqlite3 prints it, what differs from run to run put into words. */
function line(values: readonly unknown[]): string {
  return values
    .map((value) => (value === null ? '' : String(value)))
    .join('|')
    .replace(/\b[0-9a-f]{64}\b/, 'DIGEST')
    .replace(/^\d{4}-\d\d-\d\dT[\d:.]+Z\|[\d.]+/, 'STARTED|SECONDS');
}

function ask(path: string, sql: string): string[] {
  const database = new DatabaseSync(path, { readOnly: true });
  const statement = database.prepare(sql);
  const rows = statement.all().map((row) => line(statement.columns().map(({ name }) => row[name])));
  database.close();
  return rows;
}

/** The shell prints 12 as 12.0 where it is a real number; JavaScript knows no difference. */
function whole(rows: readonly string[]): string[] {
  return rows.map((row) => row.replace(/(?<=\|)(\d+)\.0(?=\||$)/g, '$1'));
}

describe('the document of the SQLite store', () => {
  let path = '';
  beforeAll(async () => {
    path = join(mkdtempSync(join(tmpdir(), 'fetch-pages-docs-')), 'pages.db');
    await fill(path);
  });
  afterAll(() => rmSync(dirname(path), { recursive: true }));

  it('has ten queries', () => expect(TEN).toHaveLength(ANSWERS.length));

  it.each(TEN.map((sql, n) => [n + 1, sql] as const))('answers query %i', (n, sql) => {
    expect(ask(path, sql)).toEqual(whole(ANSWERS[n - 1] ?? []));
  });

  it.skipIf(!existsSync(SHELL)).each(TEN.map((sql, n) => [n + 1, sql] as const))(
    'answers query %i in the command line of SQLite',
    (n, sql) => {
      const printed = execFileSync(SHELL, ['-readonly', path, sql], { encoding: 'utf8' }).trimEnd().split('\n');
      expect(printed.map((row) => line([row]))).toEqual(ANSWERS[n - 1]);
    },
  );

  it('tells the columns that there are', () => {
    const database = new DatabaseSync(path, { readOnly: true });
    const columns = database.prepare("SELECT name FROM pragma_table_info('pages')").all();
    database.close();
    const table = DOCS.slice(DOCS.indexOf('| column |'), DOCS.indexOf('A page has one row'));
    const told = [...table.matchAll(/^\| (`.*?`) \|/gm)].flatMap(([, names = '']) => names.split(', '));
    expect(told.map((name) => name.replaceAll('`', ''))).toEqual(columns.map(({ name }) => name));
    expect(DOCS).toContain('0x46745044 (1181044804)');
  });
});

describe('four shards', () => {
  const PAGES = Array.from({ length: 40 }, (_, n) => makePage(`https://example.com/${n}`));
  const large = makePage('https://example.com/large');
  const largeBody = Buffer.alloc(9 * 2 ** 20, 'a large body ');

  async function shard(path: string, pages: readonly Page[]): Promise<void> {
    const session = await sqliteStore({ path, place: path }).open(runOptions(path));
    for (const page of pages) await keep(session, page, page === large ? largeBody : `{"url":"${page.url}"}`);
    await session.close();
  }

  const HOW = ['node:sqlite', ...(existsSync(SHELL) ? [SHELL] : [])];
  it.each(HOW)('are put together by the SQL of the document (%s), and a run goes on with them', async (how) => {
    const folder = makeFolder();
    const of = (n: number) => join(folder, `shard-${n}.db`);
    for (const n of [1, 2, 3, 4]) {
      const pages = PAGES.filter((_page, at) => at % 4 === n - 1);
      await shard(of(n), n === 3 ? [...pages, large] : pages);
    }
    const all = join(folder, 'all.db');
    copyFileSync(of(1), all);
    for (const n of [2, 3, 4]) {
      const sql = MERGE.replaceAll('shard-2.db', of(n));
      if (how === SHELL) {
        execFileSync(SHELL, ['-bail', all], { input: sql });
      } else {
        const database = new DatabaseSync(all);
        database.exec(sql);
        database.close();
      }
    }

    const session = await sqliteStore({ path: all, place: 'all.db' }).open(runOptions(all));
    expect(session.stored.pages).toBe(41);
    for (const page of [...PAGES, large]) expect(session.has(page), page.url).toBe(true);
    await keep(session, makePage('https://example.com/new'), '{}');
    await session.close();

    const database = new DatabaseSync(all, { readOnly: true });
    const text = database.prepare("SELECT count(*) AS count FROM pages WHERE typeof(body) = 'text'").get();
    expect(text).toEqual({ count: 41 });
    const row = database.prepare('SELECT body FROM bodies WHERE url = ?').get(large.url);
    expect(Buffer.from(row?.body as Uint8Array).equals(largeBody)).toBe(true);
    expect(database.prepare('SELECT count(*) AS count FROM runs').get()).toEqual({ count: 5 });
    expect(database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
    database.close();
  });
});
