import { existsSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StoreError } from '../../src/core/failure.ts';
import { STORES } from '../../src/stores/index.ts';
import {
  makeFolder,
  makePage,
  makeRecord,
  readRecords,
  recordOf,
  runOptions,
  snapshot,
} from '../support/store-pages.ts';

const page = makePage('https://example.com/1');

async function lineOf(body: Buffer | string, contentType: string | undefined): Promise<string> {
  const path = join(makeFolder(), 'pages.ndjson');
  const session = await STORES.ndjson({ path, place: 'pages.ndjson' }).open(runOptions(path));
  const { contentType: _default, ...record } = recordOf(page, Buffer.from(body));
  await session.keep(page, contentType === undefined ? record : { ...record, contentType }, {
    chunks: [Buffer.from(body)],
  });
  await session.close();
  const text = readFileSync(path, 'utf8');
  expect(text.indexOf('\n')).toBe(text.length - 1);
  return text.slice(0, -1);
}

/** The end of the line from its body on, as it is written. */
async function bodyOf(body: Buffer | string, contentType: string | undefined): Promise<string> {
  const line = await lineOf(body, contentType);
  return line.slice(line.lastIndexOf(',"waitedMs":0,') + ',"waitedMs":0,'.length, -1);
}

describe('the body of an NDJSON line', () => {
  it.each([
    ['JSON', '{"a":1}', 'application/json', '"body":{"a":1}'],
    [
      'digits that no double holds',
      '{"n":12345678901234567890.10e+2}',
      'application/json',
      '"body":{"n":12345678901234567890.10e+2}',
    ],
    ['keys that stand twice', '{"a":1,"a":2}', 'application/vnd.api+json; charset=utf-8', '"body":{"a":1,"a":2}'],
    ['JSON over several lines', '{\r\n  "a": "x\\ny"\n}\n', 'application/json', '"body":{    "a": "x\\ny" } '],
    ['JSON with line separators of Unicode', '"\u2028\u2029"', 'text/json', '"body":"\u2028\u2029"'],
    ['JSON with a lone surrogate escaped', '"\\ud800"', 'application/json', '"body":"\\ud800"'],
    ['JSON without a type', '[1]', undefined, '"body":[1]'],
    ['JSON that says it is text', '[1]', 'text/plain', '"body":"[1]"'],
    ['what says it is JSON and is not', '{"a":', 'application/json', '"body":"{\\"a\\":"'],
    ['JSON behind a byte order mark', '\ufeff{}', 'application/json', '"body":"\ufeff{}"'],
    ['text', 'a\n"b"\u0000', 'text/plain', '"body":"a\\n\\"b\\"\\u0000"'],
    ['XML', '<a/>', 'application/atom+xml', '"body":"<a/>"'],
    ['a script', 'x', 'application/javascript', '"body":"x"'],
    ['an empty body', '', 'application/json', '"body":""'],
    ['text without a type', 'héllo', undefined, '"body":"héllo"'],
    ['bytes without a type', 'a\u0000b', undefined, '"bodyBase64":"YQBi"'],
    ['an image', 'abc', 'image/png', '"bodyBase64":"YWJj"'],
    ['an empty image', '', 'image/png', '"bodyBase64":""'],
    ['text that is not UTF-8', Buffer.from([0x68, 0xe9]), 'text/html; charset=iso-8859-1', '"bodyBase64":"aOk="'],
    ['JSON that is not UTF-8', Buffer.from([0x22, 0xe9, 0x22]), 'application/json', '"bodyBase64":"Iuki"'],
  ])('is right for %s', async (_what, body, type, expected) => {
    expect(await bodyOf(body, type)).toBe(expected);
  });

  it('joins a base64 of several pieces', async () => {
    const body = Buffer.alloc(7 * 2 ** 20 + 1, 'abcde');
    const line = JSON.parse(await lineOf(body, 'image/png'));
    expect(Buffer.from(line.bodyBase64, 'base64').equals(body)).toBe(true);
  });

  it('gives back any body, byte for byte or value for value, on one line', async () => {
    const json = fc
      .json({ noUnicodeString: false })
      .map((text) => ({ text: Buffer.from(text), type: 'application/json' }));
    const pretty = fc
      .jsonValue()
      .map((value) => ({ text: Buffer.from(JSON.stringify(value, null, 2)), type: 'application/json' }));
    const text = fc.string({ unit: 'binary' }).map((value) => ({ text: Buffer.from(value), type: 'text/html' }));
    const bytes = fc.uint8Array({ maxLength: 40 }).map((value) => ({ text: Buffer.from(value), type: 'text/csv' }));
    const path = join(makeFolder(), 'pages.ndjson');
    const session = await STORES.ndjson({ path, place: 'pages.ndjson' }).open(runOptions(path));
    const bodies = fc.sample(fc.oneof(json, pretty, text, bytes), { numRuns: 500, seed: 7 });
    for (const { text: body, type } of bodies) {
      await session.keep(page, recordOf(page, body, { contentType: type }), { chunks: [body] });
    }
    await session.close();
    const records = readRecords(path);
    expect(records).toHaveLength(bodies.length);
    for (const [index, { text: body, type }] of bodies.entries()) {
      const record = records[index];
      if (record?.bodyBase64 !== undefined) expect(Buffer.from(record.bodyBase64, 'base64').equals(body)).toBe(true);
      else if (type === 'application/json') expect(record?.body).toEqual(JSON.parse(body.toString()));
      else expect(Buffer.from(String(record?.body)).equals(body)).toBe(true);
    }
  });

  it('is absent where no body is kept', async () => {
    const path = join(makeFolder(), 'pages.ndjson');
    const session = await STORES.ndjson({ path, place: 'pages.ndjson' }).open(runOptions(path));
    await session.keep(page, makeRecord(page, { outcome: 'failed', status: 404 }), undefined);
    await session.close();
    expect(Object.keys(readRecords(path)[0] ?? {})).not.toContain('body');
  });
});

