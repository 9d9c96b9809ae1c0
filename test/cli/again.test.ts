import { describe, expect, test } from 'vitest';
import { againCommand } from '../../src/cli/again.ts';

describe('the command to try the rest again', () => {
  test.each([
    [['urls.txt', '-o', 'out/'], 'fetch-pages urls.txt -o out/'],
    [["it's here.txt", 'https://x.example/[1-5]?a=1&b=2'], "fetch-pages 'it'\\''s here.txt' 'https://x.example/[1-5]?a=1&b=2'"],
    [['urls.txt', '--restart'], 'fetch-pages urls.txt'],
  ])('%j is %s', (argv, expected) => {
    expect(againCommand(argv, false)).toBe(expected);
  });

  test.each([
    [['-u', 'a:b', 'urls.txt']],
    [['-ua:b', 'urls.txt']],
    [['--user=a:b', 'urls.txt']],
    [['-H', 'x: y', 'urls.txt']],
    [['-x', 'http://a:b@c/', 'urls.txt']],
    [['https://a:b@c.example/']],
    [['-ku', 'a:b', 'urls.txt']],
  ])('%j may hold a secret: it is the same command', (argv) => {
    expect(againCommand(argv, false)).toBe('the same command');
  });

  test('that is long is the same command, not a piece of it', () => {
    const argv = Array.from({ length: 20 }, (_, index) => `https://pages.example/a-page/${index}`);
    expect(againCommand(argv, false)).toBe('the same command');
  });

  test('cannot be told where the list came from standard input', () => {
    expect(againCommand(['-o', 'out/'], true)).toBeUndefined();
  });
});
