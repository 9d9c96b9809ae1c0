import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { createGzip, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { InputItem } from '../../src/core/page.ts';
import { type Expand, openInput, type Source } from '../../src/input/open-input.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'open-input-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

let count = 0;
function file(content: string | Uint8Array, ending = '.txt'): Source & { readonly path: string } {
  const path = join(folder, `list-${count++}${ending}`);
  writeFileSync(path, content);
  return { type: 'file', path };
}

function stdin(...chunks: readonly (string | Uint8Array)[]): Source {
  return {
    type: 'stdin',
    stream: Readable.from(
      chunks.map((chunk) => Buffer.from(chunk)),
      { objectMode: false },
    ),
  };
}

async function read(sources: readonly Source[], expand: Expand = 'arguments'): Promise<InputItem[]> {
  const items: InputItem[] = [];
  for await (const batch of await openInput(sources, { method: 'GET', expand })) {
    expect(batch.length).toBeGreaterThan(0);
    expect(batch.length).toBeLessThanOrEqual(256);
    items.push(...batch);
  }
  return items;
}

/** An item in a word: what the tests of order and numbers look at. */
function label(item: InputItem): string {
  switch (item.type) {
    case 'page':
      return `${item.page.line} ${item.page.url}`;
    case 'invalid':
      return `${item.line} invalid: ${item.why}`;
    case 'truncated':
      return `${item.list} truncated: ${item.why}`;
  }
}

async function readLabels(sources: readonly Source[], expand?: Expand): Promise<string[]> {
  return (await read(sources, expand)).map(label);
}

function url(text: string): Source {
  return { type: 'url', text };
}

test('sources come in order, each line with its place', async () => {
  const list = file('# a list\n\nhttps://a.example/1\r\nnot a page\nhttps://a.example/2');
  const sources = [url('https://b.example/[1-2]'), list, stdin('https://c.example/\n'), url('https://d.example/')];
  expect(await readLabels(sources)).toEqual([
    'argument:1 https://b.example/1',
    'argument:1 https://b.example/2',
    `${list.path}:3 https://a.example/1`,
    `${list.path}:4 invalid: not a URL`,
    `${list.path}:5 https://a.example/2`,
    'stdin:1 https://c.example/',
    'argument:2 https://d.example/',
  ]);
});

test('comments may hold anything; bad lines do not stop the others', async () => {
  const list = file(Buffer.from('# caf\xe9\ncaf\xe9\nhttps://a.example/\n', 'latin1'));
  expect(await readLabels([list])).toEqual([
    `${list.path}:2 invalid: not valid UTF-8`,
    `${list.path}:3 https://a.example/`,
  ]);
});

describe('ranges', () => {
  const line = 'https://a.example/{x,y}';

  test.each<[Expand, string[]]>([
    [
      'arguments',
      ['argument:1 https://a.example/x', 'argument:1 https://a.example/y', 'stdin:1 https://a.example/%7Bx,y%7D'],
    ],
    [
      'everywhere',
      [
        'argument:1 https://a.example/x',
        'argument:1 https://a.example/y',
        'stdin:1 https://a.example/x',
        'stdin:1 https://a.example/y',
      ],
    ],
    ['nowhere', ['argument:1 https://a.example/%7Bx,y%7D', 'stdin:1 https://a.example/%7Bx,y%7D']],
  ])('expand %s', async (expand, expected) => {
    expect(await readLabels([url(line), stdin(line)], expand)).toEqual(expected);
  });

  test('that cannot be are a usage error as an argument, an invalid line in a list', async () => {
    await expect(read([url('https://u:p@a.example/[2-1]')])).rejects.toThrow(
      'https://a.example/[2-1]: the range [2-1] runs backwards; -g takes it as it stands',
    );
    expect(await readLabels([stdin('https://a.example/[2-1]\n# [2-1]\n')], 'everywhere')).toEqual([
      'stdin:1 invalid: the range [2-1] runs backwards',
    ]);
  });

  test('leave requests in JSON alone', async () => {
    const items = await read([stdin('{"url":"https://a.example/[1-2]","body":{"a":"{x,y}"}}')], 'everywhere');
    expect(items).toMatchObject([{ type: 'page', page: { url: 'https://a.example/[1-2]', body: '{"a":"{x,y}"}' } }]);
  });

  test('of a hundred million are begun at once', async () => {
    for await (const batch of await openInput([url('https://a.example/[1-100000000]')], {
      method: 'GET',
      expand: 'arguments',
    })) {
      expect(batch).toHaveLength(256);
      break;
    }
  });
});

describe('a list that cannot be read is a usage error that names it', () => {
  test.each([
    [
      'a missing one',
      'missing-list.txt',
      /^missing-list\.txt: no such file\. A list is a file with a URL on each line/,
    ],
    [
      'a host name',
      'example.com/x',
      /^example\.com\/x: no such file\. If it is a page, write https:\/\/example\.com\/x$/,
    ],
    ['a folder', '/', /^\/ is a directory: name a list/],
    ['one below a file', '/etc/passwd/x', /^\/etc\/passwd\/x: no such file/],
    ['a name with NUL', 'a\0b', /cannot be read/],
  ])('%s', async (_, path, message) => {
    const error: unknown = await read([{ type: 'file', path }]).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'UsageError', message: expect.stringMatching(message) });
  });

  test('without permission', async (context) => {
    if (process.getuid?.() === 0) context.skip();
    const list = file('https://a.example/');
    chmodSync(list.path, 0);
    await expect(read([list])).rejects.toThrow(`${list.path} may not be read`);
  });

  test('in UTF-16', async () => {
    const list = file(Buffer.from('\ufeffhttps://a.example/\n', 'utf16le'));
    await expect(read([list])).rejects.toThrow(`${list.path}: the list is in UTF-16`);
  });

  test('named .gz, but plain', async () => {
    const list = file('https://a.example/', '.gz');
    await expect(read([list])).rejects.toThrow(`${list.path} is not in gzip format`);
  });

  test('the last one too, before any is read', async () => {
    const stream = new PassThrough();
    const missing = join(folder, 'missing');
    await expect(
      openInput(
        [
          { type: 'stdin', stream },
          { type: 'file', path: missing },
        ],
        { method: 'GET', expand: 'arguments' },
      ),
    ).rejects.toThrow(missing);
    expect(stream.destroyed).toBe(true);
  });
});

