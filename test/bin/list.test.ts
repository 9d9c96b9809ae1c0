import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, test } from 'vitest';
import type { AppServer } from '../support/app-server.ts';
import { byPath, recordsOf, useWorkspace } from '../support/workspace.ts';

const work = useWorkspace();
let server: AppServer;
beforeEach(async () => {
  server = await work.serve((request, reply) => reply.answer(`page ${request.path}`));
});

function urls(...paths: readonly string[]): string[] {
  return paths.map((path) => server.origin + path);
}

function paths(): string[] {
  return server.requests.map(({ path }) => path).sort();
}

describe('where a list comes from', () => {
  test('several files, -i, and URLs among them are one list', async () => {
    work.write('one.txt', urls('/1', '/2'));
    work.write('two.txt', urls('/3'));
    work.write('three.txt', urls('/4'));
    const { code, stderr } = await work.run([
      'one.txt',
      `${server.origin}/5`,
      '-i',
      'two.txt',
      '-i',
      'three.txt',
      '-o',
      'out/',
    ]);
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('All 5 pages are OK.') });
    expect(paths()).toEqual(['/1', '/2', '/3', '/4', '/5']);
    const lines = work.records('out/').map(({ line }) => line);
    expect(lines.sort()).toEqual(['argument:1', 'one.txt:1', 'one.txt:2', 'three.txt:1', 'two.txt:1'].sort());
  });

  test('standard input is read unasked where there is no argument, and for -', async () => {
    const input = `${urls('/1', '/2').join('\n')}\n`;
    expect(await work.run(['-o', 'unasked/'], { input })).toMatchObject({ code: 0 });
    expect(await work.run(['-', '-o', 'asked/'], { input })).toMatchObject({ code: 0 });
    expect(await work.run(['-i', '-', '-o', 'by-option/'], { input })).toMatchObject({ code: 0 });
    expect(paths()).toEqual(['/1', '/1', '/1', '/2', '/2', '/2']);
  });

  test('standard input is left alone where there is an argument or -i', async () => {
    work.write('list.txt', urls('/1'));
    const input = urls('/other').join('\n');
    expect(await work.run([`${server.origin}/2`, '-o', 'a/'], { input })).toMatchObject({ code: 0 });
    expect(await work.run(['-i', 'list.txt', '-o', 'b/'], { input })).toMatchObject({ code: 0 });
    expect(paths()).toEqual(['/1', '/2']);
  });

  test('a pipe that dawdles is read as it comes', async () => {
    const line = `{ echo ${server.origin}/1; sleep 0.5; printf %s ${server.origin}/2; } | fetch-pages -o -`;
    const { code, stdout } = await work.shell(line);
    expect(code).toBe(0);
    expect(recordsOf(stdout)).toHaveLength(2);
  });

  test('a file whose name begins with - comes after --', async () => {
    work.write('-list.txt', urls('/1'));
    expect(await work.run(['-o', 'out/', '--', '-list.txt'])).toMatchObject({ code: 0 });
    expect(paths()).toEqual(['/1']);
  });
});

