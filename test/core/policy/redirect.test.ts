import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decideRedirect, isRedirect, type RedirectFacts } from '../../../src/core/policy/redirect.ts';

const FROM = 'https://a.example/dir/page?q=1';

function decide(location: string | readonly string[] | undefined, facts: Partial<RedirectFacts> = {}) {
  return decideRedirect({
    status: 302,
    locations: typeof location === 'string' ? [location] : location,
    url: FROM,
    method: 'GET',
    followed: 0,
    maxRedirects: 10,
    carriedSecret: false,
    ...facts,
  });
}

/** The code it stops with, the URL that it goes on to, or `none`. */
function outcome(...args: Parameters<typeof decide>): string {
  const decision = decide(...args);
  if (decision.type === 'none') return 'none';
  return decision.type === 'stop' ? decision.failure.code : decision.url;
}

/** As it arrives: the bytes of the text, each as one Latin-1 character. */
const asBytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

test('five statuses are redirects, and no other', () => {
  const statuses = Array.from({ length: 1_000 }, (_, status) => status);
  expect(statuses.filter(isRedirect)).toEqual([301, 302, 303, 307, 308]);
});

test.each([200, 300, 304, 305, 306, 404])('%i is the page’s own answer, with a Location too', (status) => {
  expect(decide('/next', { status })).toEqual({ type: 'none' });
});

describe('method and body (RFC 9110 §15.4)', () => {
  // A dash: the method changes and the body stays behind.
  const rows: [method: string, on301: string, on302: string, on303: string, on307: string, on308: string][] = [
    ['GET', 'GET', 'GET', 'GET', 'GET', 'GET'],
    ['HEAD', 'HEAD', 'HEAD', 'HEAD', 'HEAD', 'HEAD'],
    ['POST', 'GET -', 'GET -', 'GET -', 'POST', 'POST'],
    ['PUT', 'PUT', 'PUT', 'GET -', 'PUT', 'PUT'],
    ['DELETE', 'DELETE', 'DELETE', 'GET -', 'DELETE', 'DELETE'],
    ['PATCH', 'PATCH', 'PATCH', 'GET -', 'PATCH', 'PATCH'],
    ['OPTIONS', 'OPTIONS', 'OPTIONS', 'GET -', 'OPTIONS', 'OPTIONS'],
    ['QUERY', 'QUERY', 'QUERY', 'GET -', 'QUERY', 'QUERY'],
    ['PROPFIND', 'PROPFIND', 'PROPFIND', 'GET -', 'PROPFIND', 'PROPFIND'],
  ];
  test.each(rows)('%s after 301 %s, 302 %s, 303 %s, 307 %s, 308 %s', (method, ...expected) => {
    const after = [301, 302, 303, 307, 308].map((status) => {
      const decision = decide('/next', { status, method });
      if (decision.type !== 'follow') return decision.type;
      return decision.keepBody ? decision.method : `${decision.method} -`;
    });
    expect(after).toEqual(expected);
  });
});

describe('Location', () => {
  test.each([
    ['an absolute URL', 'https://b.example/x', 'https://b.example/x'],
    ['an absolute path', '/x', 'https://a.example/x'],
    ['a relative path', 'x', 'https://a.example/dir/x'],
    ['a path upwards', '../x', 'https://a.example/x'],
    ['a query', '?q=2', 'https://a.example/dir/page?q=2'],
    ['a fragment alone: the same page, without it', '#top', 'https://a.example/dir/page?q=1'],
    ['no scheme', '//b.example/x', 'https://b.example/x'],
    ['blanks around it', ' \t/x \t', 'https://a.example/x'],
    ['a fragment is not sent', '/x#y', 'https://a.example/x'],
    ['userinfo is dropped', 'https://name:secret@b.example/x', 'https://b.example/x'],
    ['userinfo without a scheme is dropped', '//name@b.example/x', 'https://b.example/x'],
    ['a host behind a backslash is that host', 'https://b.example\\@a.example/', 'https://b.example/@a.example/'],
    ['a host in capitals', 'HTTPS://B.EXAMPLE/X', 'https://b.example/X'],
    ['a default port', 'https://b.example:443/x', 'https://b.example/x'],
    ['spaces within', '/a b', 'https://a.example/a%20b'],
    ['percent signs stay as they are', '/%7e%zz', 'https://a.example/%7e%zz'],
    ['UTF-8 bytes are read as UTF-8', asBytes('/größe/古'), 'https://a.example/gr%C3%B6%C3%9Fe/%E5%8F%A4'],
    // The last byte of à is 0xA0, which is white space to String.trim.
    ['UTF-8 bytes that end like a blank', asBytes('/voilà'), 'https://a.example/voil%C3%A0'],
    ['UTF-8 in a host', asBytes('https://bücher.example/'), 'https://xn--bcher-kva.example/'],
    ['Latin-1 bytes, where they are no UTF-8', '/gr\xf6\xdfe', 'https://a.example/gr%C3%B6%C3%9Fe'],
    ['another port of the same host', 'https://a.example:8443/', 'https://a.example:8443/'],
  ])('%s', (_, location, expected) => {
    expect(outcome(location)).toBe(expected);
  });

  test.each([
    ['there is none', undefined, 'REDIRECT_INVALID'],
    ['the list of them is empty', [], 'REDIRECT_INVALID'],
    ['it is empty', '', 'REDIRECT_INVALID'],
    ['it is blank', ' \t', 'REDIRECT_INVALID'],
    ['it is no URL', 'https://', 'REDIRECT_INVALID'],
    ['its host is none', 'https://a b/', 'REDIRECT_INVALID'],
    ['its port is none', 'https://b.example:99999/', 'REDIRECT_INVALID'],
    ['its port is 0', 'https://b.example:0/', 'REDIRECT_INVALID'],
    ['two that differ', ['/x', '/y'], 'REDIRECT_INVALID'],
    ['one and an empty one', ['/x', ''], 'REDIRECT_INVALID'],
    ['a file', 'file:///etc/passwd', 'REDIRECT_SCHEME'],
    ['a script', 'javascript:alert(1)', 'REDIRECT_SCHEME'],
    ['data', 'data:text/plain,x', 'REDIRECT_SCHEME'],
    ['ftp', 'ftp://b.example/x', 'REDIRECT_SCHEME'],
    ['a blob of our own origin', 'blob:https://a.example/1', 'REDIRECT_SCHEME'],
    ['a scheme behind blanks', '  ws://b.example/', 'REDIRECT_SCHEME'],
    ['a mail address', 'mailto:a@b.example', 'REDIRECT_SCHEME'],
  ])('stops where %s', (_, location, expected) => {
    expect(outcome(location)).toBe(expected);
  });

  test('two that agree are one', () => {
    expect(outcome(['/x', ' /x'])).toBe('https://a.example/x');
  });

  test('the origin is that of the target', () => {
    expect(decide('http://B.example:8080/x')).toMatchObject({ origin: 'http://b.example:8080' });
    expect(decide('https://b.example:443/x')).toMatchObject({ origin: 'https://b.example' });
  });
});