test('standard input in UTF-16 is one invalid line', async () => {
  expect(await readLabels([stdin(Buffer.from('\ufeffhttps://a.example/\nx\n', 'utf16le'))])).toEqual([
    'stdin:1 invalid: the list is in UTF-16: convert it with iconv -f UTF-16 -t UTF-8',
  ]);
});

describe('gzip', () => {
  const text = Array.from({ length: 40 }, (_, index) => `https://a.example/${index * index}\n`).join('');
  const zipped = gzipSync(text);
  const urls = text.trimEnd().split('\n');
  const urlsOf = (items: readonly InputItem[]): string[] =>
    items.flatMap((item) => (item.type === 'page' ? [item.page.url] : []));

  test('is known by name and by its first bytes, also in small pieces', async () => {
    const bytes = [...zipped].map((byte) => Uint8Array.of(byte));
    for (const source of [file(zipped, '.GZ'), file(zipped), stdin(zipped), stdin(...bytes)]) {
      expect(urlsOf(await read([source]))).toEqual(urls);
    }
  });

  test('of several members, and with padding after it', async () => {
    expect(urlsOf(await read([stdin(zipped, zipped)]))).toEqual([...urls, ...urls]);
    expect(await readLabels([stdin(zipped, new Uint8Array(512))])).toHaveLength(urls.length);
  });

  test('larger than any buffer', async () => {
    const large = gzipSync(Array.from({ length: 100_000 }, (_, index) => `https://a.example/${index}\n`).join(''));
    const items = await read([file(large, '.gz')]);
    expect(items).toHaveLength(100_000);
    expect(items.at(-1)).toMatchObject({ page: { url: 'https://a.example/99999' } });
  });

  test('torn at any byte gives the lines that were whole, and tells', async () => {
    for (let length = 0; length < zipped.length; length++) {
      const path = join(folder, 'torn.gz');
      writeFileSync(path, zipped.subarray(0, length));
      const items = await read([{ type: 'file', path }]);
      expect(items.at(-1)).toEqual({ type: 'truncated', list: path, why: 'unexpected end of file' });
      expect(items.slice(0, -1).every(({ type }) => type === 'page')).toBe(true);
      expect(urlsOf(items)).toEqual(urls.slice(0, items.length - 1));
    }
  });

  test('torn late gives all that could be inflated', async () => {
    expect(urlsOf(await read([stdin(zipped.subarray(0, -8))]))).toEqual(urls);
  });

  test('that is corrupt ends its list, not the others', async () => {
    const corrupt = Buffer.concat([zipped.subarray(0, -8), new Uint8Array(8)]);
    expect((await readLabels([stdin(corrupt), url('https://b.example/')])).slice(-2)).toEqual([
      'stdin truncated: incorrect data check',
      'argument:1 https://b.example/',
    ]);
  });

  test('an empty list is empty, an empty .gz is torn', async () => {
    const empty = file('', '.gz');
    expect(await readLabels([file(''), stdin(), empty])).toEqual([`${empty.path} truncated: unexpected end of file`]);
  });
});

