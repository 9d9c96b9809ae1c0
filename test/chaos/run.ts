import { type ChildProcess, fork, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { check, type Invocation, type Listed } from './check.ts';
import { draw, type OriginKind } from './pages.ts';
import { storedRecords } from './stored.ts';

/*
 * npm run chaos -- --seed N [--pages 100000] [--format ndjson|files|sqlite] [--kills 3] [--keep]
 *
 * The built bin against good and bad origins on loopback, killed now and then and run again; at its end what it left is held against what
 * the servers say. Ends with 0 where all of it agrees. A run is told by its seed: what the servers do is the same again, what the
 * scheduler does is not.
 */

const BIN = join(import.meta.dirname, '..', '..', 'bin', 'fetch-pages.js');
const NAME_SERVER = '127.0.0.53';
const MOST_RUNS = 12;
const RUN_LIMIT_MS = 10 * 60_000;
const SAMPLE_MS = 250;

/** Of a hundred pages, how many go where. */
const SHARES: readonly (readonly [kind: OriginKind, share: number])[] = [
  ['http1', 33],
  ['http1-closing', 5],
  ['http2', 37.5],
  ['http2-goaway', 18],
  ['http2-few-streams', 2],
  ['rate-limited', 1.5],
  ['slow-name', 2],
  ['broken', 0.02],
  ['dead', 0.5],
];

const OPTIONS = [
  ...['--retry', '8', '--patience', '8s', '--max-wait', '30s', '--connect-timeout', '5s'],
  ...['--response-timeout', '5s', '--stall-timeout', '2s', '--progress', 'none'],
];

interface World {
  readonly child: ChildProcess;
  readonly ports: Readonly<Record<OriginKind, number>>;
  readonly hasNames: boolean;
}

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    pages: { type: 'string', default: '100000' },
    format: { type: 'string', default: 'ndjson' },
    kills: { type: 'string', default: '3' },
    keep: { type: 'boolean', default: false },
  },
});
const seed = Number(values.seed);
const pages = Number(values.pages);
const kills = Number(values.kills);
if (![seed, pages, kills].every(Number.isSafeInteger)) throw new Error('--seed, --pages and --kills are whole numbers');
const PLACES: Readonly<Record<string, string>> = { files: 'pages/', ndjson: 'pages.ndjson', sqlite: 'pages.db' };
const place = PLACES[values.format] ?? '';
if (place === '') throw new Error(`--format is one of ${Object.keys(PLACES).join(', ')}`);

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'fetch-pages-chaos-')));
const logFile = join(folder, 'servers.log');
writeFileSync(logFile, '');
const world = await startWorld();
let failures: readonly string[] = ['it did not come to its end'];
try {
  const list = writeList(world);
  const startedAt = performance.now();
  const invocations = await invokeUntilDone();
  const seconds = (performance.now() - startedAt) / 1000;
  await flushed(world.child);
  const outcome = check({ seed, place: join(folder, place), list, invocations, log: readFileSync(logFile, 'utf8') });
  ({ failures } = outcome);
  const peak = (of: (invocation: Invocation) => number): number => Math.max(...invocations.map(of));
  console.log(
    `seed ${seed}, ${values.format}: ${pages} pages in ${seconds.toFixed(0)} s, ${invocations.length} runs of which ${kills} were killed; ` +
      `${outcome.told}; at most ${peak((run) => run.peakRssMiB).toFixed(0)} MiB and ${peak((run) => run.peakDescriptors)} descriptors` +
      `${world.hasNames ? '' : '; without a name server of its own (that needs root)'}`,
  );
} finally {
  world.child.kill('SIGKILL');
  for (const failure of failures) console.error(`  NOT SO: ${failure}`);
  if (values.keep || failures.length > 0) console.error(`  what was left is in ${folder}`);
  else rmSync(folder, { recursive: true, force: true });
}
process.exitCode = failures.length > 0 ? 1 : 0;

async function startWorld(): Promise<World> {
  const child = fork(join(import.meta.dirname, 'world.ts'), [String(seed), logFile, NAME_SERVER]);
  const [ports, hasNames] = await new Promise<[World['ports'], boolean]>((resolve, reject) => {
    child.once('message', (message) => resolve(message as [World['ports'], boolean]));
    child.once('exit', () => reject(new Error('the servers did not start')));
  });
  return { child, ports, hasNames: hasNames && process.getuid?.() === 0 };
}

