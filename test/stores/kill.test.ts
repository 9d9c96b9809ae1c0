import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { STORES } from '../../src/stores/index.ts';
import { childBody, childPage } from '../support/store-child-pages.ts';
import { makeFolder, runOptions, snapshot } from '../support/store-pages.ts';
import { storedRecords } from '../support/stored-records.ts';

const CHILD = fileURLToPath(new URL('../support/store-child.ts', import.meta.url));
const PAGES = 400;

/** Runs the child until it has told of `pages` more pages, then kills it (a little later, or at once). Says which pages it told of. */
async function runAndKill(
  { format, more = [] }: { readonly format: string; readonly more?: readonly string[] },
  path: string,
  pages: number,
  laterMs: number,
): Promise<number[]> {
  const child = spawn(process.execPath, [CHILD, format, path, String(PAGES), '8', ...more], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const exit = once(child, 'exit');
  const told: number[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const [word, number] = line.split(' ');
    if (word === 'refused') throw new Error(line);
    if (word === 'kept') told.push(Number(number));
    if (told.length === pages) setTimeout(() => child.kill('SIGKILL'), laterMs);
  }
  await exit;
  return told;
}

describe.each([
  { format: 'files', name: 'pages' },
  { format: 'files', name: 'pages-by-thread', more: ['threaded'] },
  { format: 'ndjson', name: 'pages.ndjson' },
  { format: 'sqlite', name: 'pages.db' },
  { format: 'warc', name: 'pages.warc.gz' },
  { format: 'warc', name: 'pages.warc' },
] as const)('the $format store ($name), killed again and again', (row) => {
  const { format, name } = row;
  it('loses nothing that was told as stored, keeps no page twice, and ends as if nobody had killed it', async () => {
    const folder = makeFolder();
    const path = join(folder, name);
    const store = STORES[format]({ path, place: name });
    const told = new Set<number>();
    for (let round = 0; round < 12; round++) {
      const before = told.size;
      for (const n of await runAndKill(row, path, 1 + ((round * 17) % 41), (round * 7) % 5)) {
        expect(told.has(n), `page ${n} was kept twice`).toBe(false);
        told.add(n);
      }
      if (round < 3) expect(told.size).toBeGreaterThan(before);
      const looking = await store.open(runOptions(path, { mode: 'inspect' }));
      for (const n of told) expect(looking.has(childPage(n).page), `page ${n} was lost in round ${round}`).toBe(true);
      await looking.close();
      if (format === 'files') expectWholeFiles(path);
    }
    // Never killed: it ends by itself.
    await runAndKill(row, path, -1, 0);

    const records = storedRecords(format, path);
    expect(records.map((record) => record.url).sort()).toEqual(
      Array.from({ length: PAGES }, (_, n) => childPage(n).record.url).sort(),
    );
    for (const record of records) {
      const n = Number(new URL(record.url).searchParams.get('page'));
      if (format === 'sqlite' || format === 'warc') expect(record.body).toBe(childBody(n).toString());
      else if (record.file === undefined) expect(record.body).toEqual(JSON.parse(childBody(n).toString()));
      else expect(readFileSync(join(path, record.file)).equals(childBody(n)), record.file).toBe(true);
    }
    if (format === 'sqlite') expect(Object.keys(snapshot(folder))).toEqual(['.pages.db.lock', 'pages.db']);
    if (format === 'warc') expect(Object.keys(snapshot(folder))).toEqual([`.${name}.index`, `.${name}.lock`, name]);
    if (format === 'files') {
      const named = [...records.map((record) => record.file ?? ''), 'manifest.ndjson', '.fetch-pages.lock'];
      expect(Object.keys(snapshot(path)).filter((file) => !named.includes(file))).toEqual([]);
    }
  });
});

/** Whatever stands under a final name is whole, told of or not. */
function expectWholeFiles(path: string): void {
  if (!existsSync(path)) return;
  for (const [file, content] of Object.entries(snapshot(path))) {
    if (!file.endsWith('.body') && !file.endsWith('.json')) continue;
    const { n } = JSON.parse(content) as { n: number };
    expect(Buffer.from(content, 'latin1').equals(childBody(n)), file).toBe(true);
  }
}
