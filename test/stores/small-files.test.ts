import { mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { filesStore } from '../../src/stores/files.ts';
import { QuickDisk } from '../../src/stores/quick-disk.ts';
import { SmallFiles } from '../../src/stores/small-files.ts';
import { StoreFolder } from '../../src/stores/store-folder.ts';
import { makeFolder, makePage, readRecords, recordOf, runOptions, snapshot } from '../support/store-pages.ts';

/** A thread from the first file on. */
const AT_ONCE = { files: 1, ms: Number.POSITIVE_INFINITY };
const NEVER = { files: Number.POSITIVE_INFINITY, ms: 0 };

/** However much else the machine has to do. */
class NeverSlow extends QuickDisk {
  override suits(): boolean {
    return true;
  }
}

async function openSmallFiles(busy = AT_ONCE, disk: QuickDisk = new NeverSlow(true)) {
  const path = makeFolder();
  const folder = new StoreFolder(path, 'pages/');
  await folder.clearTemp();
  const files = new SmallFiles(folder, disk, busy);
  onTestFinished(() => files.close());
  let warmUps = 0;
  const write = (name: string, body = `body of ${name}`) =>
    files.write([Buffer.from(body.slice(0, 3)), Buffer.from(body.slice(3))], name);
  return {
    path,
    files,
    write,
    /** Writes until a file is not written at once. */
    threadIsUp: async () => {
      for (let answer: boolean | Promise<boolean> = true; answer === true; ) {
        answer = write(`warm/${warmUps++}.body`);
        await turn();
        if (typeof answer !== 'boolean') return expect(await answer).toBe(true);
      }
      throw new Error('a file was not written');
    },
    read: (name: string) => readFileSync(join(path, name), 'utf8'),
  };
}

describe('many small files', () => {
  it('are written on the main thread while there are few', async () => {
    const { write, read } = await openSmallFiles(NEVER);
    for (let n = 0; n < 100; n++) expect(write(`a/${n}.body`)).toBe(true);
    expect(read('a/99.body')).toBe('body of a/99.body');
  });

  it('are written by a thread, every one whole and under its name when it is told', async () => {
    const { path, write, read, threadIsUp } = await openSmallFiles();
    await threadIsUp();
    const writing = Array.from({ length: 300 }, async (_, n) => {
      const name = `o${n % 7}/a/${n}.body`;
      // Some of them empty, all together more than goes over at once.
      const body = `${n}`.repeat((n % 50) * 100);
      expect(await write(name, body)).toBe(true);
      expect(read(name)).toBe(body);
      if (n % 3 === 0) await turn();
    });
    await Promise.all(writing);
    expect(readdirSync(join(path, '.fetch-pages.tmp'))).toEqual([]);
  });

  it('that fail in the midst of others are told by themselves, in the words of any other file', async () => {
    const { path, write, read, threadIsUp } = await openSmallFiles();
    await threadIsUp();
    mkdirSync(join(path, 'a/taken.body'), { recursive: true });
    mkdirSync(join(path, 'outside'));
    symlinkSync('outside', join(path, 'linked'));
    const names = ['a/1.body', 'a/taken.body', 'a/2.body', 'linked/x.body', 'a/3.body'];
    const told = await Promise.allSettled(names.map((name) => write(name)));
    expect(told.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled']);
    expect(told[1]).toMatchObject({ reason: { code: 'EISDIR' } });
    expect(told[3]).toMatchObject({
      reason: { message: expect.stringMatching(/^pages\/linked is a symbolic link, which could lead out/) },
    });
    for (const name of ['a/1.body', 'a/2.body', 'a/3.body']) expect(read(name)).toBe(`body of ${name}`);
    expect(readdirSync(join(path, 'outside'))).toEqual([]);
    expect(readdirSync(join(path, '.fetch-pages.tmp'))).toEqual([]);
  });

  it('are written in another way where the thread dies, and by the main thread from then on', async () => {
    const { write, read, threadIsUp } = await openSmallFiles();
    await threadIsUp();
    // A name that Node itself refuses: none that a page could have, so the thread takes it for a bug.
    const told = await Promise.all([write('a/1.body'), write('a/\0.body'), write('a/2.body')]);
    expect(told).toEqual([false, false, false]);
    expect(write('a/3.body')).toBe(true);
    expect(read('a/3.body')).toBe('body of a/3.body');
  });

  it('are all there when it is closed in their midst', async () => {
    const { files, write, read, threadIsUp } = await openSmallFiles();
    await threadIsUp();
    const writing = Array.from({ length: 100 }, (_, n) => write(`a/${n}.body`, 'x'.repeat(50_000)));
    await files.close();
    for (let n = 0; n < 100; n++) expect(read(`a/${n}.body`)).toHaveLength(50_000);
    expect(new Set(await Promise.all(writing))).toEqual(new Set([true]));
  });

  it('are nothing for a disk that is not known to be local', async () => {
    const { write, files } = await openSmallFiles(AT_ONCE, new QuickDisk(false));
    expect(write('a/1.body')).toBe(false);
    await files.close();
  });
});

describe('a store whose thread is at work', () => {
  it('keeps each page: its file first, then its record, then it is told', async () => {
    const path = join(makeFolder(), 'pages');
    const session = await filesStore({ path, place: 'pages/' }, AT_ONCE).open(runOptions(path));
    const manifest = join(path, 'manifest.ndjson');
    const keep = async (n: number) => {
      const body = Buffer.from(`page ${n}`);
      const page = makePage(`https://example.com/${n >> 6}/${n}`);
      const { file = '' } = await session.keep(page, recordOf(page, body), { chunks: [body] });
      expect(readFileSync(join(path, file), 'utf8')).toBe(`page ${n}`);
      return { n, file };
    };
    for (let round = 0; round < 40; round++) {
      const kept = await Promise.all(Array.from({ length: 64 }, (_, index) => keep(round * 64 + index)));
      const files = new Set(readRecords(manifest).map(({ file }) => file));
      for (const { file } of kept) expect(files.has(file)).toBe(true);
    }
    const last = Array.from({ length: 64 }, (_, index) => keep(40 * 64 + index));
    await session.close();
    await Promise.all(last);
    expect(readRecords(manifest)).toHaveLength(41 * 64);
    expect(Object.keys(snapshot(path))).toHaveLength(41 * 64 + 2);
  });
});
