import { describe, expect, test } from 'vitest';
import { againCommand } from '../../src/cli/again.ts';
import { parseArguments } from '../../src/cli/options.ts';

function again(argv: readonly string[], readsStdin = false): string | undefined {
  const parsed = parseArguments(argv);
  if (parsed.type !== 'run') throw new Error('not a run');
  return againCommand(argv, parsed.typed, readsStdin);
}

describe('the command to try the rest again', () => {
  test.each([
    [['urls.txt', '-o', 'out/'], 'fetch-pages urls.txt -o out/'],
    [
      ["it's here.txt", 'https://x.example/[1-5]?a=1&b=2'],
      "fetch-pages 'it'\\''s here.txt' 'https://x.example/[1-5]?a=1&b=2'",
    ],
    [['urls.txt', '--restart'], 'fetch-pages urls.txt'],
  ])('%j is %s', (argv, expected) => {
    expect(again(argv)).toBe(expected);
  });

  test.each([
    [['-u', 'a:b', 'urls.txt']],
    [['-ua:b', 'urls.txt']],
    [['-ku', 'a:b', 'urls.txt']],
    [['-qHx: y', 'urls.txt']],
    [['--user=a:b', 'urls.txt']],
    [['-H', 'x: y', 'urls.txt']],
    [['-x', 'http://a:b@c/', 'urls.txt']],
    [['https://a:b@c.example/']],
    [['--credentials-to=https://a:b@c.example/', 'urls.txt']],
  ])('%j may hold a secret: it is the same command', (argv) => {
    expect(again(argv)).toBe('the same command');
  });

  test('that is long is the same command, not a piece of it', () => {
    const argv = Array.from({ length: 20 }, (_, index) => `https://pages.example/a-page/${index}`);
    expect(again(argv)).toBe('the same command');
  });

  test('cannot be told where the list came from standard input', () => {
    expect(again(['-o', 'out/'], true)).toBeUndefined();
  });
});
