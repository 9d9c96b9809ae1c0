import { statSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import type { AppServer } from '../support/app-server.ts';
import { useWorkspace } from '../support/workspace.ts';

const work = useWorkspace();
let server: AppServer;
/** Paths that are answered with 404. */
let missing: ReadonlySet<string>;
beforeEach(async () => {
  missing = new Set();
  server = await work.serve((request, { answer }) =>
    answer(`page ${request.path}`, { status: missing.has(request.path) ? 404 : 200 }),
  );
});

function listOf(count: number): string {
  return work.write(
    'list.txt',
    Array.from({ length: count }, (_, index) => `${server.origin}/${index + 1}`),
  );
}

describe('--dry-run', () => {
  test('tells what there is to do by origin, fetches nothing and creates nothing', async () => {
    const other = await work.serve((_request, { answer }) => answer());
    work.write('list.txt', [
      ...[1, 1, 2, 3].map((number) => `${server.origin}/${number}`),
      `${other.origin}/1`,
      'no page',
    ]);
    const { code, stdout } = await work.run([
      'list.txt',
      '-o',
      'out/',
      '--dry-run',
      '--failed',
      'failed.txt',
      '--summary',
      's.json',
    ]);
    expect(code).toBe(1);
    expect(stdout).toContain('list.txt:6: ');
    expect(stdout).toContain('5 pages in the list + 1 duplicate\n1 invalid\n');
    expect(stdout).toContain(`4 to fetch from 2 origins:\n  3  ${server.origin}\n  1  ${other.origin}\n`);
    expect(work.files()).toEqual(['list.txt']);
    expect(server.connections + other.connections).toBe(0);
  });

  test('tells what is stored, and leaves the store as it is', async () => {
    await work.run([listOf(3), '-o', 'out/']);
    listOf(5);
    const before = work.files('out');
    const manifest = work.read('out/manifest.ndjson');
    const { code, stdout } = await work.run(['list.txt', '-o', 'out/', '--dry-run']);
    expect(code).toBe(0);
    expect(stdout).toContain('5 pages in the list\n3 already stored in out/\n2 to fetch from 1 origin:\n');
    expect(work.files('out')).toEqual(before);
    expect(work.read('out/manifest.ndjson')).toBe(manifest);
    expect(server.requests).toHaveLength(3);
  });

  test('with --restart counts nothing as stored, and removes nothing', async () => {
    await work.run([listOf(3), '-o', 'out/']);
    const { stdout } = await work.run(['list.txt', '-o', 'out/', '--dry-run', '--restart']);
    expect(stdout).toContain('3 to fetch');
    expect(work.records('out/')).toHaveLength(3);
  });

  test('looks at a store that another run is using', async () => {
    const slow = await work.serve(() => {});
    const run = work.start([`${slow.origin}/`, '-o', 'out/']);
    await expect.poll(() => slow.requests.length, { timeout: 10_000 }).toBe(1);
    expect(await work.run([`${slow.origin}/`, '-o', 'out/', '--dry-run'])).toMatchObject({ code: 0 });
    run.signal('SIGKILL');
  });
});

describe('--failed', () => {
  test('is a list of what is not OK that can be fed back: URLs, JSON where needed, invalid lines as comments; 0600', async () => {
    missing = new Set(['/2', '/json', '/user', '/range[1-2]']);
    work.write('list.txt', [
      `${server.origin}/1`,
      `${server.origin}/2`,
      JSON.stringify({
        url: `${server.origin}/json`,
        method: 'PUT',
        body: 'b',
        id: 'seven',
        headers: { 'x-one': '1' },
        file: 'named',
      }),
      `${server.origin.replace('://', '://me:p%40ss@')}/user`,
      `${server.origin}/range[1-2]`,
      'no page',
    ]);
    const { code, stderr } = await work.run(['list.txt', '-o', 'out/', '--failed', 'failed.txt']);
    expect(code).toBe(1);
    expect(stderr).toContain('failed.txt');
    expect(statSync(work.path('failed.txt')).mode & 0o777).toBe(0o600);
    const lines = work.read('failed.txt').trimEnd().split('\n');
    expect(lines).toHaveLength(5);
    expect(lines.filter((line) => line.startsWith('# list.txt:6: '))).toHaveLength(1);
    const before = server.requests.length;
    missing = new Set();
    const again = await work.run(['failed.txt', '-o', 'out/', '--failed', 'failed.txt']);
    expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining('All 4 pages are OK.') });
    const asked = server.requests.slice(before);
    expect(asked.map(({ path }) => decodeURI(path)).sort()).toEqual(['/2', '/json', '/range[1-2]', '/user']);
    expect(asked.find(({ path }) => path === '/json')).toMatchObject({
      method: 'PUT',
      body: 'b',
      headers: { 'x-one': '1' },
    });
    expect(asked.find(({ path }) => path === '/user')?.headers.authorization).toBe(`Basic ${btoa('me:p@ss')}`);
    expect(work.read('failed.txt')).toBe('');
    expect(await work.run(['list.txt', '-o', 'out/'])).toMatchObject({
      stderr: expect.stringContaining('5 of 6 pages are OK'),
    });
    expect(server.requests).toHaveLength(before + 4);
  });

  test('may be the list itself, and is not touched when the run does not begin', async () => {
    missing = new Set(['/2']);
    listOf(3);
    expect(await work.run(['list.txt', '-o', 'out/', '--failed', 'list.txt'])).toMatchObject({ code: 1 });
    expect(work.read('list.txt')).toBe(`${server.origin}/2\n`);
    expect(await work.run(['list.txt', '-o', 'out.bad', '--failed', 'list.txt'])).toMatchObject({ code: 2 });
    expect(await work.run(['missing.txt', '-o', 'out/', '--failed', 'list.txt'])).toMatchObject({ code: 2 });
    expect(work.read('list.txt')).toBe(`${server.origin}/2\n`);
    expect(work.files().filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('that cannot be written ends with 3 before anything is fetched', async () => {
    listOf(3);
    const { code, stderr } = await work.run(['list.txt', '-o', 'out/', '--failed', 'no/such/folder/failed.txt']);
    expect({ code, stderr }).toMatchObject({ code: 3, stderr: expect.stringContaining('--failed') });
    expect(server.requests).toEqual([]);
    expect(work.files()).toEqual(['list.txt']);
  });

  test('that cannot be written costs no store that was to begin anew', async () => {
    await work.run([listOf(3), '-o', 'out/']);
    expect(await work.run(['list.txt', '-o', 'out/', '--restart', '--failed', 'no/such/folder/x'])).toMatchObject({
      code: 3,
    });
    expect(work.records('out/')).toHaveLength(3);
  });

  test('leaves nothing half written beside it, when the run is refused or ended at once', async () => {
    const hanging = await work.serve(() => {});
    work.write('foreign/file', 'mine');
    await work.run([listOf(3), '-o', 'foreign/', '--failed', 'failed.txt']);
    const run = work.start([`${hanging.origin}/`, '-o', 'out/', '--failed', 'failed.txt']);
    await expect.poll(() => hanging.requests.length, { timeout: 10_000 }).toBe(1);
    run.signal('SIGINT');
    await expect.poll(run.stderr, { timeout: 10_000 }).toContain('stopping');
    run.signal('SIGINT');
    expect(await run.ended).toMatchObject({ code: 130 });
    expect(work.files().filter((name) => name.includes('failed'))).toEqual([]);
  });
});

describe('--shard', () => {
  test('four shards are disjoint and complete, whatever the order of the list', async () => {
    listOf(200);
    const shards = await Promise.all(
      [1, 2, 3, 4].map(async (index) => {
        const { code, stderr } = await work.run(['list.txt', '--shard', `${index}/4`, '-o', `out${index}.ndjson`]);
        expect({ code, stderr }).toMatchObject({ code: 0 });
        return work.records(`out${index}.ndjson`).map(({ url }) => url);
      }),
    );
    const all = shards.flat();
    expect(all).toHaveLength(200);
    expect(new Set(all).size).toBe(200);
    for (const shard of shards) expect(shard.length).toBeGreaterThan(20);
    expect(server.requests).toHaveLength(200);
    work.write('list.txt', work.read('list.txt').trimEnd().split('\n').reverse());
    await work.run(['list.txt', '--shard', '2/4', '-o', 'again.ndjson']);
    expect(
      work
        .records('again.ndjson')
        .map(({ url }) => url)
        .sort(),
    ).toEqual([...(shards[1] ?? [])].sort());
  });

  test('that is empty is fine where the list holds pages', async () => {
    listOf(1);
    const codes = await Promise.all(
      [1, 2, 3].map((index) => work.run(['list.txt', '--shard', `${index}/3`, '-o', `out${index}/`])),
    );
    expect(codes.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(server.requests).toHaveLength(1);
    expect(codes.filter(({ stderr }) => stderr.includes('none of the list belongs to shard'))).toHaveLength(2);
    work.write('empty.txt', '# nothing\n');
    expect(await work.run(['empty.txt', '--shard', '1/3'])).toMatchObject({ code: 2 });
  });

  test.each(['0/4', '5/4', '1', '1/0', '-1/4', '1/4/2', 'a/b'])('%s ends with 2', async (shard) => {
    listOf(1);
    const { code, stderr } = await work.run(['list.txt', `--shard=${shard}`]);
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('--shard') });
    expect(work.files()).toEqual(['list.txt']);
  });
});

describe('--summary', () => {
  test('is the verdict as one JSON object, in a file or on stdout', async () => {
    missing = new Set(['/2']);
    work.write('list.txt', [...[1, 1, 2].map((number) => `${server.origin}/${number}`), 'no page']);
    const { code, stdout } = await work.run(['list.txt', '-o', 'out/', '--summary', '-']);
    expect(code).toBe(1);
    const told = JSON.parse(stdout);
    expect(told).toMatchObject({
      exitCode: 1,
      pages: { total: 3, ok: 1, notOk: 2, invalid: 1, alreadyStored: 0, unfinished: 0 },
      list: { duplicates: 1, read: true, truncated: false },
      traffic: { requests: 2, attempts: 2, retries: 0 },
      store: { format: 'files', place: 'out/' },
    });
    expect(told.failures.map(({ code: why }: { code: string }) => why).sort()).toEqual(['HTTP_404', 'INVALID_LINE']);
    await work.run(['list.txt', '-o', 'out/', '--summary', 'summary.json']);
    expect(JSON.parse(work.read('summary.json'))).toMatchObject({ pages: { total: 3, ok: 1, alreadyStored: 1 } });
  });

  test('that cannot be written: 3', async () => {
    listOf(1);
    const { code, stderr } = await work.run(['list.txt', '-o', 'out/', '--summary', 'no/such/folder/s.json']);
    expect({ code, stderr }).toMatchObject({ code: 3, stderr: expect.stringContaining('--summary') });
    expect(await work.shell('fetch-pages list.txt -o out/ --summary - > /dev/full')).toMatchObject({ code: 3 });
  });
});

describe('what to type next', () => {
  test('can be typed: words with spaces and quotes in them too', async () => {
    missing = new Set(['/1']);
    const name = "it's a list.txt";
    work.write(name, [`${server.origin}/1`]);
    const { stderr } = await work.run([name, '-o', 'out put/']);
    const command = /^To try the rest again: (.*)$/m.exec(stderr)?.[1] ?? '';
    missing = new Set();
    expect(await work.shell(command)).toMatchObject({ code: 0, stderr: expect.stringContaining('The 1 page is OK') });
  });

  test('is whole, or not told at all', async () => {
    const urls = Array.from({ length: 40 }, (_, index) => `${server.origin}/a-page-with-a-name/${index}`);
    missing = new Set(['/a-page-with-a-name/7']);
    const { stderr } = await work.run([...urls, '-o', 'out/']);
    expect(stderr).toMatch(/39 of 40 pages are OK\.\n$/);
    const told = /^To try the rest again: (.*)$/m.exec(stderr)?.[1];
    expect(told).not.toContain('…');
  });

  test('is not offered as "the rest" where nothing was kept', async () => {
    missing = new Set(['/1']);
    listOf(2);
    const { stderr } = await work.run(['list.txt', '--format', 'none']);
    expect(stderr).not.toContain('the rest');
  });
});
