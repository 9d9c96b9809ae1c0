import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AttemptSequel, RunEvent } from '../../../src/core/event.ts';
import { failure } from '../../../src/core/failure.ts';
import { Tally } from '../../../src/core/policy/tally.ts';
import type { Outcome, PageRecord } from '../../../src/core/record.ts';
import { testPage } from '../../support/model-run.ts';

const PAGE = testPage('https://a.example/1');

function record(outcome: Outcome, more: Partial<PageRecord> = {}): PageRecord {
  return {
    url: 'https://a.example/1',
    method: 'GET',
    line: 'list:1',
    outcome,
    fetchedAt: '2026-11-23T12:00:00.000Z',
    attempts: 1,
    requests: 1,
    elapsedMs: 10,
    waitedMs: 0,
    ...more,
  };
}

const settled = (outcome: Outcome, more?: Partial<PageRecord>): RunEvent => ({
  type: 'page',
  record: record(outcome, more),
});

const attempt = (sequel: AttemptSequel, wireBytes = 0): RunEvent => ({
  type: 'attempt',
  page: PAGE,
  url: PAGE.url,
  number: 1,
  result: { type: 'answer', status: 200, httpVersion: '2', wireBytes, connectMs: 0, headMs: 5 },
  sequel,
});

function verdict(...events: RunEvent[]) {
  const tally = new Tally();
  for (const event of events) tally.add(event);
  return tally.verdict(1_234.56, undefined, undefined);
}

test('a run of which nothing was told', () => {
  expect(verdict()).toEqual({
    pages: 0,
    ok: 0,
    alreadyStored: 0,
    unchanged: 0,
    invalid: 0,
    duplicates: 0,
    notOk: 0,
    unfinished: 0,
    listRead: false,
    listTruncated: false,
    failures: [],
    attempts: 0,
    requests: 0,
    retries: 0,
    refusals: 0,
    wireBytes: 0,
    bytes: 0,
    elapsedMs: 1_235,
    waitedMs: 0,
  });
});

test('everything of a run, in one verdict', () => {
  const events: RunEvent[] = [
    { type: 'started', storedPages: 7, storedNewest: '2026-11-22T00:00:00.000Z' },
    { type: 'already-stored', page: PAGE },
    { type: 'duplicate', line: 'list:9', url: PAGE.url, idsDiffer: false },
    { type: 'listed', pages: 8, done: false },
    { type: 'notice', code: 'LIST_TRUNCATED', message: 'list broke off' },
    { type: 'notice', code: 'INSECURE', message: 'says nothing of the list' },
    { type: 'listed', pages: 9, done: true },
    settled('ok', { attempts: 2, requests: 3, bytes: 100, waitedMs: 20.4 }),
    settled('unchanged', { bytes: 50 }),
    settled('failed', {
      error: { code: 'HTTP_404', message: 'answered 404' },
      bytes: 9,
    }),
    settled('error', { error: { code: 'STALLED', message: 'it stalled' }, attempts: 6, requests: 6, waitedMs: 40.2 }),
    settled('given-up', { error: { code: 'ORIGIN_SILENT', message: 'silent' }, attempts: 0, requests: 0 }),
    settled('blocked', { error: { code: 'BLOCKED_ADDRESS', message: 'private' } }),
    settled('invalid', {
      url: 'htp:/x',
      method: '',
      line: 'list:4',
      attempts: 0,
      requests: 0,
      error: { code: 'INVALID_LINE', message: 'no URL' },
    }),
  ];
  expect(verdict(...events)).toMatchObject({
    pages: 9,
    ok: 3,
    alreadyStored: 1,
    unchanged: 1,
    invalid: 1,
    duplicates: 1,
    notOk: 5,
    unfinished: 1,
    listRead: true,
    listTruncated: true,
    storedNewest: '2026-11-22T00:00:00.000Z',
    attempts: 11,
    requests: 12,
    bytes: 150,
    waitedMs: 61,
  });
});

test('what stopped the run stands in its verdict, and only then', () => {
  const tally = new Tally();
  expect(tally.verdict(0, 'store', 'the disk is full')).toMatchObject({
    stopped: 'store',
    storeFailure: 'the disk is full',
  });
  expect(Object.keys(tally.verdict(0, undefined, undefined))).not.toContain('stopped');
});

