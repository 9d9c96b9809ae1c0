import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';

/*
 * npm run bench:names -- [--names 5000]
 *
 * A page of each of 5,000 hosts, whose name server takes 50 ms for each answer: ours beside curl -Z. Linux, as root or where a user
 * namespace may be made: it runs in a network of its own, with a name server of its own.
 */

const BIN = join(import.meta.dirname, '..', '..', 'bin', 'fetch-pages.js');
const ANSWER_MS = 50;
const LIMIT_MS = 120_000;

const { values } = parseArgs({ options: { names: { type: 'string', default: '5000' } } });
const names = Number(values.names);
if (process.env.FETCH_PAGES_BENCH_INSIDE === undefined) {
  const own = ['--map-root-user', '--net', '--mount', process.execPath, ...process.argv.slice(1)];
  const env = { ...process.env, FETCH_PAGES_BENCH_INSIDE: '1' };
  process.exitCode = spawnSync('unshare', own, { stdio: 'inherit', env }).status ?? 1;
} else {
  await inside();
}

async function inside(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'fetch-pages-names-'));
  execFileSync('ip', ['link', 'set', 'lo', 'up']);
  for (const [name, text] of [
    ['resolv.conf', 'nameserver 127.0.0.1\n'],
    ['hosts', '127.0.0.1 localhost\n'],
    ['nsswitch.conf', 'hosts: files dns\n'],
  ] as const) {
    writeFileSync(join(folder, name), text);
    execFileSync('mount', ['--bind', join(folder, name), `/etc/${name}`]);
  }
  const worker = new Worker(new URL('name-server.ts', import.meta.url), { workerData: ANSWER_MS });
  await new Promise((resolve) => worker.once('message', resolve));
  const pages = createServer((_, response) => response.end('{"page":1}'));
  await new Promise<void>((resolve) => pages.listen(80, '127.0.0.1', resolve));
  const urls = Array.from({ length: names }, (_, n) => `http://host${n}.example.test/`);
  writeFileSync(join(folder, 'urls.txt'), urls.join('\n'));
  writeFileSync(join(folder, 'curl.conf'), urls.map((url) => `url = ${url}\noutput = /dev/null\n`).join(''));
  await timed('fetch-pages', process.execPath, [BIN, join(folder, 'urls.txt'), '--format', 'none', '-q', '-c', '200']);
  await timed('curl -Z', 'curl', [
    '-sSZ',
    '--no-progress-meter',
    '--parallel-max',
    '200',
    '-K',
    join(folder, 'curl.conf'),
  ]);
  pages.close();
  await worker.terminate();
  rmSync(folder, { recursive: true, force: true });
}

async function timed(name: string, command: string, argv: readonly string[]): Promise<void> {
  const startedAt = performance.now();
  const child = spawn(command, argv, { stdio: 'inherit', timeout: LIMIT_MS });
  const code = await new Promise((resolve) =>
    child.once('exit', (exit, signal) => resolve(exit ?? signal)).once('error', resolve),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  console.log(`${name}: ${names} names in ${seconds.toFixed(1)} s, ended with ${code}`);
}
