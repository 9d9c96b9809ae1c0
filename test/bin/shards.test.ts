import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, test } from 'vitest';
import type { AppServer } from '../support/app-server.ts';
import { useWorkspace } from '../support/workspace.ts';

const work = useWorkspace();
let server: AppServer;

beforeEach(async () => {
  server = await work.serve((request, reply) =>
    reply.answer(`page ${request.path}`, { headers: { 'content-type': 'text/plain' } }),
  );
  work.write('urls.txt', lines(0, 200));
});

function lines(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, index) => `${server.origin}/${from + index}`);
}

const SHARDS = [1, 2, 3, 4];

/** The SQL of docs/sqlite.md that puts one more shard into a database. */
function mergeSql(shard: string): string {
  const document = readFileSync(new URL('../../docs/sqlite.md', import.meta.url), 'utf8');
  const sql = /```sql\n(-- cp shard-1\.db.*?)```/s.exec(document)?.[1] ?? '';
  return sql.replace("'shard-2.db'", `'${shard}'`);
}

describe.each<[ending: string, putTogether: () => Promise<unknown>]>([
  ['ndjson', () => work.shell('cat shard-*.ndjson > all.ndjson')],
  ['warc.gz', () => work.shell('cat shard-*.warc.gz > all.warc.gz')],
  [
    'db',
    async () => {
      await work.shell('cp shard-1.db all.db');
      const database = new DatabaseSync(work.path('all.db'));
      for (const shard of [2, 3, 4]) database.exec(mergeSql(work.path(`shard-${shard}.db`)));
      database.close();
    },
  ],
])('four machines, each with its shard, and their .%s put together', (ending, putTogether) => {
  test('hold every page once, and a run on them fetches what the list has got since, and nothing else', async () => {
    for (const shard of SHARDS) {
      expect(await work.run(['urls.txt', '--shard', `${shard}/4`, '-o', `shard-${shard}.${ending}`])).toMatchObject({
        code: 0,
      });
    }
    expect(server.requests).toHaveLength(200);
    await putTogether();
    const urls = work.records(`all.${ending}`).map(({ url }) => url);
    expect(urls.toSorted()).toEqual(lines(0, 200).toSorted());

    work.write('urls.txt', [...lines(200, 210), ...lines(0, 200)]);
    const { code, stderr } = await work.run(['urls.txt', '-o', `all.${ending}`]);
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('200 already stored') });
    expect(server.requests).toHaveLength(210);
  });

  test('a shard keeps its pages when lines are added: its next run fetches the new ones of its own', async () => {
    const run = () => work.run(['urls.txt', '--shard', '3/4', '-o', `shard.${ending}`]);
    expect(await run()).toMatchObject({ code: 0 });
    const before = server.requests.map(({ path }) => path);
    work.write('urls.txt', [...lines(200, 400), ...lines(0, 200).toReversed()]);
    expect(await run()).toMatchObject({ code: 0 });
    const added = server.requests.slice(before.length).map(({ path }) => Number(path.slice(1)));
    expect(added.length).toBeGreaterThan(10);
    expect(added.every((number) => number >= 200)).toBe(true);
  });
});
