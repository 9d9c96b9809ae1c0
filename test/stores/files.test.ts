import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { STORES } from '../../src/stores/index.ts';
import { makeFolder, makePage, readRecords, recordOf, runOptions, snapshot } from '../support/store-pages.ts';

const one = makePage('https://example.com/1');
const body = Buffer.from('{"a":1}');

function makeStore() {
  const folder = makeFolder();
  const path = join(folder, 'pages');
  return { folder, path, store: STORES.files({ path, place: 'pages/' }) };
}

type Store = ReturnType<typeof makeStore>['store'];

async function keep(store: Store, path: string, ...pages: ReturnType<typeof makePage>[]) {
  const session = await store.open(runOptions(path));
  const kept = [];
  for (const page of pages) kept.push(await session.keep(page, recordOf(page, body), { chunks: [body] }));
  await session.close();
  return kept.map((record) => record.file);
}

describe('the folder', () => {
  it('holds a file a page, the manifest and the lock, and nothing else', async () => {
    const { path, store } = makeStore();
    const empty = makePage('https://example.com/empty');
    const session = await store.open(runOptions(path));
    expect((await session.keep(one, recordOf(one, body), { chunks: [body] })).file).toBe('example.com/1.body');
    await session.keep(empty, recordOf(empty, Buffer.alloc(0)), { chunks: [] });
    await session.close();
    const files = snapshot(path);
    expect(Object.keys(files)).toEqual([
      '.fetch-pages.lock',
      'example.com/1.body',
      'example.com/empty.body',
      'manifest.ndjson',
    ]);
    expect(files['example.com/1.body']).toBe('{"a":1}');
    expect(files['example.com/empty.body']).toBe('');
    expect(readRecords(join(path, 'manifest.ndjson')).map((record) => record.file)).toEqual([
      'example.com/1.body',
      'example.com/empty.body',
    ]);
  });

  it('replaces the file of a page that is kept anew', async () => {
    const { path, store } = makeStore();
    await keep(store, path, one);
    const session = await store.open(runOptions(path));
    await session.keep(one, recordOf(one, Buffer.from('new')), { chunks: [Buffer.from('new')] });
    await session.close();
    expect(readFileSync(join(path, 'example.com/1.body'), 'utf8')).toBe('new');
  });

  it('takes small and large bodies at once, also into folders that are not there yet', async () => {
    const { path, store } = makeStore();
    const large = Buffer.alloc(300 * 1024, 'x');
    const kept = Array.from({ length: 200 }, (_, n) => ({
      page: makePage(`https://o${n >> 2}.example.com/a/b/${n}`),
      content: n % 2 === 0 ? large : body,
    }));
    const session = await store.open(runOptions(path));
    const keeping: Promise<unknown>[] = [];
    for (const { page, content } of kept) {
      keeping.push(session.keep(page, recordOf(page, content), { chunks: [content] }));
      // So that another thread makes folders while this one wants them.
      if (keeping.length % 5 === 0) await new Promise(setImmediate);
    }
    await Promise.all(keeping);
    await session.close();
    for (const [n, { content }] of kept.entries()) {
      expect(readFileSync(join(path, `o${n >> 2}.example.com/a/b/${n}.body`)).equals(content)).toBe(true);
    }
  });

  it.each([
    ['a file', 'notes.txt'],
    ['a hidden file', '.git'],
  ])("is refused untouched where it holds somebody else's: %s", async (_what, name) => {
    const { path, store } = makeStore();
    mkdirSync(path);
    writeFileSync(join(path, name), 'mine');
    for (const options of [
      runOptions(path),
      runOptions(path, { restart: true }),
      runOptions(path, { mode: 'inspect' }),
    ]) {
      await expect(store.open(options)).rejects.toThrow(/^pages\/ is not empty and was not made by fetch-pages/);
    }
    expect(snapshot(path)).toEqual({ [name]: 'mine' });
  });

  it("is refused untouched where its manifest is somebody else's, with a lock of ours or without", async () => {
    const { path, store } = makeStore();
    mkdirSync(path);
    writeFileSync(join(path, 'manifest.ndjson'), '{"name":"my-app"}\n');
    await expect(store.open(runOptions(path, { restart: true }))).rejects.toThrow('was not made by fetch-pages');
    expect(snapshot(path)).toEqual({ 'manifest.ndjson': '{"name":"my-app"}\n' });
    rmSync(join(path, 'manifest.ndjson'));
    await keep(store, path, one);
    writeFileSync(join(path, 'manifest.ndjson'), '{"name":"my-app"}\n');
    await expect(store.open(runOptions(path))).rejects.toThrow(/^pages\/manifest\.ndjson holds something else/);
    expect(readFileSync(join(path, 'manifest.ndjson'), 'utf8')).toBe('{"name":"my-app"}\n');
  });

  it('is refused where it is a file, or below one', async () => {
    const { folder, path, store } = makeStore();
    writeFileSync(path, 'mine');
    await expect(store.open(runOptions(path))).rejects.toThrow(/^pages\/ is a file/);
    const below = join(folder, 'pages/deeper');
    await expect(STORES.files({ path: below, place: 'pages/deeper/' }).open(runOptions(below))).rejects.toThrow(
      /^pages\/deeper\/ could not be opened: a file stands where a folder is needed/,
    );
    expect(readFileSync(path, 'utf8')).toBe('mine');
  });

  it('is taken where it is empty', async () => {
    const { path, store } = makeStore();
    mkdirSync(path);
    expect(await keep(store, path, one)).toEqual(['example.com/1.body']);
  });

  it('loses what a killed run left half written', async () => {
    const { path, store } = makeStore();
    await keep(store, path, one);
    mkdirSync(join(path, '.fetch-pages.tmp'));
    writeFileSync(join(path, '.fetch-pages.tmp/1'), 'half');
    const session = await store.open(runOptions(path));
    expect(readdirSync(join(path, '.fetch-pages.tmp'))).toEqual([]);
    await session.close();
  });
});