describe('what a list holds', () => {
  test('ranges are spread in arguments, in lists only with --expand, and nowhere with -g', async () => {
    await work.run([`${server.origin}/a[1-3]`, `${server.origin}/b[08-10:2]`, `${server.origin}/{x,y}`, '-o', 'a/']);
    expect(paths()).toEqual(['/a1', '/a2', '/a3', '/b08', '/b10', '/x', '/y']);
    work.write('list.txt', urls('/c[1-2]'));
    await work.run(['list.txt', '-o', 'b/']);
    expect(server.requests.at(-1)?.path).toMatch(/^\/c(?:\[1-2\]|%5B1-2%5D)$/);
    await work.run(['list.txt', '--expand', '-o', 'c/']);
    expect(paths().filter((path) => /^\/c\d$/.test(path))).toEqual(['/c1', '/c2']);
    await work.run(['-g', `${server.origin}/d[1-2]`, '-o', 'd/']);
    expect(server.requests.at(-1)?.path).toMatch(/^\/d(?:\[1-2\]|%5B1-2%5D)$/);
  });

  test('brackets that are no range are literal', async () => {
    const { code } = await work.run([`${server.origin}/?page[size]=10`, '-o', 'out/']);
    expect(code).toBe(0);
    expect(server.requests.map(({ path }) => path)).toEqual(['/?page[size]=10']);
  });

  test('a BOM, CRLF, blank lines and comments are fine, and lines keep their numbers', async () => {
    work.write('list.txt', `\ufeff${server.origin}/1\r\n\r\n# a comment\r\n  \r\n${server.origin}/2#fragment`);
    const { code } = await work.run(['list.txt', '-o', 'out.ndjson']);
    expect(code).toBe(0);
    const records = byPath(work.records('out.ndjson'));
    expect(records['/1']).toMatchObject({ line: 'list.txt:1', url: `${server.origin}/1` });
    expect(records['/2']).toMatchObject({ line: 'list.txt:5', url: `${server.origin}/2` });
  });

  test('a line of JSON is a request with method, headers, body, id and file', async () => {
    const request = {
      url: `${server.origin}/json`,
      method: 'PUT',
      headers: { 'X-One': '1' },
      body: 'hello',
      id: 'seven',
      file: 'a/../b.txt',
    };
    work.write('list.txt', [JSON.stringify(request)]);
    expect(await work.run(['list.txt', '-o', 'out/'])).toMatchObject({ code: 0 });
    expect(server.requests[0]).toMatchObject({ method: 'PUT', body: 'hello', headers: { 'x-one': '1' } });
    const [record] = work.records('out/');
    expect(record).toMatchObject({ method: 'PUT', id: 'seven', outcome: 'ok' });
    expect(record?.file).toMatch(/^a\/b.*\.txt$/);
    expect(record?.file?.split('/')).not.toContain('..');
    expect(work.read(`out/${record?.file}`)).toBe('page /json');
  });

  test('a gzip list is read as one, by name and by its first bytes', async () => {
    work.write('list.txt.gz', gzipSync(`${urls('/1', '/2').join('\n')}\n`));
    expect(await work.run(['list.txt.gz', '-o', 'out/'])).toMatchObject({ code: 0 });
    expect(await work.run(['-o', 'piped/'], { input: gzipSync(urls('/3').join('\n')) })).toMatchObject({ code: 0 });
    expect(paths()).toEqual(['/1', '/2', '/3']);
  });

  test('a list from a pipe is begun before it has ended', async () => {
    const line = `{ seq -f '${server.origin}/%.0f' 1 300; sleep 30; } | fetch-pages -o out.ndjson`;
    const running = work.startShell(line);
    await expect.poll(() => server.requests.length, { timeout: 10_000 }).toBe(300);
    running.child.kill('SIGKILL');
  });
});

describe('duplicates', () => {
  test('are fetched once, counted and told, with -v by line', async () => {
    work.write('list.txt', [
      ...urls('/1', '/1#other'),
      `${server.origin.toUpperCase().replace('HTTP', 'http')}/1`,
      ...urls('/2'),
    ]);
    const { code, stderr } = await work.run(['list.txt', '-o', 'out/', '-v']);
    expect(code).toBe(0);
    expect(paths()).toEqual(['/1', '/2']);
    expect(stderr).toContain('+ 2 duplicates');
    expect(stderr).toContain('All 2 pages are OK.');
    expect(stderr).toContain('list.txt:2');
  });

  test('with another id are told', async () => {
    work.write('list.txt', [
      JSON.stringify({ url: `${server.origin}/1`, id: 'a' }),
      JSON.stringify({ url: `${server.origin}/1`, id: 'b' }),
    ]);
    const { code, stderr } = await work.run(['list.txt', '-o', 'out/']);
    expect(code).toBe(0);
    expect(stderr).toMatch(/list\.txt:2: .*id/);
  });

  test('pages that differ in method, body or headers are none', async () => {
    work.write('list.txt', [
      `${server.origin}/1`,
      JSON.stringify({ url: `${server.origin}/1`, method: 'HEAD' }),
      JSON.stringify({ url: `${server.origin}/1`, method: 'POST', body: 'a' }),
      JSON.stringify({ url: `${server.origin}/1`, method: 'POST', body: 'b' }),
      JSON.stringify({ url: `${server.origin}/1`, headers: { accept: 'text/html' } }),
    ]);
    const { code, stderr } = await work.run(['list.txt', '-o', 'out/']);
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('All 5 pages are OK.') });
    expect(server.requests).toHaveLength(5);
  });
});

