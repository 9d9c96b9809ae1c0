import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseUrlRanges } from '../../src/input/url-ranges.ts';

function expand(text: string): readonly string[] {
  const ranges = parseUrlRanges(text);
  if (!ranges.ok) throw new Error(ranges.why);
  const urls = [...ranges.urls()];
  expect(urls).toHaveLength(ranges.count);
  return urls;
}

describe('what expands, as curl does it', () => {
  test.each([
    ['numbers', '/[1-3]', ['/1', '/2', '/3']],
    ['the first number alone sets the width', '/[08-10]', ['/08', '/09', '/10']],
    ['a padded last number does not', '/[8-010]', ['/8', '/9', '/10']],
    ['zero padding', '/[001-003]', ['/001', '/002', '/003']],
    ['a step', '/[1-10:4]', ['/1', '/5', '/9']],
    ['one number', '/[3-3]', ['/3']],
    ['letters', '/[a-c]', ['/a', '/b', '/c']],
    ['capital letters with a step', '/[A-E:2]', ['/A', '/C', '/E']],
    ['a set', '/{a,b,c}', ['/a', '/b', '/c']],
    ['a set with an empty value', '/{,b}', ['/', '/b']],
    ['the leftmost is the slowest', '/[1-2]{x,y}', ['/1x', '/1y', '/2x', '/2y']],
    ['a range in the host', 'http://[1-2].example/', ['http://1.example/', 'http://2.example/']],
    ['an escaped comma in a set', '/{a\\,b,c}', ['/a,b', '/c']],
    ['an escaped brace in a set', '/{a\\}b,c}', ['/a}b', '/c']],
    ['any escaped character in a set', '/{a\\\\,\\n}', ['/a\\', '/n']],
    ['an escape after a set', '/{a,b}\\}', ['/a}', '/b}']],
    ['an IPv6 host beside a range', 'http://[::1]:1/[1-2]', ['http://[::1]:1/1', 'http://[::1]:1/2']],
  ])('%s: %s', (_, text, urls) => {
    expect(expand(text)).toEqual(urls);
  });
});

describe('what stands for itself', () => {
  test.each([
    ['brackets that are no range', '/page[size]=10'],
    ['empty brackets', '/a[]=1'],
    ['a range without its end', '/[1-'],
    ['a negative number', '/[-1-3]'],
    ['three numbers', '/[1-2-3]'],
    ['a number and a letter', '/[1-a]'],
    ['more than a letter', '/[ab-c]'],
    ['braces without a comma', '/{id}'],
    ['braces in braces without a comma', '/{{id}}'],
    ['empty braces', '/{}'],
    ['a brace without its end', '/{a,b'],
    ['an end without its brace', '/a,b}]'],
    ['a backslash before something else', '/a\\b'],
  ])('%s: %s', (_, text) => {
    expect(expand(text)).toEqual([text]);
  });

  test.each([
    ['/\\[1-2\\]', '/[1-2]'],
    ['/\\{a,b\\}', '/{a,b}'],
  ])('an escape goes, what it protected stays: %s', (text, url) => {
    expect(expand(text)).toEqual([url]);
  });
});

describe('what is refused', () => {
  test.each([
    ['/[5-1]', 'the range [5-1] runs backwards'],
    ['/[c-a]', 'the range [c-a] runs backwards'],
    ['/[a-C]', 'the range [a-C] mixes upper and lower case'],
    ['/[1-3:0]', 'the range [1-3:0] has a step of 0'],
    ['/[1-3:5]', 'the range [1-3:5] has a step that is larger than itself'],
    ['/[0-9007199254740993]', 'the range [0-9007199254740993] is larger than 2^53'],
    ['/[1-100000000][1-100000000]', 'the ranges make more than 2^53 URLs'],
    [
      '/{a,{b,c}}',
      'braces or ranges inside braces (character 2); a backslash before a brace, or -g, takes it literally',
    ],
    [
      '/{a,[1-2]}',
      'braces or ranges inside braces (character 2); a backslash before a brace, or -g, takes it literally',
    ],
  ])('%s', (text, why) => {
    expect(parseUrlRanges(text)).toEqual({ ok: false, why });
  });
});

test('a hundred million URLs are counted, and begun, without being made', () => {
  const ranges = parseUrlRanges('/[1-100000000]');
  expect(ranges).toMatchObject({ ok: true, count: 100_000_000 });
  const [first] = ranges.ok ? ranges.urls() : [];
  expect(first).toBe('/1');
});

test('many ranges of one value each do not nest', () => {
  expect(expand('[1-1]'.repeat(100_000))).toEqual(['1'.repeat(100_000)]);
});

test('a megabyte of open braces costs no more than any other line', () => {
  expect(expand('{,'.repeat(300_000))).toHaveLength(1);
});

const literal = fc.stringMatching(/^[a-z/?=.]{0,5}$/);
const numbers = fc
  .record({ first: fc.nat(30), span: fc.integer({ min: 1, max: 6 }), step: fc.integer({ min: 1, max: 3 }) })
  .filter(({ span, step }) => step <= span)
  .map(({ first, span, step }) => {
    const values: string[] = [];
    for (let value = first; value <= first + span; value += step) values.push(String(value));
    return { text: `[${first}-${first + span}:${step}]`, values };
  });
const set = fc
  .array(literal, { minLength: 2, maxLength: 4 })
  .map((values) => ({ text: `{${values.join(',')}}`, values }));
const plain = literal.map((text) => ({ text, values: [text] }));

test('count and order are those of nested loops', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(plain, numbers, set), { maxLength: 5 }), (parts) => {
      const model = parts.reduce<readonly string[]>(
        (urls, { values }) => urls.flatMap((url) => values.map((value) => url + value)),
        [''],
      );
      expect(expand(parts.map(({ text }) => text).join(''))).toEqual(model);
    }),
  );
});

test('no text throws, and what is not refused gives a first URL', () => {
  const text = fc.oneof(fc.string(), fc.stringMatching(/^[[\]{},\\0-9a-cA-C:-]{0,30}$/));
  fc.assert(
    fc.property(text, (value) => {
      const ranges = parseUrlRanges(value);
      if (ranges.ok) expect(typeof [...take(ranges.urls())][0]).toBe('string');
      else expect(ranges.why).not.toBe('');
    }),
    { numRuns: 1_000 },
  );
});

function* take(urls: Iterable<string>): Generator<string> {
  for (const url of urls) {
    yield url;
    return;
  }
}
