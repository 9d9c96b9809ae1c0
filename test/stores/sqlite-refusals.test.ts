import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { StoreError } from '../../src/core/failure.ts';
import type { StoreOptions } from '../../src/core/ports.ts';
import { sqliteStore } from '../../src/stores/sqlite.ts';
import { sqliteError } from '../../src/stores/sqlite-error.ts';
import { makeFolder, makePage, recordOf, runOptions, snapshot } from '../support/store-pages.ts';

const page = makePage('https://example.com/a');
const body = Buffer.from('{"a":1}');

function makePath(name = 'pages.db') {
  const folder = makeFolder();
  return { folder, path: join(folder, name) };
}

function open(path: string, more: Partial<StoreOptions> = {}) {
  return sqliteStore({ path, place: 'pages.db' }).open(runOptions(path, more));
}

async function keepOne(path: string, of = page) {
  const session = await open(path);
  await session.keep(of, recordOf(of, body), { chunks: [body] });
  await session.close();
}

function change(path: string, sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}

describe('what is not ours is refused and untouched, whatever the mode', () => {
  it.each([
    ['a text', (path: string) => writeFileSync(path, 'years of work\n'), 'is no SQLite database'],
    ['a long text', (path: string) => writeFileSync(path, 'years of work\n'.repeat(99)), 'is no SQLite database'],
    ["another program's database", (path: string) => change(path, 'CREATE TABLE pages (a)'), 'of another program'],
    [
      "another program's database with a log",
      (path: string) => {
        const database = new DatabaseSync(`${path}.other`);
        database.exec('PRAGMA journal_mode = WAL; CREATE TABLE t (a)');
        for (const ending of ['', '-wal']) writeFileSync(path + ending, readFileSync(`${path}.other${ending}`));
        database.close();
      },
      'of another program',
    ],
    ['a lock of ours', (path: string) => change(path, 'PRAGMA application_id = 1182027879'), 'of another program'],
    ['a folder', (path: string) => mkdirSync(path), 'is a folder'],
    ['a link to nothing', (path: string) => symlinkSync('nowhere.db', path), 'a symbolic link to nothing'],
  ])('%s', async (_what, make, why) => {
    const { folder, path } = makePath();
    make(path);
    const before = snapshot(folder);
    for (const more of [{}, { restart: true }, { mode: 'inspect' }] as const) {
      const opening = open(path, more);
      await expect(opening).rejects.toThrow(StoreError);
      await expect(opening).rejects.toThrow(/^pages\.db /);
      await expect(opening).rejects.toThrow(why);
      await expect(opening).rejects.toThrow(/-o|away/);
      expect(snapshot(folder)).toEqual(before);
    }
  });

  it('a store of a newer version', async () => {
    const { folder, path } = makePath();
    await keepOne(path);
    change(path, 'PRAGMA user_version = 2');
    const before = snapshot(folder);
    for (const more of [{}, { restart: true }, { mode: 'inspect' }] as const) {
      await expect(open(path, more)).rejects.toThrow(/written by a newer fetch-pages\. Update fetch-pages/);
      expect(snapshot(folder)).toEqual(before);
    }
  });

  it('a log whose database is gone', async () => {
    const { folder, path } = makePath();
    const session = await open(path);
    await session.keep(page, recordOf(page, body), { chunks: [body] });
    const log = readFileSync(`${path}-wal`);
    await session.close();
    rmSync(path);
    writeFileSync(`${path}-wal`, log);
    const before = snapshot(folder);
    await expect(open(path)).rejects.toThrow('pages.db is not there, but its log pages.db-wal is');
    expect(snapshot(folder)).toEqual(before);
    rmSync(`${path}-wal`);
    await (await open(path)).close();
  });
});

