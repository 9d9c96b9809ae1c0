import { describe, expect, test } from 'vitest';
import type { FailureGroup, Verdict } from '../../src/core/event.ts';
import { createTheme } from '../../src/progress/theme.ts';
import type { VerdictContext } from '../../src/progress/verdict.ts';
import { isAllOk, renderVerdict } from '../../src/progress/verdict.ts';
import { page, verdict } from './events.ts';

const PLAIN = createTheme(false);
const CONTEXT: VerdictContext = { place: 'pages/', again: 'fetch-pages urls.txt' };

const lines = (changes: Partial<Verdict>, context: VerdictContext = CONTEXT): string[] =>
  renderVerdict(verdict(changes), context, PLAIN);
const last = (changes: Partial<Verdict>, context?: VerdictContext): string | undefined =>
  lines(changes, context).at(-1);

const NOT_FOUND: FailureGroup = {
  code: 'HTTP_404',
  message: 'answered 404',
  pages: 2,
  examples: [page(7).url, page(8).url],
};
const SOME: Partial<Verdict> = { ok: 37, notOk: 3 };

describe('the sentence with the count', () => {
  test.each<[string, Partial<Verdict>, string]>([
    ['all', {}, 'All 40 pages are OK.'],
    ['a single one', { pages: 1, ok: 1 }, 'The 1 page is OK.'],
    ['thousands', { pages: 12_345, ok: 12_345 }, 'All 12,345 pages are OK.'],
    ['some', SOME, '37 of 40 pages are OK.'],
    ['one of many', { ok: 1, notOk: 39 }, '1 of 40 pages is OK.'],
    ['none of one', { pages: 1, ok: 0, notOk: 1 }, '0 of 1 page is OK.'],
    ['none', { ok: 0, notOk: 40 }, '0 of 40 pages are OK.'],
    ['all, with duplicates', { duplicates: 2 }, 'All 40 pages are OK.'],
    [
      'all of them stored before',
      { pages: 5_000, ok: 5_000, alreadyStored: 5_000, storedNewest: '2026-11-22T08:00:00.000Z' },
      'All 5,000 pages are OK (5,000 already stored, newest 2026-11-22).',
    ],
    ['some unchanged', { unchanged: 12 }, 'All 40 pages are OK (12 unchanged).'],
    ['the list was not read to its end', { listRead: false, stopped: 'SIGINT' }, '40 of ≥40 pages are OK.'],
    ['the list broke off', { listTruncated: true }, '40 of ≥40 pages are OK.'],
    ['no page at all', { pages: 0, ok: 0 }, 'There was no page to fetch.'],
  ])('%s', (_, changes, sentence) => {
    expect(last(changes)).toBe(sentence);
  });

  test('an empty shard is no failure', () => {
    expect(last({ pages: 0, ok: 0 }, { ...CONTEXT, shard: '2/4' })).toBe(
      'There was no page to fetch: none of the list belongs to shard 2/4.',
    );
  });

  test('is green when all is OK, else red', () => {
    const theme = createTheme(true);
    expect(renderVerdict(verdict(), CONTEXT, theme).at(-1)).toBe('\u001b[32mAll 40 pages are OK.\u001b[39m');
    expect(renderVerdict(verdict(SOME), CONTEXT, theme).at(-1)).toBe('\u001b[31m37 of 40 pages are OK.\u001b[39m');
  });
});

test('all OK: where they are and what it took', () => {
  expect(lines({ retries: 1, refusals: 2 })).toEqual([
    '40 pages are stored in pages/; 1.2 MB in 12 s, 3.3 pages/s, 1 retry, 2 refusals',
    'All 40 pages are OK.',
  ]);
});

test('some not OK: by cause, where the others are, and what to run', () => {
  const truncated = {
    code: 'TRUNCATED',
    message: 'the body ended before it was whole',
    pages: 1_200,
    examples: [page(9).url],
  };
  const changes = {
    pages: 1_300,
    ok: 98,
    notOk: 1_202,
    failures: [NOT_FOUND, truncated],
    duplicates: 1,
    alreadyStored: 8,
  };
  expect(lines(changes, { ...CONTEXT, failedFile: 'failed.txt' })).toEqual([
    '1,200 pages  TRUNCATED  the body ended before it was whole',
    '             https://api.example.com/items/9',
    '             and 1,199 more',
    '    2 pages  HTTP_404  answered 404',
    '             https://api.example.com/items/7',
    '             https://api.example.com/items/8',
    '',
    '+ 1 duplicate: a page that is listed again is fetched once',
    '98 pages are stored in pages/, 90 of them new; 1.2 MB in 12 s, 108 pages/s',
    'The 1,202 that are not OK stand in failed.txt',
    'To try the rest again: fetch-pages urls.txt',
    '98 of 1,300 pages are OK.',
  ]);
});

