import { once } from 'node:events';
import { chmodSync, createReadStream, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ReadRecord, useWorkspace } from '../support/workspace.ts';
import { type Daemon, findProgram, startDaemon } from './daemon.ts';
import { SERVER_ROWS, type ServerRow } from './server-rows.ts';
import { pageBody, pageName, siteUrls, writeSite } from './site.ts';

const CA_FILE = join(import.meta.dirname, '..', 'support', 'tls', 'ca.pem');
const MOST_PAGES = 20_000;
const LIMIT_MS = 180_000;

const workspace = useWorkspace();
let ground: string;
let backend: Server;

beforeAll(async () => {
  ground = realpathSync(mkdtempSync(join(tmpdir(), 'fetch-pages-servers-')));
  // A server that is started by root reads the pages as somebody else.
  chmodSync(ground, 0o755);
  writeSite(join(ground, 'site'), MOST_PAGES);
  backend = createServer((request, response) => {
    const number = Number(/^\/(\d+)\./.exec(request.url ?? '')?.[1]);
    const body = pageBody(number);
    response.setHeader('content-length', body.length);
    response.setHeader('content-type', number % 10 === 0 ? 'application/octet-stream' : 'text/plain');
    response.end(body);
  }).listen(0, '127.0.0.1');
  await once(backend, 'listening');
}, LIMIT_MS);

afterAll(async () => {
  backend.closeAllConnections();
  backend.close();
  await once(backend, 'close');
  rmSync(ground, { recursive: true, force: true });
});

function start(row: ServerRow, program: string): Promise<Daemon> {
  const folder = join(ground, row.program);
  mkdirSync(folder, { recursive: true });
  const { port: backendPort } = backend.address() as AddressInfo;
  return startDaemon((port) => ({
    path: program,
    argv: row.configure({ folder, site: join(ground, 'site'), backendPort }, port),
    cwd: folder,
  }));
}

function bodyOf({ body, bodyBase64 }: ReadRecord): Buffer | undefined {
  if (typeof body === 'string') return Buffer.from(body);
  return bodyBase64 === undefined ? undefined : Buffer.from(bodyBase64, 'base64');
}

interface Findings {
  readonly pages: number;
  /** Names of pages that are not OK, or whose bytes are not the server's. */
  readonly wrong: readonly string[];
  readonly httpVersions: readonly string[];
  /** Pages that needed a second try: something failed on the way. */
  readonly triedAgain: number;
}

/** Reads an NDJSON store against the site, byte for byte. */
async function compare(path: string): Promise<Findings> {
  const pages = new Set<string>();
  const wrong: string[] = [];
  const httpVersions = new Set<string>();
  let triedAgain = 0;
  for await (const line of createInterface({ input: createReadStream(path) })) {
    const record: ReadRecord = JSON.parse(line);
    const name = new URL(record.url).pathname.slice(1);
    const number = Number.parseInt(name, 10);
    const isRight = name === pageName(number) && bodyOf(record)?.equals(pageBody(number)) === true;
    if (record.outcome !== 'ok' || !isRight) wrong.push(name);
    if (pages.has(name)) wrong.push(`${name} twice`);
    pages.add(name);
    httpVersions.add(String(record.httpVersion));
    if (record.attempts > 1) triedAgain += 1;
  }
  return { pages: pages.size, wrong, httpVersions: [...httpVersions], triedAgain };
}

interface Case {
  readonly count: number;
  readonly argv: readonly string[];
  readonly httpVersion: string;
}

const CASES: readonly (Case & { readonly row: ServerRow })[] = SERVER_ROWS.flatMap((row) => [
  { row, count: row.program === 'nginx' ? MOST_PAGES : 5_000, argv: [], httpVersion: '2' },
  ...(row.program === 'nghttpd' ? [] : [{ row, count: 3_000, argv: ['--http1.1'], httpVersion: '1.1' }]),
]);

describe.each(CASES)('$count pages over HTTP/$httpVersion', ({ row, count, argv, httpVersion }) => {
  const program = findProgram(row.program);
  test.skipIf(program === undefined)(
    `from ${row.program}, which ${row.why}`,
    async () => {
      const daemon = await start(row, program ?? '');
      try {
        workspace.write('urls.txt', siteUrls(`https://localhost:${daemon.port}`, count));
        const ended = await workspace.run(['--cacert', CA_FILE, ...argv, '-o', 'out.ndjson', 'urls.txt']);
        const last = ended.stderr.trimEnd().split('\n').at(-1);
        expect({ code: ended.code, last }).toEqual({
          code: 0,
          last: `All ${count.toLocaleString('en')} pages are OK.`,
        });
        const { triedAgain, ...found } = await compare(workspace.path('out.ndjson'));
        expect(found).toEqual({ pages: count, wrong: [], httpVersions: [httpVersion] });
        // Node 26 loses nothing at a GOAWAY; Node 22 now and then the last answer before it.
        expect(triedAgain).toBeLessThanOrEqual(count / 1_000);
      } finally {
        await daemon.stop();
      }
    },
    LIMIT_MS,
  );
});
