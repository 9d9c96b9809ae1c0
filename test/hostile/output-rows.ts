import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, sep } from 'node:path';
import { expect } from 'vitest';
import { resolveStore } from '../../src/cli/store-options.ts';
import { type Config, STORE_FORMATS } from '../../src/core/config.ts';
import type { Client } from '../../src/core/ports.ts';
import type { PageRecord } from '../../src/core/record.ts';
import { createProgress } from '../../src/progress/terminal.ts';
import { STORES } from '../../src/stores/index.ts';
import type { DeepPartial } from '../support/model-run.ts';
import { hostileRun } from './hostile-run.ts';
import type { CheckCase } from './server-case.ts';
import { YesClient } from './yes-client.ts';

const H = 'https://h.example';
const wish = (file: string, n: number) => JSON.stringify({ url: `${H}/wish/${n}`, file });

export const ROWS: readonly CheckCase[] = [
  {
    case: 103,
    name: 'paths that lead out of the store, absolute ones, NUL and backslashes',
    check: () =>
      keptApart([
        `${H}/../../etc/passwd`,
        `${H}/%2e%2e%2f%2e%2e%2fetc%2fpasswd`,
        `${H}/..%5c..%5cwin`,
        `${H}//etc/passwd`,
        `${H}/a%00b`,
        `${H}/%2fetc`,
        `${H}/a?../../b`,
        wish('../../out.txt', 1),
        wish('/etc/passwd', 2),
        wish('..\\..\\out.txt', 3),
        wish('C:\\out.txt', 4),
        wish('a/../../../out.txt', 5),
        wish('.', 6),
        wish('manifest.ndjson', 7),
        wish('.fetch-pages.lock', 8),
      ]),
  },
  {
    case: 104,
    name: 'device names, dots and blanks at the end, streams',
    check: () =>
      keptApart([
        `${H}/con`,
        `${H}/NUL`,
        `${H}/aux.txt`,
        `${H}/com1.body`,
        `${H}/a.`,
        `${H}/a..`,
        `${H}/a%20`,
        `${H}/a:b`,
        `${H}/a::$DATA`,
        `${H}/lpt9/x`,
        `${H}/-rf`,
        wish('aux', 1),
        wish('nul.txt', 2),
        wish('a.txt ', 3),
        wish('a.txt.', 4),
        wish('a:b.txt', 5),
      ]),
  },
  {
    case: 105,
    name: 'names of more than 255 bytes, paths of more than 4,096',
    check: () =>
      keptApart([
        `${H}/${'a'.repeat(300)}`,
        `${H}/${'a'.repeat(300)}b`,
        `${H}/${'é'.repeat(200)}`,
        `${H}/${'a/'.repeat(3_000)}x`,
        `${H}/${'a/'.repeat(3_000)}y`,
        `${H}/x?${'q'.repeat(5_000)}`,
        `https://${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.example/`,
        wish('w'.repeat(400), 1),
      ]),
  },
  {
    case: 106,
    name: 'a page and a folder of one name, upper and lower case, composed and decomposed',
    check: () =>
      keptApart([
        `${H}/a`,
        `${H}/a/`,
        `${H}/a/b`,
        `${H}/A`,
        `${H}/A/b`,
        `${H}/a/index`,
        `${H}/caf%C3%A9`,
        `${H}/cafe%CC%81`,
        `${H}/%61`,
        `${H}/a?`,
        `${H}/a?x`,
        `${H}/a@x`,
        `http://h.example/a`,
        `${H}:8443/a`,
        `https://h.example./a`,
        wish('h.example/a.body', 1),
        wish('x.txt', 2),
        wish('X.txt', 3),
      ]),
  },
  { case: 107, name: 'a symlink where a file, a folder or the manifest is to be', check: symlinks },
  { case: 107, name: 'a file that is there and not ours is not taken for a store', check: foreign },
  {
    case: 108,
    name: 'escape sequences and bidi overrides of lists, redirects and servers never reach the terminal',
    check: terminal,
  },
  { case: 109, name: 'secrets of options, lines, URLs and redirects are in nothing that is left', check: secrets },
  {
    case: 110,
    name: 'Content-Disposition names no file',
    check: () => keptApart([`${H}/a`, `${H}/b`], { 'content-disposition': ['attachment; filename="../../evil.sh"'] }),
  },
  {
    case: 111,
    name: 'bodies of half surrogates, U+2028 and bytes of no text, and one huge line: every line is JSON',
    check: ndjsonBodies,
  },
  { case: 112, name: 'formulas cannot be in a CSV: none is written', check: noCsv },
];

