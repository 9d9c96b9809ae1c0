import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Route } from '../support/app-server.ts';
import { startH1Server } from '../support/h1-server.ts';
import { byPath, useWorkspace } from '../support/workspace.ts';

const work = useWorkspace();

const TEXT = 'a whole page, '.repeat(500);
const ZIPPED = gzipSync(TEXT);
const CORRUPT = Buffer.from(ZIPPED).fill(0x55, 20, 60);

/** Every way in which a server can go wrong, by path. */
const broken: Route = (request, { answer, begin, reset }) => {
  const whole = { 'content-type': 'text/plain' };
  switch (request.path) {
    case '/reset':
      return reset();
    case '/reset-once':
      return request.count === 1 ? reset() : answer('fine', { headers: whole });
    case '/stalls':
      return void begin({ 'content-length': 5_000 }, 'a');
    case '/silent':
      return;
    case '/truncated':
      begin({ 'content-length': 5_000 }, 'a'.repeat(2_000));
      return void setTimeout(reset, 50);
    case '/corrupt':
      return answer(CORRUPT, { headers: { 'content-encoding': 'gzip' } });
    case '/torn-gzip':
      return answer(ZIPPED.subarray(0, -10), { headers: { 'content-encoding': 'gzip' } });
    case '/gzip':
      return answer(ZIPPED, { headers: { 'content-encoding': 'gzip' } });
    case '/loop':
      return answer('', { status: 302, headers: { location: '/loop' } });
    case '/around':
      return answer('', { status: 302, headers: { location: '/redirected' } });
    case '/elsewhere':
      return answer('', { status: 302, headers: { location: 'ftp://127.0.0.1/' } });
    case '/nowhere':
      return answer('', { status: 302 });
    case '/recovers':
      return request.count < 3 ? answer('', { status: 500 }) : answer('fine', { headers: whole });
    case '/always-500':
      return answer('', { status: 500 });
    case '/missing':
      return answer('<h1>no</h1>', { status: 404 });
    case '/empty':
      return answer('', { status: 204 });
    default:
      return answer(TEXT, { headers: whole });
  }
};

const PATHS = [
  '/reset',
  '/reset-once',
  '/stalls',
  '/silent',
  '/truncated',
  '/corrupt',
  '/torn-gzip',
  '/gzip',
  '/loop',
  '/around',
  '/elsewhere',
  '/nowhere',
  '/recovers',
  '/always-500',
  '/missing',
  '/empty',
  '/fine',
];
const PATIENT = ['--stall-timeout', '1s', '--response-timeout', '1s', '--retry', '2', '-k'];

/** Path to outcome, code and tries. */
const EXPECTED = {
  '/reset': ['error', expect.stringMatching(/^(?:STREAM_RESET|CONNECTION_CLOSED|CONNECTION_RESET)$/), 3],
  '/reset-once': ['ok', undefined, 2],
  '/stalls': ['error', 'STALLED', 3],
  '/silent': ['error', 'RESPONSE_TIMEOUT', 3],
  '/truncated': ['error', expect.stringMatching(/^(?:TRUNCATED|STREAM_RESET)$/), 3],
  '/corrupt': ['error', 'CORRUPT_BODY', 3],
  '/torn-gzip': ['error', 'TRUNCATED', 3],
  '/gzip': ['ok', undefined, 1],
  '/loop': ['error', 'TOO_MANY_REDIRECTS', 1],
  '/around': ['ok', undefined, 1],
  '/elsewhere': ['error', 'REDIRECT_SCHEME', 1],
  '/nowhere': ['error', 'REDIRECT_INVALID', 1],
  '/recovers': ['ok', undefined, 3],
  '/always-500': ['failed', 'HTTP_500', 3],
  '/missing': ['failed', 'HTTP_404', 1],
  '/empty': ['failed', 'HTTP_204', 1],
  '/fine': ['ok', undefined, 1],
};