describe('a symbolic link inside the folder', () => {
  it('in place of a host is not followed', async () => {
    const { folder, path, store } = makeStore();
    const outside = join(folder, 'outside');
    mkdirSync(outside);
    await keep(store, path, makePage('https://other.example/'));
    symlinkSync(outside, join(path, 'example.com'));
    const session = await store.open(runOptions(path));
    await expect(session.keep(one, recordOf(one, body), { chunks: [body] })).rejects.toThrow(
      /^pages\/example\.com is a symbolic link, which could lead out of the store/,
    );
    await session.close();
    expect(readdirSync(outside)).toEqual([]);
  });

  it('in place of a page is replaced, and what it led to is not', async () => {
    const { folder, path, store } = makeStore();
    const secret = join(folder, 'secret');
    writeFileSync(secret, 'secret');
    await keep(store, path, makePage('https://example.com/'));
    symlinkSync(secret, join(path, 'example.com/1.body'));
    await keep(store, path, one);
    expect(readFileSync(secret, 'utf8')).toBe('secret');
    expect(readFileSync(join(path, 'example.com/1.body'), 'utf8')).toBe('{"a":1}');
  });

  it('in place of the half-written files, the lock or the manifest leads nowhere', async () => {
    const { folder, path, store } = makeStore();
    const outside = join(folder, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'kept'), 'kept');
    await keep(store, path, one);
    symlinkSync(outside, join(path, '.fetch-pages.tmp'));
    await keep(store, path, makePage('https://example.com/2'));
    expect(readdirSync(outside)).toEqual(['kept']);
    for (const name of ['.fetch-pages.lock', 'manifest.ndjson']) {
      rmSync(join(path, name));
      symlinkSync(join(outside, 'made'), join(path, name));
      await expect(store.open(runOptions(path)), name).rejects.toThrow('symbolic link');
      rmSync(join(path, name));
    }
    expect(readdirSync(outside)).toEqual(['kept']);
  });
});