async function keep(
  list: readonly string[],
  folder: string,
  client: Client,
  config: DeepPartial<Config> = {},
): Promise<void> {
  const path = join(folder, 'pages');
  const store = STORES.files({ path, place: 'pages/' });
  const session = await store.open({ path, mode: 'run', restart: false, request: {} });
  try {
    await hostileRun(list, { store: session, config, createClient: () => client });
  } finally {
    await session.close();
  }
}

const makeFolder = () => mkdtempSync(join(tmpdir(), 'fetch-pages-hostile-'));

function recordsIn(path: string): (PageRecord & { readonly body?: string; readonly bodyBase64?: string })[] {
  const text = readFileSync(path, 'utf8');
  expect(text.endsWith('\n')).toBe(true);
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** Each page has a file of its own, inside the store, that every system can bear, whatever its case rules. */
async function keptApart(
  list: readonly string[],
  headers: Readonly<Record<string, readonly string[]>> = {},
): Promise<void> {
  const folder = makeFolder();
  await keep(list, folder, new YesClient('yes', headers));
  expect(readdirSync(folder)).toEqual(['pages']);
  const records = recordsIn(join(folder, 'pages', 'manifest.ndjson'));
  const files = records.map((record) => record.file ?? '');
  expect(records.every((record) => record.outcome === 'ok')).toBe(true);
  const distinct = new Set(records.map((record) => record.key ?? record.url)).size;
  expect(new Set(files.map((file) => file.normalize('NFC').toLowerCase())).size).toBe(distinct);
  for (const file of files) {
    expect(relative(folder, join(folder, 'pages', file)).startsWith(`pages${sep}`)).toBe(true);
    expect(readFileSync(join(folder, 'pages', file), 'utf8')).toBe('yes');
    expect(Buffer.byteLength(file)).toBeLessThanOrEqual(255);
    for (const part of file.split('/')) {
      expect(part).toMatch(/^(?!\.\.?$)[.A-Za-z0-9_][A-Za-z0-9._+=,@~-]*$/);
      expect(part).not.toMatch(/^(con|prn|aux|nul|com\d|lpt\d)(\.|$)|\.$/i);
      expect(part).not.toBe('evil.sh');
    }
  }
  rmSync(folder, { recursive: true });
}

async function symlinks(): Promise<void> {
  const folder = makeFolder();
  const outside = join(folder, 'outside');
  mkdirSync(outside);
  writeFileSync(join(outside, 'precious'), 'precious');
  await keep([`${H}/first`], folder, new YesClient());
  symlinkSync(join(outside, 'precious'), join(folder, 'pages', 'h.example', 'file.body'));
  symlinkSync(outside, join(folder, 'pages', 'h.example', 'folder'));
  const path = join(folder, 'pages');
  const session = await STORES.files({ path, place: 'pages/' }).open({
    path,
    mode: 'run',
    restart: false,
    request: {},
  });
  await hostileRun([`${H}/file`], { store: session, createClient: () => new YesClient('evil') });
  const intoFolder = hostileRun([`${H}/folder/new`], { store: session, createClient: () => new YesClient('evil') });
  const { verdict } = await intoFolder;
  await session.close();
  expect(readFileSync(join(outside, 'precious'), 'utf8')).toBe('precious');
  expect(lstatSync(join(path, 'h.example', 'file.body')).isSymbolicLink()).toBe(false);
  expect(readdirSync(outside)).toEqual(['precious']);
  expect(verdict.stopped).toBe('store');
  rmSync(join(path, 'manifest.ndjson'));
  symlinkSync(join(outside, 'precious'), join(path, 'manifest.ndjson'));
  await expect(keep([`${H}/x`], folder, new YesClient('evil'))).rejects.toThrow(/pages/);
  expect(readFileSync(join(outside, 'precious'), 'utf8')).toBe('precious');
  rmSync(folder, { recursive: true });
}

async function foreign(): Promise<void> {
  const folder = makeFolder();
  mkdirSync(join(folder, 'pages'));
  writeFileSync(join(folder, 'pages', 'thesis.txt'), 'mine');
  await expect(keep([`${H}/x`], folder, new YesClient())).rejects.toThrow(/pages/);
  expect(readdirSync(join(folder, 'pages'))).toEqual(['thesis.txt']);
  rmSync(folder, { recursive: true });
}

const NASTY = '\u001b[31m\u001b]0;title\u0007\u009b2J\u202e\u2066\u200f\r\n';
/** C0 but line ends and the tab, DEL, C1, bidi controls. */
const UNPRINTABLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

async function terminal(): Promise<void> {
  const written: string[] = [];
  const stream = {
    columns: 80,
    rows: 24,
    writableNeedDrain: false,
    write: (text: string) => written.push(text) > 0,
    on: () => stream,
    off: () => stream,
  };
  const gauges = () => ({ inFlight: 0, waiting: 0, receivedBytes: 0, origins: [] });
  const clock = { now: () => performance.now(), wall: () => Date.now() };
  const verdict = { place: 'nowhere' };
  const progress = createProgress({
    mode: 'lines',
    quiet: false,
    verbose: true,
    stream,
    color: false,
    gauges,
    clock,
    verdict,
  });
  const shouting: Client = {
    receivedBytes: 0,
    destroy: async () => {},
    exchange: async () => ({
      ok: false,
      sent: true,
      failure: { code: 'PROTOCOL_ERROR', message: `it says ${NASTY}`, cause: new Error(NASTY) },
    }),
  };
  const list = [
    `${H}/${NASTY.replace(/[\r\n]/g, '')}`,
    `not a URL ${NASTY}`,
    `${H}/plain`,
    `{"url":"${H}/x","id":"\\u001b[2J"}`,
  ];
  const { events } = await hostileRun(list, { createClient: () => shouting });
  for (const event of events) progress.listener(event);
  progress.stop();
  expect(written.join('')).toContain('/plain');
  expect(written.join('')).not.toMatch(UNPRINTABLE);
}

async function secrets(): Promise<void> {
  const folder = makeFolder();
  const list = [
    'https://name:canary-userinfo@h.example/a',
    JSON.stringify({ url: `${H}/b`, headers: { authorization: 'Bearer canary-line', 'x-key': 'canary-own' } }),
    'https://name:canary-broken@h.example:0/',
  ];
  const request = {
    authorization: 'Basic canary-user',
    cookie: 's=canary-cookie',
    headers: [['x-api-key', 'canary-header']],
  } as const;
  await keep(list, folder, new YesClient(), { request });
  const left = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  expect(left.length).toBeGreaterThan(2);
  for (const entry of left)
    expect(readFileSync(join(entry.parentPath, entry.name), 'latin1'), entry.name).not.toContain('canary');
  rmSync(folder, { recursive: true });
}

async function ndjsonBodies(): Promise<void> {
  const bodies: readonly (readonly [type: string, body: Buffer])[] = [
    ['application/json', Buffer.from('"\\ud800"')],
    ['application/json', Buffer.from('{"a":"\u2028\u2029"}')],
    ['application/json', Buffer.from('{"a":\n1}')],
    ['application/json', Buffer.from('{"a":"\ud83d"}', 'utf16le')],
    ['text/plain', Buffer.from([0xed, 0xa0, 0x80])],
    ['text/plain', Buffer.from('a\u2028b\u0000\u001b[31m')],
    ['text/plain', Buffer.alloc(5 * 2 ** 20, 'a')],
    ['application/octet-stream', Buffer.from([0, 255, 10, 13])],
  ];
  const folder = makeFolder();
  const path = join(folder, 'pages.ndjson');
  for (const [n, [type, body]] of bodies.entries()) {
    const session = await STORES.ndjson({ path, place: 'pages.ndjson' }).open({
      path,
      mode: 'run',
      restart: false,
      request: {},
    });
    await hostileRun([`${H}/${n}`], {
      store: session,
      createClient: () => new YesClient(body, { 'content-type': [type] }),
    });
    await session.close();
  }
  const records = recordsIn(path);
  expect(records.map((record) => record.bytes)).toEqual(bodies.map(([, body]) => body.length));
  for (const [n, record] of records.entries()) {
    const body = bodies[n]?.[1];
    if (record.bodyBase64 !== undefined) expect(body?.equals(Buffer.from(record.bodyBase64, 'base64'))).toBe(true);
    else if (typeof record.body === 'string' && body?.[0] !== 0x22)
      expect(body?.equals(Buffer.from(record.body))).toBe(true);
    else expect(record.body).toEqual(JSON.parse(body?.toString() ?? ''));
  }
  expect(readFileSync(path, 'utf8').isWellFormed()).toBe(true);
  rmSync(folder, { recursive: true });
}

async function noCsv(): Promise<void> {
  expect(STORE_FORMATS).not.toContain('csv');
  expect(() => resolveStore({ output: 'pages.csv' } as Parameters<typeof resolveStore>[0], dirname('/'))).toThrow(
    /pages\.csv/,
  );
  expect(existsSync('pages.csv')).toBe(false);
}
