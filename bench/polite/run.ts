import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { DEMO_CERTIFICATE } from '../../src/demo/certificate.ts';
import { emptyFolder, lostPages, PEERS, type Peer } from './peers.ts';
import { headOf, type Outcome, rowOf, writeIntoReadme } from './readme-table.ts';
import { SERVED, type ServedShape } from './shapes.ts';

/** `npm run bench:polite`: rate-limited APIs on loopback, ours and every peer that is installed, in turn. Prints a table in Markdown. With --write it goes into README.md. */
const LONGEST_RUN_MS = 90_000;
const agent = new Agent({ connect: { ca: DEMO_CERTIFICATE } });

async function measure(index: number, shape: ServedShape, peer: Peer, folder: string): Promise<Outcome> {
  const server = spawn(process.execPath, [join(import.meta.dirname, 'server.ts'), String(index)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [port] = await once(server.stdout, 'data');
  const origin = `https://localhost:${String(port).trim()}`;
  const pages = join(folder, 'pages');
  const list = join(folder, 'urls.txt');
  const ca = join(folder, 'ca.pem');
  emptyFolder(pages);
  mkdirSync(pages);
  writeFileSync(ca, DEMO_CERTIFICATE);
  writeFileSync(list, Array.from({ length: shape.pages }, (_, page) => `${origin}/p/${page + 1}\n`).join(''));
  const [program, ...args] = peer.command(list, pages, ca);
  const begin = performance.now();
  // fetch-pages wants a folder that is its own: it makes one.
  const child = spawn(program, args, { stdio: 'ignore', timeout: LONGEST_RUN_MS });
  const [, signal] = await once(child, 'exit');
  const seconds = (performance.now() - begin) / 1000;
  const { body } = await request(`${origin}/stats`, { dispatcher: agent });
  const { refused } = (await body.json()) as { readonly refused: number };
  server.stdin.end();
  await once(server, 'exit');
  return { seconds, isCut: signal !== null, refused, lost: lostPages(pages, shape.pages) };
}

const folder = mkdtempSync(join(tmpdir(), 'fetch-pages-polite-'));
try {
  const peers = PEERS.filter(({ version }) => version !== undefined);
  const versions = peers.map(({ name, version }) => `${name} ${version}`).join(', ');
  const today = new Date().toISOString().slice(0, 10);
  process.stdout.write(`${versions}; Node ${process.version}, ${availableParallelism()} cores, ${today}\n\n`);
  const rows = [headOf(peers.map(({ title }) => title))];
  process.stdout.write(`${rows[0]}\n`);
  for (const [index, shape] of SERVED.entries()) {
    const outcomes: Outcome[] = [];
    for (const peer of peers) outcomes.push(await measure(index, shape, peer, folder));
    const row = rowOf(shape, outcomes);
    process.stdout.write(`${row}\n`);
    rows.push(row);
  }
  if (process.argv.includes('--write')) writeIntoReadme(rows.join('\n'));
} finally {
  rmSync(folder, { recursive: true, force: true });
  await agent.close();
}
