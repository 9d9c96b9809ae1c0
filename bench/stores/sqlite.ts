/**
 * How fast pages go into an SQLite store, and for how long it holds up the event loop: `node bench/stores/sqlite.ts [PAGES] [BYTES]`.
 * Pages are handed over 100 at a time, as a run with `-c 100` would.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Page } from '../../src/core/page.ts';
import { hashKey, pageKey } from '../../src/core/page-key.ts';
import type { StoreSession } from '../../src/core/ports.ts';
import { sqliteStore } from '../../src/stores/sqlite.ts';

const CONCURRENCY = 100;
/** As of the store: a body is streamed from here on. */
const STREAM_FROM_BYTES = 1 << 20;
const PIECE_BYTES = 64 * 1024;

const pages = Number(process.argv[2] ?? 200_000);
const bodyBytes = Number(process.argv[3] ?? 1_000);
const folder = mkdtempSync(join(tmpdir(), 'fetch-pages-bench-'));
const path = join(folder, 'pages.db');
const body = Buffer.from(JSON.stringify({ text: 'x'.repeat(bodyBytes - 11) }));
const sha256 = createHash('sha256').update(body).digest('hex');

function pageOf(n: number): Page {
  const url = `https://api.example.com/items/${n}?page=${n}`;
  const hash = hashKey(pageKey({ method: 'GET', url, headers: [] }));
  return {
    url,
    origin: 'https://api.example.com',
    method: 'GET',
    headers: [],
    line: `urls.txt:${n}`,
    keyed: false,
    ...hash,
  };
}

async function keep(session: StoreSession, page: Page): Promise<void> {
  const record = {
    url: page.url,
    method: page.method,
    line: page.line,
    outcome: 'ok',
    fetchedAt: new Date().toISOString(),
    status: 200,
    finalUrl: page.url,
    attempts: 1,
    requests: 1,
    httpVersion: '2',
    contentType: 'application/json',
    headers: {
      date: ['Sun, 22 Nov 2026 10:00:00 GMT'],
      'content-type': ['application/json'],
      'cache-control': ['max-age=60'],
      etag: ['"5d41402abc4b2a76b9719d911017c592"'],
      server: ['example'],
    },
    complete: 'h2-end',
    bytes: body.length,
    sha256,
    elapsedMs: 12.5,
    waitedMs: 0,
  } as const;
  if (body.length <= STREAM_FROM_BYTES || session.draft === undefined) {
    await session.keep(page, record, { chunks: [body] });
    return;
  }
  const draft = await session.draft(page);
  for (let at = 0; at < body.length; at += PIECE_BYTES) await draft.write(body.subarray(at, at + PIECE_BYTES));
  await session.keep(page, record, { draft });
}

const session = await sqliteStore({ path, place: 'pages.db' }).open({ path, mode: 'run', restart: false, request: {} });
const all = Array.from({ length: pages }, (_, n) => pageOf(n));
const delay = monitorEventLoopDelay({ resolution: 1 });
let mostLogBytes = 0;
let next = 0;

async function worker(): Promise<void> {
  for (let page = all[next++]; page !== undefined; page = all[next++]) {
    await keep(session, page);
    if (next % 1000 === 0) mostLogBytes = Math.max(mostLogBytes, statSync(`${path}-wal`).size);
  }
}

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
const before = process.cpuUsage();
const startedAt = performance.now();
delay.enable();
await Promise.all(Array.from({ length: CONCURRENCY }, worker));
delay.disable();
const seconds = (performance.now() - startedAt) / 1000;
const cpu = process.cpuUsage(before);
const lookupsAt = performance.now();
const found = all.filter((page) => session.has(page)).length;
const lookupUs = ((performance.now() - lookupsAt) * 1000) / pages;
const closingAt = performance.now();
await session.close();
const closeMs = performance.now() - closingAt;
if (found !== pages) throw new Error(`${pages} pages were kept and ${found} are there`);

console.log(`node ${process.version}, SQLite ${process.versions.sqlite}: ${pages} pages of ${body.length} bytes`);
console.log(`${Math.round(pages / seconds)} pages/s, ${mebibytes((pages * body.length) / seconds)}/s of bodies`);
console.log(`${((cpu.user + cpu.system) / pages).toFixed(1)} µs of CPU a page, all threads`);
console.log(
  `event loop held up (ms): p50 ${(delay.percentile(50) / 1e6).toFixed(1)}, p99 ${(delay.percentile(99) / 1e6).toFixed(1)}, most ${(delay.max / 1e6).toFixed(1)}`,
);
console.log(
  `log at most ${mebibytes(mostLogBytes)}, file ${mebibytes(statSync(path).size)}, closed in ${closeMs.toFixed(0)} ms`,
);
console.log(`has() ${lookupUs.toFixed(1)} µs; resident at most ${mebibytes(process.resourceUsage().maxRSS * 1024)}`);
rmSync(folder, { recursive: true });
