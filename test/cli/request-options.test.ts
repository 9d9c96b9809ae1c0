import { describe, expect, test } from 'vitest';
import type { ResolveOptions } from '../../src/cli/resolve-config.ts';
import { filesOf, refusal, resolved } from './command-line.ts';

function request(argv: readonly string[], surroundings: Partial<ResolveOptions> = {}) {
  return resolved([...argv, 'u'], surroundings).config.request;
}

describe('method', () => {
  test.each([
    [['-X', 'put'], 'PUT'],
    [['-X', 'Purge'], 'Purge'],
    [['-I'], 'HEAD'],
    [['-I', '-X', 'head'], 'HEAD'],
    [['-d', 'x'], 'POST'],
    [['--json', '{}'], 'POST'],
    [['-d', ''], 'POST'],
    [['-d', 'x', '-X', 'PATCH'], 'PATCH'],
    [['-d', 'x', '-X', 'GET'], 'GET'],
  ])('%j is %s', (argv, method) => expect(request(argv).method).toBe(method));

  test.each([
    [['-X', 'GET /'], '--request: "GET /" is not a method'],
    [['-X', ''], '--request: "" is not a method'],
    [['-X', 'connect'], '--request: "connect" cannot be used for pages'],
    [['-X', 'TRACE'], 'cannot be used for pages'],
    [['-I', '-X', 'GET'], '--head and --request cannot be given together'],
    [['-I', '-d', 'x'], '--head and --data cannot be given together'],
    [['-I', '--json', '1'], '--head and --json cannot be given together'],
    [['-X', 'HEAD', '-d', 'x'], '--request HEAD cannot have --data'],
    [['-d', 'x', '--json', '1'], '--data and --json cannot be given together'],
  ])('%j is refused', (argv, message) => expect(refusal([...argv, 'u'])).toContain(message));
});

describe('headers', () => {
  test('in order, names in lower case, blanks around the value cut', () => {
    expect(request(['-H', 'X-B:  two \t', '-H', 'Accept: a', '-H', 'x-b:three', '-H', 'X-E;']).headers).toEqual([
      ['x-b', 'two'],
      ['accept', 'a'],
      ['x-b', 'three'],
      ['x-e', ''],
    ]);
  });

  test('a value keeps its colons and semicolons', () => {
    expect(request(['-H', 'X: a:b;']).headers).toEqual([['x', 'a:b;']]);
  });

  test('a file holds one a line', () => {
    const files = filesOf({ 'h.txt': 'X-Token: s3cret\r\n\n Y : no\n'.replace(' Y : no', 'Y: yes') });
    expect(request(['-H', '@h.txt', '-H', 'Z: 1'], files).headers).toEqual([
      ['x-token', 's3cret'],
      ['y', 'yes'],
      ['z', '1'],
    ]);
  });

  test('User-Agent is replaced, or left out', () => {
    expect(request(['-A', 'me']).userAgent).toBe('me');
    expect(request(['-A', '']).userAgent).toBe('');
    expect(request(['-H', 'user-agent: me'])).toMatchObject({ userAgent: 'me', headers: [] });
    expect(request(['-H', 'User-Agent:'])).toMatchObject({ userAgent: '', headers: [] });
  });

  test('a header that is left out and would not be sent changes nothing', () => {
    expect(request(['-H', 'X-Foo:', '-H', 'Expect:', '-H', 'Accept: ']).headers).toEqual([]);
  });

  test.each([
    ['no colon', 'X-Foo', 'a header without a colon'],
    ['empty', '', 'a header without a colon'],
    ['no name', ': x', '"" is no name of a header'],
    ['a pseudo header', ':path: /', '"" is no name of a header'],
    ['a blank in the name', 'X Foo: secret', '"X Foo" is no name of a header'],
    ['a line break', 'X: secret\r\nY: z', 'the value of X holds a character that HTTP headers cannot carry'],
    ['NUL', 'X: secret\0', 'the value of X holds a character'],
    ['what Latin-1 does not know', 'X: secret€', 'the value of X holds a character'],
    ['Host', 'Host: secret.example', 'Host cannot be given: it is made from the URL; --resolve'],
    ['Content-Length', 'content-length: 5', 'it is made from the body'],
    ['Transfer-Encoding', 'Transfer-Encoding: chunked', 'it belongs to the connection'],
    ['Connection', 'Connection: close', 'it belongs to the connection'],
    ['Accept-Encoding', 'Accept-Encoding: secret', 'bodies are decoded'],
    ['Proxy-Authorization', 'Proxy-Authorization: secret', '--proxy'],
    ['leaving out Host', 'Host:', 'Host cannot be given'],
    ['a file that is not there', '@nope', '--header: cannot read "nope": there is no such file or folder'],
  ])('%s is refused, and no value shown', (_, header, message) => {
    const told = refusal(['-H', header, 'u']);
    expect(told).toContain(message);
    expect(told).toContain('--header');
    expect(told).not.toContain('secret');
  });

  test('a bad line of a file does not show its value', () => {
    expect(refusal(['-H', '@h', 'u'], filesOf({ h: 'secret' }))).not.toContain('secret');
    expect(refusal(['-H', '@h', 'u'], filesOf({ h: Buffer.from([0xff]) }))).toContain('is not text in UTF-8');
  });
});

