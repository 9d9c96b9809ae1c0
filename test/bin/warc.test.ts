import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, test } from 'vitest';
import type { AppServer } from '../support/app-server.ts';
import { readArchive } from '../support/warc-archive.ts';
import { useWorkspace } from '../support/workspace.ts';

const work = useWorkspace();
const LARGE = randomBytes(6 * 2 ** 20);
let server: AppServer;

beforeEach(async () => {
  server = await work.serve(
    (request, reply) => {
      if (request.path === '/moved')
        return reply.answer('over there', { status: 302, headers: { location: '/zipped' } });
      if (request.path === '/gone') return reply.answer('no such page', { status: 404 });
      if (request.path === '/large') return reply.answer(LARGE);
      if (request.headers['if-none-match'] === '"v1"')
        return reply.answer('', { status: 304, headers: { etag: '"v1"' } });
      const headers = { 'content-type': 'text/plain', 'content-encoding': 'gzip', etag: '"v1"' };
      return reply.answer(gzipSync(`page ${request.path}`), { headers });
    },
    { tls: true },
  );
});

function archive(name: string) {
  const { records, problems } = readArchive(work.path(name), { payloads: true });
  expect(problems).toEqual([]);
  return records;
}

describe('-o pages.warc.gz', () => {
  const list = () => ['/moved', '/gone', '/large', '/2'].map((path) => `${server.origin}${path}`);

  test('keeps every exchange as it went over the wire, the secrets aside', async () => {
    const argv = [
      ...list(),
      '-k',
      '-u',
      'me:s3cret',
      '-H',
      'x-token: t0ken',
      '-o',
      'pages.warc.gz',
      '--cdxj',
      'pages.cdxj',
    ];
    expect(await work.run(argv)).toMatchObject({ code: 1, stderr: expect.stringContaining('3 of 4 pages are OK.') });
    const records = archive('pages.warc.gz');
    const told = records.map(({ type, start }) => `${type} ${start ?? ''}`.trim()).sort();
    expect(told).toEqual(
      [
        'warcinfo',
        'response HTTP/1.1 302 Found',
        'request GET /moved HTTP/1.1',
        'response HTTP/1.1 200 OK',
        'request GET /zipped HTTP/1.1',
        'response HTTP/1.1 404 Not Found',
        'request GET /gone HTTP/1.1',
        'response HTTP/1.1 200 OK',
        'request GET /large HTTP/1.1',
        'response HTTP/1.1 200 OK',
        'request GET /2 HTTP/1.1',
        ...Array.from({ length: 4 }, () => 'metadata'),
      ].sort(),
    );
    const answers = records.filter(({ type }) => type === 'response');
    expect(answers.every(({ protocols }) => protocols[0] === 'h2')).toBe(true);
    expect(answers.every(({ fields }) => fields['WARC-IP-Address'] === '127.0.0.1')).toBe(true);
    const answerTo = (path: string) =>
      answers.find(({ fields }) => fields['WARC-Target-URI'] === `${server.origin}${path}`);
    expect(answerTo('/zipped')).toMatchObject({
      payload: gzipSync('page /zipped').toString('base64'),
      decoded: Buffer.from('page /zipped').toString('base64'),
    });
    expect(answerTo('/large')?.payload).toBe(LARGE.toString('base64'));
    expect(Buffer.from(answerTo('/gone')?.payload ?? '', 'base64').toString()).toBe('no such page');
    const text = JSON.stringify(records);
    expect(text).toContain('[redacted]');
    for (const secret of ['s3cret', 't0ken', Buffer.from('me:s3cret').toString('base64')]) {
      expect(text.includes(secret), secret).toBe(false);
    }
    expect(work.read('pages.cdxj').split('\n')).toHaveLength(5 + 1);
    expect(work.files()).toEqual(['.pages.warc.gz.index', '.pages.warc.gz.lock', 'pages.cdxj', 'pages.warc.gz']);
  });

  test('is continued by the next run, and asked for again with --refresh', async () => {
    const urls = ['/1', '/2', '/large'].map((path) => `${server.origin}${path}`);
    expect(await work.run([...urls, '-k', '-o', 'pages.warc.gz'])).toMatchObject({ code: 0 });
    const before = work.read('pages.warc.gz');
    const again = await work.run([...urls, '-k', '-o', 'pages.warc.gz']);
    expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining('3 already stored') });
    expect(work.read('pages.warc.gz')).toBe(before);
    expect(server.requests).toHaveLength(3);
    const refreshed = await work.run([...urls, '-k', '-o', 'pages.warc.gz', '--refresh']);
    expect(refreshed).toMatchObject({ code: 0, stderr: expect.stringContaining('All 3 pages are OK') });
    const records = archive('pages.warc.gz');
    const revisits = records.filter(({ type }) => type === 'revisit');
    const stored = new Set(
      records.filter(({ type }) => type === 'response').map(({ fields }) => fields['WARC-Record-ID']),
    );
    expect(revisits).toHaveLength(2);
    for (const { start, fields } of revisits) {
      expect(start).toBe('HTTP/1.1 304 Not Modified');
      expect(stored.has(fields['WARC-Refers-To'])).toBe(true);
    }
    expect(records.flatMap(({ json }) => (json === undefined ? [] : [json.outcome]))).toEqual(
      expect.arrayContaining(['unchanged', 'unchanged', 'ok', 'ok', 'ok', 'ok']),
    );
  });

  test('a WARC of another program is refused', async () => {
    work.write('pages.warc', 'WARC/1.0\r\nWARC-Type: warcinfo\r\nContent-Length: 15\r\n\r\nsoftware: Wget\r\n\r\n\r\n');
    const before = work.read('pages.warc');
    const { code, stderr } = await work.run([...list(), '-k', '-o', 'pages.warc']);
    expect({ code, stderr }).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('was not written by fetch-pages'),
    });
    expect(work.read('pages.warc')).toBe(before);
    expect(server.requests).toHaveLength(0);
  });

  test.each([
    [['-o', 'pages.ndjson', '--cdxj', 'x.cdxj']],
    [['-o', 'pages.warc', '--cdxj', './pages.warc']],
    [['--format', 'none', '--cdxj', 'x.cdxj']],
    [['-o', '-', '--cdxj', 'x.cdxj']],
  ])('%j is a contradiction', async (argv) => {
    expect(await work.run([...list(), ...argv])).toMatchObject({ code: 2, stderr: expect.stringContaining('--cdxj') });
    expect(work.files()).toEqual([]);
  });
});
