import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SortedLines } from '../../src/stores/sorted-lines.ts';
import { warcStore } from '../../src/stores/warc.ts';
import { makeFolder, makePage, makeRecord, runOptions } from '../support/store-pages.ts';
import { makeStep, readArchive, readMetadata } from '../support/warc-archive.ts';

const WARCIO = fileURLToPath(new URL('../../node_modules/warcio/dist/cli.js', import.meta.url));
const DOC = readFileSync(new URL('../../docs/warc.md', import.meta.url), 'utf8');

/** Pages with redirects, forms, failures and unchanged ones, in two runs. */
async function makeArchive(path: string, cdxj?: string) {
  const store = warcStore({ path, place: 'pages.warc.gz', ...(cdxj === undefined ? undefined : { cdxj }) });
  const pages = Array.from({ length: 30 }, (_, n) => makePage(`https://www${n % 3}.example.com/${n}?b=${n}&a=1`));
  for (const run of [0, 1]) {
    const session = await store.open(runOptions(path));
    for (const [n, page] of pages.entries()) {
      const step = makeStep(page.url, { startedWall: Date.UTC(2026, 10, 22 + run, 0, 0, n) });
      if (run === 1 && n % 2 === 0) continue;
      if (run === 1) {
        const head = { status: 304, headers: {}, httpVersion: '2' as const };
        await session.keep(page, makeRecord(page, { outcome: 'unchanged', status: 304 }), undefined, [
          { ...step, head },
        ]);
      } else if (n % 5 === 4) {
        const form = { method: 'POST', requestBody: `x=${n}` };
        const requestHeaders = { 'content-type': 'application/x-www-form-urlencoded' };
        await session.keep(page, makeRecord(page), { chunks: [randomBytes(900)] }, [
          { ...step, ...form, requestHeaders },
        ]);
      } else {
        const head = { status: 302, headers: { location: [page.url] }, httpVersion: '1.1' as const };
        const hop = { ...step, url: `http://example.org/${n}`, head };
        await session.keep(page, makeRecord(page), { chunks: [randomBytes(900)] }, [hop, step]);
      }
    }
    await session.keep(
      makePage('https://gone.example/'),
      makeRecord(makePage('https://gone.example/'), { outcome: 'error' }),
      undefined,
      [],
    );
    await session.close();
  }
}

describe('--cdxj', () => {
  it.each(['pages.warc.gz', 'pages.warc'])('writes of %s what warcio does, sorted', async (name) => {
    const folder = makeFolder();
    const path = join(folder, name);
    await makeArchive(path, join(folder, 'pages.cdxj'));
    const index = readFileSync(join(folder, 'pages.cdxj'), 'utf8').split('\n').slice(0, -1);
    const theirs = execFileSync(process.execPath, [WARCIO, 'cdx-index', path], { encoding: 'utf8', stdio: 'pipe' });
    const answers = readArchive(path).records.filter(({ type }) => type === 'response' || type === 'revisit');
    expect(index).toHaveLength(answers.length);
    const split = (line: string) => {
      const [key, timestamp, ...json] = line.split(' ');
      return { key, timestamp, ...JSON.parse(json.join(' ')) };
    };
    const byOffset = (a: { offset: string }, b: { offset: string }) => Number(a.offset) - Number(b.offset);
    const ours = index.map(split).sort(byOffset);
    const others = theirs
      .split('\n')
      .filter((line) => line !== '' && !line.includes('"mime":"application/warc-fields"'));
    // Of a record without compression and payload warcio forgets the last line's end.
    const length = name === 'pages.warc' ? { length: expect.any(String) } : {};
    expect(ours).toEqual(others.map((line) => ({ ...split(line), ...length })).sort(byOffset));
    expect(ours.map((line) => [line.offset, line.length])).toEqual(
      answers.map((answer) => [String(answer.offset), String(answer.length)]),
    );
    expect([...index].sort()).toEqual(index);
    expect(index[0]).toMatch(
      /^com,example\)\/0\?a=1&b=0 20261122000000 \{"url":"https:\/\/www0\.example\.com\/0\?b=0&a=1",/,
    );
    expect(readdirSync(folder).sort()).toEqual([`.${name}.index`, `.${name}.lock`, 'pages.cdxj', name]);
  });

  it('sorts any lines, however few of them fit into memory', async () => {
    const line = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '~', '0'), maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(fc.array(line), fc.integer({ min: 1, max: 40 }), async (lines, runBytes) => {
        const target = join(makeFolder(), 'sorted');
        const sorted = new SortedLines(target, runBytes);
        for (const each of lines) sorted.add(each);
        await sorted.finish();
        expect(readFileSync(target, 'latin1')).toBe(
          [...lines]
            .sort()
            .map((each) => `${each}\n`)
            .join(''),
        );
        expect(readdirSync(join(target, '..'))).toEqual(['sorted']);
      }),
      { numRuns: 60 },
    );
  });
});

it('is split into pieces as the documentation says, each of which is an archive that can be continued', async () => {
  const folder = makeFolder();
  const path = join(folder, 'pages.warc.gz');
  await makeArchive(path);
  const script = /```python\n([\s\S]*?)```/.exec(DOC)?.[1] ?? '';
  writeFileSync(join(folder, 'split.py'), script);
  execFileSync('python3', ['split.py', 'pages.warc.gz', '20000'], { cwd: folder });
  const pieces = readdirSync(folder)
    .filter((name) => /^pages-\d{5}\.warc\.gz$/.test(name))
    .sort();
  expect(pieces.length).toBeGreaterThan(3);
  for (const piece of pieces) {
    expect(readFileSync(join(folder, piece)).length).toBeLessThanOrEqual(20_000);
    const { problems, records } = readArchive(join(folder, piece));
    expect(problems).toEqual([]);
    expect(records[0]?.type).toBe('warcinfo');
  }
  expect(pieces.flatMap((piece) => readMetadata(join(folder, piece)))).toEqual(readMetadata(path));
  const first = join(folder, pieces[0] ?? '');
  const session = await warcStore({ path: first, place: 'piece' }).open(runOptions(first));
  expect(session.stored.pages).toBeGreaterThan(3);
  expect(session.notices).toEqual([]);
  await session.close();
});
