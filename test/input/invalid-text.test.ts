import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { invalidText } from '../../src/input/invalid-text.ts';

describe('what an invalid line shows', () => {
  test.each([
    ['an ordinary line as it stands', 'example.com/x?to=a@b', 'example.com/x?to=a@b'],
    ['no userinfo', 'https://user:pass@a.example:0/', 'https://a.example:0/'],
    ['no userinfo that holds an at sign', 'https://user:p@ss@a.example:0/', 'https://a.example:0/'],
    ['no password that holds a slash', 'https://user:pa/ss@a.example/', 'https://a.example/'],
    ['no userinfo after backslashes', 'https:\\\\user:pass@a.example:0/', 'https:\\\\a.example:0/'],
    ['no userinfo without slashes', 'https:user:pass@a.example:0/', 'https:a.example:0/'],
    ['no userinfo of another scheme', 'ftp://user:pass@a.example/', 'ftp://a.example/'],
    ['no userinfo where the scheme is missing', 'user:pass@a.example/x', 'a.example/x'],
    ['an at sign in the query', 'https://a.example:0/?to=a@b', 'https://a.example:0/?to=a@b'],
    [
      'JSON without headers',
      '{"url":"https://u:p@a:0/","headers":{"cookie":"s"}}',
      '{"url":"https://a:0/","headers":"…"}',
    ],
    ['JSON without unknown fields', '{"url":"x","header":"Cookie: s","id":1}', '{"url":"x","header":"…","id":1}'],
    ['broken JSON without headers', '{"url":"https://u:p@a/","headers":{"a":"s"}', '{"url":"https://a/","…'],
    ['broken JSON with escaped slashes', '{"url":"https:\\/\\/u:p@a/"', '{"url":"https:\\/\\/a/"'],
  ])('%s', (_, text, shown) => {
    expect(invalidText(text)).toBe(shown);
  });

  test('no more than 2,000 characters, and no userinfo however long', () => {
    expect(invalidText('x'.repeat(5_000))).toHaveLength(2_000);
    expect(invalidText(`https://${'secret'.repeat(1_000)}@a.example:0/`)).toBe('https://a.example:0/');
  });

  test('a megabyte in no time to speak of', () => {
    for (const unit of ['a', '/', '//', 'a:', '@', '{', '{//', ':/'])
      expect(invalidText(unit.repeat(500_000))).toBeDefined();
  });
});

test('a password never shows, whatever surrounds it', () => {
  const part = fc.stringMatching(/^[a-z0-9.:[\]-]{0,8}$/);
  fc.assert(
    fc.property(fc.constantFrom('http', 'https', 'ftp'), part, part, (scheme, host, path) => {
      expect(invalidText(`${scheme}://user:SECRET@${host}/${path}`)).not.toContain('SECRET');
    }),
  );
});