describe('what is ours', () => {
  it('may begin as an empty file', async () => {
    const { path } = makePath();
    writeFileSync(path, '');
    await keepOne(path);
    const session = await open(path, { mode: 'inspect' });
    expect(session.has(page)).toBe(true);
    await session.close();
  });

  it('is one store under two names', async () => {
    const { folder, path } = makePath();
    await keepOne(path);
    symlinkSync('pages.db', join(folder, 'link.db'));
    const session = await open(path);
    await expect(open(join(folder, 'link.db'))).rejects.toThrow('in use by another run');
    await session.close();
    await keepOne(join(folder, 'link.db'), makePage('https://example.com/b'));
    const next = await open(path);
    expect(next.stored.pages).toBe(2);
    await next.close();
  });

  it('is made anew where making it was cut short', async () => {
    const { folder, path } = makePath();
    writeFileSync(join(folder, '.pages.db.new'), 'half a data');
    writeFileSync(join(folder, '.pages.db.new-journal'), 'and its journ');
    await keepOne(path);
    expect(Object.keys(snapshot(folder))).toEqual(['.pages.db.lock', 'pages.db']);
  });

  it('can be moved elsewhere', async () => {
    const { folder, path } = makePath();
    await keepOne(path);
    renameSync(path, join(folder, 'moved.db'));
    const session = await open(join(folder, 'moved.db'));
    expect(session.has(page)).toBe(true);
    await session.close();
  });

  it('is read out of the log that a killed run left, and looking at it changes neither', async () => {
    const { path } = makePath();
    const { path: killed } = makePath();
    const session = await open(path);
    await session.keep(page, recordOf(page, body), { chunks: [body] });
    for (const ending of ['', '-wal']) writeFileSync(killed + ending, readFileSync(path + ending));
    await session.close();
    const before = [readFileSync(killed), readFileSync(`${killed}-wal`)];
    const looking = await open(killed, { mode: 'inspect' });
    expect(looking.has(page)).toBe(true);
    await looking.close();
    expect([readFileSync(killed), readFileSync(`${killed}-wal`)]).toEqual(before);
    const next = await open(killed);
    expect(next.has(page)).toBe(true);
    await next.close();
    expect(existsSync(`${killed}-wal`)).toBe(false);
  });
});

describe('when it cannot go on', () => {
  it('waits for a program that holds the database, and then keeps what waited', async () => {
    const { path } = makePath();
    const session = await open(path);
    const holder = new DatabaseSync(path);
    holder.exec('BEGIN IMMEDIATE');
    let kept = false;
    const keeping = session.keep(page, recordOf(page, body), { chunks: [body] }).then(() => {
      kept = true;
    });
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(kept).toBe(false);
    holder.exec('COMMIT');
    holder.close();
    await keeping;
    expect(session.has(page)).toBe(true);
    await session.close();
  });

  it('names a database that is damaged, and says how to save what is whole', async () => {
    const { path } = makePath();
    const session = await open(path);
    const pages = Array.from({ length: 500 }, (_, n) => makePage(`https://example.com/${n}`));
    await Promise.all(pages.map((each) => session.keep(each, recordOf(each, body), { chunks: [body] })));
    await session.close();
    const bytes = readFileSync(path);
    bytes.fill(0xa5, 4096 * 4, statSync(path).size);
    writeFileSync(path, bytes);
    const run = async () => {
      const damaged = await open(path);
      try {
        for (const each of pages) damaged.has(each);
      } finally {
        await damaged.close();
      }
    };
    await expect(run()).rejects.toThrow(StoreError);
    await expect(run()).rejects.toThrow(/^pages\.db could not be .*: the database is damaged\. .*\.recover/);
  });

  it('tells everybody who waits, and is closed to more', async () => {
    const { path } = makePath();
    const session = await open(path);
    change(path, 'ALTER TABLE pages RENAME TO theirs');
    const keep = (of = page) => session.keep(of, recordOf(of, body), { chunks: [body] });
    const both = await Promise.allSettled([keep(), keep(makePage('https://example.com/b'))]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(keep()).rejects.toThrow('pages.db could not be written');
    await session.close();
  });

  it.each([
    [3, 'permission denied', 'Check who owns it'],
    [5, 'another program holds it', 'End that program'],
    [261, 'another program holds it', 'End that program'],
    [8, 'is read-only', 'Check who owns it'],
    [1032, 'is read-only', 'Check who owns it'],
    [10, 'the disk failed', 'Check the disk'],
    [778, 'the disk failed', 'Check the disk'],
    [11, 'the database is damaged', '.recover'],
    [13, 'the disk is full', 'Free some space'],
    [14, 'SQLite cannot open the file', 'Check who owns it'],
    [15, 'gives no locks', 'on a local disk'],
    [18, 'larger than SQLite takes', '--max-filesize'],
    [26, 'no SQLite database', 'Move it away'],
    [1, 'what SQLite said', 'Run the same command again'],
  ])('tells result code %i as %j', (errcode, cause, remedy) => {
    const error = Object.assign(new Error('what SQLite said'), { errcode });
    const told = sqliteError(error, 'pages.db could not be written', 'the one page stored so far is whole');
    expect(told).toBeInstanceOf(StoreError);
    expect(told.message).toMatch(/^pages\.db could not be written: .*; the one page stored so far is whole\.$/);
    expect(told.message).toContain(cause);
    expect(told.message).toContain(remedy);
  });

  it('takes what is neither for a bug', () => {
    const bug = new TypeError('a bug');
    expect(sqliteError(bug, 'pages.db could not be written')).toBe(bug);
  });
});
