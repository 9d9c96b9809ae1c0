import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fullBucket, takeToken } from '../../src/demo/token-bucket.ts';
import { type ReadRecord, useWorkspace } from '../support/workspace.ts';
import { findProgram, startDaemon } from './daemon.ts';
import { nginxArguments } from './server-rows.ts';
import { pageBody, siteUrls, writeSite } from './site.ts';

const CA_FILE = join(import.meta.dirname, '..', 'support', 'tls', 'ca.pem');
const LIMIT_MS = 180_000;
const PAGES = 1_000;
const LIMITS = { tokensPerSecond: 100, burst: 20 };
/** What a client that knows the limit needs. */
const LEAST_SECONDS = (PAGES - LIMITS.burst) / LIMITS.tokensPerSecond;

const workspace = useWorkspace();

/** Fetches the site from there, all of it OK. */
async function fetchSite(origin: string): Promise<{ seconds: number; refused: number }> {
  workspace.write('urls.txt', siteUrls(origin, PAGES));
  const startedAt = performance.now();
  const { code, stderr } = await workspace.run(['--cacert', CA_FILE, '-o', 'out.ndjson', 'urls.txt']);
  const seconds = (performance.now() - startedAt) / 1_000;
  expect({ code, last: stderr.trimEnd().split('\n').at(-1) }).toEqual({ code: 0, last: 'All 1,000 pages are OK.' });
  const records = workspace.records('out.ndjson');
  expect(new Set(records.map(({ url }) => url)).size).toBe(PAGES);
  const refused = records.reduce((sum: number, { requests }: ReadRecord) => sum + requests - 1, 0);
  console.log(`${seconds.toFixed(1)} s (an all-knowing client: ${LEAST_SECONDS} s), ${refused} requests were refused`);
  return { seconds, refused };
}

describe('1,000 pages of an API that allows 100 requests a second, and 20 at once', () => {
  test(
    'which answers 429 with Retry-After: fewer than 150 requests are refused',
    async () => {
      let bucket = fullBucket(LIMITS, performance.now());
      let refusals = 0;
      const server = await workspace.serve(
        ({ path }, reply) => {
          const { bucket: left, taken } = takeToken(bucket, LIMITS, performance.now());
          bucket = left;
          if (taken) {
            reply.answer(pageBody(Number.parseInt(path.slice(1), 10)));
          } else {
            refusals += 1;
            reply.answer('slow down', { status: 429, headers: { 'retry-after': '1' } });
          }
        },
        { tls: true },
      );
      const { refused } = await fetchSite(server.origin);
      expect(refused).toBe(refusals);
      expect(refusals).toBeLessThan(150);
    },
    LIMIT_MS,
  );

  // Without nodelay nginx answers the burst as slowly as the rate allows, so that requests wait at the server instead of here.
  test.skipIf(findProgram('nginx') === undefined).each([
    { burst: 'lets the burst through at once', directive: 'limit_req zone=clients burst=20 nodelay;' },
    { burst: 'delays the burst', directive: 'limit_req zone=clients burst=20;' },
  ])(
    'nginx that $burst and answers 429 without Retry-After: few requests are refused',
    async ({ directive }) => {
      chmodSync(workspace.folder, 0o755);
      writeSite(workspace.path('site'), PAGES);
      const ground = { folder: workspace.folder, site: workspace.path('site'), backendPort: 0 };
      const zone = 'limit_req_zone $binary_remote_addr zone=clients:1m rate=100r/s;';
      const daemon = await startDaemon((port) => ({
        path: findProgram('nginx') ?? '',
        argv: nginxArguments(ground, port, `${directive} limit_req_status 429;`, zone),
        cwd: workspace.folder,
      }));
      try {
        const { refused } = await fetchSite(`https://localhost:${daemon.port}`);
        expect(refused).toBeLessThan(150);
      } finally {
        await daemon.stop();
      }
    },
    LIMIT_MS,
  );
});
