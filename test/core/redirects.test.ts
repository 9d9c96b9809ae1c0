import { describe, expect, it } from 'vitest';
import type { OriginModel, Reply } from '../support/model-origin.ts';
import { pages, testPage } from '../support/model-run.ts';
import { askedOf, checkedRun, recordOf } from './checked-run.ts';

const A = 'https://a.example.com';
const B = 'https://b.example.com';
const OK: Reply = { status: 200, body: 'ok', latencyMs: 20 };

function to(location: string, status = 302): Reply {
  return { status, headers: { location }, body: 'moved', latencyMs: 20 };
}

/** Answers by URL; everything else is OK. */
function site(replies: Readonly<Record<string, Reply | (() => Reply)>>): OriginModel {
  return ({ url }) => {
    const reply = replies[url] ?? OK;
    return typeof reply === 'function' ? reply() : reply;
  };
}

describe('a page that is redirected', () => {
  it('is the one at the end of the way, and its record tells the way', async () => {
    const run = await checkedRun(pages([`${A}/1`]), site({ [`${A}/1`]: to('/2', 301), [`${A}/2`]: to(`${B}/3`) }));
    expect(recordOf(run, `${A}/1`)).toMatchObject({
      outcome: 'ok',
      url: `${A}/1`,
      finalUrl: `${B}/3`,
      redirects: [
        { url: `${A}/1`, status: 301 },
        { url: `${A}/2`, status: 302 },
      ],
      attempts: 1,
      requests: 3,
    });
    expect(run.verdict.requests).toBe(3);
    expect(run.store.bodies.get(`${A}/1`)).toBe('ok');
  });

  it('in a loop ends as TOO_MANY_REDIRECTS, at once', async () => {
    const run = await checkedRun(pages([`${A}/1`]), site({ [`${A}/1`]: to('/2'), [`${A}/2`]: to('/1') }));
    expect(recordOf(run, `${A}/1`)).toMatchObject({
      outcome: 'error',
      error: { code: 'TOO_MANY_REDIRECTS' },
      attempts: 1,
      requests: 11,
    });
  });

  it('goes as far as --max-redirs and no further', async () => {
    const chain: OriginModel = ({ url }) => {
      const step = Number(url.split('/').at(-1));
      return step < 3 ? to(`${A}/${step + 1}`) : OK;
    };
    const far = await checkedRun(pages([`${A}/0`]), chain, { config: { maxRedirects: 3 } });
    expect(far.verdict.ok).toBe(1);
    const near = await checkedRun(pages([`${A}/0`]), chain, { config: { maxRedirects: 2 } });
    expect(near.records[0]?.error?.code).toBe('TOO_MANY_REDIRECTS');
    const none = await checkedRun(pages([`${A}/0`]), chain, { config: { maxRedirects: 0 } });
    expect(none.records[0]).toMatchObject({
      outcome: 'failed',
      status: 302,
      error: { code: 'HTTP_302' },
      finalUrl: `${A}/0`,
    });
  });

  it.each([
    ['no Location', { status: 302, latencyMs: 20 }, 'REDIRECT_INVALID'],
    ['another scheme', to('ftp://a.example.com/'), 'REDIRECT_SCHEME'],
    ['no URL', to('http://'), 'REDIRECT_INVALID'],
  ] as const)('to %s is an error', async (_what, reply, code) => {
    const run = await checkedRun(pages([`${A}/1`]), site({ [`${A}/1`]: reply }));
    expect(recordOf(run, `${A}/1`)).toMatchObject({ outcome: 'error', error: { code } });
  });

  it('begins at its own URL when it is tried again', async () => {
    let failures = 2;
    const run = await checkedRun(
      pages([`${A}/1`]),
      site({ [`${A}/1`]: to(`${B}/2`), [`${B}/2`]: () => (failures-- > 0 ? { status: 500, latencyMs: 20 } : OK) }),
    );
    expect(run.asked.map(({ url }) => url)).toEqual([`${A}/1`, `${B}/2`, `${A}/1`, `${B}/2`, `${A}/1`, `${B}/2`]);
    expect(recordOf(run, `${A}/1`)).toMatchObject({
      attempts: 3,
      requests: 6,
      redirects: [{ url: `${A}/1`, status: 302 }],
    });
  });

  it('goes on where it was when the hop was refused', async () => {
    const run = await checkedRun(pages([`${A}/1`]), ({ url }, now) => {
      if (url === `${A}/1`) return to(`${B}/2`);
      return now < 1_000 ? { status: 429, headers: { 'retry-after': '5' }, latencyMs: 20 } : OK;
    });
    expect(run.asked.map(({ url }) => url)).toEqual([`${A}/1`, `${B}/2`, `${B}/2`]);
    expect(recordOf(run, `${A}/1`)).toMatchObject({ outcome: 'ok', attempts: 1, requests: 3 });
  });
});