describe.each([
  ['HTTP/1.1', false],
  ['HTTP/2', true],
] as const)('a server that goes wrong in every way, over %s', (_version, tls) => {
  test('every page ends in its right outcome and code, and the verdict counts them', async () => {
    const server = await work.serve(broken, { tls });
    const urls = PATHS.map((path) => server.origin + path);
    const { code, stderr } = await work.run([...urls, ...PATIENT, '-o', 'out.ndjson']);
    const records = byPath(work.records('out.ndjson'));
    const found = Object.entries(records).map(([path, { outcome, error, attempts }]) => [
      path,
      [outcome, error?.code, attempts],
    ]);
    expect(Object.fromEntries(found)).toEqual(EXPECTED);
    expect(code).toBe(1);
    expect(stderr).toMatch(/5 of 17 pages are OK\.\n$/);
    for (const why of ['HTTP_404', 'HTTP_500', 'CORRUPT_BODY', 'STALLED']) {
      expect(stderr).toMatch(new RegExp(`^ 1 page +${why} `, 'm'));
    }
    expect(stderr).toMatch(/^2 pages +TRUNCATED /m);
    expect(records['/gzip']?.body === TEXT).toBe(true);
    const { bytes, complete, sha256 } = records['/gzip'] ?? {};
    expect({ bytes, complete, sha256 }).toEqual({
      bytes: TEXT.length,
      complete: 'content-length',
      sha256: createHash('sha256').update(TEXT).digest('hex'),
    });
    expect(records['/around']).toMatchObject({ finalUrl: `${server.origin}/redirected`, requests: 2 });
    expect(records['/loop']?.redirects).toHaveLength(10);
    for (const { outcome, body, error } of Object.values(records)) {
      expect(body === undefined).toBe(outcome !== 'ok');
      expect(error === undefined).toBe(outcome === 'ok');
    }
  }, 30_000);
});

