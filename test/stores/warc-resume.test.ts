import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { StoreError } from '../../src/core/failure.ts';
import { warcStore } from '../../src/stores/warc.ts';
import { makeFolder, makePage, makeRecord, recordOf, runOptions, snapshot } from '../support/store-pages.ts';
import { makeStep, readArchive, readMetadata } from '../support/warc-archive.ts';

const body = Buffer.from('<p>Hello, archive');
const pageOf = (n: number) => makePage(`https://example.com/${n}`);

function open(path: string, more = {}) {
  return warcStore({ path, place: 'pages.warc.gz' }).open(runOptions(path, more));
}

/** Keeps the pages with these numbers that are not stored yet, in a run of their own; says what it was told of the store. */
async function keepPages(path: string, numbers: readonly number[]) {
  const session = await open(path);
  for (const page of numbers.map(pageOf)) {
    if (!session.has(page)) {
      await session.keep(page, recordOf(page, body), { chunks: [body] }, [makeStep(page.url)]);
    }
  }
  await session.close();
  return { stored: session.stored.pages, notices: session.notices };
}

function indexOf(path: string): string {
  return path.replace(/[^/]+$/, (name) => `.${name}.index`);
}

function urlsIn(path: string): string[] {
  return readMetadata(path).map(({ url }) => url.replace('https://example.com/', ''));
}

describe.each(['pages.warc.gz', 'pages.warc'])('%s, cut short', (name) => {
  it('is continued from the last whole page, wherever the cut is', async () => {
    const path = join(makeFolder(), name);
    await keepPages(path, [0]);
    const one = readFileSync(path).length;
    await keepPages(path, [1]);
    const whole = readFileSync(path);
    const index = readFileSync(indexOf(path));
    // Every place in the last page's records; of the first ones some, and those around each border.
    const borders = readArchive(path).records.flatMap(({ offset }) => [offset - 1, offset, offset + 1, offset + 9]);
    const cuts = new Set([...borders, ...Array.from({ length: whole.length - one }, (_, n) => one + n)]);
    for (const cut of [...cuts].filter((at) => at >= 0 && at < whole.length && (at < one + 700 || at % 3 === 0))) {
      writeFileSync(path, whole.subarray(0, cut));
      writeFileSync(indexOf(path), cut % 2 === 0 ? index : '');
      const session = await open(path);
      const expected = cut >= one ? 1 : 0;
      expect(session.stored.pages, `cut at ${cut}`).toBe(expected);
      expect(session.has(pageOf(0)), `cut at ${cut}`).toBe(expected === 1);
      expect(session.has(pageOf(1)), `cut at ${cut}`).toBe(false);
      await session.close();
      const left = readFileSync(path).length;
      expect(whole.subarray(0, left).equals(readFileSync(path)), `cut at ${cut}`).toBe(true);
      expect(session.notices.length, `cut at ${cut}`).toBe(left === cut ? 0 : 1);
    }
    writeFileSync(path, whole.subarray(0, whole.length - 5));
    expect((await keepPages(path, [0, 1])).notices).toEqual([
      expect.stringMatching(
        /^pages\.warc\.gz: a torn end \([\d,]+ bytes\) was cut; the page it was of is asked for again\.$/,
      ),
    ]);
    expect(urlsIn(path)).toEqual(['0', '1']);
  }, 120_000);

  it('is cut where a loss of power left nothing but zeros at its end', async () => {
    const path = join(makeFolder(), name);
    await keepPages(path, [0]);
    const whole = readFileSync(path);
    writeFileSync(path, Buffer.concat([whole, Buffer.alloc(5000)]));
    expect(await keepPages(path, [0, 1])).toMatchObject({
      stored: 1,
      notices: [expect.stringContaining('5,000 bytes')],
    });
    expect(urlsIn(path)).toEqual(['0', '1']);
  });

  it('is not cut where whole records stand behind what cannot be read', async () => {
    const path = join(makeFolder(), name);
    await keepPages(path, [0]);
    const first = readFileSync(path);
    const parts = [first, first.subarray(0, first.length - 7), first];
    for (const [bytes, at] of [
      [Buffer.concat(parts), first.length],
      [Buffer.concat([first.subarray(0, 900), Buffer.alloc(40), first.subarray(900), first]), 0],
    ] as const) {
      writeFileSync(path, bytes);
      rmSync(indexOf(path), { force: true });
      const before = readFileSync(path);
      const opening = open(path);
      await expect(opening).rejects.toThrow(StoreError);
      await expect(opening).rejects.toThrow(
        /cannot be read at byte \d+, and whole records follow at byte \d+\. Nothing was changed\./,
      );
      expect(
        Number(/at byte (\d+)/.exec(String(await opening.catch((error: unknown) => error)))?.[1]),
      ).toBeGreaterThanOrEqual(at);
      expect(readFileSync(path).equals(before)).toBe(true);
    }
  });

  it('put together of four shards with cat is opened and continued, and so is one that more is put behind', async () => {
    const folder = makeFolder();
    const shards = [0, 1, 2, 3].map((n) => join(folder, `${n}-${name}`));
    for (const [n, shard] of shards.entries()) await keepPages(shard, [n, n + 10, n + 20]);
    const path = join(folder, name);
    writeFileSync(path, Buffer.concat(shards.slice(0, 3).map((shard) => readFileSync(shard))));
    expect(await keepPages(path, [0, 1, 2, 5])).toEqual({ stored: 9, notices: [] });
    writeFileSync(path, readFileSync(shards[3] ?? ''), { flag: 'a' });
    expect(await keepPages(path, [0, 3, 6])).toEqual({ stored: 13, notices: [] });
    expect(
      urlsIn(path)
        .map(Number)
        .sort((a, b) => a - b),
    ).toEqual([0, 1, 2, 3, 5, 6, 10, 11, 12, 13, 20, 21, 22, 23]);
    const session = await open(path);
    expect(await session.validators?.(pageOf(23))).toEqual({ url: pageOf(23).url, etag: '"a"' });
    await session.close();
  });
});

