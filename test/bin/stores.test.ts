import { chmodSync, readFileSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import type { AppServer } from '../support/app-server.ts';
import { byPath, recordsOf, until, useWorkspace } from '../support/workspace.ts';

const work = useWorkspace();
let server: AppServer;
let urls: readonly string[];
beforeEach(async () => {
  server = await work.serve((request, reply) =>
    reply.answer(`page ${request.path}`, { headers: { 'content-type': 'text/plain' } }),
  );
  urls = [1, 2, 3, 4, 5].map((number) => `${server.origin}/${number}`);
});

describe('where pages go', () => {
  test('pages/ by default, told where stdout is not a terminal', async () => {
    const { code, stdout, stderr } = await work.run(urls);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toContain('pages/; -o - writes them to stdout');
    expect(stderr).toMatch(/5 pages are stored in pages\//);
    expect(work.records('pages/')).toHaveLength(5);
    for (const { file, url } of work.records('pages/'))
      expect(work.read(`pages/${file}`)).toBe(`page ${new URL(url).pathname}`);
  });

  test('a folder, with or without a final /, and its folders are made', async () => {
    expect(await work.run([...urls, '-o', 'a/b/c/'])).toMatchObject({ code: 0 });
    expect(work.records('a/b/c/')).toHaveLength(5);
    expect(await work.run([...urls, '-o', 'plain'])).toMatchObject({ code: 0 });
    expect(work.records('plain/')).toHaveLength(5);
  });

  test('.ndjson and .jsonl are a record a line', async () => {
    for (const name of ['out.ndjson', 'out.jsonl']) {
      const { code, stderr } = await work.run([...urls, '-o', name]);
      expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining(`stored in ${name}`) });
      expect(byPath(work.records(name))['/3']).toMatchObject({ body: 'page /3' });
    }
  });

  test('- is NDJSON on stdout and nothing else there', async () => {
    const { code, stdout, stderr } = await work.run([...urls, '-o', '-', '-v']);
    expect(code).toBe(0);
    expect(recordsOf(stdout)).toHaveLength(5);
    expect(stderr).toContain('All 5 pages are OK.');
    expect(stderr).not.toContain('-o - writes');
    expect(work.files()).toEqual([]);
  });

  test('--format none keeps nothing', async () => {
    const { code, stdout, stderr } = await work.run([...urls, '--format', 'none']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toContain('All 5 pages are OK.');
    expect(work.files()).toEqual([]);
  });

  test('--format says it where the ending does not', async () => {
    expect(await work.run([...urls, '-o', 'out.json', '--format', 'ndjson'])).toMatchObject({ code: 0 });
    expect(work.records('out.json')).toHaveLength(5);
    expect(await work.run([...urls, '-o', 'site.example', '--format', 'files'])).toMatchObject({ code: 0 });
    expect(work.records('site.example/')).toHaveLength(5);
  });

  test.each([
    [['-o', 'out.json'], /\.json.*\/.*--format ndjson/],
    [['-o', 'out.csv'], /\.csv/],
    [['-o', 'out.ndjson', '--format', 'files'], /--format files and --output/],
    [['-o', 'out/', '--format', 'ndjson'], /--format ndjson and --output/],
    [['-o', '-', '--format', 'files'], /--format/],
    [['-o', 'out.ndjson', '--format', 'none'], /--format none/],
    [['--format', 'zip'], /--format.*zip/],
    [['-o', ''], /--output/],
  ])('%j ends with 2, and nothing is fetched', async (argv, why) => {
    const { code, stderr } = await work.run([...urls, ...argv]);
    expect(code).toBe(2);
    expect(stderr).toMatch(why);
    expect(server.requests).toEqual([]);
    expect(work.files()).toEqual([]);
  });

  test('JSON bodies come as they came, text as a string, the rest in base64', async () => {
    const odd = await work.serve(({ path }, { answer }) => {
      if (path === '/json')
        answer('{ "big": 12345678901234567890,\n "x": 1.0 }', { headers: { 'content-type': 'application/json' } });
      else if (path === '/text') answer('eine Straße\n', { headers: { 'content-type': 'text/plain; charset=utf-8' } });
      else answer(Buffer.from([0, 255, 1]), { headers: { 'content-type': 'image/png' } });
    });
    const { stdout } = await work.run([`${odd.origin}/{json,text,image}`, '-o', '-']);
    const lines = byPath(recordsOf(stdout));
    expect(stdout).toContain('"body":{ "big": 12345678901234567890,  "x": 1.0 }');
    expect(lines['/text']?.body).toBe('eine Straße\n');
    expect(lines['/image']).toMatchObject({ bodyBase64: 'AP8B' });
  });
});

describe('a second run', () => {
  test.each(['out/', 'out.ndjson', 'out.db'])(
    'on %s continues: nothing is fetched twice, what failed is asked again',
    async (output) => {
      const flaky = await work.serve((request, { answer }) =>
        answer('', { status: request.path === '/3' && request.count === 1 ? 404 : 200 }),
      );
      const list = [`${flaky.origin}/[1-5]`, '-o', output];
      const first = await work.run(list);
      expect(first).toMatchObject({ code: 1, stderr: expect.stringContaining('4 of 5 pages are OK.') });
      expect(first.stderr).toMatch(/To try the rest again: fetch-pages '?http/);
      const second = await work.run(list);
      expect(second).toMatchObject({
        code: 0,
        stderr: expect.stringContaining('All 5 pages are OK (4 already stored'),
      });
      expect(flaky.requests).toHaveLength(6);
      const third = await work.run(list);
      expect(third).toMatchObject({
        code: 0,
        stderr: expect.stringContaining('All 5 pages are OK (5 already stored, newest 2'),
      });
      expect(flaky.requests).toHaveLength(6);
      const ok = work.records(output).filter(({ outcome }) => outcome === 'ok');
      expect(new Set(ok.map(({ url }) => url)).size).toBe(5);
      expect(ok).toHaveLength(5);
    },
  );

  test.each(['out/', 'out.ndjson', 'out.db'])('on %s with a longer list fetches only what is new', async (output) => {
    await work.run([...urls.slice(0, 3), '-o', output]);
    const { stderr } = await work.run([...urls, '-o', output]);
    expect(stderr).toContain('All 5 pages are OK (3 already stored');
    expect(server.requests).toHaveLength(5);
  });

  test.each([
    ['method', ['-X', 'PUT'], /method/],
    ['data', ['-d', 'other'], /data/],
    ['header', ['-H', 'Accept: text/html'], /accept/i],
  ])(
    'that asks for something else (%s) ends with 2 and names it; --restart begins anew',
    async (_what, option, named) => {
      await work.run([...urls, '-o', 'out/']);
      const before = work.files('out');
      const { code, stderr } = await work.run([...urls, ...option, '-o', 'out/']);
      expect(code).toBe(2);
      expect(stderr).toMatch(named);
      expect(stderr).toContain('--restart');
      expect(server.requests).toHaveLength(5);
      expect(work.files('out')).toEqual(before);
      expect(await work.run([...urls, ...option, '-o', 'out/', '--restart'])).toMatchObject({ code: 0 });
      expect(server.requests).toHaveLength(10);
    },
  );

  test('may come with other credentials and another User-Agent', async () => {
    await work.run([...urls, '-o', 'out.ndjson', '-u', 'a:b', '-b', 'a=1']);
    expect(await work.run([...urls, '-o', 'out.ndjson', '-u', 'c:d', '-A', 'other'])).toMatchObject({ code: 0 });
    expect(server.requests).toHaveLength(5);
  });

  test('with --restart removes what the manifest names and nothing else', async () => {
    await work.run([...urls, '-o', 'out/']);
    work.write('out/mine.txt', 'mine');
    const { code } = await work.run([`${server.origin}/9`, '-o', 'out/', '--restart']);
    expect(code).toBe(0);
    expect(work.read('out/mine.txt')).toBe('mine');
    expect(work.records('out/')).toHaveLength(1);
    expect(work.files('out').filter((name) => !name.startsWith('.'))).toHaveLength(3);
  });

  test('mends a record that was torn, and tells it', async () => {
    await work.run([...urls, '-o', 'out.ndjson']);
    truncateSync(work.path('out.ndjson'), statSync(work.path('out.ndjson')).size - 10);
    const { code, stderr } = await work.run([...urls, '-o', 'out.ndjson']);
    expect(code).toBe(0);
    expect(stderr).toMatch(/torn|cut|half/);
    expect(work.records('out.ndjson')).toHaveLength(5);
    expect(server.requests).toHaveLength(6);
  });

  test('a failed ask never takes a body away', async () => {
    await work.run([...urls, '-o', 'out/']);
    await server.close();
    expect(await work.run([...urls, '-o', 'out/'])).toMatchObject({ code: 0 });
  });
});

describe('what is not ours', () => {
  test('a folder with something in it is refused with 3, and untouched, with --restart too', async () => {
    work.write('docs/thesis.txt', 'years of work');
    for (const option of [[], ['--restart'], ['--dry-run']]) {
      const { code, stderr } = await work.run([...urls, '-o', 'docs/', ...option]);
      expect({ code, stderr }).toMatchObject({ code: 3, stderr: expect.stringContaining('docs/') });
      expect(work.files()).toEqual(['docs/thesis.txt']);
    }
    expect(work.read('docs/thesis.txt')).toBe('years of work');
    expect(server.requests).toEqual([]);
  });

  test.each([
    ['text', 'years of work\n'],
    ['JSON lines of others', '{"a":1}\n{"a":2}\n'],
    ['text without an end', 'x'],
  ])('a file of %s is refused with 3, and untouched', async (_what, text) => {
    work.write('out.ndjson', text);
    for (const option of [[], ['--restart'], ['--dry-run']]) {
      expect(await work.run([...urls, '-o', 'out.ndjson', ...option])).toMatchObject({ code: 3 });
      expect(work.read('out.ndjson')).toBe(text);
    }
    expect(work.files().filter((name) => !name.includes('lock'))).toEqual(['out.ndjson']);
    expect(server.requests).toEqual([]);
  });

  test('a folder that cannot be written ends with 3', async () => {
    work.write('out', 'a file');
    expect(await work.run([...urls, '-o', 'out/'])).toMatchObject({ code: 3 });
    expect(await work.run([...urls, '-o', 'out/deeper/'])).toMatchObject({ code: 3 });
    expect(await work.run([...urls, '-o', 'no/such/out.ndjson'])).toMatchObject({
      stderr: expect.not.stringContaining('bug'),
    });
    if (process.getuid?.() === 0) return;
    work.write('closed/x', '');
    chmodSync(work.path('closed'), 0o500);
    expect(await work.run([...urls, '-o', 'closed/out/'])).toMatchObject({ code: 3 });
  });

  test('a store in which a link leads out of it is not followed', async () => {
    await work.run([urls[0] ?? '', '-o', 'out/']);
    const folder = work.records('out/')[0]?.file?.split('/')[0] ?? '';
    work.write('elsewhere/x', 'x');
    rmSync(work.path(`out/${folder}`), { recursive: true });
    symlinkSync(work.path('elsewhere'), work.path(`out/${folder}`));
    const { code } = await work.run([...urls, '-o', 'out/']);
    expect(code).toBe(3);
    expect(work.files('elsewhere')).toEqual(['x']);
  });
});

describe('two runs on one store', () => {
  test.each(['out/', 'out.ndjson', 'out.db'])(
    '%s: the second is refused with 3, while the first goes on',
    async (output) => {
      const { promise: released, resolve: release } = Promise.withResolvers<void>();
      const slow = await work.serve(
        (request, { answer }) => void (request.path === '/1' ? answer() : released.then(() => answer())),
      );
      const first = work.start([`${slow.origin}/[1-5]`, '-o', output]);
      await until(() => slow.requests.length === 5, 'the requests of the first run');
      const second = await work.run([`${slow.origin}/[1-5]`, '-o', output]);
      expect(second).toMatchObject({ code: 3, stderr: expect.stringMatching(/another|in use/) });
      expect(await work.run([`${slow.origin}/[1-5]`, '-o', output, '--restart'])).toMatchObject({ code: 3 });
      expect(slow.requests).toHaveLength(5);
      release();
      expect(await first.ended).toMatchObject({ code: 0, stderr: expect.stringContaining('All 5 pages are OK.') });
      expect(work.records(output)).toHaveLength(5);
    },
  );

  test('the lock of a run that was killed is no obstacle', async () => {
    const hanging = await work.serve(() => {});
    const first = work.start([`${hanging.origin}/`, '-o', 'out/']);
    await until(() => hanging.requests.length === 1, 'the request');
    first.signal('SIGKILL');
    expect(await first.ended).toMatchObject({ code: 137 });
    expect(await work.run([...urls, '-o', 'out/'])).toMatchObject({ code: 0 });
  });
});

test('a page whose file is already there from a run that was killed is written anew', async () => {
  await work.run([...urls, '-o', 'out/']);
  const [first] = work.records('out/');
  const manifest = readFileSync(work.path('out/manifest.ndjson'), 'utf8');
  writeFileSync(work.path('out/manifest.ndjson'), manifest.split('\n').slice(1).join('\n'));
  writeFileSync(work.path(`out/${first?.file}`), 'left behind');
  expect(await work.run([...urls, '-o', 'out/'])).toMatchObject({ code: 0 });
  expect(work.records('out/').filter(({ url }) => url === first?.url)).toMatchObject([{ file: first?.file }]);
  expect(work.read(`out/${first?.file}`)).toMatch(/^page/);
});
