import { describe, expect, test } from 'vitest';
import type { AttemptResult, AttemptSequel, RunEvent } from '../../src/core/event.ts';
import { fold, initialState } from '../../src/progress/state.ts';
import { createTheme } from '../../src/progress/theme.ts';
import { givenUpLine, verboseLine } from '../../src/progress/verbose.ts';
import { failed, kept, listed, ORIGIN, page, record, WALL } from './events.ts';

const PLAIN = createTheme(false);
const URL_12 = page(12).url;

/** The line of an event that comes after these. */
function line(
  event: RunEvent,
  before: readonly RunEvent[] = [listed(40), ...Array.from({ length: 11 }, (_, n) => kept(n))],
) {
  const state = [...before, event].reduce(fold, initialState());
  return verboseLine(event, state, WALL, PLAIN);
}

const answer = (status: number): AttemptResult => ({
  type: 'answer',
  status,
  httpVersion: '2',
  wireBytes: 1,
  connectMs: 0,
  headMs: 5,
});

const attempt = (result: AttemptResult, sequel: AttemptSequel): RunEvent => ({
  type: 'attempt',
  page: page(12),
  url: URL_12,
  number: 1,
  result,
  sequel,
});

describe('a page that is done', () => {
  test('OK', () => {
    expect(line(kept(12))).toBe(` [200]  [ 12/40 (30.00%) ] ${URL_12}`);
  });

  test('unchanged', () => {
    expect(line({ type: 'page', record: record(12, 'unchanged', { status: 304 }) })).toBe(
      ` [304]  [ 12/40 (30.00%) ] ${URL_12}  unchanged`,
    );
  });

  test('not accepted: its status, and why', () => {
    expect(line(failed(12))).toBe(` [404]  [ 12/40 (30.00%) ] ${URL_12}  answered 404`);
  });

  test('never answered whole: its code, why, and how often it was tried', () => {
    const error = { code: 'TRUNCATED', message: 'the body ended before it was whole' } as const;
    expect(line({ type: 'page', record: record(12, 'error', { error, status: 200, attempts: 6 }) })).toBe(
      ` [TRUNCATED]  [ 12/40 (30.00%) ] ${URL_12}  the body ended before it was whole; not OK after 6 tries`,
    );
  });

  test('while the list is being read there is no share', () => {
    expect(line(kept(12), [listed(20_000, false)])).toBe(` [200]  [ 1/≥20000 ] ${URL_12}`);
  });

  test('an invalid line is told elsewhere, by where it stands', () => {
    const error = { code: 'INVALID_LINE', message: 'no URL' } as const;
    expect(line({ type: 'page', record: record(12, 'invalid', { error }) })).toBeUndefined();
  });
});

describe('an attempt that was not the last', () => {
  const start = ` [CODE]  [ 11/40 (27.50%) ] ${URL_12}  `;
  const paused: RunEvent = {
    type: 'origin-paused',
    origin: ORIGIN,
    reason: 'retry-after',
    status: 429,
    untilWall: WALL + 1_000,
  };
  const reset: AttemptResult = {
    type: 'failure',
    failure: { code: 'CONNECTION_RESET', message: 'the connection was reset' },
  };

  test.each<[string, AttemptResult, AttemptSequel, string, string]>([
    [
      'a status that is tried again',
      answer(503),
      { type: 'again', cost: 'try', afterMs: 412 },
      '503',
      'tried again in 0.4 s',
    ],
    [
      'a failure that is tried again',
      reset,
      { type: 'again', cost: 'try', afterMs: 0 },
      'CONNECTION_RESET',
      'the connection was reset; tried again at once',
    ],
    [
      'what was never processed',
      { type: 'failure', failure: { code: 'NOT_PROCESSED', message: 'the server never processed the request' } },
      { type: 'again', cost: 'free', afterMs: 0 },
      'NOT_PROCESSED',
      'the server never processed the request; sent again at once',
    ],
    [
      'a refusal of an origin that is not paused any more',
      answer(429),
      { type: 'again', cost: 'refusal', afterMs: 0 },
      '429',
      'refused; asked again at once',
    ],
    [
      'a redirect',
      answer(301),
      { type: 'hop', to: 'https://www.example.com/12' },
      '301',
      'goes on to https://www.example.com/12',
    ],
  ])('%s', (_, result, sequel, code, rest) => {
    expect(line(attempt(result, sequel))).toBe(start.replace('CODE', code) + rest);
  });

  test('a refusal: its origin waits', () => {
    const refusal = attempt(answer(429), { type: 'again', cost: 'refusal', afterMs: 0 });
    expect(line(refusal, [listed(40), kept(1), paused])).toBe(
      ` [429]  [ 1/40 (2.50%) ] ${URL_12}  origin waits 1 s (Retry-After)`,
    );
  });

  test('the last one is told with the page', () => {
    expect(line(attempt(answer(200), { type: 'done' }))).toBeUndefined();
  });
});

