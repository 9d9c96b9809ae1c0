import fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, test } from 'vitest';
import { cutEnd, cutMiddle, firstThatFits, fitCells } from '../../src/progress/columns.ts';

describe('cutting', () => {
  test.each([
    ['what fits is whole', 'abcde', 5, 'abcde', 'abcde'],
    ['the ellipsis takes a column', 'abcdefgh', 5, 'abcd…', 'ab…gh'],
    ['a wide character is not cut in two', '古古古古', 6, '古古…', '古…古'],
    ['marks stay with their letter', 'e\u0301e\u0301e\u0301e\u0301', 3, 'e\u0301e\u0301…', 'e\u0301…e\u0301'],
    ['one column', 'abc', 1, '…', '…'],
    ['no column', 'abc', 0, '', ''],
  ])('%s', (_, text, columns, end, middle) => {
    expect(cutEnd(text, columns)).toBe(end);
    expect(cutMiddle(text, columns)).toBe(middle);
  });

  test('never leaves more than so many columns', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(60), (text, columns) => {
        expect(stringWidth(cutEnd(text, columns))).toBeLessThanOrEqual(columns);
        expect(stringWidth(cutMiddle(text, columns))).toBeLessThanOrEqual(columns);
      }),
    );
  });
});

describe('firstThatFits', () => {
  const loud = (text: string): string => `<${text}>`;

  test('takes the first, measured without its colours', () => {
    expect(firstThatFits([[{ text: 'abc', paint: loud }], [{ text: 'a' }]], 3)).toBe('<abc>');
  });

  test('cuts the last where none fits, and leaves the pieces behind the cut out', () => {
    expect(firstThatFits([[{ text: 'abc' }, { text: 'def', paint: loud }, { text: 'ghi' }]], 5)).toBe('abc<d…>');
  });
});

describe('fitCells', () => {
  const cells = [
    { long: '10 pages', short: '10', rank: 0 },
    { long: '5 pages/s', short: '5/s', rank: 2 },
    { long: '2 s left', short: '2 s', rank: 1 },
  ];

  test.each([
    ['spread out', 31, '10 pages   5 pages/s   2 s left'],
    ['closer', 30, '10 pages  5 pages/s  2 s left'],
    ['the least important in short', 28, '10 pages  5/s  2 s left'],
    ['in short', 12, '10  5/s  2 s'],
    ['closest', 11, '10 5/s 2 s'],
    ['without the least important', 9, '10  2 s'],
    ['the most important alone', 5, '10'],
    ['and if need be, cut', 1, '…'],
  ])('%s', (_, columns, expected) => {
    expect(fitCells(cells, columns)).toBe(expected);
  });
});
