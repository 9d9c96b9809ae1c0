import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseHttpDate } from '../../../src/core/policy/http-date.ts';

const NOW = Date.UTC(2026, 10, 23, 12);
const RFC_EXAMPLE = Date.UTC(1994, 10, 6, 8, 49, 37);

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function partsOf(wall: number) {
  const date = new Date(wall);
  const two = (value: number): string => String(value).padStart(2, '0');
  return {
    weekday: DAYS[date.getUTCDay()] ?? '',
    day: date.getUTCDate(),
    month: MONTHS[date.getUTCMonth()] ?? '',
    year: date.getUTCFullYear(),
    time: `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`,
    two,
  };
}

function rfc850(wall: number): string {
  const { weekday, day, month, year, time, two } = partsOf(wall);
  return `${weekday}, ${two(day)}-${month}-${two(year % 100)} ${time} GMT`;
}

function asctime(wall: number): string {
  const { weekday, day, month, year, time } = partsOf(wall);
  return `${weekday.slice(0, 3)} ${month} ${String(day).padStart(2, ' ')} ${time} ${String(year).padStart(4, '0')}`;
}

/** Whole seconds of the years that four digits can write. */
const seconds = (from: number, to: number) =>
  fc.integer({ min: Date.UTC(from, 0) / 1000, max: Date.UTC(to, 0) / 1000 - 1 }).map((s) => s * 1000);

describe('the three forms of an HTTP-date (RFC 9110 §5.6.7)', () => {
  test.each([
    ['IMF-fixdate', 'Sun, 06 Nov 1994 08:49:37 GMT', RFC_EXAMPLE],
    ['RFC 850', 'Sunday, 06-Nov-94 08:49:37 GMT', RFC_EXAMPLE],
    ['asctime, read as GMT and not as local time', 'Sun Nov  6 08:49:37 1994', RFC_EXAMPLE],
    ['asctime with two digits of day', 'Wed Nov 16 08:49:37 1994', Date.UTC(1994, 10, 16, 8, 49, 37)],
    ['a leap second is the next second', 'Sat, 31 Dec 2016 23:59:60 GMT', Date.UTC(2017, 0, 1)],
    ['29 February of a leap year', 'Tue, 29 Feb 2028 00:00:00 GMT', Date.UTC(2028, 1, 29)],
    ['a weekday that is wrong does no harm', 'Mon, 06 Nov 1994 08:49:37 GMT', RFC_EXAMPLE],
    ['a year below 100 is that year', 'Mon, 01 Jan 0001 00:00:00 GMT', -62_135_596_800_000],
  ])('%s', (_, text, expected) => {
    expect(parseHttpDate(text, NOW)).toBe(expected);
  });

  test.each([
    ['this century, in the past', '94', 1994],
    ['this century, ahead by at most 50 years', '76', 2076],
    ['more than 50 years ahead is the century before', '77', 1977],
    ['next year', '27', 2027],
    ['the turn of the century', '00', 2000],
  ])('two digits of year: %s', (_, digits, year) => {
    expect(parseHttpDate(`Sunday, 06-Nov-${digits} 08:49:37 GMT`, NOW)).toBe(Date.UTC(year, 10, 6, 8, 49, 37));
  });

  test.each([
    ['nothing', ''],
    ['a number', '12'],
    ['a negative number, which new Date takes for a year', '-5'],
    ['ISO 8601', '1994-11-06T08:49:37Z'],
    ['another zone', 'Sun, 06 Nov 1994 08:49:37 +0100'],
    ['UTC for GMT', 'Sun, 06 Nov 1994 08:49:37 UTC'],
    ['no zone', 'Sun, 06 Nov 1994 08:49:37'],
    ['a day of one digit', 'Sun, 6 Nov 1994 08:49:37 GMT'],
    ['names in capitals: the grammar is case-sensitive', 'SUN, 06 NOV 1994 08:49:37 GMT'],
    ['a day that the month has not', 'Mon, 30 Feb 2026 00:00:00 GMT'],
    ['the same, hidden behind a leap second', 'Mon, 30 Feb 2026 00:00:60 GMT'],
    ['29 February of a common year', 'Sun, 29 Feb 2026 00:00:00 GMT'],
    ['day 0', 'Sun, 00 Nov 1994 08:49:37 GMT'],
    ['day 32', 'Sun, 32 Nov 1994 08:49:37 GMT'],
    ['hour 24', 'Sun, 06 Nov 1994 24:00:00 GMT'],
    ['minute 60', 'Sun, 06 Nov 1994 08:60:00 GMT'],
    ['second 61', 'Sun, 06 Nov 1994 08:49:61 GMT'],
    ['more behind it', 'Sun, 06 Nov 1994 08:49:37 GMT, 5'],
    ['two lines', 'Sun, 06 Nov 1994 08:49:37 GMT\n'],
  ])('is no date: %s', (_, text) => {
    expect(parseHttpDate(text, NOW)).toBeUndefined();
  });
});

describe('any time written in a form is read back', () => {
  test('IMF-fixdate and asctime, of the years 1 to 9999', () => {
    fc.assert(
      fc.property(seconds(101, 9999), (wall) => {
        expect(parseHttpDate(new Date(wall).toUTCString(), NOW)).toBe(wall);
        expect(parseHttpDate(asctime(wall), NOW)).toBe(wall);
      }),
    );
  });

  test('RFC 850, within 50 years', () => {
    fc.assert(
      fc.property(seconds(1977, 2077), (wall) => {
        expect(parseHttpDate(rfc850(wall), NOW)).toBe(wall);
      }),
    );
  });
});

test('whatever the text is, the answer is a whole number or nothing', () => {
  const dateLike = fc
    .array(fc.constantFrom('Sun', 'Sunday', ', ', '06', '-', ' ', 'Nov', '1994', '94', '08:49:37', '23:59:60', ' GMT'))
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.oneof(dateLike, fc.string(), fc.string({ unit: 'binary' })), (text) => {
      const wall = parseHttpDate(text, NOW);
      expect(wall === undefined || Number.isInteger(wall)).toBe(true);
    }),
  );
});
