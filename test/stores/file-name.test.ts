import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pageFile } from '../../src/stores/file-name.ts';
import { makePage } from '../support/store-pages.ts';

function nameOf(url: string, more: Parameters<typeof makePage>[1] = {}): string {
  return pageFile(makePage(url, more)).name;
}

describe('pageFile', () => {
  it.each([
    ['a plain path', 'https://api.example.com/items/1', 'api.example.com/items/1.body'],
    ['the root', 'https://example.com/', 'example.com/index.body'],
    ['a slash at the end', 'https://example.com/a/', 'example.com/a/index.body'],
    ['a file of that folder', 'https://example.com/a', 'example.com/a.body'],
    ['an extension of its own', 'https://example.com/img/logo.png', 'example.com/img/logo.png'],
    ['two extensions', 'https://example.com/a.tar.gz', 'example.com/a.tar.gz'],
    ['a version, which is no extension', 'https://example.com/v1.2', 'example.com/v1.2.body'],
    ['a folder with a version', 'https://example.com/v1.2/x', 'example.com/v1.2/x.body'],
    [
      'a folder that begins with a dot',
      'https://example.com/.well-known/jwks.json',
      'example.com/.well-known/jwks.json',
    ],
    ['a query', 'https://example.com/items?page=2&size=50', 'example.com/items@page=2,size=50.body'],
    ['a query of a file', 'https://example.com/d.json?page=2', 'example.com/d@page=2.json'],
    ['a query of the root', 'https://example.com/?q=a', 'example.com/index@q=a.body'],
    ['http', 'http://example.com/a', 'http+example.com/a.body'],
    ['a port', 'https://example.com:8443/a', 'example.com+8443/a.body'],
    ['http and a port', 'http://127.0.0.1:8080/a', 'http+127.0.0.1+8080/a.body'],
    ['a host without a dot', 'https://localhost/a', 'localhost+443/a.body'],
  ])('is plain for %s', (_what, url, name) => {
    expect(nameOf(url)).toBe(name);
  });

  it.each([
    ['upper case', 'https://example.com/A', 'example.com/A~#.body'],
    ['an escape', 'https://example.com/a%20b', 'example.com/a-b~#.body'],
    ['an escaped slash', 'https://example.com/..%2f..%2fetc/passwd', 'example.com/..-..-etc/passwd~#.body'],
    ['a segment of dots', 'https://example.com/.../x', 'example.com/_/x~#.body'],
    ['an empty segment', 'https://example.com/a//b', 'example.com/a/b~#.body'],
    ['an empty query', 'https://example.com/a?', 'example.com/a@~#.body'],
    ['a device of Windows', 'https://example.com/nul', 'example.com/_nul~#.body'],
    ['a device with an extension', 'https://example.com/aux.txt', 'example.com/_aux~#.txt'],
    ['a folder that is a device', 'https://example.com/com1/x', 'example.com/_com1/x~#.body'],
    ['a folder with an extension', 'https://example.com/a.html/b', 'example.com/a-html/b~#.body'],
    ['a dash in front', 'https://example.com/-rf', 'example.com/_-rf~#.body'],
    ['a segment named index', 'https://example.com/index', 'example.com/index~#.body'],
    ['the extension that stands for none', 'https://example.com/a.body', 'example.com/a~#.body'],
    ['a comma in a query', 'https://example.com/a?b,c', 'example.com/a@b,c~#.body'],
    ['an IPv6 host', 'https://[::1]:8443/a', '_-1-+8443/a~#.body'],
    ['a host with a dot at its end', 'https://example.com./a', 'example.com/a~#.body'],
    ['a host that could be a file', 'https://manifest.ndjson/a', 'manifest-ndjson+443/a~#.body'],
  ])('carries the digits of the page for %s', (_what, url, pattern) => {
    expect(nameOf(url).replace(/~[0-9a-f]{16}/, '~#')).toBe(pattern);
  });

  it('tells methods and keyed pages apart from the plain page of the same URL', () => {
    const url = 'https://example.com/a';
    const names = [
      nameOf(url),
      nameOf(url, { method: 'POST' }),
      nameOf(url, { method: 'HEAD' }),
      nameOf(url, { headers: [['accept', 'text/xml']] }),
    ];
    expect(new Set(names).size).toBe(4);
  });

  it.each([
    ['a path', 'products/42.json', 'products/42.json'],
    ['upper case', 'Products/Report.JSON', 'Products/Report.JSON'],
    ['a file at the top', '42.json', '42.json'],
    ['no extension', 'a/report', 'a/report.body'],
    ['a path that begins with a slash', '/a/b.json', 'a/b.json'],
    ['climbing out', '../../etc/passwd', 'etc/passwd~#.body'],
    ['climbing out of Windows', '..\\..\\x.json', 'x~#.json'],
    ['a drive', 'C:\\x.json', 'C-/x~#.json'],
    ['control characters', 'a/b\u0000\u001b[31m.json', 'a/b-31m~#.json'],
    ['a space', 'my file.json', 'my-file~#.json'],
    ['the folder of a host', 'example.com/x.json', 'example-com/x~#.json'],
    ['the folder of an address', '127.0.0.1/x.json', '127.0.0.1/x~#.json'],
    ['a file named like a host', 'example.com', 'example~#.com'],
    ['the manifest', 'manifest.ndjson', 'manifest~#.ndjson'],
    ['the lock', '.fetch-pages.lock', '.fetch-pages~#.lock'],
    ['the folder of half-written files', '.fetch-pages.tmp/x.json', '.fetch-pages-tmp/x~#.json'],
    ['nothing that is left', '../..', 'h.example/u.body'],
    ['an empty wish', '', 'h.example/u.body'],
  ])('makes a wish safe: %s', (_what, file, pattern) => {
    expect(nameOf('https://h.example/u', { file }).replace(/~[0-9a-f]{16}/, '~#')).toBe(pattern);
  });
});

