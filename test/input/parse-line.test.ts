import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { InputItem, Page } from '../../src/core/page.ts';
import { bodyDigest, hashKey, pageKey } from '../../src/core/page-key.ts';
import { lineParser, type RequestDefaults } from '../../src/input/parse-line.ts';

function parse(text: string, defaults: RequestDefaults = { method: 'GET' }): InputItem | undefined {
  return lineParser(defaults).line(text, 'list:1');
}

function page(text: string, defaults?: RequestDefaults): Page {
  const item = parse(text, defaults);
  if (item?.type !== 'page') throw new Error(`no page: ${JSON.stringify(item)}`);
  return item.page;
}

function why(text: string): string | undefined {
  const item = parse(text);
  return item?.type === 'invalid' ? item.why : undefined;
}

function json(fields: object, defaults?: RequestDefaults): Page {
  return page(JSON.stringify({ url: 'https://a.example/', ...fields }), defaults);
}

function whyNot(fields: object): string | undefined {
  return why(JSON.stringify({ url: 'https://a.example/', ...fields }));
}

test('a plain line is a page, with the hash of its key', () => {
  expect(page('https://a.example/x?q=1')).toEqual({
    url: 'https://a.example/x?q=1',
    origin: 'https://a.example',
    method: 'GET',
    headers: [],
    line: 'list:1',
    keyed: false,
    ...hashKey('GET https://a.example/x?q=1'),
  });
});

test.each([
  ['blanks around it are trimmed', ' \thttps://a.example/ \t', 'https://a.example/'],
  ['a byte order mark too', '\ufeffhttps://a.example/', 'https://a.example/'],
  ['the fragment goes', 'https://a.example/x#y#z', 'https://a.example/x'],
  ['an empty fragment goes', 'https://a.example/x#', 'https://a.example/x'],
  ['an escaped hash stays', 'https://a.example/x%23y', 'https://a.example/x%23y'],
  ['the default port goes', 'https://A.example:443', 'https://a.example/'],
  ['an international name is encoded', 'http://münchen.example/ü', 'http://xn--mnchen-3ya.example/%C3%BC'],
  ['dots are resolved', 'https://a.example/x/../y', 'https://a.example/y'],
  ['an IPv6 host', 'http://[::1]:8080/', 'http://[::1]:8080/'],
  ['an at sign in the query is no userinfo', 'https://a.example/?to=a@b', 'https://a.example/?to=a@b'],
  ['an empty userinfo goes', 'https://@a.example/', 'https://a.example/'],
])('%s: %s', (_, text, url) => {
  expect(page(text).url).toBe(url);
});

test('origins are told apart whatever line came before', () => {
  const parser = lineParser({ method: 'GET' });
  const lines = [
    'https://a.example/1',
    'https://a.example:8443/2',
    'http://a.example/3',
    'https://a.example/4',
    'https://a.example.org/5',
  ];
  const origins = lines.map((line) => {
    const item = parser.line(line, 'list:1');
    return item?.type === 'page' ? item.page.origin : undefined;
  });
  expect(origins).toEqual([
    'https://a.example',
    'https://a.example:8443',
    'http://a.example',
    'https://a.example',
    'https://a.example.org',
  ]);
});

test.each(['', '   ', '\t', '# comment', '  # https://a.example/', '\ufeff# comment', '\ufeff'])(
  'nothing: %j',
  (text) => {
    expect(parse(text)).toBeUndefined();
  },
);

const HINT = 'not a URL; write https:// (or http://) before it';

test.each([
  ['example.com/x', HINT],
  ['example.com', HINT],
  ['example.com:8080/x', HINT],
  ['localhost:8080/x', HINT],
  ['//example.com/x', 'not a URL'],
  ['hello', 'not a URL'],
  ['ftp://a.example/', 'ftp: is not fetched, only http: and https:'],
  ['mailto:a@b.example', 'mailto: is not fetched, only http: and https:'],
  ['httpx://a.example/', 'httpx: is not fetched, only http: and https:'],
  ['https://', 'the URL has no host'],
  ['https://user:pass@:80/', 'the URL has no host'],
  ['https://a.example:0/', 'port 0 cannot be asked'],
  ['https://a.example:65536/', 'the port is larger than 65535'],
  ['https://a.example:x/', 'not a URL: its host or port is not valid'],
  ['https://a b.example/', 'not a URL: its host or port is not valid'],
  [`https://${'a.'.repeat(127)}example/`, 'the host name is longer than 253 characters'],
  ['https://a.example/x\ty', 'it holds a control character (a tab?); a line is one URL and nothing else'],
  ['https://a.example/\0', 'it holds a control character (a tab?); a line is one URL and nothing else'],
  ['https://a%3Ab:c@a.example/', 'the user name holds a colon, which Basic authentication cannot carry'],
])('invalid: %j', (text, expected) => {
  expect(why(text)).toBe(expected);
});

