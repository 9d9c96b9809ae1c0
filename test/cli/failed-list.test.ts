import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openFailedList, requestLine } from '../../src/cli/failed-list.ts';
import { StoreError } from '../../src/core/failure.ts';
import type { Page } from '../../src/core/page.ts';
import { lineParser, type RequestDefaults } from '../../src/input/parse-line.ts';

const GET: RequestDefaults = { method: 'GET' };

function pageOf(line: string, defaults: RequestDefaults): Page | undefined {
  const item = lineParser(defaults).line(line, 'list:1');
  return item?.type === 'page' ? item.page : undefined;
}

/** The line with which a line comes back. */
function again(line: string, defaults = GET): string {
  const page = pageOf(line, defaults);
  if (page === undefined) throw new Error(`no page: ${line}`);
  return requestLine(page, defaults);
}

describe('a page comes back as', () => {
  test.each([
    ['its URL', 'https://a.example/x?y=1', 'https://a.example/x?y=1'],
    ['its URL without the fragment', 'HTTPS://A.example#top', 'https://a.example/'],
    ['its URL where JSON said no more', '{"url":"https://a.example/","method":"get"}', 'https://a.example/'],
    ['its URL with its credentials', 'https://me:pa%3Ass@a.example/', 'https://me:pa%3Ass@a.example/'],
    ['its URL with a user alone', 'https://me@a.example/', 'https://me@a.example/'],
    ['its URL, for an IPv6 host', 'http://[::1]:8080/', 'http://[::1]:8080/'],
    [
      'a request, for another method',
      '{"url":"https://a.example","method":"HEAD"}',
      '{"url":"https://a.example/","method":"HEAD"}',
    ],
    [
      'a request, for its headers',
      '{"url":"https://a.example","headers":{"X-A":"1"}}',
      '{"url":"https://a.example/","headers":{"x-a":"1"}}',
    ],
    [
      'a request, for its id and file',
      '{"url":"https://a.example","id":7,"file":"f"}',
      '{"url":"https://a.example/","id":"7","file":"f"}',
    ],
    [
      'a request, for its body',
      '{"url":"https://a.example","method":"POST","body":"é"}',
      '{"url":"https://a.example/","method":"POST","body":"é"}',
    ],
    [
      'a request, where --expand would take the URL apart',
      'https://a.example/?x=[1-3]',
      '{"url":"https://a.example/?x=[1-3]"}',
    ],
    [
      'a request with credentials',
      '{"url":"https://me:pw@a.example","id":"x"}',
      '{"url":"https://me:pw@a.example/","id":"x"}',
    ],
  ])('%s', (_, line, expected) => expect(again(line)).toBe(expected));

  test('its URL, where the run says the rest', () => {
    const defaults = { method: 'POST', body: Buffer.from('a=1') };
    expect(again('https://a.example/', defaults)).toBe('https://a.example/');
    expect(again('{"url":"https://a.example/","body":"a=1"}', defaults)).toBe('https://a.example/');
    expect(again('{"url":"https://a.example/","body":"b","method":"PUT"}', defaults)).toBe(
      '{"url":"https://a.example/","method":"PUT","body":"b"}',
    );
  });

  test('the same page, whatever it was', () => {
    const text = fc.string({ unit: 'grapheme' });
    const request = fc.record(
      {
        url: fc
          .tuple(fc.webUrl({ withQueryParameters: true }), fc.option(fc.tuple(text, text)))
          .map(([url, userinfo]) => {
            const parsed = new URL(url);
            parsed.username = userinfo?.[0].replaceAll(/[:%]/g, '') ?? '';
            parsed.password = userinfo?.[1] ?? '';
            return parsed.href;
          }),
        method: fc.constantFrom('GET', 'POST', 'PURGE'),
        headers: fc.dictionary(fc.stringMatching(/^x-[a-z]{1,5}$/), fc.stringMatching(/^[!-~]{0,8}$/)),
        body: text,
        id: text,
        file: fc.stringMatching(/^[a-z/.]{1,9}$/),
      },
      { requiredKeys: ['url'] },
    );
    const runs = fc.constantFrom<RequestDefaults>(GET, { method: 'POST', body: 'x' });
    fc.assert(
      fc.property(request, runs, (fields, defaults) => {
        const page = pageOf(JSON.stringify(fields), defaults);
        fc.pre(page !== undefined);
        const line = page === undefined ? '' : requestLine(page, defaults);
        expect(line).not.toMatch(/[\r\n]/);
        expect(pageOf(line, defaults)).toEqual(page);
      }),
    );
  });

  test('the same credentials, whatever bytes they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), fc.uint8Array({ maxLength: 12 }), (name, password) => {
        const bytes = (list: Uint8Array) => [...list].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
        const page = pageOf(
          `https://${bytes(name.filter((byte) => byte !== 0x3a))}:${bytes(password)}@a.example/`,
          GET,
        );
        fc.pre(page !== undefined);
        if (page !== undefined) expect(pageOf(requestLine(page, GET), GET)?.authorization).toBe(page.authorization);
      }),
    );
  });
});