/** URLs that look alike on purpose, so that a scheme that forgets something is found out. */
const nasty = fc.constantFrom(
  ...[
    'a',
    'A',
    'b',
    '.',
    '..',
    '%2e',
    '-',
    '_',
    '~',
    '+',
    ',',
    '@',
    '=',
    '%20',
    ' ',
    '/',
    '/',
    '?',
    '&',
    ';',
    ':',
    '*',
    '|',
    '"',
    '%00',
  ],
  ...[
    '.json',
    '.JSON',
    '.body',
    '.html',
    'index',
    'con',
    'NUL',
    'aux.txt',
    'lpt1',
    'é',
    'e\u0301',
    'ß',
    '\u202e',
    'x'.repeat(130),
    '%2F',
    '\\',
  ],
);
const path = fc.oneof(
  { weight: 3, arbitrary: fc.array(nasty, { maxLength: 8 }).map((parts) => parts.join('')) },
  { weight: 1, arbitrary: fc.webPath() },
);
const host = fc.constantFrom(
  'example.com',
  'a.b',
  'localhost',
  '127.0.0.1',
  '[::1]',
  'x_y.com',
  'example.json',
  'con.com',
  'www.example.com.',
);
const port = fc.constantFrom('', ':80', ':443', ':8443');
const anyUrl = fc
  .tuple(fc.constantFrom('http', 'https'), host, port, path)
  .map(([scheme, name, digits, rest]) => `${scheme}://${name}${digits}/${rest}`)
  .filter((url) => URL.canParse(url));
const wish = fc.option(
  fc.array(nasty, { minLength: 1, maxLength: 6 }).map((parts) => parts.join('')),
  { nil: undefined, freq: 6 },
);
const page = fc
  .record({ url: anyUrl, method: fc.constantFrom('GET', 'GET', 'GET', 'POST'), file: wish })
  .map(({ url, method, file }) => {
    const { href } = new URL(url);
    return makePage(href.replace(/#.*/, ''), { method, ...(file === undefined ? {} : { file }) });
  });

describe('file names of 5,000 generated pages', () => {
  const pages = fc.sample(page, { numRuns: 5_000, seed: 20_261_123 });
  const distinct = [...new Map(pages.map((each) => [`${each.hashHigh} ${each.hashLow}`, each])).values()];

  it('are distinct where case and Unicode form do not count; only two equal wishes meet', () => {
    const taken = new Set<string>();
    for (const each of distinct) {
      const { name, ifTaken } = pageFile(each);
      const folded = name.normalize('NFC').toLowerCase();
      if (!taken.has(folded)) {
        taken.add(folded);
        continue;
      }
      expect(ifTaken, `${each.url} ${each.file}`).toBeDefined();
      const fallback = (ifTaken ?? '').normalize('NFC').toLowerCase();
      expect(taken.has(fallback)).toBe(false);
      taken.add(fallback);
    }
    expect(distinct.length).toBeGreaterThan(3_000);
  });

  it('are never a folder for one page and a file for another', () => {
    const files = new Set(distinct.flatMap((each) => Object.values(pageFile(each))).map((name) => name.toLowerCase()));
    for (const name of files) {
      for (let slash = name.indexOf('/'); slash !== -1; slash = name.indexOf('/', slash + 1)) {
        expect(files.has(name.slice(0, slash)), name).toBe(false);
      }
    }
  });

  it('are valid on Windows, short enough, and stay inside', () => {
    for (const each of distinct) {
      for (const name of Object.values(pageFile(each)) as string[]) {
        expect(name.length).toBeLessThanOrEqual(240);
        for (const part of name.split('/')) {
          expect(part, each.url).toMatch(/^[A-Za-z0-9._@=+,~-]{1,120}$/);
          expect(part).not.toMatch(/^\.+$|\.$|^-/);
          expect(part).not.toMatch(/^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i);
        }
        expect(name).not.toMatch(/^\.fetch-pages\.(lock|tmp|removing)|^manifest\.ndjson$/i);
      }
    }
  });

  it('are the same every time, whichever page was named before', () => {
    const named = distinct.map((each) => pageFile(each));
    for (const [index, each] of distinct.entries()) expect(pageFile({ ...each })).toEqual(named[index]);
    const backwards = distinct.toReversed().map((each) => pageFile(each));
    expect(backwards.toReversed()).toEqual(named);
  });
});