describe('an NDJSON file that a kill cut short', () => {
  it('is continued from the last whole record, wherever the cut is', async () => {
    const path = join(makeFolder(), 'pages.ndjson');
    const store = STORES.ndjson({ path, place: 'pages.ndjson' });
    const pages = [1, 2].map((n) => makePage(`https://a.example/${n}?q=ü`));
    const ends = [0];
    const first = await store.open(runOptions(path));
    for (const each of pages) {
      const body = Buffer.from('{"a":{"outcome":"ok","fetchedAt":"2026"},"text":"ü}"}');
      const record = { ...makeRecord(each), headers: { etag: ['"}"'] } };
      await first.keep(each, record, { chunks: [body] });
      ends.push(readFileSync(path).length);
    }
    await first.close();
    const whole = readFileSync(path);
    for (let cut = 0; cut <= whole.length; cut++) {
      writeFileSync(path, whole.subarray(0, cut));
      const session = await store.open(runOptions(path));
      // A record that lacks only its newline is whole.
      const kept = ends.filter((end) => end > 0 && end - 1 <= cut).length;
      const torn = cut > (ends[kept] ?? 0);
      expect(session.stored.pages, `cut at ${cut}`).toBe(kept);
      expect(session.notices.length, `cut at ${cut}`).toBe(torn ? 1 : 0);
      expect(pages.map((each) => session.has(each))).toEqual(pages.map((_, index) => index < kept));
      await session.close();
      expect(readFileSync(path).equals(whole.subarray(0, ends[kept])), `cut at ${cut}`).toBe(true);
    }
  });

  it('says what was cut', async () => {
    const path = join(makeFolder(), 'pages.ndjson');
    const store = STORES.ndjson({ path, place: 'out/pages.ndjson' });
    const first = await store.open(runOptions(path));
    await first.keep(page, recordOf(page, Buffer.from('1')), { chunks: [Buffer.from('1')] });
    await first.close();
    writeFileSync(path, '{"url":"htt', { flag: 'a' });
    const session = await store.open(runOptions(path));
    expect(session.notices).toEqual([
      'out/pages.ndjson: a torn last record (11 bytes) was cut; its page is asked for again.',
    ]);
    await session.close();
  });
});

describe("somebody else's file", () => {
  it.each([
    ['text', 'my notes\n'],
    ['JSON lines of something else', '{"name":"a"}\n{"name":"b"}\n'],
    ['records of another kind with a url', '{"url":"https://example.com/","method":"GET"}\n'],
    ['a JSON array', '[\n{"url":"https://example.com/"}\n]\n'],
    ['a line without an end', 'abc'],
    ['the beginning of a record, without a lock that says it is ours', '{"url":"https://exam'],
    ['zeros', '\0'.repeat(100)],
  ])('is refused untouched: %s', async (_what, content) => {
    const folder = makeFolder();
    const path = join(folder, 'pages.ndjson');
    writeFileSync(path, content);
    const store = STORES.ndjson({ path, place: 'my.ndjson' });
    for (const options of [
      runOptions(path),
      runOptions(path, { restart: true }),
      runOptions(path, { mode: 'inspect' }),
    ]) {
      await expect(store.open(options)).rejects.toThrow(/^my\.ndjson holds something else/);
    }
    expect(snapshot(folder)).toEqual({ 'pages.ndjson': content });
  });

  it('is refused untouched though a lock of ours lies beside', async () => {
    const folder = makeFolder();
    const path = join(folder, 'pages.ndjson');
    const store = STORES.ndjson({ path, place: 'pages.ndjson' });
    await (await store.open(runOptions(path))).close();
    writeFileSync(path, 'my notes, without a newline');
    for (const restart of [false, true]) {
      await expect(store.open(runOptions(path, { restart }))).rejects.toThrow(StoreError);
    }
    expect(readFileSync(path, 'utf8')).toBe('my notes, without a newline');
  });

  it('is taken where nothing is in it', async () => {
    const path = join(makeFolder(), 'pages.ndjson');
    writeFileSync(path, '');
    const session = await STORES.ndjson({ path, place: 'pages.ndjson' }).open(runOptions(path));
    expect(session.stored.pages).toBe(0);
    await session.close();
  });

  it.each([
    ['a folder', '.', 'a folder'],
    ['a device', '/dev/null', 'no regular file'],
  ])('is refused where it is %s', async (_what, path, what) => {
    await expect(STORES.ndjson({ path, place: path }).open(runOptions(path))).rejects.toThrow(`${path} is ${what}`);
  });
});