test('every record has the fields of the schema, in its order', async () => {
  const server = await work.serve((_request, reply) =>
    reply.answer('x', { headers: { 'content-type': 'text/plain', 'X-Two': 'a' } }),
  );
  await work.run([`${server.origin}/a?b=c#d`, '-o', 'out/']);
  const [record] = work.records('out/');
  expect(record).toMatchObject({
    url: `${server.origin}/a?b=c`,
    line: 'argument:1',
    method: 'GET',
    outcome: 'ok',
    status: 200,
    finalUrl: `${server.origin}/a?b=c`,
    attempts: 1,
    requests: 1,
    httpVersion: '1.1',
    contentType: 'text/plain',
    complete: 'content-length',
    bytes: 1,
    headers: { 'x-two': ['a'] },
    sha256: createHash('sha256').update('x').digest('hex'),
  });
  expect(record?.fetchedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  expect(record?.elapsedMs).toBeGreaterThanOrEqual(0);
  expect(record?.waitedMs).toBeGreaterThanOrEqual(0);
});

test('a page without length or coding over HTTP/1.1 says how it ended', async () => {
  const server = await startH1Server(async (connection, request) => {
    if (request.target === '/close') {
      await connection.send('HTTP/1.1 200 OK\r\nconnection: close\r\n\r\npage');
      connection.end();
    } else if (request.target === '/chunked') {
      await connection.send('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\npage\r\n0\r\n\r\n');
    } else {
      await connection.send('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\npage\r\n');
      connection.end();
    }
  });
  try {
    await work.run(
      ['/close', '/chunked', '/cut'].map((path) => server.origin + path).concat('--retry', '0', '-o', 'out.ndjson'),
    );
    const records = byPath(work.records('out.ndjson'));
    expect(records['/close']).toMatchObject({ outcome: 'ok', complete: 'close-delimited', body: 'page' });
    expect(records['/chunked']).toMatchObject({ outcome: 'ok', complete: 'chunked', body: 'page' });
    expect(records['/cut']).toMatchObject({ outcome: 'error', error: { code: 'TRUNCATED' } });
  } finally {
    await server.close();
  }
});

describe('what counts as OK', () => {
  const statuses: Route = (request, { answer }) => answer('page', { status: Number(request.path.slice(1)) });

  test('200; with --accept what it says, whatever --retry-on says', async () => {
    const server = await work.serve(statuses);
    const urls = [200, 203, 404, 503].map((status) => `${server.origin}/${status}`);
    expect(await work.run([...urls, '--accept', '200-299,404,503', '-o', 'out.ndjson'])).toMatchObject({ code: 0 });
    expect(server.requests).toHaveLength(4);
    expect(work.records('out.ndjson').every(({ outcome, body }) => outcome === 'ok' && body === 'page')).toBe(true);
  });

  test('200 to 299 for requests that are not GET or HEAD', async () => {
    const server = await work.serve(statuses);
    expect(await work.run([`${server.origin}/201`, '-d', 'x', '--format', 'none'])).toMatchObject({ code: 0 });
    expect(await work.run([`${server.origin}/201`, '--format', 'none'])).toMatchObject({ code: 1 });
  });

  test('a redirect that is accepted with --max-redirs 0 is the page', async () => {
    const server = await work.serve((_request, { answer }) =>
      answer('moved', { status: 302, headers: { location: '/x' } }),
    );
    const { code } = await work.run([`${server.origin}/`, '--max-redirs', '0', '--accept', '302', '-o', 'out.ndjson']);
    expect(code).toBe(0);
    expect(work.records('out.ndjson')[0]).toMatchObject({ outcome: 'ok', status: 302, body: 'moved' });
  });

  test('--max-redirs 0 without it: the redirect is what the page was answered', async () => {
    const server = await work.serve((_request, { answer }) =>
      answer('moved', { status: 302, headers: { location: '/x' } }),
    );
    const { code } = await work.run([`${server.origin}/`, '--max-redirs', '0', '-o', 'out.ndjson']);
    expect(code).toBe(1);
    expect(server.requests).toHaveLength(1);
    expect(work.records('out.ndjson')[0]).toMatchObject({ status: 302 });
  });
});

describe('trying again', () => {
  test('--retry 0 tries once, --retry-on says which statuses', async () => {
    const server = await work.serve((request, { answer }) =>
      request.count === 1 ? answer('', { status: Number(request.path.slice(1)) }) : answer(),
    );
    await work.run([`${server.origin}/500`, '--retry', '0', '-o', 'a.ndjson']);
    expect(work.records('a.ndjson')[0]).toMatchObject({ outcome: 'failed', attempts: 1 });
    await work.run([`${server.origin}/404`, `${server.origin}/502`, '--retry-on', '404', '-o', 'b.ndjson']);
    const records = byPath(work.records('b.ndjson'));
    expect(records['/404']).toMatchObject({ outcome: 'ok', attempts: 2 });
    expect(records['/502']).toMatchObject({ outcome: 'failed', attempts: 1 });
  });

  test('a POST that failed is not sent again but with --retry-all-methods', async () => {
    const server = await work.serve((request, { answer }) => answer('', { status: request.count < 3 ? 500 : 200 }));
    expect(await work.run([`${server.origin}/`, '-d', 'x', '--format', 'none'])).toMatchObject({ code: 1 });
    expect(server.requests).toHaveLength(1);
    expect(await work.run([`${server.origin}/`, '-d', 'x', '--format', 'none', '--retry-all-methods'])).toMatchObject({
      code: 0,
    });
    expect(server.requests).toHaveLength(3);
  });
});

describe('stopping early', () => {
  const someFail: Route = (request, { answer }) => answer('', { status: request.path.includes('bad') ? 404 : 200 });

  test('--fail-fast: at the first page that is not OK, with 4', async () => {
    const server = await work.serve(someFail);
    const { code, stderr } = await work.run([
      `${server.origin}/bad`,
      `${server.origin}/[1-500]`,
      '--fail-fast',
      '-c',
      '2',
      '-o',
      'out/',
    ]);
    expect(code).toBe(4);
    expect(stderr).toContain('--fail-fast');
    expect(server.requests.length).toBeLessThan(100);
    const again = await work.run([`${server.origin}/[1-500]`, '-o', 'out/']);
    expect(again.code).toBe(0);
    expect(server.requests.length).toBe(501);
  });

  test('--max-failures as a count and as a share', async () => {
    const server = await work.serve(someFail);
    const { code } = await work.run([
      `${server.origin}/bad[1-500]`,
      '--max-failures',
      '5',
      '-c',
      '2',
      '-o',
      'a.ndjson',
    ]);
    expect(code).toBe(4);
    expect(work.records('a.ndjson').length).toBeLessThan(20);
    const share = await work.run([
      `${server.origin}/{,bad}[1-300]`,
      '--max-failures',
      '40%',
      '-c',
      '2',
      '-o',
      'b.ndjson',
    ]);
    expect(share.code).toBe(4);
    expect(work.records('b.ndjson').length).toBeGreaterThanOrEqual(100);
    expect(work.records('b.ndjson').length).toBeLessThan(600);
    expect(await work.run([`${server.origin}/bad[1-3]`, '--max-failures', '4', '-o', 'c/'])).toMatchObject({ code: 1 });
  });
});
