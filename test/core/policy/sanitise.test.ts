import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { printable } from '../../../src/core/policy/sanitise.ts';

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });
const graphemes = (text: string): number => [...segmenter.segment(text)].length;

const FORBIDDEN = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]|\p{Surrogate}/u;

/** Text that a hostile server would choose. */
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '\u001b[2J',
        '\u009b31m',
        '\u001b]0;title\u0007',
        '\r\n',
        '\t',
        '\u0000',
        '\u007f',
        '\u202e',
        '\u2066',
        '\u200f',
      ),
      fc.constantFrom('\ud800', '\udfff', '古', '👨‍👩‍👧‍👦', 'e\u0301', 'a\u0301\u0302\u0303', '🇩🇪', '\u2028'),
      fc.string({ unit: 'binary' }),
    ),
    { maxLength: 30 },
  )
  .map((parts) => parts.join(''));

describe('printable', () => {
  test.each([
    ['plain text stays as it is', 'https://example.com/?a=b', 'https://example.com/?a=b'],
    ['text of other scripts stays', 'größe 古 é 👨‍👩‍👧‍👦', 'größe 古 é 👨‍👩‍👧‍👦'],
    ['an escape sequence loses its escape', 'a\u001b[31mb', 'a\ufffd[31mb'],
    ['the one-byte CSI of C1 goes too', 'a\u009b31mb', 'a\ufffd31mb'],
    ['a bell and DEL go', 'a\u0007b\u007f', 'a\ufffdb\ufffd'],
    ['line ends and tabs become spaces: a text is one line', 'a\r\nb\tc', 'a  b c'],
    ['separators that some viewers break lines at go', 'a\u2028b\u2029c', 'a\ufffdb\ufffdc'],
    ['bidi overrides go', 'a\u202egnp.exe', 'a\ufffdgnp.exe'],
    ['bidi isolates and marks go', '\u2066a\u2069\u200e\u200f\u061c', '\ufffda\ufffd\ufffd\ufffd\ufffd'],
    ['half a surrogate pair goes, a whole one stays', '\ud83d 😀 \ude00', '\ufffd 😀 \ufffd'],
    ['nothing is nothing', '', ''],
  ])('%s', (_, text, expected) => {
    expect(printable(text)).toBe(expected);
  });

  test.each([
    ['what fits is not cut', 'abcde', 5, 'abcde'],
    ['the ellipsis counts', 'abcdef', 5, 'abcd…'],
    ['a grapheme is never cut in two', '👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦', 2, '👨‍👩‍👧‍👦…'],
    ['graphemes are counted, not code units', 'e\u0301e\u0301e\u0301', 3, 'e\u0301e\u0301e\u0301'],
    ['one is room for the ellipsis alone', 'abc', 1, '…'],
    ['no room, no text', 'abc', 0, ''],
    ['a letter under a thousand marks is bounded', `a${'\u0301'.repeat(1_000)}`, 5, '…'],
  ])('%s', (_, text, maxLength, expected) => {
    expect(printable(text, maxLength)).toBe(expected);
  });

  test('whatever comes in, nothing unprintable comes out, and doing it again changes nothing', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const shown = printable(text);
        expect(shown).not.toMatch(FORBIDDEN);
        expect(printable(shown)).toBe(shown);
      }),
    );
  });

  test('whatever comes in, no more graphemes come out than asked for, and nothing unprintable', () => {
    fc.assert(
      fc.property(hostile, fc.integer({ min: 0, max: 40 }), (text, maxLength) => {
        const shown = printable(text, maxLength);
        expect(graphemes(shown)).toBeLessThanOrEqual(maxLength);
        expect(shown.length).toBeLessThanOrEqual(maxLength * 16);
        expect(shown).not.toMatch(FORBIDDEN);
        expect(printable(shown, maxLength)).toBe(shown);
      }),
    );
  });
});
