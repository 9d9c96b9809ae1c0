import { describe, expect, test } from 'vitest';
import type { RunEvent } from '../../src/core/event.ts';
import type { MessageOptions } from '../../src/progress/messages.ts';
import { createMessages } from '../../src/progress/messages.ts';
import { fold, initialState } from '../../src/progress/state.ts';
import { createTheme } from '../../src/progress/theme.ts';
import { failed, invalid, kept, ORIGIN, page, WALL } from './events.ts';

const LINES: MessageOptions = { quiet: false, verbose: false, live: false };
const LIVE: MessageOptions = { ...LINES, live: true };
const QUIET: MessageOptions = { ...LINES, quiet: true };
const VERBOSE: MessageOptions = { ...LINES, verbose: true };

function told(options: MessageOptions, events: readonly RunEvent[]): string[] {
  const messages = createMessages(options, createTheme(false));
  let state = initialState();
  return events.flatMap((event) => {
    state = fold(state, event);
    return [...messages(event, state, WALL)];
  });
}

const BAD_LINE = invalid('urls.txt:3', 'htp:/x', 'the scheme is not http or https');
const NOTICE: RunEvent = { type: 'notice', code: 'LIST_TRUNCATED', message: 'urls.gz ends in the middle' };
const STOPPING: RunEvent = { type: 'stopping', reason: 'SIGINT' };
const OTHER_ID: RunEvent = { type: 'duplicate', line: 'urls.txt:9', url: page(1).url, idsDiffer: true };
const GIVEN_UP: RunEvent = {
  type: 'origin-given-up',
  origin: ORIGIN,
  failure: { code: 'ORIGIN_SILENT', message: 'nothing good came' },
};

describe('what is worth a line', () => {
  const failure = `HTTP_404  ${page(7).url}  answered 404`;
  const badLine = 'urls.txt:3: the scheme is not http or https';
  const notice = 'LIST_TRUNCATED  urls.gz ends in the middle';
  const givenUp =
    'ORIGIN_SILENT  api.example.com is given up: nothing good came; run the same command again later, or raise --patience';
  const stopping = 'stopping (Ctrl-C): what is in flight gets 5 s to land; Ctrl-C again ends at once';
  const otherId = `urls.txt:9: listed before with another id: ${page(1).url}`;
  const events = [kept(1), failed(7), BAD_LINE, NOTICE, GIVEN_UP, OTHER_ID, STOPPING];

  test.each<[string, MessageOptions, string[]]>([
    [
      'where lines are printed, all that is out of the ordinary',
      LINES,
      [failure, badLine, notice, givenUp, otherId, stopping],
    ],
    ['a live view shows failures and the stop itself', LIVE, [badLine, notice, givenUp, otherId]],
    ['quietly, only what went wrong', QUIET, [failure, badLine, notice, givenUp]],
    ['quietly on a terminal, too', { ...LIVE, quiet: true }, [failure, badLine, notice, givenUp]],
  ])('%s', (_, options, lines) => {
    expect(told(options, events)).toEqual(lines);
  });

  test('verbosely, a page is told once, not twice', () => {
    expect(told(VERBOSE, [failed(7)])).toEqual([` [404]  [ 1/≥1 ] ${page(7).url}  answered 404`]);
  });

  test('whoever went away is not told that the run stops', () => {
    expect(told(LINES, [{ type: 'stopping', reason: 'reader-gone' }])).toEqual([]);
  });
});

test('a notice is told once, another one too', () => {
  const other: RunEvent = { type: 'notice', code: 'LIST_TRUNCATED', message: 'more.gz ends in the middle' };
  expect(told(LINES, [NOTICE, NOTICE, other, NOTICE]).length).toBe(2);
});

describe('a flood', () => {
  const flood = (many: number): RunEvent[] => Array.from({ length: many }, (_, index) => failed(index));

  test('of failures is told by its first twenty, and where the others can be read', () => {
    const lines = told({ ...LINES, failedFile: 'failed.txt' }, flood(500));
    expect(lines.length).toBe(21);
    expect(lines.at(-1)).toBe('(only the first 20 pages that are not OK are told here; failed.txt will have them all)');
  });

  test('of failures goes on for longer where nothing else was asked for', () => {
    expect(told(QUIET, flood(5_000)).length).toBe(1_001);
  });

  test('of one kind does not drown another', () => {
    expect(told(LINES, [...flood(500), BAD_LINE]).at(-1)).toBe('urls.txt:3: the scheme is not http or https');
  });
});

test('nothing that controls a terminal comes through', () => {
  const nasty = '\u001b[2J\u009b\r\n\u202e';
  const lines = told(LINES, [
    invalid(`urls${nasty}:3`, nasty, `no URL: ${nasty}`),
    failed(1, 'TLS_FAILED', nasty),
    { type: 'notice', code: 'STORE', message: nasty },
    { ...GIVEN_UP, origin: `https://a${nasty}` } as RunEvent,
  ]);
  expect(lines.length).toBe(4);
  expect(lines.join('')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
});