describe('a wish for a name', () => {
  const wishing = (n: number, file: string) => makePage(`https://example.com/${n}`, { file });

  it('is granted', async () => {
    const { path, store } = makeStore();
    expect(await keep(store, path, wishing(1, 'products/42.json'))).toEqual(['products/42.json']);
  });

  it('is granted once: another page does not overwrite the first, in the same run or a later one', async () => {
    const { path, store } = makeStore();
    const [first, second] = await keep(store, path, wishing(1, 'p/a.json'), wishing(2, 'P/A.json'));
    const [third] = await keep(store, path, wishing(3, 'p/a.json'));
    expect(first).toBe('p/a.json');
    expect(second).toMatch(/^P\/A~[0-9a-f]{16}\.json$/);
    expect(third).toMatch(/^p\/a~[0-9a-f]{16}\.json$/);
    expect(new Set([first, second, third]).size).toBe(3);
  });

  it('is granted again to the page that has it', async () => {
    const { path, store } = makeStore();
    expect(await keep(store, path, wishing(1, 'p/a.json'))).toEqual(['p/a.json']);
    expect(await keep(store, path, wishing(1, 'p/a.json'))).toEqual(['p/a.json']);
  });

  it('that comes from two pages at once is granted to one', async () => {
    const { path, store } = makeStore();
    const session = await store.open(runOptions(path));
    const pages = Array.from({ length: 20 }, (_, n) => wishing(n, 'p/a.json'));
    const kept = await Promise.all(pages.map((page) => session.keep(page, recordOf(page, body), { chunks: [body] })));
    await session.close();
    expect(new Set(kept.map((record) => record.file)).size).toBe(20);
    expect(kept.filter((record) => record.file === 'p/a.json')).toHaveLength(1);
  });
});

describe('a draft', () => {
  it('is a page once it is kept, and nothing before', async () => {
    const { path, store } = makeStore();
    const session = await store.open(runOptions(path));
    const draft = await session.draft?.(one);
    if (draft === undefined) throw new Error('a files store has drafts');
    await draft.write(Buffer.from('{"a"'));
    expect(existsSync(join(path, 'example.com'))).toBe(false);
    await draft.write(Buffer.from(':1}'));
    const kept = await session.keep(one, recordOf(one, body), { draft });
    await draft.discard();
    await session.close();
    expect(readFileSync(join(path, kept.file ?? ''), 'utf8')).toBe('{"a":1}');
  });

  it('leaves nothing when it is discarded', async () => {
    const { path, store } = makeStore();
    const session = await store.open(runOptions(path));
    const draft = await session.draft?.(one);
    await draft?.write(body);
    await draft?.discard();
    await draft?.discard();
    expect(readdirSync(join(path, '.fetch-pages.tmp'))).toEqual([]);
    await session.close();
    expect(Object.keys(snapshot(path))).toEqual(['.fetch-pages.lock', 'manifest.ndjson']);
  });
});