test('what a slow pipe has is delivered at once', async () => {
  const stream = new PassThrough();
  const input = await openInput([{ type: 'stdin', stream }], { method: 'GET', expand: 'arguments' });
  const batches = input[Symbol.asyncIterator]();
  for (const number of [1, 2, 3]) {
    stream.write(`https://a.example/${number}\nhttps://`);
    expect((await batches.next()).value.map(label)).toEqual([`stdin:${number * 2 - 1} https://a.example/${number}`]);
    stream.write('b.example/\r');
    expect((await batches.next()).value.map(label)).toEqual([`stdin:${number * 2} https://b.example/`]);
  }
  await batches.return?.();
  expect(stream.destroyed).toBe(true);
});

test('what a slow pipe has of gzip data is delivered at once', async () => {
  const stream = new PassThrough();
  const gzip = createGzip();
  gzip.pipe(stream);
  const input = await openInput([{ type: 'stdin', stream }], { method: 'GET', expand: 'arguments' });
  const batches = input[Symbol.asyncIterator]();
  for (const number of [1, 2, 3]) {
    gzip.write(`https://a.example/${number}\n`);
    gzip.flush();
    expect((await batches.next()).value.map(label)).toEqual([`stdin:${number} https://a.example/${number}`]);
  }
  await batches.return?.();
});

test('a list that breaks before its turn breaks at its turn', async () => {
  const stream = new PassThrough();
  const input = await openInput([url('https://a.example/'), { type: 'stdin', stream }], {
    method: 'GET',
    expand: 'arguments',
  });
  stream.write('https://b.example/\ntorn');
  stream.destroy(new Error('EIO: i/o error, read'));
  await new Promise((resolve) => setImmediate(resolve));
  const items: string[] = [];
  for await (const batch of input) items.push(...batch.map(label));
  expect(items).toEqual([
    'argument:1 https://a.example/',
    'stdin:1 https://b.example/',
    'stdin truncated: EIO: i/o error, read',
  ]);
});

test('a consumer that does not ask stops the reading', async () => {
  let pulled = 0;
  const endless = new Readable({
    read() {
      pulled++;
      this.push('https://a.example/\n'.repeat(1_000));
    },
  });
  const input = (await openInput([{ type: 'stdin', stream: endless }], { method: 'GET', expand: 'arguments' }))[
    Symbol.asyncIterator
  ]();
  await input.next();
  const before = pulled;
  await new Promise((resolve) => setImmediate(resolve));
  expect(pulled - before).toBeLessThan(20);
  await input.return?.();
});

describe('ending early', () => {
  test('closes every list, also those not begun', async () => {
    const lists = [file('https://a.example/\n'.repeat(100_000)), file('https://b.example/\n')];
    const open = (): number => readdirSync('/proc/self/fd').length;
    const before = open();
    for await (const _ of await openInput(lists, { method: 'GET', expand: 'arguments' })) {
      expect(open()).toBeGreaterThan(before);
      break;
    }
    await expect.poll(open).toBeLessThanOrEqual(before);
  });

  test('does not wait for a pipe that is silent', async () => {
    const stream = new PassThrough();
    const input = (await openInput([{ type: 'stdin', stream }], { method: 'GET', expand: 'arguments' }))[
      Symbol.asyncIterator
    ]();
    const pending = input.next();
    await input.return?.();
    expect(await pending).toEqual({ done: true, value: undefined });
    expect(await input.next()).toEqual({ done: true, value: undefined });
  });

  test('does not wait for a named pipe that is silent', async () => {
    const path = join(folder, 'pipe');
    execFileSync('sh', ['-c', 'mkfifo "$1"', 'sh', path]);
    const opening = openInput([{ type: 'file', path }], { method: 'GET', expand: 'arguments' });
    const writer = openSync(path, 'r+');
    writeSync(writer, 'https://a.example/\n');
    const input = (await opening)[Symbol.asyncIterator]();
    expect((await input.next()).value?.map(label)).toEqual([`${path}:1 https://a.example/`]);
    const pending = input.next();
    await input.return?.();
    expect((await pending).done).toBe(true);
    closeSync(writer);
  });
});

test('the same standard input named twice is read once', async () => {
  const source = stdin('https://a.example/\n');
  expect(await readLabels([source, source])).toEqual(['stdin:1 https://a.example/']);
});

test('a BOM and the kind of line ends make no difference', async () => {
  const line = fc.constantFrom(
    'https://a.example/1',
    '',
    '# x',
    '{"url":"https://b.example/"}',
    'nonsense',
    ' https://c.example/ü ',
  );
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 8 }), async (lines) => {
      const expected = await readLabels([stdin(lines.join('\n'))]);
      for (const text of [
        lines.join('\r\n'),
        lines.join('\r'),
        `\ufeff${lines.join('\n')}`,
        lines.map((value) => `${value}\n`).join(''),
      ]) {
        expect(await readLabels([stdin(text)])).toEqual(expected);
      }
    }),
  );
});

test('a folder among the lists is told even where it is named like a list', async () => {
  const path = join(folder, 'folder.txt');
  mkdirSync(path);
  await expect(read([{ type: 'file', path }])).rejects.toThrow('is a directory');
});
