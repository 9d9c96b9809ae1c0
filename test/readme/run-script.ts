import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll } from 'vitest';
import { type Ending, runShell } from '../support/spawn-bin.ts';
import { type ExampleSite, startExampleSite } from './example-site.ts';
import { fencesOf, ROOT } from './fences.ts';

/** A block that has been run: what it printed, and the folder that it left. */
export interface Done extends Ending {
  readonly folder: string;
  readonly site: ExampleSite;
}

export const ITEMS = [1, 2, 3, 4].map((number) => `https://api.example.com/items/${number}`);
const MIXED = [...ITEMS, 'https://www.example.com/missing'];

/** What stands in the folder before a command is run, beside the files that the documents show. */
const FILES: Readonly<Record<string, string | Buffer>> = {
  'urls.txt': lines(ITEMS),
  'mixed.txt': lines(MIXED),
  'more.txt.gz': gzipSync(lines(['https://www.example.com/about'])),
  'lists/a.txt': lines(ITEMS.slice(0, 2)),
  'lists/b.txt': lines(ITEMS.slice(1)),
  'docs/guide.md': 'See <https://www.example.com/about> and [this](https://www.example.com/missing).\n',
  'products.json': JSON.stringify([
    { sku: 'la-1', number: 1 },
    { sku: 'la-2', number: 2 },
  ]),
  ...Object.fromEntries(fencesOf('text', 'file').map(({ facts, text }) => [facts.file ?? '', text])),
};

/** Blocks for which a list has to be another one than the rest. */
const OTHER_LISTS: Readonly<Record<string, readonly string[]>> = {
  again: [...ITEMS, 'https://www.example.com/not-yet'],
  // More than a pipe holds: the run cannot be over before its reader goes away.
  head: Array.from({ length: 1_000 }, (_, index) => `https://api.example.com/items/${index + 1}`),
};

export type RunScript = (script: string, name: string) => Promise<Done>;

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join('');
}

/**
 * To be called once in a test file: runs a script in a folder of its own, where `sleep` does not and the hosts of example.com are ours, and
 * takes them away when all tests are over.
 */
export function useScripts(): RunScript {
  const done: Done[] = [];
  let tools = '';
  beforeAll(() => {
    tools = mkdtempSync(join(tmpdir(), 'fetch-pages-readme-tools-'));
    writeFileSync(join(tools, 'sleep'), '#!/bin/sh\n', { mode: 0o755 });
  });
  afterAll(async () => {
    await Promise.all(done.map(({ site }) => site.close()));
    for (const { folder } of done) rmSync(folder, { recursive: true, force: true });
    rmSync(tools, { recursive: true, force: true });
  });
  return async (script, name) => {
    const folder = mkdtempSync(join(tmpdir(), 'fetch-pages-readme-'));
    const lists = OTHER_LISTS[name];
    const files = lists === undefined ? FILES : { ...FILES, 'urls.txt': lines(lists) };
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
    const site = await startExampleSite();
    const env = {
      https_proxy: site.proxy,
      NODE_EXTRA_CA_CERTS: join(ROOT, 'test/support/tls/ca.pem'),
      TOKEN: 'secret',
      PASSWORD: 'secret',
    };
    const ending = await runShell(`set +o pipefail\nPATH='${tools}':$PATH\n${script}`, { cwd: folder, env });
    const result = { ...ending, folder, site };
    done.push(result);
    return result;
  };
}