describe('bodies', () => {
  const FORM = ['content-type', 'application/x-www-form-urlencoded'];
  test.each([
    [['-d', 'a=1'], 'a=1', [FORM]],
    [['-d', 'a=1', '-d', 'b=2'], 'a=1&b=2', [FORM]],
    [['-d', ''], '', [FORM]],
    [['-d', 'x', '-H', 'Content-Type: text/plain'], 'x', [['content-type', 'text/plain']]],
    [['-d', 'x', '-H', 'Content-Type:'], 'x', []],
    [
      ['--json', '{"a":', '--json', '1}'],
      '{"a":1}',
      [
        ['content-type', 'application/json'],
        ['accept', 'application/json'],
      ],
    ],
    [['--json', '1', '-H', 'accept: x', '-H', 'content-type:'], '1', [['accept', 'x']]],
  ])('%j', (argv, body, headers) => expect(request(argv)).toMatchObject({ body, headers }));

  test('files go byte for byte', () => {
    const bytes = Buffer.from([0xff, 0x0d, 0x0a, 0x00]);
    expect(request(['-d', '@f'], filesOf({ f: bytes })).body).toEqual(bytes);
    expect(request(['--json', '@-'], filesOf({ '-': '{}\n' })).body).toEqual(Buffer.from('{}\n'));
    expect(request(['-d', 'a', '-d', '@f', '-d', 'é'], filesOf({ f: bytes })).body).toEqual(
      Buffer.concat([Buffer.from('a&'), bytes, Buffer.from('&é')]),
    );
  });

  test('a file that cannot be read is named', () => {
    expect(refusal(['-d', '@nope', 'u'])).toBe('--data: cannot read "nope": there is no such file or folder');
  });
});

describe('credentials', () => {
  test('--user', () => {
    const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
    expect(request(['-u', 'me:pass:word']).authorization).toBe(basic('me:pass:word'));
    expect(request(['-u', 'mü:']).authorization).toBe(basic('mü:'));
  });

  test('--cookie', () => {
    expect(request(['-b', 'a=1; b=2']).cookie).toBe('a=1; b=2');
    expect(request(['-b', 'a=1', '-b', 'b=2']).cookie).toBe('a=1; b=2');
  });

  test('--credentials-to', () => {
    const origins = ['https://API.example:443/path?q', 'http://user:pw@b.example:8080', 'https://api.example'];
    expect(request(origins.flatMap((origin) => ['--credentials-to', origin])).credentialsTo).toEqual([
      'https://api.example',
      'http://b.example:8080',
    ]);
  });

  test.each([
    [['-u', 'secret'], '--user: there is no colon'],
    [['-b', 'secret.txt'], 'there is no cookie jar'],
    [['-b', 'a=secret\n'], '--cookie: it holds a character'],
    [['-A', 'a\nb'], '--user-agent: "a\\nb" holds a character'],
    [['-u', 'me:secret', '-H', 'Authorization: x'], '--user and the header authorization'],
    [['-b', 'a=secret', '-H', 'Cookie: x=1'], '--cookie and the header cookie'],
    [['-A', 'x', '-H', 'User-Agent:'], '--user-agent and the header user-agent'],
    [['--credentials-to', 'api.example'], '"api.example" is not an origin; write it as https://api.example.com'],
    [['--credentials-to', 'ftp://me:secret@x'], '"ftp://…@x" is not an origin'],
    [['--credentials-to', 'me:secret@x'], '"…@x" is not an origin'],
    [['--credentials-to', ''], 'is not an origin'],
  ])('%j is refused, and no secret shown', (argv, message) => {
    const told = refusal([...argv, 'u']);
    expect(told).toContain(message);
    expect(told).not.toContain('secret');
  });
});
