import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseRetryAfter, type RetryAfter, serverTime } from '../../../src/core/policy/retry-after.ts';

const NOW = Date.UTC(2026, 10, 23, 12);
const SECOND = 1_000;
const DAY = 86_400 * SECOND;
const HUNDRED_YEARS = 36_525 * DAY;

const wait = (ms: number): RetryAfter => ({ type: 'wait', ms });
const UNUSABLE: RetryAfter = { type: 'unusable' };
const imf = (wall: number): string => new Date(wall).toUTCString();

function read(...values: string[]): RetryAfter {
  return parseRetryAfter(values, undefined, NOW);
}

describe('every value has a meaning', () => {
  test.each<[string, string, RetryAfter]>([
    ['seconds', '120', wait(120 * SECOND)],
    ['zero is a wait of zero, not the absence of one', '0', wait(0)],
    ['zeros in front', '007', wait(7 * SECOND)],
    ['decimals, as Shopify sends them', '2.0', wait(2 * SECOND)],
    ['a half', '1.5', wait(1_500)],
    ['blanks around it', ' 5\t', wait(5 * SECOND)],
    ['a day and more is taken at its word', '200000', wait(200_000 * SECOND)],
    ['a number that is no time near now is taken at its word', '1000000000', wait(1e9 * SECOND)],
    ['a hundred years are the longest wait', '9'.repeat(20), wait(HUNDRED_YEARS)],
    ['so many digits that they are no finite number', '9'.repeat(400), wait(HUNDRED_YEARS)],
    ['seconds since 1970 by mistake', String(NOW / 1000 + 90), wait(90 * SECOND)],
    ['seconds since 1970 by mistake, just now', String(NOW / 1000), wait(0)],
    ['seconds since 1970 by mistake, passed', String(NOW / 1000 - 1), UNUSABLE],
    ['IMF-fixdate', 'Mon, 23 Nov 2026 12:00:41 GMT', wait(41 * SECOND)],
    ['RFC 850', 'Monday, 23-Nov-26 12:00:41 GMT', wait(41 * SECOND)],
    ['asctime', 'Mon Nov 23 12:00:41 2026', wait(41 * SECOND)],
    ['this very second', imf(NOW), wait(0)],
    ['a date that has passed', imf(NOW - SECOND), UNUSABLE],
    ['a date far away', 'Fri, 31 Dec 9999 23:59:59 GMT', wait(HUNDRED_YEARS)],
    ['a negative number', '-5', UNUSABLE],
    ['a sign', '+5', UNUSABLE],
    ['an exponent', '1e9', UNUSABLE],
    ['hexadecimal', '0x10', UNUSABLE],
    ['no digit before the point', '.5', UNUSABLE],
    ['no digit behind the point', '5.', UNUSABLE],
    ['a unit', '5s', UNUSABLE],
    ['garbage', 'abc', UNUSABLE],
    ['nothing', '', UNUSABLE],
    ['blanks', '  ', UNUSABLE],
    ['two numbers in one value', '5, 10', UNUSABLE],
    ['ISO 8601', '2026-11-23T12:00:41Z', UNUSABLE],
    ['words for numbers', 'Infinity', UNUSABLE],
    ['the other word', 'NaN', UNUSABLE],
    ['digits of another script', '١٢', UNUSABLE],
  ])('%s: %s', (_, value, expected) => {
    expect(read(value)).toEqual(expected);
  });

  test('a field that is not there is absent, which is not unusable', () => {
    expect(parseRetryAfter(undefined, undefined, NOW)).toEqual({ type: 'absent' });
    expect(read()).toEqual({ type: 'absent' });
  });
});

describe('of several values the longest valid one counts', () => {
  test.each<[string, string[], RetryAfter]>([
    ['two numbers', ['5', '120'], wait(120 * SECOND)],
    ['whichever comes first', ['120', '5'], wait(120 * SECOND)],
    ['a number and a date', ['5', imf(NOW + 41 * SECOND)], wait(41 * SECOND)],
    ['garbage beside a number', ['abc', '5', ''], wait(5 * SECOND)],
    ['zero beside garbage', ['-1', '0'], wait(0)],
    ['garbage alone', ['abc', '-1'], UNUSABLE],
  ])('%s', (_, values, expected) => {
    expect(read(...values)).toEqual(expected);
  });
});

describe('clocks that disagree do no harm: a date is read against the response’s own Date', () => {
  const SERVER = NOW - 3 * DAY;

  test.each<[string, string, string[], RetryAfter]>([
    ['a server that is three days behind', imf(SERVER + 41 * SECOND), [imf(SERVER)], wait(41 * SECOND)],
    ['its past is measured by its own clock', imf(NOW - DAY), [imf(NOW)], UNUSABLE],
    ['the Date in another form', imf(SERVER + 41 * SECOND), ['Friday, 20-Nov-26 12:00:00 GMT'], wait(41 * SECOND)],
    ['epoch seconds are read against it too', String(SERVER / 1000 + 41), [imf(SERVER)], wait(41 * SECOND)],
    ['seconds do not need it', '41', [imf(SERVER)], wait(41 * SECOND)],
    ['a Date that is none: our own clock', imf(NOW + 41 * SECOND), ['yesterday'], wait(41 * SECOND)],
    ['no Date: our own clock', imf(NOW + 41 * SECOND), [], wait(41 * SECOND)],
    ['of two Dates the first', imf(SERVER + 41 * SECOND), [imf(SERVER), imf(NOW)], wait(41 * SECOND)],
  ])('%s', (_, value, dates, expected) => {
    expect(parseRetryAfter([value], dates, NOW)).toEqual(expected);
  });

  test('a server’s time is ours where it tells none', () => {
    expect(serverTime(undefined, NOW)).toBe(NOW);
    expect(serverTime([], NOW)).toBe(NOW);
    expect(serverTime(['garbage'], NOW)).toBe(NOW);
    expect(serverTime([' Fri, 20 Nov 2026 12:00:00 GMT '], NOW)).toBe(SERVER);
  });
});

describe('whatever comes', () => {
  const value = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom(...'0123456789.-+e ,') }),
    fc.double().map(String),
    fc.date({ noInvalidDate: false }).map((date) => date.toUTCString()),
    fc.nat().map((s) => String(s)),
  );

  test('it never throws, and a wait is a number from 0 to a hundred years', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 3 }), fc.array(value, { maxLength: 2 }), (values, dates) => {
        const read = parseRetryAfter(values, dates, NOW);
        if (read.type !== 'wait') return;
        expect(read.ms).toBeGreaterThanOrEqual(0);
        expect(read.ms).toBeLessThanOrEqual(HUNDRED_YEARS);
      }),
      { numRuns: 1_000 },
    );
  });

  test('a date and the seconds until it say the same, whatever either clock shows', () => {
    const clock = fc.integer({ min: Date.UTC(2000, 0) / SECOND, max: Date.UTC(2100, 0) / SECOND });
    fc.assert(
      fc.property(clock, clock, fc.integer({ min: 0, max: 1e8 }), (server, ours, seconds) => {
        const date = imf((server + seconds) * SECOND);
        expect(parseRetryAfter([date], [imf(server * SECOND)], ours * SECOND)).toEqual(
          parseRetryAfter([String(seconds)], undefined, ours * SECOND),
        );
      }),
    );
  });
});
