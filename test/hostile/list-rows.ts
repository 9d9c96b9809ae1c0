import { mkdirSync, mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { expect } from 'vitest';
import { UsageError } from '../../src/core/failure.ts';
import type { InputItem } from '../../src/core/page.ts';
import { openInput, type Source } from '../../src/input/open-input.ts';
import { createClient } from '../../src/net/client.ts';
import type { HostileCase } from './cases.ts';
import { hostileRun } from './hostile-run.ts';
import type { CheckCase } from './server-case.ts';
import { YesClient } from './yes-client.ts';

/** A list, what is asked because of it, and what is told of the lines that are no page. */
export interface ListCase extends HostileCase {
  readonly list: string | Buffer;
  /** URLs as they are asked, in order. */
  readonly asked: readonly string[];
  /** Line numbers, and why. */
  readonly invalid?: readonly (readonly [line: number, why: RegExp])[];
}

const A = 'https://a.example/';
const B = 'https://b.example/';
const CONTROL = /control character/;
const NO_URL = /not a URL/;
const scheme = (name: string) => new RegExp(`^${name}: is not fetched`);

const LISTS: readonly ListCase[] = [
  { case: 87, name: 'a byte order mark', list: `\ufeff${A}\n${B}`, asked: [A, B] },
  {
    case: 88,
    name: 'CRLF, CR, trailing blanks, blank lines and comments',
    list: `${A} \t\r\n\r\n# ${A}x\r${B}\r\n \t \n`,
    asked: [A, B],
  },
  { case: 88, name: 'no line’s end at the end', list: `${A}\n${B}`, asked: [A, B] },
  {
    case: 89,
    name: 'a tab, NUL and an escape sequence inside',
    list: `${A}a\tb\n${A}\0\n${A}\x1b[31m\n${B}`,
    asked: [B],
    invalid: [
      [1, CONTROL],
      [2, CONTROL],
      [3, CONTROL],
    ],
  },
  {
    case: 90,
    name: 'a line of more than 1 MiB',
    list: `${A}${'a'.repeat(2 ** 20)}\n${B}`,
    asked: [B],
    invalid: [[1, /longer than 1 MiB/]],
  },
  {
    case: 90,
    name: 'a line of just below 1 MiB',
    list: `${A}${'a'.repeat(2 ** 20 - 100)}\n${B}`,
    asked: [`${A}${'a'.repeat(2 ** 20 - 100)}`, B],
  },
  {
    case: 91,
    name: 'a line that is not UTF-8',
    list: Buffer.concat([Buffer.from(`${A}caf\xe9\n`, 'latin1'), Buffer.from(B)]),
    asked: [B],
    invalid: [[1, /not valid UTF-8/]],
  },
  {
    case: 91,
    name: 'a lone surrogate, which UTF-8 cannot hold',
    list: Buffer.concat([Buffer.from(A), Buffer.from([0xed, 0xa0, 0x80, 0x0a]), Buffer.from(B)]),
    asked: [B],
    invalid: [[1, /not valid UTF-8/]],
  },
  {
    case: 91,
    name: 'a list in UTF-16',
    list: Buffer.from(`\ufeff${A}\n${B}\n`, 'utf16le'),
    asked: [],
    invalid: [[1, /UTF-16: convert it/]],
  },
  {
    case: 92,
    name: 'the same page in several spellings is one',
    list: `${A}x\nHTTPS://A.example:443/x\n${A}y/../x\n${A}x#top`,
    asked: [`${A}x`],
  },
  {
    case: 93,
    name: 'international names, ß, an emoji',
    list: 'https://münchen.example/\nhttps://straße.example/\nhttps://☕.example/',
    asked: ['https://xn--mnchen-3ya.example/', 'https://xn--strae-oqa.example/', 'https://xn--53h.example/'],
  },
  { case: 94, name: 'fragments are not sent', list: `${A}#top\n${B}x#a#b`, asked: [A, `${B}x`] },
  {
    case: 96,
    name: 'spaces and bars are encoded, a broken escape stays',
    list: `${A}a b|c\n${A}%zz\n`,
    asked: [`${A}a%20b|c`, `${A}%zz`],
  },
  {
    case: 96,
    name: 'backslashes are slashes',
    list: 'http:\\\\h.example\\a\nhttp://evil.com\\@a.com/',
    asked: ['http://h.example/a', 'http://evil.com/@a.com/'],
  },
  {
    case: 98,
    name: 'a zone in an IPv6 address',
    list: `http://[fe80::1%25eth0]/\n${A}`,
    asked: [A],
    invalid: [[1, NO_URL]],
  },
  {
    case: 99,
    name: 'ports that there are not',
    list: `https://a.example:0/\nhttps://a.example:99999/\n${A}`,
    asked: [A],
    invalid: [
      [1, /port 0/],
      [2, /port is larger/],
    ],
  },
  {
    case: 100,
    name: 'other schemes, and none',
    list: `ftp://h.example/\nfile:///etc/passwd\ndata:,hi\njavascript:alert(1)\nh.example/x\n//h.example\n${A}`,
    asked: [A],
    invalid: [
      [1, scheme('ftp')],
      [2, scheme('file')],
      [3, scheme('data')],
      [4, scheme('javascript')],
      [5, /write https:\/\//],
      [6, NO_URL],
    ],
  },
  {
    case: 101,
    name: 'a host of 300 characters',
    list: `https://${'a'.repeat(60)}.${'b.'.repeat(120)}example/\n${A}`,
    asked: [A],
    invalid: [[1, /longer than 253/]],
  },
];

export const ROWS: readonly (ListCase | CheckCase)[] = [
  ...LISTS,
  { case: 90, name: '64 MB without a line’s end, in bounded memory', check: endlessLine },
  {
    case: 92,
    name: '50,000 lines of 500 pages: each is asked once, and the rest is counted',
    check: manyDuplicates,
  },
  { case: 95, name: 'credentials in a URL go to that page and are told to nobody', check: userinfo },
  { case: 97, name: 'every spelling of 127.0.0.1 is blocked under --block-private', check: spellings },
  { case: 93, name: 'an encoded name that encodes nothing: no URL, or no such host', check: badPunycode },
  { case: 101, name: 'an empty label, a leading dot, an underscore: the look-up decides', check: oddHosts },
  { case: 102, name: 'a list on standard input that grows', check: growingList },
  {
    case: 102,
    name: 'a list that is gone, a folder, and what is called .gz and is none: refused before anything is fetched',
    check: unreadable,
  },
  { case: 102, name: 'a list in gzip, and one that is torn', check: gzipped },
  { case: 102, name: 'a list that is removed while it is read is read to its end', check: vanishing },
];

export async function runListCase({ list, asked, invalid = [] }: ListCase): Promise<void> {
  const client = new YesClient();
  const { records, verdict } = await hostileRun(list, {
    createClient: () => client,
    config: { pace: { concurrency: 1 } },
  });
  expect(client.asked.map((request) => request.url)).toEqual(asked);
  const bad = records.filter((record) => record.outcome === 'invalid');
  expect(bad.map((record) => record.line)).toEqual(invalid.map(([line]) => `stdin:${line}`));
  for (const [index, [, why]] of invalid.entries()) expect(bad[index]?.error?.message).toMatch(why);
  for (const record of bad) expect(record.url.length).toBeLessThanOrEqual(2_000);
  expect(verdict.pages).toBe(asked.length + invalid.length);
}

async function endlessLine(): Promise<void> {
  const megabyte = Buffer.alloc(2 ** 20, 'a');
  const list = Readable.from(
    (function* () {
      yield Buffer.from(A);
      for (let n = 0; n < 64; n++) yield megabyte;
      yield Buffer.from(`\n${B}\n`);
    })(),
    { objectMode: false },
  );
  const before = process.memoryUsage().arrayBuffers;
  const items = await itemsOf([{ type: 'stdin', stream: list }]);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 * 2 ** 20);
  expect(items).toMatchObject([
    { type: 'invalid', line: 'stdin:1' },
    { type: 'page', page: { url: B } },
  ]);
}

async function manyDuplicates(): Promise<void> {
  const client = new YesClient();
  const list = Array.from({ length: 50_000 }, (_, n) => `${A}${n % 500}#${n}`);
  const { verdict } = await hostileRun(list, { createClient: () => client });
  expect(client.asked.length).toBe(500);
  expect(verdict).toMatchObject({ pages: 500, ok: 500, duplicates: 49_500 });
}

async function userinfo(): Promise<void> {
  const client = new YesClient();
  const run = await hostileRun(`https://name:canary@a.example/\n${B}\n`, { createClient: () => client });
  const sent = Object.fromEntries(client.asked.map(({ url, headers }) => [url, headers.authorization]));
  expect(sent).toEqual({ [A]: `Basic ${Buffer.from('name:canary').toString('base64')}`, [B]: undefined });
  expect(JSON.stringify([run.records, run.verdict])).not.toMatch(/canary|bmFtZTpjYW5hcnk/);
}

async function spellings(): Promise<void> {
  const hosts = [
    '127.0.0.1',
    '127.1',
    '0x7f.1',
    '0177.0.0.1',
    '2130706433',
    '①②⑦.0.0.1',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[64:ff9b::7f00:1]',
    '[2002:7f00:1::]',
    '127.0.0.1.',
  ];
  const { records } = await hostileRun(
    hosts.map((host, n) => `http://${host}:1/${n}`),
    { config: { net: { blockPrivate: true } } },
  );
  expect(records.map((record) => [record.outcome, record.error?.code])).toEqual(
    hosts.map(() => ['blocked', 'BLOCKED_ADDRESS']),
  );
}

/** A name server that knows nobody. */
async function lookUpInVain(list: readonly string[]) {
  const looked: string[] = [];
  const notFound = Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND', syscall: 'getaddrinfo' });
  const { records } = await hostileRun(list, {
    createClient: ({ net }) =>
      createClient(net, (host, callback) => {
        looked.push(host);
        setImmediate(callback, notFound, []);
      }),
  });
  return { looked, records };
}

async function badPunycode(): Promise<void> {
  const { records } = await lookUpInVain(['http://xn--a/']);
  expect(records.length).toBe(1);
  expect(records[0]?.error?.code).toMatch(/^(INVALID_LINE|DNS_NOT_FOUND)$/);
}

async function oddHosts(): Promise<void> {
  const list = ['http://a..b.example/', 'http://.com/', 'http://a_b.example/'];
  const { looked, records } = await lookUpInVain(list);
  expect(new Set(looked)).toEqual(new Set(['a..b.example', '.com', 'a_b.example']));
  for (const record of records) expect(record.error?.code).toMatch(/^(DNS_NOT_FOUND|ORIGIN_UNREACHABLE)$/);
  expect(records.length).toBe(3);
}

async function growingList(): Promise<void> {
  const list = new Readable({ read() {} });
  const input = await openInput([{ type: 'stdin', stream: list }], { method: 'GET', expand: 'nowhere' });
  const batches = input[Symbol.asyncIterator]();
  list.push(`${A}\nhttps://b.exa`);
  expect(urlsOf((await batches.next()).value)).toEqual([A]);
  list.push(`mple/\n`);
  expect(urlsOf((await batches.next()).value)).toEqual([B]);
  list.push(null);
  expect((await batches.next()).done).toBe(true);
}

async function unreadable(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'fetch-pages-hostile-'));
  mkdirSync(join(folder, 'folder'));
  writeFileSync(join(folder, 'list.gz'), `${A}\n`);
  for (const name of ['gone.txt', 'folder', 'list.gz', 'a.example']) {
    const opened = itemsOf([{ type: 'file', path: join(folder, name) }]);
    await expect(opened).rejects.toThrow(UsageError);
    await expect(opened).rejects.toThrow(name);
  }
  rmSync(folder, { recursive: true });
}

