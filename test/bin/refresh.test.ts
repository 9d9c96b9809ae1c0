import { createHash } from 'node:crypto';
import { appendFileSync, rmSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import type { AppRequest, AppServer } from '../support/app-server.ts';
import { readArchive } from '../support/warc-archive.ts';
import { type ReadRecord, useWorkspace } from '../support/workspace.ts';

const work = useWorkspace();

/** What the server has, by path: every change is a new version, with a tag of its own. */
let site: Map<string, string>;
let server: AppServer;
/** Paths that answer something else just now. */
let broken: Map<string, number>;
/** Body bytes that went out. */
let sentBytes: number;

beforeEach(async () => {
  site = new Map();
  broken = new Map();
  sentBytes = 0;
  server = await work.serve((request, reply) => {
    const status = broken.get(request.path);
    if (status !== undefined) return reply.answer('no', { status });
    const redirect = /^\/to(\/.*)/.exec(request.path)?.[1];
    if (redirect !== undefined) return reply.answer('', { status: 302, headers: { location: redirect } });
    const text = site.get(request.path) ?? '';
    const etag = tagOf(text);
    if (request.headers['if-none-match'] === etag) return reply.answer('', { status: 304, headers: { etag } });
    sentBytes += text.length;
    reply.answer(text, { headers: { etag, 'content-type': 'text/plain' } });
  });
});

function tagOf(text: string): string {
  return `"${createHash('sha256').update(text).digest('hex').slice(0, 16)}"`;
}

function askedSince(from: number): readonly AppRequest[] {
  return server.requests.slice(from);
}

/** The body that the store holds of each path: of its last OK record. */
function bodiesOf(place: string): Readonly<Record<string, string>> {
  if (place.endsWith('.warc.gz')) return payloadsOf(place);
  const kept = work.records(place).filter((record) => record.outcome === 'ok' || 'storedAt' in record);
  return Object.fromEntries(kept.map((record) => [new URL(record.url).pathname, bodyOf(place, record)]));
}

function bodyOf(place: string, { file, body }: ReadRecord): string {
  return file === undefined ? String(body) : work.read(`${place}${file}`);
}

/** Of each URL the newest response, as a replay tool takes it. */
function payloadsOf(place: string): Readonly<Record<string, string>> {
  const { records } = readArchive(work.path(place), { payloads: true });
  const responses = records.filter(({ type, start }) => type === 'response' && / 200 /.test(start ?? ''));
  return Object.fromEntries(
    responses.map(({ fields, payload = '' }) => [
      new URL(fields['WARC-Target-URI'] ?? '').pathname,
      Buffer.from(payload, 'base64').toString(),
    ]),
  );
}

/** The last word on each page, in the order of the list. */
function statesOf(place: string): readonly string[] {
  const last = new Map(work.records(place).map(({ url, outcome }) => [url, outcome]));
  return [...last.values()];
}

describe.each(['out/', 'out.ndjson', 'out.db', 'out.warc.gz'])('--refresh of %s', (place) => {
  const urls = () => [...site.keys()].map((path) => `${server.origin}${path}`);
  const refresh = (...more: string[]) => work.run([...urls(), '-o', place, '--refresh', ...more]);

  beforeEach(async () => {
    for (const path of ['/a', '/b', '/c']) site.set(path, `first ${path}`);
    expect(await work.run([...urls(), '-o', place])).toMatchObject({ code: 0 });
  });

  test('asks with the tags of what is stored; what is unchanged is OK and stays', async () => {
    const before = bodiesOf(place);
    const from = server.requests.length;
    const { code, stderr } = await refresh();
    expect({ code, stderr }).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/All 3 pages are OK.*3 unchanged/s),
    });
    expect(
      askedSince(from)
        .map(({ path, headers }) => [path, headers['if-none-match']])
        .toSorted(),
    ).toEqual([...site].map(([path, text]) => [path, tagOf(text)]));
    expect(statesOf(place)).toEqual(['unchanged', 'unchanged', 'unchanged']);
    expect(bodiesOf(place)).toEqual(before);
  });

  test('a changed page is fetched, and its new tag is asked with the next time', async () => {
    site.set('/b', 'second /b');
    expect(await refresh()).toMatchObject({ code: 0, stderr: expect.stringContaining('2 unchanged') });
    expect(bodiesOf(place)).toEqual({ '/a': 'first /a', '/b': 'second /b', '/c': 'first /c' });
    const from = server.requests.length;
    expect(await refresh()).toMatchObject({ code: 0, stderr: expect.stringContaining('3 unchanged') });
    expect(askedSince(from).find(({ path }) => path === '/b')?.headers['if-none-match']).toBe(tagOf('second /b'));
  });

  test.each([404, 500])('an answer %i takes no stored body away, and is told', async (status) => {
    broken.set('/b', status);
    const { code, stderr } = await refresh('--retry', '0');
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('2 of 3 pages are OK') });
    expect(statesOf(place).toSorted()).toEqual(['failed', 'unchanged', 'unchanged']);
    expect(bodiesOf(place)).toEqual({ '/a': 'first /a', '/b': 'first /b', '/c': 'first /c' });
    broken.clear();
    const from = server.requests.length;
    expect(await refresh()).toMatchObject({ code: 0 });
    expect(askedSince(from).find(({ path }) => path === '/b')?.headers['if-none-match']).toBe(tagOf('first /b'));
  });

  test('a page that is not stored yet is simply fetched', async () => {
    site.set('/d', 'first /d');
    expect(await refresh()).toMatchObject({ code: 0, stderr: expect.stringContaining('3 unchanged') });
    expect(bodiesOf(place)['/d']).toBe('first /d');
  });

  test('without --refresh nothing is asked, also after one', async () => {
    await refresh();
    const from = server.requests.length;
    const { code, stderr } = await work.run([...urls(), '-o', place]);
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('3 already stored') });
    expect(askedSince(from)).toEqual([]);
  });

  test('behind a redirect only the place where the answer came from is asked with its tag', async () => {
    site.set('/to/a', '');
    expect(await work.run([`${server.origin}/to/a`, '-o', place])).toMatchObject({ code: 0 });
    const from = server.requests.length;
    expect(await work.run([`${server.origin}/to/a`, '-o', place, '--refresh'])).toMatchObject({ code: 0 });
    expect(askedSince(from).map(({ path, headers }) => [path, headers['if-none-match']])).toEqual([
      ['/to/a', undefined],
      ['/a', tagOf('first /a')],
    ]);
    expect(statesOf(place).at(-1)).toBe('unchanged');
  });

  test('a dry run tells that all of it is asked for again', async () => {
    const { code, stdout } = await refresh('--dry-run');
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('3 to fetch') });
    expect(stdout).toContain('3 already stored');
  });
});

