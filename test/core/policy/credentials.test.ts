import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RequestConfig } from '../../../src/core/config.ts';
import type { HeaderLines, Page } from '../../../src/core/page.ts';
import { Credentials, type HopHeaders, isSafeHeader } from '../../../src/core/policy/credentials.ts';
import { testPage } from '../../support/model-run.ts';

const FIRST = 'https://first.example';
const NAMED = 'https://named.example';
const OTHER = 'https://other.example';

const RUN: RequestConfig = {
  method: 'GET',
  userAgent: 'test/1',
  headers: [
    ['accept', 'text/html'],
    ['x-api-key', 'run-key'],
  ],
  authorization: 'Basic run',
  cookie: 'session=run',
  credentialsTo: [NAMED],
};
const PLAIN: RequestConfig = { method: 'GET', userAgent: 'test/1', headers: [], credentialsTo: [] };

interface Asked {
  readonly run?: RequestConfig;
  readonly page?: Page;
  readonly to: string;
  readonly keepBody?: boolean;
  readonly certificate?: boolean;
}

function shown({ run = RUN, page, to, keepBody = true, certificate = false }: Asked): HopHeaders {
  return new Credentials(run, FIRST, certificate).headersFor(page ?? testPage(`${to}/x`), to, keepBody);
}

/** The headers as a plain object, so that they can be compared. */
function headers(asked: Asked): Record<string, string> {
  return { ...shown(asked).headers };
}

const WITH_RUN = {
  'user-agent': 'test/1',
  accept: 'text/html',
  'x-api-key': 'run-key',
  authorization: 'Basic run',
  cookie: 'session=run',
};
const SAFE_ONLY = { 'user-agent': 'test/1', accept: 'text/html' };

describe('the run’s credentials, cookies and custom headers', () => {
  test.each([
    ['the first page’s origin gets them', FIRST, WITH_RUN],
    ['an origin of --credentials-to gets them', NAMED, WITH_RUN],
    ['another origin gets the safe ones only', OTHER, SAFE_ONLY],
    ['the same host over http is another origin', 'http://first.example', SAFE_ONLY],
    ['the same host at another port is another origin', 'https://first.example:8443', SAFE_ONLY],
    ['a host below it is another origin', 'https://api.first.example', SAFE_ONLY],
    ['a host that begins like it is another origin', 'https://first.example.evil.example', SAFE_ONLY],
  ])('%s', (_, to, expected) => {
    expect(headers({ to })).toEqual(expected);
  });

  test.each([
    ['from the first page’s origin to another', `${FIRST}/x`, OTHER, SAFE_ONLY],
    ['from there to an origin of --credentials-to', `${FIRST}/x`, NAMED, WITH_RUN],
    ['from another origin to the first page’s: they are that origin’s', `${OTHER}/x`, FIRST, WITH_RUN],
    ['there and back again', `${FIRST}/x`, FIRST, WITH_RUN],
  ])('after a redirect: %s', (_, url, to, expected) => {
    expect(headers({ page: testPage(url), to })).toEqual(expected);
  });

  test.each<[string, RequestConfig, boolean, string, boolean]>([
    ['something was held back from another origin', RUN, false, OTHER, true],
    ['nothing is held back from the first', RUN, false, FIRST, false],
    ['nothing is held back where there is nothing', PLAIN, false, OTHER, false],
    ['safe headers are not held back', { ...PLAIN, headers: [['accept', '*/*']] }, false, OTHER, false],
    ['a client certificate is', PLAIN, true, OTHER, true],
    ['a custom header is', { ...PLAIN, headers: [['x-api-key', '1']] }, false, OTHER, true],
  ])('it is told: %s', (_, run, certificate, to, withheld) => {
    expect(shown({ run, to, certificate }).withheld).toBe(withheld);
    const page = testPage(`${to}/x`, 'list:1', { headers: [['accept', 'a']] });
    expect(shown({ run, to, certificate, page }).withheld).toBe(withheld);
  });

  test.each([
    ['the first page’s origin may be shown the client certificate', FIRST, true],
    ['one of --credentials-to too', NAMED, true],
    ['another not', OTHER, false],
  ])('%s', (_, to, showCertificate) => {
    expect(shown({ to, certificate: true })).toMatchObject({ showCertificate });
  });
});