describe('--max-redirs', () => {
  test.each([
    ['the last one that is allowed', 10, 9, 'https://a.example/next'],
    ['one more than allowed', 10, 10, 'TOO_MANY_REDIRECTS'],
    ['one, and none was followed', 1, 0, 'https://a.example/next'],
    ['one, and one was followed', 1, 1, 'TOO_MANY_REDIRECTS'],
    ['0: the redirect is the page’s own answer', 0, 0, 'none'],
  ])('%s', (_, maxRedirects, followed, expected) => {
    expect(outcome('/next', { maxRedirects, followed })).toBe(expected);
  });

  test('0 looks at no Location: a broken one is the page’s own answer too', () => {
    expect(outcome('javascript:alert(1)', { maxRedirects: 0 })).toBe('none');
  });

  test('a loop ends by the count', () => {
    const seen: string[] = [];
    let url = FROM;
    for (let followed = 0; ; followed++) {
      const decision = decide('/dir/page?q=1', { url, followed });
      if (decision.type !== 'follow') {
        expect(decision).toMatchObject({ type: 'stop', failure: { code: 'TOO_MANY_REDIRECTS' } });
        break;
      }
      seen.push(decision.url);
      url = decision.url;
    }
    expect(seen).toHaveLength(10);
  });
});

describe('from https to http', () => {
  test.each([
    ['a page that carried nothing goes', FROM, 'http://b.example/', false, 'http://b.example/'],
    ['a page that carried a secret does not', FROM, 'http://b.example/', true, 'REDIRECT_DOWNGRADE'],
    ['not to its own host either', FROM, 'http://a.example/', true, 'REDIRECT_DOWNGRADE'],
    ['a secret goes from http to http', 'http://a.example/', 'http://a.example/x', true, 'http://a.example/x'],
    ['and from http to https', 'http://a.example/', 'https://a.example/x', true, 'https://a.example/x'],
    ['without a scheme it stays https', FROM, '//b.example/', true, 'https://b.example/'],
  ])('%s', (_, url, location, carriedSecret, expected) => {
    expect(outcome(location, { url, carriedSecret })).toBe(expected);
  });
});

test('whatever a Location says, we go nowhere but to a clean http or https URL', () => {
  const piece = fc.constantFrom(
    'http',
    'https',
    ':',
    '//',
    '/',
    '@',
    '#',
    '?',
    '\\',
    'b.example',
    ':0',
    'x',
    ' ',
    '\t',
  );
  const location = fc.oneof(
    fc.array(piece, { maxLength: 10 }).map((parts) => parts.join('')),
    fc.webUrl({ withFragments: true, withQueryParameters: true }),
    fc.string({ unit: 'binary' }).map(asBytes),
    fc.string(),
  );
  const secretive = fc.boolean();
  fc.assert(
    fc.property(fc.array(location, { maxLength: 2 }), secretive, (locations, carriedSecret) => {
      const decision = decide(locations, { carriedSecret });
      if (decision.type !== 'follow') {
        expect(decision.type).toBe('stop');
        return;
      }
      const { protocol, username, password, hash, port, href, origin } = new URL(decision.url);
      expect(protocol).toMatch(carriedSecret ? /^https:$/ : /^https?:$/);
      expect(username + password + hash).toBe('');
      expect(port).not.toBe('0');
      expect(decision).toMatchObject({ url: href, origin });
    }),
    { numRuns: 1_000 },
  );
});