describe('each hop passes the gate of its own origin', () => {
  it('a paused target holds back just the pages that lead there', async () => {
    const items = pages(Array.from({ length: 200 }, (_, i) => `${A}/${i}`));
    const run = await checkedRun(items, ({ url, origin }, now) => {
      if (origin === B) return now < 30_000 ? { status: 429, headers: { 'retry-after': '30' }, latencyMs: 20 } : OK;
      return Number(url.split('/').at(-1)) % 10 === 0 ? to(`${B}${new URL(url).pathname}`) : OK;
    });
    expect(run.verdict.ok).toBe(200);
    expect(Math.max(...run.asked.filter(({ origin }) => origin === A).map(({ endsAt }) => endsAt))).toBeLessThan(3_000);
  });

  it('and its ceiling', async () => {
    const items = pages(Array.from({ length: 300 }, (_, i) => `https://o${i % 30}.example.com/${i}`));
    const run = await checkedRun(
      items,
      ({ url, origin }) => (origin === B ? { ...OK, latencyMs: 200 } : to(`${B}${new URL(url).pathname}`)),
      {
        config: { pace: { perOrigin: 3, adapt: false } },
      },
    );
    expect(run.verdict.ok).toBe(300);
    expect(Math.max(...run.asked.filter(({ origin }) => origin === B).map(({ inFlight }) => inFlight))).toBe(3);
  });

  it('and its end: a target that was given up ends only the pages that lead there', async () => {
    const items = pages(Array.from({ length: 40 }, (_, i) => `${A}/${i}`));
    const run = await checkedRun(items, ({ url, origin }) => {
      if (origin === B) return { status: 429, headers: { 'retry-after': '86400' }, latencyMs: 20 };
      return Number(url.split('/').at(-1)) < 10 ? to(`${B}/`) : OK;
    });
    expect(run.verdict).toMatchObject({ ok: 30, notOk: 10 });
    expect(recordOf(run, `${A}/9`)).toMatchObject({
      outcome: 'given-up',
      error: { code: 'ORIGIN_ASKS_TOO_LONG' },
      redirects: [{ url: `${A}/9`, status: 302 }],
    });
  });
});

describe('credentials on the way', () => {
  const config = {
    request: {
      authorization: 'Basic c2VjcmV0',
      cookie: 'a=b',
      headers: [
        ['x-key', 'k'],
        ['accept', 'text/html'],
      ],
    },
  } as const;

  it("stay with the first page's origin", async () => {
    const run = await checkedRun(pages([`${A}/1`, `${B}/2`]), site({ [`${A}/1`]: to(`${B}/3`) }), { config });
    expect(askedOf(run, `${A}/1`)[0]?.headers).toMatchObject({
      authorization: 'Basic c2VjcmV0',
      cookie: 'a=b',
      'x-key': 'k',
    });
    for (const { headers } of run.asked.filter(({ origin }) => origin === B)) {
      expect(headers).toMatchObject({ accept: 'text/html' });
      expect(Object.keys(headers).sort()).toEqual(['accept', 'user-agent']);
    }
    expect(run.events.filter((event) => event.type === 'notice' && event.code === 'CREDENTIALS_WITHHELD')).toHaveLength(
      1,
    );
  });

  it('never go from https to http', async () => {
    const run = await checkedRun(pages([`${A}/1`]), site({ [`${A}/1`]: to('http://a.example.com/2') }), { config });
    expect(recordOf(run, `${A}/1`)).toMatchObject({ outcome: 'error', error: { code: 'REDIRECT_DOWNGRADE' } });
    expect(run.asked).toHaveLength(1);
  });

  it('a POST that is sent elsewhere with 303 becomes a GET; 307 keeps it', async () => {
    const post = (line: number) => testPage(`${A}/${line}`, `list:${line}`, { method: 'POST', body: 'x' });
    const items = [1, 2].map((line) => ({ type: 'page', page: post(line) }) as const);
    const run = await checkedRun(items, site({ [`${A}/1`]: to('/see', 303), [`${A}/2`]: to('/same', 307) }));
    expect(askedOf(run, `${A}/see`)[0]?.method).toBe('GET');
    expect(askedOf(run, `${A}/same`)[0]?.method).toBe('POST');
    expect(run.verdict.ok).toBe(2);
  });
});