describe('a page carried a secret', () => {
  test.each<[string, Asked, boolean]>([
    ['with --user', { run: { ...PLAIN, authorization: 'Basic x' }, to: FIRST }, true],
    ['with --cookie', { run: { ...PLAIN, cookie: 'a=b' }, to: FIRST }, true],
    ['with a header of its own name', { run: { ...PLAIN, headers: [['x-api-key', '1']] }, to: FIRST }, true],
    ['with --cert', { run: PLAIN, certificate: true, to: FIRST }, true],
    ['not where none of it was shown', { to: OTHER, certificate: true }, false],
    ['not with safe headers', { run: { ...PLAIN, headers: [['range', 'bytes=0-9']] }, to: FIRST }, false],
    ['with userinfo in its URL', { page: testPage(`${OTHER}/`, 'l:1', { authorization: 'Basic u' }), to: OTHER }, true],
    ['with a header of its line', { page: testPage(`${OTHER}/`, 'l:1', { headers: [['x-a', '1']] }), to: OTHER }, true],
    ['not with a safe one', { page: testPage(`${OTHER}/`, 'l:1', { headers: [['accept', '1']] }), to: OTHER }, false],
    [
      'not where its line’s header stayed behind',
      { page: testPage(`${FIRST}/`, 'l:1', { headers: [['x-a', '1']] }), to: OTHER },
      false,
    ],
  ])('%s', (_, asked, secret) => {
    expect(shown(asked).secret).toBe(secret);
  });
});

describe('a line’s own headers and its URL’s userinfo', () => {
  const own = (url: string, lines: HeaderLines): Page => testPage(url, 'list:1', { headers: lines });
  const withUser = (url: string): Page => testPage(url, 'list:1', { authorization: 'Basic userinfo' });

  test.each<[string, Asked, Record<string, string>]>([
    [
      'go with the page, to whichever origin it is of',
      { page: own(`${OTHER}/x`, [['x-token', 'line']]), to: OTHER },
      { ...SAFE_ONLY, 'x-token': 'line' },
    ],
    [
      'do not follow it to another origin',
      { page: own(`${OTHER}/x`, [['x-token', 'line']]), to: 'https://third.example' },
      SAFE_ONLY,
    ],
    [
      'nor to one of --credentials-to: that is for the run’s',
      { page: own(`${OTHER}/x`, [['x-token', 'line']]), to: NAMED },
      WITH_RUN,
    ],
    [
      'safe ones follow it',
      { page: own(`${OTHER}/x`, [['accept-language', 'de']]), to: 'https://third.example' },
      { ...SAFE_ONLY, 'accept-language': 'de' },
    ],
    [
      'are there again when it comes back',
      { page: own(`${OTHER}/x`, [['x-token', 'line']]), to: OTHER },
      { ...SAFE_ONLY, 'x-token': 'line' },
    ],
    [
      'win over the run’s of the same name',
      {
        page: own(`${FIRST}/x`, [
          ['accept', 'line'],
          ['x-api-key', 'line'],
        ]),
        to: FIRST,
      },
      { ...WITH_RUN, accept: 'line', 'x-api-key': 'line' },
    ],
    [
      'win over --user and --cookie',
      {
        page: own(`${FIRST}/x`, [
          ['authorization', 'Bearer line'],
          ['cookie', 'a=line'],
        ]),
        to: FIRST,
      },
      { ...WITH_RUN, authorization: 'Bearer line', cookie: 'a=line' },
    ],
    [
      'may name another User-Agent',
      { page: own(`${OTHER}/x`, [['user-agent', 'line/2']]), to: OTHER },
      { ...SAFE_ONLY, 'user-agent': 'line/2' },
    ],
    [
      'userinfo becomes Authorization',
      { page: withUser(`${OTHER}/x`), to: OTHER },
      { ...SAFE_ONLY, authorization: 'Basic userinfo' },
    ],
    [
      'userinfo wins over --user',
      { page: withUser(`${FIRST}/x`), to: FIRST },
      { ...WITH_RUN, authorization: 'Basic userinfo' },
    ],
    ['userinfo does not follow to another origin', { page: withUser(`${OTHER}/x`), to: FIRST }, WITH_RUN],
    ['nor where nothing else goes either', { page: withUser(`${FIRST}/x`), to: OTHER }, SAFE_ONLY],
  ])('%s', (_, asked, expected) => {
    expect(headers(asked)).toEqual(expected);
  });
});