describe('--restart', () => {
  it('removes what the manifest names and the folders that are empty then, and nothing else', async () => {
    const { path, store } = makeStore();
    await keep(store, path, one, makePage('https://example.com/a/b/c'), makePage('https://other.example/x/'));
    writeFileSync(join(path, 'example.com/mine.txt'), 'mine');
    writeFileSync(join(path, 'readme.txt'), 'mine');
    const session = await store.open(runOptions(path, { restart: true }));
    expect(session.stored.pages).toBe(0);
    expect(session.has(one)).toBe(false);
    await session.close();
    expect(Object.keys(snapshot(path))).toEqual([
      '.fetch-pages.lock',
      'example.com/mine.txt',
      'manifest.ndjson',
      'readme.txt',
    ]);
    expect(readdirSync(path).sort()).toEqual(['.fetch-pages.lock', 'example.com', 'manifest.ndjson', 'readme.txt']);
    expect(readdirSync(join(path, 'example.com'))).toEqual(['mine.txt']);
  });

  it('does not follow a manifest out of the folder, nor a link', async () => {
    const { folder, path, store } = makeStore();
    await keep(store, path, one);
    const outside = join(folder, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'x.body'), 'kept');
    symlinkSync(outside, join(path, 'linked'));
    const line = readFileSync(join(path, 'manifest.ndjson'), 'utf8');
    const files = [
      '../outside/x.body',
      'linked/x.body',
      join(outside, 'x.body'),
      '.fetch-pages.lock',
      '',
      '.',
      'a/../../outside/x.body',
    ];
    for (const file of files) {
      writeFileSync(join(path, 'manifest.ndjson'), line.replace('example.com/1.body', file), { flag: 'a' });
    }
    await (await store.open(runOptions(path, { restart: true }))).close();
    expect(readFileSync(join(outside, 'x.body'), 'utf8')).toBe('kept');
    expect(existsSync(join(path, 'example.com'))).toBe(false);
    expect(existsSync(join(path, '.fetch-pages.lock'))).toBe(true);
  });

  it('that was killed in the middle is finished by the next run', async () => {
    const { path, store } = makeStore();
    await keep(store, path, one, makePage('https://example.com/2'));
    writeFileSync(join(path, '.fetch-pages.removing'), readFileSync(join(path, 'manifest.ndjson')));
    rmSync(join(path, 'manifest.ndjson'));
    rmSync(join(path, 'example.com/1.body'));
    const session = await store.open(runOptions(path, { request: { method: 'POST' } }));
    expect(session.stored.pages).toBe(0);
    await session.close();
    expect(Object.keys(snapshot(path))).toEqual(['.fetch-pages.lock', 'manifest.ndjson']);
  });

  it('begins anew over a bad line', async () => {
    const { path, store } = makeStore();
    await keep(store, path, one);
    writeFileSync(join(path, 'manifest.ndjson'), 'torn\n', { flag: 'a' });
    await (await store.open(runOptions(path, { restart: true }))).close();
    expect(Object.keys(snapshot(path))).toEqual(['.fetch-pages.lock', 'manifest.ndjson']);
  });
});

describe('after a loss of power', () => {
  /** As if the machine had been started anew since. */
  function reboot(path: string) {
    const database = new DatabaseSync(join(path, '.fetch-pages.lock'));
    database.exec("UPDATE store SET value = 'another boot' WHERE name = 'boot'");
    database.close();
  }

  it('pages whose file did not reach the disk are asked for again, and the others are not', async () => {
    const { path, store } = makeStore();
    const [two, three] = [makePage('https://example.com/2'), makePage('https://example.com/3')];
    await keep(store, path, one, two, three);
    rmSync(join(path, 'example.com/2.body'));
    writeFileSync(join(path, 'example.com/3.body'), '');
    const unaware = await store.open(runOptions(path));
    expect(unaware.stored.pages).toBe(3);
    await unaware.close();
    reboot(path);

    const session = await store.open(runOptions(path));
    expect([one, two, three].map((page) => session.has(page))).toEqual([true, false, false]);
    expect(session.notices.join()).toMatch(/^2 stored pages were not whole on the disk/);
    await session.keep(two, recordOf(two, body), { chunks: [body] });
    await session.close();

    const next = await store.open(runOptions(path));
    expect([one, two, three].map((page) => next.has(page))).toEqual([true, true, false]);
    await next.keep(three, recordOf(three, body), { chunks: [body] });
    await next.close();
    const last = await store.open(runOptions(path));
    expect(last.stored.pages).toBe(3);
    expect(last.notices).toEqual([]);
    await last.close();
  });

  it('pages that outlived an earlier one are not looked at again', async () => {
    const { path, store } = makeStore();
    await keep(store, path, one);
    reboot(path);
    await (await store.open(runOptions(path))).close();
    rmSync(join(path, 'example.com/1.body'));
    reboot(path);
    const session = await store.open(runOptions(path));
    expect(session.has(one)).toBe(true);
    await session.close();
  });
});
