import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Ending, invalidRecord, PageJob, recordOf } from '../../src/core/page-job.ts';
import type { Answer, Head } from '../../src/core/ports.ts';
import type { PageRecord } from '../../src/core/record.ts';
import { testPage } from '../support/model-run.ts';

const WALL = Date.UTC(2026, 10, 23, 12);
const URL_OF_PAGE = 'https://a.example/page?q=1';

/** As `PageRecord` has them, and as stores rely on. */
const FIELDS: (keyof PageRecord)[] = [
  'url',
  'method',
  'key',
  'line',
  'id',
  'outcome',
  'fetchedAt',
  'status',
  'error',
  'finalUrl',
  'redirects',
  'attempts',
  'requests',
  'httpVersion',
  'contentType',
  'headers',
  'complete',
  'bytes',
  'sha256',
  'file',
  'elapsedMs',
  'waitedMs',
];

const HEAD: Head = {
  status: 200,
  headers: { 'content-type': ['text/html', 'text/plain'], 'x-a': ['1', '2'] },
  httpVersion: '2',
};
const ANSWER: Answer = { ok: true, head: HEAD, complete: 'h2-end', bytes: 5, wireBytes: 5, connectMs: 0, headMs: 3 };

function startedJob(more: Parameters<typeof testPage>[2] = {}): PageJob {
  const job = new PageJob(testPage(URL_OF_PAGE, 'list:7', more));
  job.attempts = 2;
  job.requests = 3;
  job.firstStartedAt = 1_000;
  job.inExchangesMs = 250.06;
  return job;
}

describe('the record of a page', () => {
  test('everything there is, in the order that stores rely on', () => {
    const job = startedJob({ id: 'seven', keyed: true });
    job.follow('https://b.example/', 'https://b.example', 'GET', true, 301);
    const ending: Ending = { outcome: 'ok', head: HEAD, answer: ANSWER, sha256: 'abc' };
    const record = recordOf(job, ending, 2_000.44, WALL);
    expect(record).toEqual({
      url: URL_OF_PAGE,
      method: 'GET',
      key: expect.stringMatching(/^[0-9a-f]{16}$/),
      line: 'list:7',
      id: 'seven',
      outcome: 'ok',
      fetchedAt: '2026-11-23T12:00:00.000Z',
      status: 200,
      finalUrl: 'https://b.example/',
      redirects: [{ url: URL_OF_PAGE, status: 301 }],
      attempts: 2,
      requests: 3,
      httpVersion: '2',
      contentType: 'text/html',
      headers: HEAD.headers,
      complete: 'h2-end',
      bytes: 5,
      sha256: 'abc',
      elapsedMs: 1_000.4,
      waitedMs: 750.4,
    });
    expect(Object.keys(record)).toEqual(FIELDS.filter((field) => field !== 'error' && field !== 'file'));
  });

  test.each<[string, PageJob, Ending, (keyof PageRecord)[]]>([
    [
      'a page that never was asked: its origin was given up',
      new PageJob(testPage(URL_OF_PAGE)),
      { outcome: 'given-up', error: { code: 'ORIGIN_SILENT', message: 'm' } },
      ['error'],
    ],
    [
      'a page that nobody answered',
      startedJob(),
      { outcome: 'error', error: { code: 'CONNECTION_RESET', message: 'm' } },
      ['error'],
    ],
    [
      'a page of which only the head came',
      startedJob(),
      { outcome: 'error', error: { code: 'TRUNCATED', message: 'm' }, head: HEAD },
      ['error', 'status', 'finalUrl', 'httpVersion', 'contentType', 'headers'],
    ],
    [
      'an answer without a Content-Type',
      startedJob(),
      { outcome: 'ok', head: { ...HEAD, headers: {} }, answer: ANSWER, sha256: 'abc' },
      ['status', 'finalUrl', 'httpVersion', 'headers', 'complete', 'bytes', 'sha256'],
    ],
  ])('%s: what is not known is not there', (_, job, ending, more) => {
    const always = ['url', 'method', 'line', 'outcome', 'fetchedAt', 'attempts', 'requests', 'elapsedMs', 'waitedMs'];
    const record = recordOf(job, ending, 2_000, WALL);
    expect(Object.keys(record).toSorted()).toEqual([...always, ...more].toSorted());
  });

  test('a page that never was asked took no time', () => {
    const job = new PageJob(testPage(URL_OF_PAGE));
    expect(recordOf(job, { outcome: 'given-up' }, 99_999, WALL)).toMatchObject({ elapsedMs: 0, waitedMs: 0 });
  });

  test('exchanges that took longer than all of it are no negative wait', () => {
    const job = startedJob();
    job.inExchangesMs = 5_000;
    expect(recordOf(job, { outcome: 'ok' }, 2_000, WALL)).toMatchObject({ waitedMs: 0 });
  });

  test('the key is the page’s hash in 16 digits, zeros in front included', () => {
    const job = startedJob({ keyed: true, hashHigh: 0x0a, hashLow: 0xffffffff });
    expect(recordOf(job, { outcome: 'ok' }, 2_000, WALL).key).toBe('0000000affffffff');
  });

  test('whatever is known: no field is undefined, the order holds, and JSON takes nothing away', () => {
    const maybe = fc.boolean();
    fc.assert(
      fc.property(fc.tuple(maybe, maybe, maybe, maybe, maybe, maybe, maybe), (known) => {
        const [keyed, id, error, head, answer, sha256, hopped] = known;
        const job = startedJob({ keyed, ...(id ? { id: 'x' } : {}) });
        if (hopped) job.follow('https://b.example/', 'https://b.example', 'GET', true, 302);
        const ending: Ending = {
          outcome: 'error',
          ...(error ? { error: { code: 'STALLED', message: 'm' } } : {}),
          ...(head ? { head: HEAD } : {}),
          ...(answer ? { answer: ANSWER } : {}),
          ...(sha256 ? { sha256: 'abc' } : {}),
        };
        const record = recordOf(job, ending, 2_000, WALL);
        expect(Object.values(record)).not.toContain(undefined);
        const names = Object.keys(record);
        expect(names).toEqual(FIELDS.filter((field) => names.includes(field)));
        expect(JSON.parse(JSON.stringify(record))).toEqual(record);
      }),
    );
  });
});

