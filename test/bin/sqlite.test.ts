import { createHash } from 'node:crypto';
import { beforeEach, expect, test } from 'vitest';
import type { AppServer } from '../support/app-server.ts';
import { queryRows } from '../support/sqlite-rows.ts';
import { useWorkspace } from '../support/workspace.ts';

const work = useWorkspace();
/** By path; absent: 404. */
let site: Map<string, string>;
let server: AppServer;

beforeEach(async () => {
  site = new Map(['/a', '/b', '/c', '/d', '/e'].map((path) => [path, `{"path":"${path}"}`]));
  server = await work.serve((request, { answer }) => {
    const text = site.get(request.path);
    if (text === undefined) return answer('gone', { status: 404 });
    const etag = `"${createHash('sha256').update(text).digest('hex')}"`;
    if (request.headers['if-none-match'] === etag) return answer('', { status: 304, headers: { etag } });
    answer(text, { headers: { etag, 'content-type': 'application/json' } });
  });
});

const query = (sql: string) => queryRows(work.path('out.db'), sql);

test('a list goes into a database that can be queried; run again, all of it is stored', async () => {
  const list = [`${server.origin}/{a,b,c,d,e}`, '-o', 'out.db'];
  work.write('more.txt', ['ftp://example.com/', `${server.origin}/missing`]);
  const first = await work.run([...list, 'more.txt']);
  expect(first).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('5 of 7 pages are OK') });
  expect(work.files()).toEqual(['.out.db.lock', 'more.txt', 'out.db']);
  expect(query("SELECT body ->> '$.path' AS path FROM pages WHERE storedAt IS NOT NULL ORDER BY path")).toEqual(
    [...site.keys()].map((path) => ({ path })),
  );
  expect(query('SELECT errorCode, status FROM failures ORDER BY errorCode')).toEqual([
    { errorCode: 'HTTP_404', status: 404 },
    { errorCode: 'INVALID_LINE', status: null },
  ]);

  const asked = server.requests.length;
  const again = await work.run(list);
  expect(again).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('All 5 pages are OK (5 already stored, newest 2'),
  });
  expect(server.requests).toHaveLength(asked);
  expect(query('SELECT count(*) AS lines FROM invalid')).toEqual([{ lines: 0 }]);
});

test('runs are kept with their options and verdict, and no secret', async () => {
  const secrets = ['-u', 'me:canary', '-H', 'X-Key: canary', '-b', 'a=canary'];
  await work.run([`${server.origin}/{a,b}`, '-o', 'out.db', '-c', '7', ...secrets]);
  await work.run([`${server.origin}/{a,b,missing}`, '-o', 'out.db', '--fail-fast', '-H', 'X-Key: other']);
  expect(query('SELECT pages, ok, stopped, endedAt IS NOT NULL AS ended, options FROM runs ORDER BY id')).toEqual([
    {
      pages: 2,
      ok: 2,
      stopped: null,
      ended: 1,
      options: '{"header":"given","user":"given","cookie":"given","concurrency":"7","output":"out.db"}',
    },
    {
      pages: 3,
      ok: 2,
      stopped: 'fail-fast',
      ended: 1,
      options: '{"header":"given","output":"out.db","fail-fast":true}',
    },
  ]);
  expect(work.read('out.db')).not.toContain('canary');
});

test('--refresh replaces what has changed, and nothing is taken away by an answer that is not OK', async () => {
  const list = [`${server.origin}/{a,b,c,d,e}`, '-o', 'out.db'];
  await work.run(list);
  site.set('/a', '{"path":"/a","version":2}');
  site.delete('/b');
  const refreshed = await work.run([...list, '--refresh']);
  expect(refreshed).toMatchObject({ code: 1, stderr: expect.stringContaining('4 of 5 pages are OK') });
  expect(query('SELECT outcome, status, body FROM pages ORDER BY url')).toEqual([
    { outcome: 'ok', status: 200, body: '{"path":"/a","version":2}' },
    { outcome: 'failed', status: 404, body: '{"path":"/b"}' },
    ...['/c', '/d', '/e'].map((path) => ({ outcome: 'unchanged', status: 304, body: `{"path":"${path}"}` })),
  ]);
  expect(await work.run(list)).toMatchObject({ code: 0, stderr: expect.stringContaining('5 already stored') });
});

test('--dry-run tells what is stored, and leaves no trace', async () => {
  await work.run([`${server.origin}/{a,b}`, '-o', 'out.db']);
  const files = work.files();
  const before = work.read('out.db');
  const { code, stdout } = await work.run([`${server.origin}/{a,b,c}`, '-o', 'out.db', '--dry-run']);
  expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('2 already stored in out.db') });
  expect(stdout).toContain('1 to fetch');
  expect(work.files()).toEqual(files);
  expect(work.read('out.db') === before).toBe(true);
});

test('four shards hold the whole list between them, and no page twice', async () => {
  const list = `${server.origin}/{a,b,c,d,e}`;
  const urls: unknown[] = [];
  for (const shard of [1, 2, 3, 4]) {
    expect(await work.run([list, '--shard', `${shard}/4`, '-o', `shard-${shard}.db`])).toMatchObject({ code: 0 });
    urls.push(...queryRows(work.path(`shard-${shard}.db`), 'SELECT url FROM pages').map(({ url }) => url));
  }
  expect(urls.toSorted()).toEqual([...site.keys()].map((path) => `${server.origin}${path}`));
});