async function gzipped(): Promise<void> {
  const whole = gzipSync(`${A}\n${B}\n`);
  const stream = (bytes: Buffer): Source => ({ type: 'stdin', stream: Readable.from([bytes], { objectMode: false }) });
  expect(urlsOf(await itemsOf([stream(whole)]))).toEqual([A, B]);
  const torn = await itemsOf([stream(whole.subarray(0, -4))]);
  expect(torn.at(-1)).toMatchObject({ type: 'truncated', list: 'stdin' });
  const { verdict } = await hostileRun(whole.subarray(0, -4), { createClient: () => new YesClient() });
  expect(verdict).toMatchObject({ listTruncated: true, pages: verdict.ok });
}

async function vanishing(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'fetch-pages-hostile-'));
  const path = join(folder, 'list.txt');
  const urls = Array.from({ length: 20_000 }, (_, n) => `${A}${n}`);
  writeFileSync(path, `${urls.join('\n')}\n`);
  const input = await openInput([{ type: 'file', path }], { method: 'GET', expand: 'nowhere' });
  unlinkSync(path);
  const items: InputItem[] = [];
  for await (const batch of input) items.push(...batch);
  rmSync(folder, { recursive: true });
  expect(urlsOf(items)).toEqual(urls);
}

async function itemsOf(sources: readonly Source[]): Promise<InputItem[]> {
  const items: InputItem[] = [];
  for await (const batch of await openInput(sources, { method: 'GET', expand: 'nowhere' })) items.push(...batch);
  return items;
}

function urlsOf(items: readonly InputItem[] | undefined): string[] {
  return (items ?? []).flatMap((item) => (item.type === 'page' ? [item.page.url] : []));
}