describe('credentials in a URL', () => {
  test('become Basic authorization, decoded as UTF-8, and leave the URL', () => {
    const { url, origin, authorization, keyed } = page('https://us%40er:p%C3%A4ss%zz@a.example/x');
    expect({ url, origin, keyed }).toEqual({ url: 'https://a.example/x', origin: 'https://a.example', keyed: true });
    expect(authorization).toBe(`Basic ${Buffer.from('us@er:päss%zz').toString('base64')}`);
  });

  test('the user is part of the key, the password is not', () => {
    const hashes = [
      'https://a:1@x.example/',
      'https://a:2@x.example/',
      'https://b:1@x.example/',
      'https://x.example/',
    ].map((text) => page(text).hashLow);
    expect(hashes[0]).toBe(hashes[1]);
    expect(new Set(hashes).size).toBe(3);
  });

  test("yield to the line's own authorization header", () => {
    const own = page('{"url":"https://u:p@a.example/","headers":{"Authorization":"Bearer t"}}');
    expect(own.authorization).toBeUndefined();
    expect(own.headers).toEqual([['authorization', 'Bearer t']]);
    expect(own.hashLow).toBe(json({ headers: { authorization: 'Bearer t' } }).hashLow);
  });
});

describe('a request in JSON', () => {
  test('gives every field', () => {
    const fields = {
      url: 'https://a.example/#f',
      method: 'post',
      headers: { 'X-A': ' 1\t' },
      body: 'b',
      id: 'i',
      file: 'f',
    };
    const headers = [['x-a', '1']] as const;
    expect(page(JSON.stringify(fields))).toEqual({
      url: 'https://a.example/',
      origin: 'https://a.example',
      method: 'POST',
      headers,
      body: 'b',
      id: 'i',
      file: 'f',
      line: 'list:1',
      keyed: true,
      ...hashKey(pageKey({ method: 'POST', url: 'https://a.example/', headers, bodyDigest: bodyDigest('b') })),
    });
  });

  test('without anything of its own is the same page as the plain line', () => {
    const fields = { method: null, headers: {}, body: null, id: null, file: null };
    expect(json(fields)).toEqual(page('https://a.example/'));
  });

  test('an object as body is sent as JSON, with its content type unless the line names one', () => {
    expect(json({ body: { a: [1] } })).toMatchObject({
      body: '{"a":[1]}',
      headers: [['content-type', 'application/json']],
    });
    expect(json({ body: [], headers: { 'Content-Type': 'x/y' } }).headers).toEqual([['content-type', 'x/y']]);
    expect(json({ body: '{}' }).headers).toEqual([]);
  });

  test('a whole number as id is taken as text', () => {
    expect(json({ id: 42 }).id).toBe('42');
  });

  test.each([
    ['get', 'GET'],
    ['Query', 'QUERY'],
    ['propfind', 'propfind'],
  ])('method %s is %s', (method, expected) => {
    expect(json({ method }).method).toBe(expected);
  });

  test.each<[object, string]>([
    [{ url: undefined }, 'url is missing'],
    [{ url: 1 }, 'url must be a string'],
    [{ url: 'a.example/x' }, HINT],
    [{ uri: 1 }, 'unknown field "uri"; there are url, method, headers, body, id, file'],
    [{ method: 'CONNECT' }, 'method CONNECT cannot be used for pages'],
    [{ method: 'trace' }, 'method TRACE cannot be used for pages'],
    [{ method: 'G T' }, 'method must be a word such as GET'],
    [{ method: '' }, 'method must be a word such as GET'],
    [{ headers: [] }, 'headers must be an object of names to strings'],
    [{ headers: 'a: b' }, 'headers must be an object of names to strings'],
    [{ headers: { 'a b': '1' } }, 'header "a b" has a name that is no HTTP token'],
    [{ headers: { '': '1' } }, 'header "" has a name that is no HTTP token'],
    [{ headers: { ':path': '1' } }, 'header ":path" has a name that is no HTTP token'],
    [{ headers: { a: 1 } }, 'header "a" must be a string'],
    [{ headers: { a: 'x\r\ny: z' } }, 'header "a" holds a line break or NUL'],
    [{ headers: { a: '\0' } }, 'header "a" holds a line break or NUL'],
    [{ headers: { a: '→' } }, 'header "a" holds a character that HTTP headers cannot carry'],
    [{ headers: { A: '1', a: '2' } }, 'header "a" is given twice'],
    [{ headers: { Host: 'b' } }, 'header "Host" belongs to the connection: fetch-pages sets it itself'],
    [
      { headers: { 'transfer-encoding': 'chunked' } },
      'header "transfer-encoding" belongs to the connection: fetch-pages sets it itself',
    ],
    [{ body: 1 }, 'body must be a string, an object or a list'],
    [{ id: 1.5 }, 'id must be a string (or a whole number)'],
    [{ file: 7 }, 'file must be a string that is not empty'],
    [{ file: '' }, 'file must be a string that is not empty'],
    [{ id: '\ud800' }, 'it holds half a surrogate pair, which UTF-8 cannot carry'],
  ])('%j is invalid', (fields, expected) => {
    expect(whyNot(fields)).toBe(expected);
  });

  test.each([
    ['{"url":"https://a.example/",}', 'not valid JSON at character 29'],
    ['{"url":"https://a.example/"', 'not valid JSON at character 28'],
    ['{', 'not valid JSON at character 2'],
  ])('%s', (text, expected) => {
    expect(why(text)).toBe(expected);
  });

  test('a body that is nested without end is invalid, and nothing breaks', () => {
    const text = `{"url":"https://a.example/","body":${'['.repeat(200_000)}${']'.repeat(200_000)}}`;
    const item = parse(text);
    if (item?.type === 'invalid') expect(item.why).toBe('body is nested too deeply; give it as a string');
    else expect(item?.type).toBe('page');
  });
});