test.each<[string, AttemptSequel, number, number]>([
  ['a try that is the last', { type: 'done' }, 0, 0],
  ['a hop', { type: 'hop', to: 'https://a.example/2' }, 0, 0],
  ['a retry', { type: 'again', cost: 'try', afterMs: 1 }, 1, 0],
  ['a free repeat is a retry too', { type: 'again', cost: 'free', afterMs: 0 }, 1, 0],
  ['a refusal is none', { type: 'again', cost: 'refusal', afterMs: 0 }, 0, 1],
])('%s', (_, sequel, retries, refusals) => {
  expect(verdict(attempt(sequel, 10), attempt(sequel, 5))).toMatchObject({
    retries: 2 * retries,
    refusals: 2 * refusals,
    wireBytes: 15,
  });
});

test('an exchange that failed brings no bytes', () => {
  const failed: RunEvent = {
    type: 'attempt',
    page: PAGE,
    url: PAGE.url,
    number: 1,
    result: { type: 'failure', failure: failure('STALLED') },
    sequel: { type: 'done' },
  };
  expect(verdict(failed)).toMatchObject({ wireBytes: 0, retries: 0 });
});

describe('failures are grouped by cause', () => {
  const notFound = (n: number): RunEvent =>
    settled('failed', { url: `https://a.example/${n}`, error: { code: 'HTTP_404', message: `answered 404 (${n})` } });
  const stalled = settled('error', { error: { code: 'STALLED', message: 'it stalled' } });

  test('the largest group first, with the first three pages as examples and what the code means', () => {
    expect(verdict(stalled, notFound(1), notFound(2), notFound(3), notFound(4)).failures).toEqual([
      {
        code: 'HTTP_404',
        message: 'answered 404 (1)',
        pages: 4,
        examples: ['https://a.example/1', 'https://a.example/2', 'https://a.example/3'],
      },
      {
        code: 'STALLED',
        message: 'less than 1 kB of body within --stall-timeout',
        pages: 1,
        examples: ['https://a.example/1'],
      },
    ]);
  });

  test('groups of one size in the order of their codes, whichever came first', () => {
    const codes = (...events: RunEvent[]) => verdict(...events).failures.map(({ code }) => code);
    expect(codes(stalled, notFound(1))).toEqual(['HTTP_404', 'STALLED']);
    expect(codes(notFound(1), stalled)).toEqual(['HTTP_404', 'STALLED']);
  });

  test('an invalid line is shown by where it stands', () => {
    const invalid = settled('invalid', {
      url: 'htp:/x',
      line: 'list:4',
      error: { code: 'INVALID_LINE', message: 'no URL' },
    });
    expect(verdict(invalid).failures).toMatchObject([{ examples: ['list:4: no URL'] }]);
  });
});

test('the sums agree, whatever became of the pages', () => {
  const outcome = fc.constantFrom<Outcome>('ok', 'unchanged', 'failed', 'error', 'invalid', 'given-up', 'blocked');
  const code = fc.constantFrom('HTTP_404', 'HTTP_500', 'STALLED', 'ORIGIN_SILENT');
  fc.assert(
    fc.property(fc.array(fc.tuple(outcome, code)), fc.nat({ max: 5 }), fc.nat({ max: 5 }), (pages, stored, open) => {
      const tally = new Tally();
      for (let index = 0; index < stored; index++) tally.add({ type: 'already-stored', page: PAGE });
      tally.add({ type: 'listed', pages: pages.length + stored + open, done: true });
      for (const [of, errorCode] of pages) {
        const isGood = of === 'ok' || of === 'unchanged';
        tally.add(settled(of, isGood ? {} : { error: { code: errorCode as 'STALLED', message: 'm' } }));
      }
      const { ok, notOk, unfinished, failures, ...whole } = tally.verdict(0, undefined, undefined);
      expect(ok + notOk + unfinished).toBe(whole.pages);
      expect(unfinished).toBe(open);
      expect(ok + notOk).toBe(tally.settled);
      expect(notOk - whole.invalid).toBe(tally.failed);
      expect(failures.reduce((sum, group) => sum + group.pages, 0)).toBe(notOk);
      for (const { pages: size, examples } of failures) expect(examples).toHaveLength(Math.min(3, size));
    }),
  );
});