describe('the record of a line that is no page', () => {
  test('says where, what and why', () => {
    const record = invalidRecord('list:4', 'htp:/x', 'the scheme is not http or https', WALL);
    expect(record).toEqual({
      url: 'htp:/x',
      method: '',
      line: 'list:4',
      outcome: 'invalid',
      fetchedAt: '2026-11-23T12:00:00.000Z',
      error: { code: 'INVALID_LINE', message: 'the scheme is not http or https' },
      attempts: 0,
      requests: 0,
      elapsedMs: 0,
      waitedMs: 0,
    });
    const names = Object.keys(record);
    expect(names).toEqual(FIELDS.filter((field) => names.includes(field)));
  });
});

describe('a page on its way', () => {
  test('follows redirects, and remembers them', () => {
    const job = new PageJob(testPage(URL_OF_PAGE));
    job.follow('https://b.example/1', 'https://b.example', 'GET', true, 301);
    job.follow('https://c.example/2', 'https://c.example', 'GET', true, 302);
    expect(job).toMatchObject({ url: 'https://c.example/2', origin: 'https://c.example', method: 'GET' });
    expect(job.redirects).toEqual([
      { url: URL_OF_PAGE, status: 301 },
      { url: 'https://b.example/1', status: 302 },
    ]);
  });

  test('a body that stayed behind does not come back at a later hop', () => {
    const job = new PageJob(testPage(URL_OF_PAGE, 'list:1', { method: 'POST', body: 'x' }));
    job.follow('https://a.example/1', 'https://a.example', 'GET', false, 303);
    job.follow('https://a.example/2', 'https://a.example', 'GET', true, 307);
    expect(job.keepBody).toBe(false);
  });

  test('begins anew at its own URL, with nothing followed and nothing shown', () => {
    const job = startedJob();
    job.follow('https://b.example/1', 'https://b.example', 'GET', true, 301);
    job.carriedSecret = true;
    job.http1Only = true;
    job.beginAnew();
    expect(job).toMatchObject({
      url: URL_OF_PAGE,
      origin: 'https://a.example',
      method: 'GET',
      keepBody: true,
      carriedSecret: false,
      redirects: [],
      // What it has used up and learned stays.
      attempts: 2,
      requests: 3,
      http1Only: true,
    });
  });

  test('a POST that was processed and turned into a GET begins anew at that GET: it is not sent twice', () => {
    const job = new PageJob(testPage(URL_OF_PAGE, 'list:1', { method: 'POST', body: 'x' }));
    job.follow('https://a.example/done', 'https://a.example', 'GET', false, 303);
    job.carriedSecret = true;
    job.beginAnew();
    expect(job).toMatchObject({
      url: 'https://a.example/done',
      method: 'GET',
      keepBody: false,
      carriedSecret: true,
      redirects: [{ url: URL_OF_PAGE, status: 303 }],
    });
  });
});
