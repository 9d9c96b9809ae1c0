import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Line, LineSplitter, MAX_LINE_BYTES, readLines, UTF_16 } from '../../src/input/read-lines.ts';

function split(...chunks: readonly (string | Uint8Array)[]): readonly Line[] {
  const splitter = new LineSplitter();
  const lines: Line[] = [];
  for (const chunk of chunks) {
    lines.push(...splitter.push(Buffer.from(chunk)));
    if (splitter.refused) return lines;
  }
  return [...lines, ...splitter.end()];
}

const LONG = 'x'.repeat(MAX_LINE_BYTES);
const overlong = expect.objectContaining({ why: 'longer than 1 MiB' });

describe('lines end', () => {
  test.each([
    ['with LF', ['a\nb\n'], ['a', 'b']],
    ['with CRLF', ['a\r\nb\r\n'], ['a', 'b']],
    ['with CR', ['a\rb\r'], ['a', 'b']],
    ['with the list', ['a\nb'], ['a', 'b']],
    ['blank ones are counted', ['\n\r\n\ra'], ['', '', '', 'a']],
    ['with a CRLF that is cut in two', ['a\r', '\nb\r', '\n', '\nc'], ['a', 'b', '', 'c']],
    ['anywhere in the bytes', ['a', 'b', '\n', 'c'], ['ab', 'c']],
    ['never in an empty list', [''], []],
  ])('%s', (_, chunks, lines) => {
    expect(split(...chunks)).toEqual(lines);
  });
});

test('a line that ended is given at once, also one that ends with CR', () => {
  const splitter = new LineSplitter();
  expect(splitter.push(Buffer.from('a\nb'))).toEqual(['a']);
  expect(splitter.push(Buffer.from('c\r'))).toEqual(['bc']);
  expect(splitter.push(Buffer.from('\n'))).toEqual([]);
});

test('invalid UTF-8 spoils its line alone', () => {
  expect(split(Buffer.from('ä\n\xff\nö', 'latin1'), Buffer.from('\nü'))).toEqual([
    { why: 'not valid UTF-8', text: '\ufffd' },
    { why: 'not valid UTF-8', text: '\ufffd' },
    { why: 'not valid UTF-8', text: '\ufffd' },
    'ü',
  ]);
});

describe('a line that is too long', () => {
  test.each([
    ['the longest one is fine', [`${LONG}\nb`], [LONG, 'b']],
    ['one byte more is not', [`${LONG}x\nb`], [overlong, 'b']],
    ['in two parts', [LONG, 'x\r', '\nb'], [overlong, 'b']],
    ['the last', ['a\n', LONG, 'x'], ['a', overlong]],
    ['twice', [LONG, LONG, '\n', LONG, 'x\n\n', 'b'], [overlong, overlong, '', 'b']],
    ['characters of several bytes count by bytes', ['ä'.repeat(MAX_LINE_BYTES / 2 + 1)], [overlong]],
  ])('%s', (_, chunks, lines) => {
    expect(split(...chunks)).toEqual(lines);
  });

  test('is not held', () => {
    const splitter = new LineSplitter();
    const chunk = Buffer.alloc(64 * 1024, 'x');
    const before = process.memoryUsage().arrayBuffers;
    for (let count = 0; count < 16_384; count++) expect(splitter.push(chunk)).toHaveLength(0);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 2 ** 20);
    expect(splitter.push(Buffer.from('\nb\n'))).toEqual([{ why: 'longer than 1 MiB', text: 'x'.repeat(8_000) }, 'b']);
  });
});

test.each([
  ['little-endian', Buffer.from('\ufeffhttps://a.example/\n', 'utf16le')],
  ['big-endian', Buffer.from('\ufeffhttps://a.example/\n', 'utf16le').swap16()],
])('a list in UTF-16, %s, is refused as a whole', (_, bytes) => {
  expect(split(bytes, bytes)).toEqual([{ why: UTF_16, text: '' }]);
  expect(split(...[...bytes].map((byte) => Uint8Array.of(byte)))).toEqual([{ why: UTF_16, text: '' }]);
});

test('the same lines come out wherever the bytes are cut', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'ä', '\n', '\r', '\r\n', '\ud83d\ude00', '\ufeff', ' ') });
  const bytes = fc.oneof(
    text.map((value) => Buffer.from(value)),
    fc.uint8Array({ maxLength: 40 }).map((value) => Buffer.from(value)),
  );
  fc.assert(
    fc.property(bytes, (whole) => {
      const expected = split(whole);
      for (let at = 0; at <= whole.length; at++) {
        expect(split(whole.subarray(0, at), whole.subarray(at))).toEqual(expected);
      }
      expect(split(...[...whole].map((byte) => Uint8Array.of(byte)))).toEqual(expected);
    }),
  );
});

test('LF, CRLF and CR are the same', () => {
  const lines = fc.array(fc.string({ unit: fc.constantFrom('a', 'ä', ' ', '#') }), { maxLength: 20 });
  fc.assert(
    fc.property(lines, (values) => {
      for (const end of ['\n', '\r\n', '\r'])
        expect(split(values.map((value) => value + end).join(''))).toEqual(values);
    }),
  );
});

test('what a stream had read before it broke is still given', async () => {
  const stream = new Readable({ read: () => undefined });
  const lines: Line[] = [];
  stream.push('a\nb\n');
  stream.push('torn');
  stream.destroy(new Error('EIO: i/o error, read'));
  const reading = async (): Promise<void> => {
    for await (const some of readLines(stream, false)) lines.push(...some);
  };
  await expect(reading()).rejects.toThrow('EIO: i/o error, read');
  expect(lines).toEqual(['a', 'b']);
});