describe('lines that are no pages', () => {
  test('are told as FILE:LINE: why, recorded as invalid, and stop nothing', async () => {
    work.write('list.txt', [
      'not a url',
      `${server.origin}/1`,
      'ftp://example.com/x',
      'http://127.0.0.1:0/',
      '{"url": 7}',
      '{"url": "http://127.0.0.1/"',
      `{"url": "${server.origin}/2", "methud": "GET"}`,
    ]);
    const { code, stderr } = await work.run(['list.txt', '-o', 'out.ndjson']);
    expect(code).toBe(1);
    for (const number of [1, 3, 4, 5, 6, 7]) expect(stderr).toMatch(new RegExp(`^list\\.txt:${number}: \\S`, 'm'));
    expect(stderr).toContain('1 of 7 pages is OK.');
    const records = work.records('out.ndjson');
    expect(
      records
        .filter(({ outcome }) => outcome === 'invalid')
        .map(({ line }) => line)
        .sort(),
    ).toEqual(['list.txt:1', 'list.txt:3', 'list.txt:4', 'list.txt:5', 'list.txt:6', 'list.txt:7']);
    for (const { outcome, error } of records) expect(error?.code).toBe(outcome === 'ok' ? undefined : 'INVALID_LINE');
    expect(paths()).toEqual(['/1']);
  });

  test('in a list of nothing else are told too, and there is no page: 2', async () => {
    work.write('list.txt', ['nothing here']);
    const { code, stderr } = await work.run(['list.txt', '-o', 'out.ndjson']);
    expect(stderr).toMatch(/^list\.txt:1: \S/m);
    expect(stderr).toContain('0 of 1 page');
    expect(code).toBe(2);
    expect(await work.run(['list.txt', '--dry-run'])).toMatchObject({ code: 2 });
  });
});

describe('a list that cannot be read', () => {
  test('that is missing ends with 2, before anything is fetched or created', async () => {
    work.write('list.txt', urls('/1'));
    const { code, stdout, stderr } = await work.run(['list.txt', 'missing.txt']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('missing.txt');
    expect(server.requests).toEqual([]);
    expect(work.files()).toEqual(['list.txt']);
  });

  test.each(['example.com/list', 'www.example.com', 'localhost:8080/x', '127.0.0.1:3000'])(
    'and looks like a host, %s, gets a hint at https://',
    async (word) => {
      const { code, stderr } = await work.run([word]);
      expect(code).toBe(2);
      expect(stderr).toContain(`https://${word}`);
    },
  );

  test('that is a folder ends with 2', async () => {
    work.write('folder/file', 'x');
    const { code, stderr } = await work.run(['folder']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/folder/);
    expect(work.files()).toEqual(['folder/file']);
  });

  test.each([
    ['comments only', '# one\n\n# two\n'],
    ['nothing', ''],
    ['a BOM', '\ufeff'],
  ])('of %s ends with 2', async (_what, text) => {
    work.write('list.txt', text);
    const { code, stderr } = await work.run(['list.txt', '-o', 'out/']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/no page/);
    expect(await work.run([], { input: text })).toMatchObject({ code: 2 });
    expect(work.files()).toEqual(['list.txt']);
  });

  test('of comments only leaves a store as it is, with --restart too', async () => {
    work.write('list.txt', urls('/1'));
    await work.run(['list.txt', '-o', 'out/']);
    work.write('list.txt', '# nothing\n');
    expect(await work.run(['list.txt', '-o', 'out/', '--restart'])).toMatchObject({ code: 2 });
    expect(work.records('out/')).toHaveLength(1);
  });

  test('that is torn is done as far as it goes: LIST_TRUNCATED, and 1', async () => {
    const lines = Array.from(
      { length: 2_000 },
      (_, index) => `${server.origin}/${(index * 7_919) % 10_007}?${index ** 3}`,
    );
    const whole = gzipSync(lines.join('\n'));
    work.write('torn.gz', whole.subarray(0, 4_000));
    const { code, stderr } = await work.run(['torn.gz', '-o', 'out/', '--summary', 'summary.json']);
    expect(code).toBe(1);
    expect(stderr).toContain('LIST_TRUNCATED');
    expect(server.requests.length).toBeGreaterThan(10);
    expect(JSON.parse(work.read('summary.json'))).toMatchObject({ exitCode: 1, list: { truncated: true } });
    expect(stderr).toMatch(/of ≥[\d,]+ pages are OK/);
  });
});
