import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { AppServer } from '../support/app-server.ts';
import { until, useWorkspace } from '../support/workspace.ts';

const work = useWorkspace();

/** Everything in the test's folder but `out/`: names, kinds, contents, links. */
function surroundings(): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  const look = (folder: string): void => {
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      const place = relative(work.folder, path);
      const stat = lstatSync(path);
      if (place === 'out' && stat.isDirectory()) continue;
      if (stat.isSymbolicLink()) found[place] = `-> ${readlinkSync(path)}`;
      else if (stat.isDirectory()) look(path);
      else found[place] = `${stat.mtimeMs} ${readFileSync(path, 'latin1')}`;
      if (stat.isDirectory()) found[place] = 'folder';
    }
  };
  look(work.folder);
  return found;
}

let server: AppServer;
/** Called before each answer. */
let onRequest: (path: string) => Promise<void>;
beforeEach(async () => {
  onRequest = async () => {};
  server = await work.serve(async (request, { answer }) => {
    await onRequest(request.path);
    answer(`body of ${request.path}`, {
      headers: { 'content-disposition': 'attachment; filename="../../evil.sh"', 'content-type': 'text/plain' },
    });
  });
  work.write('victim/precious.txt', 'precious');
  work.write('evil.sh', 'ours');
});

function fetchList(lines: readonly string[], ...more: readonly string[]) {
  work.write('list.txt', lines);
  return work.run(['list.txt', '-o', 'out/', '-c', '1', '--retry', '0', ...more]);
}

/** Paths that no URL or wish may reach, as the URL parser leaves them. */
const PATHS = [
  '/../../victim/precious.txt',
  '/%2e%2e%2f%2e%2e%2fvictim%2fprecious.txt',
  '/%2e%2e/%2e%2e/victim/precious.txt',
  '/..%2f..%2fvictim%2fprecious.txt',
  '/..%5c..%5cvictim%5cprecious.txt',
  '/%252e%252e%252fvictim',
  '//victim/precious.txt',
  '/%2fetc%2fpasswd',
  '/a%00/../../victim/precious.txt',
  '/a%00b.txt',
  '/x?../../victim/precious.txt',
  '/%ef%bc%8e%ef%bc%8e/victim',
  '/%e2%80%a5/victim',
  '/..%ef%bc%8fvictim',
  '/..%e2%88%95victim',
  '/%c0%ae%c0%ae%c0%afvictim',
  '/~/.ssh/authorized_keys',
  '/.fetch-pages.lock',
  '/manifest.ndjson',
];

const WISHES = [
  '../victim/precious.txt',
  '../../victim/precious.txt',
  'a/../../victim/precious.txt',
  '..\\victim\\precious.txt',
  '..\\..\\victim\\precious.txt',
  '/etc/fetch-pages-was-here.txt',
  '\\\\server\\share\\x.txt',
  'C:\\x.txt',
  'C:x.txt',
  'a\u0000/../../victim/precious.txt',
  '．．/victim/precious.txt',
  '‥/victim/precious.txt',
  '..／victim／precious.txt',
  '..∕victim∕precious.txt',
  '~/precious.txt',
  'manifest.ndjson',
  'MANIFEST.NDJSON',
  '.fetch-pages.lock',
  '.fetch-pages.tmp/1',
  '.',
  '..',
  '/',
];

/** On Windows devices, whatever stands behind the dot; and names that it would change. */
const WINDOWS = ['con', 'CON', 'nul.txt', 'aux', 'com1.body', 'lpt9', 'prn.', 'a.', 'a ', 'a:b', 'a::$DATA', 'conin$'];
const RESERVED_PART = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

test('no URL and no wish writes outside of the folder, and what it needs itself is not overwritten', async () => {
  const wishes = WISHES.map((file, n) => JSON.stringify({ url: `${server.origin}/wish/${n}`, file }));
  // As JSON, for a line is trimmed; the URL parser has its own word on these.
  const urls = PATHS.map((path) => JSON.stringify({ url: server.origin + path }));
  work.write('list.txt', []);
  const before = Object.keys(surroundings());
  const lines = [...urls, ...wishes];
  const { code, stderr } = await fetchList(lines);
  expect(code, stderr).toBe(0);
  expect(Object.keys(surroundings())).toEqual(before);
  expect([work.read('victim/precious.txt'), work.read('evil.sh')]).toEqual(['precious', 'ours']);
  expect(work.exists('/etc/fetch-pages-was-here.txt')).toBe(false);
  const files = work.records('out/').map(({ file = '' }) => file);
  expect(new Set(files.map((file) => file.toLowerCase())).size).toBe(server.requests.length);
  for (const file of files) {
    expect(file).toMatch(/^[\w.~=+@,/-]+$/);
    const parts = file.split('/');
    for (const part of ['', '.', '..']) expect(parts).not.toContain(part);
    expect(parts[0]).not.toMatch(/^(?:manifest\.ndjson|\.fetch-pages\.(?:lock|tmp|removing))$/i);
    expect(lstatSync(work.path(`out/${file}`)).isFile()).toBe(true);
  }
  // The manifest is still a manifest, and the lock a lock: the next run understands both.
  expect(await fetchList(lines)).toMatchObject({ code: 0, stderr: expect.stringContaining('already stored') });
});