describe('the file', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'fetch-pages-failed-'));
    path = join(folder, 'failed.txt');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function page(url: string): Page {
    const made = pageOf(url, GET);
    if (made === undefined) throw new Error(`no page: ${url}`);
    return made;
  }

  test('is there only when it is whole, for its owner only', async () => {
    writeFileSync(path, 'old', { mode: 0o644 });
    const list = await openFailedList(path, GET);
    list.page(page('https://a.example/1'));
    list.invalid('urls.txt:3', 'not a URL', 'foo\u001b[31m\nbar');
    expect(readFileSync(path, 'utf8')).toBe('old');
    await list.commit();
    expect(readFileSync(path, 'utf8')).toBe('https://a.example/1\n# urls.txt:3: not a URL: foo\ufffd[31m bar\n');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['failed.txt']);
  });

  test('is empty where nothing failed', async () => {
    await (await openFailedList(path, GET)).commit();
    expect(readFileSync(path, 'utf8')).toBe('');
  });

  test('is left as it was when it is discarded', async () => {
    writeFileSync(path, 'old');
    const list = await openFailedList(path, GET);
    for (let n = 0; n < 5_000; n++) list.page(page(`https://a.example/${n}`));
    await list.discard();
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['failed.txt']);
  });

  test('holds every one of many, in order', async () => {
    const urls = Array.from({ length: 20_000 }, (_, n) => `https://a.example/${n}`);
    const list = await openFailedList(path, GET);
    for (const url of urls) list.page(page(url));
    await list.commit();
    expect(readFileSync(path, 'utf8')).toBe(`${urls.join('\n')}\n`);
  });

  test('a link stays one', async () => {
    const real = join(folder, 'real.txt');
    writeFileSync(real, 'old');
    symlinkSync(real, path);
    const list = await openFailedList(path, GET);
    list.page(page('https://a.example/'));
    await list.commit();
    expect(readFileSync(real, 'utf8')).toBe('https://a.example/\n');
    expect(readdirSync(folder).sort()).toEqual(['failed.txt', 'real.txt']);
  });

  test('a device is written into, never replaced', async () => {
    const list = await openFailedList('/dev/null', GET);
    list.page(page('https://a.example/'));
    await list.commit();
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  test('a place that cannot be written is told at the start', async () => {
    await expect(openFailedList(join(folder, 'no', 'x'), GET)).rejects.toThrow(StoreError);
    await expect(openFailedList(join(folder, 'no', 'x'), GET)).rejects.toThrow('there is no such file or folder');
    await expect(openFailedList(folder, GET)).rejects.toThrow(
      `--failed: cannot write ${JSON.stringify(folder)}: it is a folder`,
    );
  });

  test('a full disk is told at the end', async () => {
    const list = await openFailedList('/dev/full', GET);
    for (let n = 0; n < 5_000; n++) list.page(page(`https://a.example/${n}`));
    await expect(list.commit()).rejects.toThrow('--failed: cannot write "/dev/full": the disk is full');
  });

  test('a place that is taken meanwhile leaves nothing beside it', async () => {
    const list = await openFailedList(path, GET);
    mkdirSync(path);
    await expect(list.commit()).rejects.toThrow(StoreError);
    expect(readdirSync(folder)).toEqual(['failed.txt']);
  });
});