test('a file that was changed or removed is asked for anew, without its tag', async () => {
  for (const path of ['/a', '/b', '/c']) site.set(path, `first ${path}`);
  const urls = [...site.keys()].map((path) => `${server.origin}${path}`);
  await work.run([...urls, '-o', 'out/']);
  const [a, b] = work.records('out/').map(({ file }) => work.path(`out/${file}`));
  appendFileSync(a ?? '', 'x');
  rmSync(b ?? '');
  expect(await work.run([...urls, '-o', 'out/', '--refresh'])).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('1 unchanged'),
  });
  expect(bodiesOf('out/')).toEqual({ '/a': 'first /a', '/b': 'first /b', '/c': 'first /c' });
});

test('a nightly refresh of 5,000 pages of which 50 changed fetches 50 bodies', async () => {
  const text = (index: number, version: number): string => `${version} of ${index} `.repeat(100);
  for (let index = 0; index < 5_000; index++) site.set(`/${index}`, text(index, 1));
  work.write(
    'urls.txt',
    [...site.keys()].map((path) => `${server.origin}${path}`),
  );
  expect(await work.run(['urls.txt', '-o', 'out.ndjson'])).toMatchObject({ code: 0 });
  for (let index = 0; index < 5_000; index += 100) site.set(`/${index}`, text(index, 2));
  const [requestsBefore, bytesBefore] = [server.requests.length, sentBytes];
  const { code, stderr } = await work.run(['urls.txt', '-o', 'out.ndjson', '--refresh']);
  expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('4,950 unchanged') });
  expect(server.requests.length - requestsBefore).toBe(5_000);
  const changed = [...site.values()].filter((body) => body.startsWith('2')).reduce((sum, body) => sum + body.length, 0);
  expect(sentBytes - bytesBefore).toBe(changed);
});

test.each<[why: string, argv: string[]]>([
  ['stdout holds nothing', ['-o', '-']],
  ['--format none holds nothing', ['--format', 'none']],
  ['--restart would remove what is asked again', ['-o', 'out/', '--restart']],
])('is refused where %s', async (_, argv) => {
  const { code, stderr } = await work.run([`${server.origin}/a`, ...argv, '--refresh']);
  expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('--refresh') });
  expect(server.requests).toEqual([]);
});