describe('how headers are written', () => {
  test('a name that is given again is one list (RFC 9110 §5.3)', () => {
    const run: RequestConfig = {
      ...PLAIN,
      headers: [
        ['x-a', '1'],
        ['accept', 'text/html'],
        ['x-a', '2'],
        ['accept', 'text/plain'],
      ],
    };
    expect(headers({ run, to: FIRST })).toEqual({
      'user-agent': 'test/1',
      'x-a': '1, 2',
      accept: 'text/html, text/plain',
    });
  });

  test('cookies that are given again are joined as cookies are (RFC 9113 §8.2.3)', () => {
    const run: RequestConfig = {
      ...PLAIN,
      headers: [
        ['cookie', 'a=1'],
        ['cookie', 'b=2'],
      ],
    };
    expect(headers({ run, to: FIRST })).toMatchObject({ cookie: 'a=1; b=2' });
  });

  test('an empty User-Agent means that none is sent', () => {
    expect(headers({ run: { ...PLAIN, userAgent: '' }, to: FIRST })).toEqual({ accept: '*/*' });
  });

  test('an empty value is a value', () => {
    expect(headers({ run: { ...PLAIN, headers: [['x-a', '']] }, to: FIRST })).toMatchObject({ 'x-a': '' });
  });

  test.each([true, false])('what describes a body goes only with the body: %s', (keepBody) => {
    const run: RequestConfig = { ...PLAIN, headers: [['content-type', 'application/json']] };
    const page = testPage(`${FIRST}/x`, 'list:1', {
      headers: [
        ['content-encoding', 'gzip'],
        ['content-language', 'de'],
        ['x-a', '1'],
      ],
    });
    const sent = headers({ run, page, to: FIRST, keepBody });
    expect(Object.keys(sent).filter((name) => name.startsWith('content-'))).toHaveLength(keepBody ? 3 : 0);
    expect(sent['x-a']).toBe('1');
  });

  test('a header named __proto__ is a header', () => {
    const run: RequestConfig = { ...PLAIN, headers: [['__proto__', 'x']] };
    const sent = shown({ run, to: FIRST }).headers;
    expect(Object.entries(sent)).toContainEqual(['__proto__', 'x']);
  });
});

describe('the safe list', () => {
  test.each([
    'accept',
    'accept-language',
    'user-agent',
    'content-type',
    'range',
    'cache-control',
    'if-none-match',
    'if-modified-since',
  ])('%s says nothing of who asks', (name) => {
    expect(isSafeHeader(name)).toBe(true);
  });

  test.each([
    'authorization',
    'proxy-authorization',
    'cookie',
    'x-api-key',
    'x-csrf-token',
    'referer',
    'origin',
    'from',
    'forwarded',
    'x-forwarded-for',
    '__proto__',
    'constructor',
    '',
  ])('%s may', (name) => {
    expect(isSafeHeader(name)).toBe(false);
  });
});

describe('a canary: whatever is given, no secret is shown to an origin that may not see it', () => {
  const origins = [FIRST, NAMED, OTHER, 'http://first.example', 'https://first.example:8443'];
  const origin = fc.constantFrom(...origins);
  const secretName = fc.constantFrom('authorization', 'cookie', 'x-api-key', 'x-a', 'proxy-authorization', '__proto__');
  const safeName = fc.constantFrom('accept', 'content-type', 'user-agent', 'range', 'if-match');
  const lines = (canary: string) =>
    fc.array(
      fc.oneof(
        secretName.map((name): [string, string] => [name, canary]),
        safeName.map((name): [string, string] => [name, 'safe']),
      ),
      { maxLength: 5 },
    );
  const maybe = (canary: string) => fc.option(fc.constant(canary), { nil: undefined });
  const given = fc.record({
    first: origin,
    credentialsTo: fc.array(origin, { maxLength: 2 }),
    runLines: lines('RUN-CANARY'),
    user: maybe('RUN-CANARY'),
    cookie: maybe('RUN-CANARY'),
    certificate: fc.boolean(),
    pageOrigin: origin,
    pageLines: lines('PAGE-CANARY'),
    userinfo: maybe('PAGE-CANARY'),
    // A page's way through redirects, back and forth.
    hops: fc.array(fc.record({ to: origin, keepBody: fc.boolean() }), { minLength: 1, maxLength: 6 }),
  });

  test('holds at every hop', () => {
    fc.assert(
      fc.property(given, (g) => {
        const run: RequestConfig = {
          ...PLAIN,
          headers: g.runLines,
          credentialsTo: g.credentialsTo,
          ...(g.user === undefined ? {} : { authorization: g.user }),
          ...(g.cookie === undefined ? {} : { cookie: g.cookie }),
        };
        const page = testPage(`${g.pageOrigin}/x`, 'list:1', {
          headers: g.pageLines,
          ...(g.userinfo === undefined ? {} : { authorization: g.userinfo }),
        });
        const credentials = new Credentials(run, g.first, g.certificate);
        for (const { to, keepBody } of g.hops) {
          const hop = credentials.headersFor(page, to, keepBody);
          const sent = Object.values(hop.headers).join('\n');
          const isTrusted = to === g.first || g.credentialsTo.includes(to);
          const isOwn = to === g.pageOrigin;
          if (!isTrusted) expect(sent).not.toContain('RUN-CANARY');
          if (!isOwn) expect(sent).not.toContain('PAGE-CANARY');
          expect(hop.showCertificate).toBe(isTrusted);
          expect(hop.secret).toBe(sent.includes('CANARY') || (isTrusted && g.certificate));
          if (isTrusted && !isOwn && g.user !== undefined) expect(hop.headers.authorization).toContain('RUN-CANARY');
          if (isOwn && g.userinfo !== undefined) expect(hop.headers.authorization).toContain('PAGE-CANARY');
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