test('names that are devices, streams or trimmed on Windows, or meet in another case, are made others', async () => {
  const names = [...WINDOWS, 'A', 'a', 'É', 'é', 'e\u0301', 'ﬁ', 'fi', 'K', '\u212a', 'ſ', 's', 'ı', 'i', 'I'];
  const lines = names.flatMap((name, n) => [
    JSON.stringify({ url: `${server.origin}/w/${n}`, file: `${name}` }),
    JSON.stringify({ url: `${server.origin}/w/${n}?folder`, file: `${name}/x.txt` }),
    JSON.stringify({ url: `${server.origin}/${encodeURIComponent(name)}` }),
  ]);
  expect(await fetchList(lines)).toMatchObject({ code: 0 });
  const files = work.records('out/').map(({ file = '' }) => file);
  expect(files).toHaveLength(lines.length);
  expect(new Set(files.map((file) => file.normalize('NFKC').toLowerCase())).size).toBe(lines.length);
  for (const part of files.flatMap((file) => file.split('/'))) {
    expect(part).not.toMatch(RESERVED_PART);
    expect(part).not.toMatch(/[. ]$|[<>:"|?*\\]|[^\x20-\x7e]/);
  }
});

describe('a symbolic link', () => {
  const host = () => `http+127.0.0.1+${server.port}`;

  test.each([
    ['in place of the host’s folder', (out: string) => symlinkSync('../victim', join(out, host()))],
    [
      'in place of a folder below it',
      (out: string) => {
        mkdirSync(join(out, host()));
        symlinkSync('../../victim', join(out, host(), 'a'));
      },
    ],
    [
      'in place of the folder of half-written files',
      (out: string) => symlinkSync('../victim', join(out, '.fetch-pages.tmp')),
    ],
    ['in place of the lock', (out: string) => symlinkSync('../victim/precious.txt', join(out, '.fetch-pages.lock'))],
    ['to an empty file in place of the lock', (out: string) => symlinkSync('../empty', join(out, '.fetch-pages.lock'))],
    ['in place of the manifest', (out: string) => symlinkSync('../victim/new.ndjson', join(out, 'manifest.ndjson'))],
  ])('%s leads nowhere', async (_where, plant) => {
    expect(await fetchList([`${server.origin}/first`])).toMatchObject({ code: 0 });
    renameSync(work.path(`out/${host()}`), work.path('moved'));
    work.write('empty', '');
    const before = surroundings();
    if (/lock|manifest/.test(_where)) {
      renameSync(work.path('out'), work.path('old'));
      mkdirSync(work.path('out'));
      plant(work.path('out'));
    } else plant(work.path('out'));
    const { code } = await fetchList([`${server.origin}/a/b`, `${server.origin}/c`]);
    expect([0, 3]).toContain(code);
    const after = surroundings();
    for (const [place, content] of Object.entries(before)) {
      if (place !== 'list.txt') expect([place, work.exists('old') || after[place] === content]).toEqual([place, true]);
    }
    expect(readdirSync(work.path('victim'))).toEqual(['precious.txt']);
    expect([work.read('victim/precious.txt'), work.read('empty')]).toEqual(['precious', '']);
  });

  test.each([
    ['a host’s folder', () => host(), '../victim'],
    ['a folder below it', () => `${host()}/a`, '../../victim'],
    ['the folder of half-written files', () => '.fetch-pages.tmp', '../victim'],
  ])('that takes the place of %s while the run goes on leads nowhere either', async (_where, place, target) => {
    onRequest = async (path) => {
      if (path !== '/a/2') return;
      await until(() => work.read('out/manifest.ndjson').includes('/a/1'), 'the first page');
      renameSync(work.path(`out/${place()}`), work.path('moved'));
      symlinkSync(target, work.path(`out/${place()}`));
    };
    const { code, stderr } = await fetchList([1, 2, 3, 4].map((n) => `${server.origin}/a/${n}`));
    expect(readdirSync(work.path('victim'))).toEqual(['precious.txt']);
    expect(code).toBe(3);
    expect(stderr).toMatch(/symbolic link|it is gone/);
    expect(work.records('out/').map(({ url }) => new URL(url).pathname)).toEqual(['/a/1']);
  });
});

test('a folder that somebody else filled is not taken for a store, whatever it is called', async () => {
  mkdirSync(work.path('out'));
  writeFileSync(work.path('out/manifest.ndjson'), '{"not": "ours"}\n');
  for (const option of ['--restart', '--refresh']) {
    expect(await fetchList([`${server.origin}/x`], option)).toMatchObject({ code: 3 });
  }
  expect(work.read('out/manifest.ndjson')).toBe('{"not": "ours"}\n');
  expect(work.files('out')).toEqual(['manifest.ndjson']);
});