describe("the run's own method and data", () => {
  const defaults = { method: 'PUT', body: 'data' };

  test('are for lines that do not say otherwise', () => {
    expect(page('https://a.example/', defaults)).toMatchObject({ method: 'PUT', body: 'data', keyed: true });
    expect(json({}, defaults)).toEqual(page('https://a.example/', defaults));
    expect(json({ method: 'PATCH', body: 'own' }, defaults)).toMatchObject({ method: 'PATCH', body: 'own' });
    expect(json({ body: '' }, defaults).body).toBe('');
  });

  test('bytes and text of the same data are the same page', () => {
    const bytes = page('https://a.example/', { method: 'PUT', body: new TextEncoder().encode('data') });
    expect(bytes.hashLow).toBe(page('https://a.example/', defaults).hashLow);
  });
});

test('no line ever throws', () => {
  const jsonish = fc.dictionary(fc.constantFrom('url', 'method', 'headers', 'body', 'id', 'file', 'x'), fc.jsonValue());
  const line = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.webUrl({ withFragments: true, withQueryParameters: true }),
    fc.string().map((rest) => `https://${rest}`),
    fc.string().map((rest) => `{${rest}`),
    jsonish.map((value) => JSON.stringify(value)),
    jsonish.map((value) => JSON.stringify({ ...value, url: 'https://a.example/' })),
  );
  fc.assert(
    fc.property(line, (text) => {
      const item = parse(text);
      if (item?.type === 'invalid') expect(item.text.length).toBeLessThanOrEqual(2_000);
      if (item?.type !== 'page') return;
      expect(new URL(item.page.url).href).toBe(item.page.url);
      expect(new URL(item.page.url).origin).toBe(item.page.origin);
      expect(item.page.url).not.toContain('#');
    }),
    { numRuns: 2_000 },
  );
});
