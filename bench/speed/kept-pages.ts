import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Ground, Peer } from './peers.ts';
import type { Scenario } from './scenarios.ts';

/** Pages that are there whole, each counted once: by the page's own name in its body, and by its length. */
export function wholePages(peer: Peer, scenario: Scenario, ground: Ground, stdout: string): number {
  if (peer.kept === 'told') return peer.told?.(stdout) ?? 0;
  const lengths = new Map(scenario.urls.map((url) => [new URL(url).pathname, scenario.bytesOf(url)]));
  return peer.kept === 'ndjson' ? pagesOfLines(ground.ndjson, lengths) : pagesOfFiles(ground.folder, scenario, lengths);
}

function pagesOfLines(path: string, lengths: ReadonlyMap<string, number>): number {
  const found = new Set<string>();
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    if (line === '') continue;
    const { body } = JSON.parse(line) as { readonly body?: { readonly page: string } };
    if (body !== undefined && lengths.get(body.page) === Buffer.byteLength(JSON.stringify(body))) found.add(body.page);
  }
  return found.size;
}

function pagesOfFiles(folder: string, scenario: Scenario, lengths: ReadonlyMap<string, number>): number {
  const found = new Set<string>();
  if (!existsSync(folder)) return 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || entry.name.startsWith('.') || entry.name === 'manifest.ndjson') continue;
    const page = scenario.isText ? pageIn(path) : `/large/${Number.parseInt(entry.name, 10)}`;
    if (page !== undefined && lengths.get(page) === statSync(path).size) found.add(page);
  }
  return found.size;
}

const START = Buffer.alloc(64);

/** The page's name, as it stands at the beginning of its body. */
function pageIn(path: string): string | undefined {
  const fd = openSync(path, 'r');
  const length = readSync(fd, START, 0, START.length, 0);
  closeSync(fd);
  return /^\{"page":"([^"]+)"/.exec(START.toString('latin1', 0, length))?.[1];
}