describe('origins', () => {
  test.each<[string, RunEvent, string]>([
    [
      'paused',
      { type: 'origin-paused', origin: ORIGIN, reason: 'refused', status: 503, untilWall: WALL + 2_500 },
      ' api.example.com: 503, waits 2.5 s (no time told, backing off)',
    ],
    ['resumed', { type: 'origin-resumed', origin: ORIGIN }, ' api.example.com is asked again'],
    [
      'learned: how many at a time',
      { type: 'origin-learned', origin: ORIGIN, concurrency: 1 },
      ' api.example.com: at most 1 request at a time',
    ],
    [
      'learned: how many a second',
      { type: 'origin-learned', origin: ORIGIN, concurrency: 8, ratePerSecond: 100 },
      ' api.example.com: learned 100/s, at most 8 requests at a time',
    ],
  ])('%s', (_, event, expected) => {
    expect(line(event)).toBe(expected);
  });

  test('paused for long, with the time when that is over', () => {
    const noon = new Date(2026, 10, 23, 12).getTime();
    const event = {
      type: 'origin-paused',
      origin: ORIGIN,
      reason: 'retry-after',
      status: 429,
      untilWall: noon + 600_000,
    } as const;
    expect(verboseLine(event, fold(initialState(), event), noon, PLAIN)).toBe(
      ' api.example.com: 429, waits 10 min (Retry-After), until 12:10:00',
    );
  });

  test('given up, with the time to come back', () => {
    const failure = { code: 'ORIGIN_ASKS_TOO_LONG', message: 'the origin asks to be left alone' } as const;
    const noon = new Date(2026, 10, 23, 12).getTime();
    const event = { type: 'origin-given-up', origin: ORIGIN, failure, comeBackWall: noon + 7_500_000 } as const;
    expect(givenUpLine(event, noon, PLAIN)).toBe(
      'ORIGIN_ASKS_TOO_LONG  api.example.com is given up: the origin asks to be left alone; come back in 2 h 5 min, at 14:05:00, with the same command; or raise --max-wait',
    );
  });
});

test('an origin that is given up for --patience, with what to do next', () => {
  const failure = { code: 'ORIGIN_SILENT', message: 'it answers 502' } as const;
  expect(givenUpLine({ type: 'origin-given-up', origin: ORIGIN, failure }, WALL, PLAIN)).toBe(
    'ORIGIN_SILENT  api.example.com is given up: it answers 502; run the same command again later, or raise --patience',
  );
});

test('a duplicate is told with where it stands', () => {
  expect(line({ type: 'duplicate', line: 'urls.txt:9', url: URL_12, idsDiffer: false })).toBe(
    `urls.txt:9: listed before, fetched once: ${URL_12}`,
  );
});

test('nothing that controls a terminal comes through', () => {
  const event = failed(12, 'PROTOCOL_ERROR', 'bad header \u001b[2J\r\nX');
  expect(line(event)).not.toMatch(/[\u0000-\u001f]/);
});