function flushed(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('message', () => resolve());
    child.send('flush');
  });
}

function writeList({ ports, hasNames }: World): readonly Listed[] {
  const total = SHARES.reduce((sum, [, share]) => sum + share, 0);
  const list: Listed[] = [];
  for (let number = 0; number < pages; number++) {
    const kind = kindOf(draw(seed, 'kind', number) * total);
    const tls = kind.startsWith('http2') || kind === 'rate-limited';
    const path = `/${kind}/${number}`;
    list.push({ url: `${tls ? 'https' : 'http'}://${hostOf(kind, number, hasNames)}:${ports[kind]}${path}`, path });
  }
  writeFileSync(join(folder, 'urls.txt'), `${list.map(({ url }) => url).join('\n')}\n`);
  return list;
}

function kindOf(drawn: number): OriginKind {
  let sum = 0;
  for (const [kind, share] of SHARES) {
    sum += share;
    if (drawn < sum) return kind;
  }
  return 'http1';
}

function hostOf(kind: OriginKind, number: number, hasNames: boolean): string {
  if (!hasNames) return '127.0.0.1';
  if (kind === 'slow-name') return `s${number % 50}.slow.test`;
  return kind === 'dead' && number % 2 === 0 ? 'gone.slow.test' : '127.0.0.1';
}

/** Killed as often as was asked for, then left alone until a run comes to its end. */
async function invokeUntilDone(): Promise<readonly Invocation[]> {
  const done: Invocation[] = [];
  for (let run = 0; run < MOST_RUNS; run++) {
    const killAfterMs = run < kills ? 1_000 + draw(seed, 'kill', run) * Math.min(20_000, pages / 5) : undefined;
    const invocation = await invoke(killAfterMs);
    done.push(invocation);
    if (invocation.code !== undefined) break;
  }
  return done;
}

async function invoke(killAfterMs: number | undefined): Promise<Invocation> {
  await flushed(world.child);
  const logFrom = readFileSync(logFile).length;
  const storedBefore = new Set(okPaths());
  const child = startBin();
  let stderr = '';
  child.stderr?.on('data', (text: Buffer) => {
    stderr += text.toString();
  });
  const usage = watch(child.pid ?? 0);
  const killing = killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  const limit = setTimeout(() => child.kill('SIGKILL'), RUN_LIMIT_MS);
  const code = await new Promise<number | undefined>((resolve) => {
    child.once('close', (exitCode) => resolve(exitCode ?? undefined));
  });
  clearTimeout(killing);
  clearTimeout(limit);
  return { code, stderr, ...usage(), storedBefore, logFrom };
}

/** Where this may be done, in a mount namespace in which names are asked of a server of ours. */
function startBin(): ChildProcess {
  const ca = join(import.meta.dirname, '..', 'support', 'tls', 'ca.pem');
  const argv = [BIN, 'urls.txt', '-o', place, '--cacert', ca, ...OPTIONS];
  const options = { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] as ['ignore', 'ignore', 'pipe'] };
  if (!world.hasNames) return spawn(process.execPath, argv, options);
  writeFileSync(join(folder, 'resolv.conf'), `nameserver ${NAME_SERVER}\n`);
  const script = 'mount --bind resolv.conf /etc/resolv.conf && exec "$@"';
  return spawn('unshare', ['--mount', 'sh', '-c', script, 'sh', process.execPath, ...argv], options);
}

/** Looks at a process now and then; tells its peaks. */
function watch(pid: number): () => Pick<Invocation, 'peakRssMiB' | 'peakDescriptors'> {
  let peakRssMiB = 0;
  let peakDescriptors = 0;
  const timer = setInterval(() => {
    try {
      const rss = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
      peakRssMiB = Math.max(peakRssMiB, Number(rss ?? 0) / 1024);
      peakDescriptors = Math.max(peakDescriptors, readdirSync(`/proc/${pid}/fd`).length);
    } catch {
      // It has just ended.
    }
  }, SAMPLE_MS);
  return () => {
    clearInterval(timer);
    return { peakRssMiB, peakDescriptors };
  };
}

/** The pages that the store tells as OK just now, by path. */
function okPaths(): string[] {
  return storedRecords(join(folder, place))
    .filter(({ outcome }) => outcome === 'ok')
    .map(({ url }) => new URL(url).pathname);
}