it('takes on files that were put together with cat', async () => {
  const folder = makeFolder();
  const parts: Buffer[] = [];
  for (const n of [1, 2]) {
    const path = join(folder, `${n}.ndjson`);
    const session = await STORES.ndjson({ path, place: path }).open(runOptions(path));
    for (const each of [makePage(`https://example.com/${n}`), page]) {
      await session.keep(each, recordOf(each, Buffer.from('1')), { chunks: [Buffer.from('1')] });
    }
    await session.close();
    parts.push(readFileSync(path));
  }
  const path = join(folder, 'all.ndjson');
  writeFileSync(path, Buffer.concat(parts));
  const session = await STORES.ndjson({ path, place: path }).open(runOptions(path));
  expect(session.stored.pages).toBe(2);
  expect(session.has(makePage('https://example.com/2'))).toBe(true);
  await session.close();
});

it('locks the file itself, whichever link leads to it', async () => {
  const folder = makeFolder();
  const path = join(folder, 'pages.ndjson');
  const link = join(folder, 'link.ndjson');
  writeFileSync(path, '');
  symlinkSync(path, link);
  const first = await STORES.ndjson({ path: link, place: link }).open(runOptions(link));
  await expect(STORES.ndjson({ path, place: path }).open(runOptions(path))).rejects.toThrow('in use');
  await first.keep(page, recordOf(page, Buffer.from('1')), { chunks: [Buffer.from('1')] });
  await first.close();
  expect(readRecords(path)).toHaveLength(1);
  expect(existsSync(join(folder, '.link.ndjson.lock'))).toBe(false);
});

it('restarts by emptying its own file, bad lines in it or not', async () => {
  const path = join(makeFolder(), 'pages.ndjson');
  const store = STORES.ndjson({ path, place: 'pages.ndjson' });
  const first = await store.open(runOptions(path));
  await first.keep(page, recordOf(page, Buffer.from('1')), { chunks: [Buffer.from('1')] });
  await first.close();
  writeFileSync(path, 'torn\n', { flag: 'a' });
  const session = await store.open(runOptions(path, { restart: true }));
  expect(session.stored.pages).toBe(0);
  await session.close();
  expect(readFileSync(path, 'utf8')).toBe('');
});

it('resumes over lines longer than what is read at once', async () => {
  const path = join(makeFolder(), 'pages.ndjson');
  const store = STORES.ndjson({ path, place: 'pages.ndjson' });
  const pages = Array.from({ length: 12 }, (_, n) => makePage(`https://example.com/${n}`));
  const first = await store.open(runOptions(path));
  for (const [n, each] of pages.entries()) {
    // Around one, two and three chunks, so that a newline falls on each side of an edge.
    const body = Buffer.alloc(2 ** 20 * (1 + (n % 3)) - 700 + n * 60, 'x');
    await first.keep(each, recordOf(each, body, { contentType: 'text/plain' }), { chunks: [body] });
  }
  await first.close();
  const again = await store.open(runOptions(path));
  expect(again.stored.pages).toBe(12);
  expect(pages.every((each) => again.has(each))).toBe(true);
  await again.close();

  // A long line that was torn, with another run into it, is found as well; a torn long tail is cut.
  const whole = readFileSync(path);
  truncateSync(path, whole.length - 1_500_000);
  const mended = await store.open(runOptions(path));
  expect(mended.stored.pages).toBe(11);
  expect(mended.notices).toHaveLength(1);
  await mended.close();
  writeFileSync(path, Buffer.concat([whole.subarray(0, whole.length - 1_500_000), whole]));
  await expect(store.open(runOptions(path))).rejects.toThrow('pages.ndjson:12: this line is no record');
});