test('many causes: the largest ten, and how many more', () => {
  const failures = Array.from({ length: 13 }, (_, index) => ({ ...NOT_FOUND, pages: index + 1, examples: [] }));
  const told = lines({ ...SOME, failures });
  expect(told[0]).toBe('13 pages  HTTP_404  answered 404');
  expect(told[10]).toBe('and 6 pages for 3 other causes');
});

describe('a run that was stopped', () => {
  test('when the list had been read', () => {
    const told = lines({ ok: 30, unfinished: 10, stopped: 'deadline' });
    expect(told).toContain(
      'Stopped early (--deadline): the list was read to its end; 10 pages of it have no outcome yet.',
    );
    expect(told.at(-1)).toBe('30 of 40 pages are OK.');
  });

  test('within the list', () => {
    expect(lines({ ok: 39, unfinished: 1, listRead: false, stopped: 'SIGINT' })).toContain(
      'Stopped early (Ctrl-C): the list was read as far as page 40, and there is more of it; 1 page of it has no outcome yet.',
    );
  });

  test('because the store failed: its sentence is told', () => {
    const told = lines({ ok: 30, unfinished: 10, stopped: 'store', storeFailure: 'pages/: no space left' });
    expect(told).toContain('The store failed: pages/: no space left');
  });

  test('because the reader of stdout went away: quietly', () => {
    expect(lines({ ok: 30, unfinished: 10, stopped: 'reader-gone' })).toEqual([]);
  });
});

test('a list that broke off is told by its code', () => {
  expect(lines({ listTruncated: true }).join('\n')).toMatch(/^LIST_TRUNCATED {2}/m);
});

describe('where the pages are', () => {
  test('on stdout went only those of this run', () => {
    expect(lines({ alreadyStored: 0 }, { place: 'stdout' })[0]).toMatch(/^40 pages went to stdout;/);
  });

  test.each(['nowhere', 'stdout'])('%s: the same command begins anew, and no rest is spoken of', (place) => {
    expect(lines(SOME, { place, again: 'fetch-pages urls.txt' })).toContain(
      'To try all of them again: fetch-pages urls.txt',
    );
  });

  test('nowhere: nothing is said to be stored', () => {
    expect(lines({}, { place: 'nowhere' })[0]).toBe('1.2 MB in 12 s, 3.3 pages/s');
  });

  test('nothing asked for, nothing told of speed', () => {
    expect(lines({ alreadyStored: 40, requests: 0 })[0]).toBe('40 pages are stored in pages/');
  });
});

test('where only lines are wrong, they are to be mended before another try', () => {
  const told = lines({ ok: 38, notOk: 2, invalid: 2 });
  expect(told.at(-2)).toBe('When those lines are mended: fetch-pages urls.txt');
});

test('where no command can be named, none is', () => {
  expect(lines(SOME, { place: 'pages/' }).join('\n')).not.toContain('again');
});

test('what servers and lists said is made fit to be shown', () => {
  const group = { code: 'INVALID_LINE', message: 'bad\u001b[2J', pages: 1, examples: ['htp:/\u001b]0;x\u0007'] };
  expect(lines({ ...SOME, failures: [group] }).join('')).not.toMatch(/[\u0000-\u001f]/);
});

test.each<[string, Partial<Verdict>, boolean]>([
  ['all', {}, true],
  ['none of none', { pages: 0, ok: 0 }, true],
  ['one is missing', { ok: 39 }, false],
  ['the list was not read', { listRead: false }, false],
  ['the list broke off', { listTruncated: true }, false],
  ['the store failed', { storeFailure: 'disk full' }, false],
])('all is OK? %s', (_, changes, expected) => {
  expect(isAllOk(verdict(changes))).toBe(expected);
});