describe('whose archive it is', () => {
  const warcinfo = (software: string) => {
    const block = `software: ${software}\r\nformat: WARC File Format 1.1\r\n`;
    return `WARC/1.1\r\nWARC-Type: warcinfo\r\nWARC-Date: 2026-11-22T10:00:00Z\r\nWARC-Record-ID: <urn:uuid:5a3d4c6e-0f0b-4f0e-9c1c-0a1b2c3d4e5f>\r\nContent-Type: application/warc-fields\r\nContent-Length: ${block.length}\r\n\r\n${block}\r\n\r\n`;
  };

  it.each<[string, Buffer]>([
    ['a WARC made by another program', gzipSync(warcinfo('Wget/1.21.3 (linux-gnu)'))],
    ['one that is not compressed', Buffer.from(warcinfo('Heritrix/3.4.0'))],
    ['a gzip file', gzipSync('hello')],
    ['text', Buffer.from('hello')],
    ['the beginning of a gzip file, and no lock beside it', gzipSync('hello '.repeat(1000)).subarray(0, 20)],
  ])('%s is refused and left as it is', async (_, bytes) => {
    const folder = makeFolder();
    const path = join(folder, 'pages.warc.gz');
    writeFileSync(path, bytes);
    for (const options of [{}, { restart: true }, { mode: 'inspect' as const }]) {
      const opening = open(path, options);
      await expect(opening).rejects.toThrow(StoreError);
      await expect(opening).rejects.toThrow('pages.warc.gz was not written by fetch-pages, so it was not touched.');
    }
    expect(readdirSync(folder)).toEqual(['pages.warc.gz']);
    expect(readFileSync(path).equals(bytes)).toBe(true);
  });

  it('one of a newer version is refused with a sentence', async () => {
    const path = join(makeFolder(), 'pages.warc.gz');
    const block = 'software: fetch-pages/9.0.0\r\nfetch-pages-archive: 2\r\n';
    writeFileSync(path, `WARC/1.1\r\nWARC-Type: warcinfo\r\nContent-Length: ${block.length}\r\n\r\n${block}\r\n\r\n`);
    await expect(open(path)).rejects.toThrow('pages.warc.gz was written by a newer fetch-pages. Update fetch-pages');
  });

  it.each(['pages.warc.gz', 'pages.warc'])(
    'records of another program behind ours are never cut off: %s',
    async (name) => {
      const path = join(makeFolder(), name);
      await keepPages(path, [0]);
      const [, answer] = readArchive(path).records;
      const ours = readFileSync(path);
      const response = ours.subarray(answer?.offset, (answer?.offset ?? 0) + (answer?.length ?? 0));
      const text = (name.endsWith('.gz') ? gunzipSync(response) : response).toString('latin1');
      const foreign = Buffer.from(text.replace(/WARC-Warcinfo-ID: .*\r\n/, ''), 'latin1');
      for (const more of [foreign, Buffer.from(warcinfo('Wget/1.21.3'))]) {
        const before = Buffer.concat([ours, name.endsWith('.gz') ? gzipSync(more) : more]);
        writeFileSync(path, before);
        await expect(open(path)).rejects.toThrow(`holds records of another program from byte ${ours.length} on`);
        expect(readFileSync(path).equals(before)).toBe(true);
      }
    },
  );

  it('--restart empties ours', async () => {
    const path = join(makeFolder(), 'pages.warc.gz');
    await keepPages(path, [0, 1]);
    const session = await open(path, { restart: true });
    expect(session.stored).toEqual({ pages: 0 });
    await session.keep(pageOf(7), makeRecord(pageOf(7)), { chunks: [body] }, [makeStep(pageOf(7).url)]);
    await session.close();
    expect(urlsIn(path)).toEqual(['7']);
    expect(await keepPages(path, [7])).toEqual({ stored: 1, notices: [] });
  });

  it('a first record that was killed in the writing is taken for ours where the lock is there', async () => {
    const path = join(makeFolder(), 'pages.warc.gz');
    await keepPages(path, [0]);
    truncateSync(path, 100);
    expect(await keepPages(path, [0])).toMatchObject({ stored: 0, notices: [expect.stringContaining('100 bytes')] });
    expect(urlsIn(path)).toEqual(['0']);
  });
});

