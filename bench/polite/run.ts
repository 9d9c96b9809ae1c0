import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { DEMO_CERTIFICATE } from '../../src/demo/certificate.ts';
import { emptyFolder, lostPages, PEERS, type Peer } from './peers.ts';
import { SERVED, type ServedShape } from './shapes.ts';

/** `npm run bench:polite`: rate-limited APIs on loopback, ours and every peer that is installed, in turn. Prints a table in Markdown. */
const LONGEST_RUN_MS = 90_000;
const agent = new Agent({ connect: { ca: DEMO_CERTIFICATE } });

interface Outcome {
  readonly seconds: number;
  readonly isCut: boolean;
  readonly refused: number;
  readonly lost: number;
}

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
  process.stdout.write(
    `Node ${process.version}, ${availableParallelism()} cores, ${new Date().toISOString().slice(0, 10)}\n\n`,
  );
  process.stdout.write(
    '| API | client | time | against the ideal | refused requests | pages lost |\n|---|---|---:|---:|---:|---:|\n',
  );
  for (const [index, shape] of SERVED.entries()) {
    for (const peer of PEERS) {
      if (peer.version === undefined) continue;
      const { seconds, isCut, refused, lost } = await measure(index, shape, peer, folder);
      const time = isCut ? `> ${LONGEST_RUN_MS / 1000} s` : `${seconds.toFixed(1)} s`;
      const ratio = isCut ? '' : (seconds / shape.idealS).toFixed(2);
      const row = [`${shape.pages} pages, ${shape.name}`, `${peer.name} ${peer.version}`, time, ratio, refused, lost];
      process.stdout.write(`| ${row.join(' | ')} |\n`);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
  await agent.close();
}