describe('the side file', () => {
  async function threePages() {
    const path = join(makeFolder(), 'pages.warc.gz');
    await keepPages(path, [0, 1, 2]);
    return { path, index: indexOf(path) };
  }

  it('saves reading what it tells of', async () => {
    const { path } = await threePages();
    const bytes = readFileSync(path);
    // In the first page, of which only the side file is asked: nobody reads it.
    const second = readArchive(path).records[1]?.offset ?? 0;
    bytes.fill(0, second + 40, second + 60);
    writeFileSync(path, bytes);
    expect(await keepPages(path, [0, 1, 2])).toEqual({ stored: 3, notices: [] });
  });

  it.each<[string, (index: string) => void]>([
    ['gone', (index) => rmSync(index)],
    ['empty', (index) => writeFileSync(index, '')],
    ['cut in an entry', (index) => truncateSync(index, 32 + 64 + 2 * 32 + 5)],
    ['other bytes', (index) => writeFileSync(index, 'something else '.repeat(40))],
    ['zeros behind its head', (index) => writeFileSync(index, Buffer.from(readFileSync(index)).fill(0, 96))],
    ['longer than the archive', (index) => writeFileSync(index, readFileSync(index).subarray(96, 128), { flag: 'a' })],
  ])('%s: the archive says the same', async (_, spoil) => {
    const { path, index } = await threePages();
    const told = readFileSync(index);
    spoil(index);
    const looking = await open(path, { mode: 'inspect' });
    expect(looking.stored.pages).toBe(3);
    expect(await keepPages(path, [0, 1, 2])).toEqual({ stored: 3, notices: [] });
    expect(readFileSync(index).equals(told)).toBe(true);
  });

  it('of another archive of that name is not believed', async () => {
    const { path, index } = await threePages();
    const other = join(makeFolder(), 'pages.warc.gz');
    await keepPages(other, [5, 6]);
    writeFileSync(index, readFileSync(indexOf(other)));
    const session = await open(path);
    expect([0, 1, 2, 5, 6].map((n) => session.has(pageOf(n)))).toEqual([true, true, true, false, false]);
    await session.close();
  });

  it('is done without where it cannot be written', async () => {
    const folder = makeFolder();
    const path = join(folder, 'pages.warc.gz');
    await keepPages(path, [0]);
    rmSync(indexOf(path));
    mkdirSync(indexOf(path));
    expect(await keepPages(path, [0, 1])).toEqual({ stored: 1, notices: [] });
    expect(await keepPages(path, [0, 1])).toEqual({ stored: 2, notices: [] });
  });
});

it('removes bodies that a killed run left half written, and nothing else', async () => {
  const folder = makeFolder();
  const path = join(folder, 'pages.warc.gz');
  await keepPages(path, [0]);
  writeFileSync(join(folder, '.pages.warc.gz.tmp-17'), 'half a body');
  writeFileSync(join(folder, '.pages.warc.gz.tmp-mine'), 'a file of the user');
  await keepPages(path, [0]);
  expect(existsSync(join(folder, '.pages.warc.gz.tmp-17'))).toBe(false);
  expect(Object.keys(snapshot(folder))).toContain('.pages.warc.gz.tmp-mine');
});
