import { expect } from 'vitest';
import { createClient } from '../../src/net/client.ts';
import { response, startH1Server } from '../support/h1-server.ts';
import { MemoryStore } from '../support/model-run.ts';
import { hostileRun } from './hostile-run.ts';
import { CHUNKED, type CheckCase, drip, ok, pour, type ServerCase, send, silence } from './server-case.ts';

const SHORT_RESPONSE = { net: { responseTimeoutMs: 300 } } as const;
const SHORT_STALL = { net: { stallTimeoutMs: 300 } } as const;
const OK = { outcome: 'ok', attempts: 1, requests: 1 } as const;
const ONCE = { outcome: 'error', attempts: 1, requests: 1 } as const;
const ALWAYS = { outcome: 'error', attempts: 3, requests: 3 } as const;

const manyFields = (count: number) => Array.from({ length: count }, (_, n) => `x-${n}: a\r\n`).join('');

export const ROWS: readonly (ServerCase | CheckCase)[] = [
  // Heads.
  {
    case: 47,
    name: 'a head of 60 kB',
    serve: send(ok(`x: ${'a'.repeat(60_000)}\r\ncontent-length: 0\r\n`)),
    expect: { ...OK, complete: 'content-length' },
  },
  {
    case: 47,
    name: 'a head of 100 kB',
    serve: send(ok(`x: ${'a'.repeat(100_000)}\r\ncontent-length: 0\r\n`)),
    expect: { ...ONCE, code: 'HEADERS_TOO_LARGE' },
  },
  {
    case: 47,
    name: '3,000 fields',
    serve: send(ok(`${manyFields(3_000)}content-length: 2\r\n`, 'hi')),
    expect: OK,
    body: 'hi',
  },
  {
    case: 47,
    name: 'fields without end',
    serve: pour('HTTP/1.1 200 OK\r\n', manyFields(1_000)),
    expect: { ...ONCE, code: 'HEADERS_TOO_LARGE' },
  },
  {
    case: 47,
    name: 'a field without end',
    serve: pour('HTTP/1.1 200 OK\r\nx: ', 'a'.repeat(10_000)),
    expect: { ...ONCE, code: 'HEADERS_TOO_LARGE' },
  },
  {
    case: 48,
    name: 'a head that drips',
    config: SHORT_RESPONSE,
    serve: drip('HTTP/1.1 200 OK\r\nx: ', 'a'),
    expect: { ...ALWAYS, code: 'RESPONSE_TIMEOUT' },
    curl: 28,
    curlArguments: ['--max-time', '0.3'],
  },
  {
    case: 48,
    name: 'no answer at all',
    config: SHORT_RESPONSE,
    serve: silence,
    expect: { ...ALWAYS, code: 'RESPONSE_TIMEOUT' },
  },

  // Bodies.
  {
    case: 49,
    name: 'a body that never begins',
    config: SHORT_STALL,
    serve: send(ok('content-length: 9\r\n')),
    expect: { ...ALWAYS, code: 'STALLED' },
  },
  {
    case: 49,
    name: 'a body that stops',
    config: SHORT_STALL,
    serve: send(`${CHUNKED}5\r\nhello\r\n`),
    expect: { ...ALWAYS, code: 'STALLED' },
  },
  {
    case: 49,
    name: 'a proxy on the way swallows the rest',
    config: SHORT_STALL,
    serve: send(response('a'.repeat(1_000))),
    toxics: { limitBytes: 300, ending: 'silence' },
    expect: { ...ALWAYS, code: 'STALLED' },
  },
  {
    case: 50,
    name: 'a body that drips',
    config: SHORT_STALL,
    serve: drip(CHUNKED, '1\r\na\r\n'),
    expect: { ...ALWAYS, code: 'STALLED' },
  },
  {
    case: 50,
    name: 'a body that is slow but comes, and a limit for the whole',
    config: { net: { stallTimeoutMs: 300, maxTimeMs: 600 } },
    serve: drip(CHUNKED, `3e8\r\n${'a'.repeat(1_000)}\r\n`),
    expect: { ...ALWAYS, code: 'MAX_TIME' },
  },
  {
    case: 51,
    name: 'chunks without end',
    serve: pour(CHUNKED, `10000\r\n${'a'.repeat(0x10000)}\r\n`),
    expect: { ...ONCE, code: 'TOO_LARGE' },
  },
  {
    case: 51,
    name: 'a body without end and without a length',
    serve: pour(ok(''), 'a'.repeat(0x10000)),
    expect: { ...ONCE, code: 'TOO_LARGE' },
  },
  {
    case: 51,
    name: 'a content-length over the bound',
    serve: send(ok('content-length: 9000000000\r\n', 'hi')),
    expect: { ...ONCE, code: 'TOO_LARGE' },
  },
  {
    case: 52,
    name: 'a store that is slow, then a server that stops: our own time does not count, the server’s does',
    check: slowStoreThenStall,
  },
  { case: 52, name: 'a store that is slow, and a server that is not', check: slowStore },

  // Names and values.
  {
    case: 53,
    name: 'bytes over 127 stay as they came, and __proto__ is a name like any other',
    serve: send(
      ok(
        'x-name: caf\xe9\r\nx-utf8: caf\xc3\xa9\r\nset-cookie: a\r\nSet-Cookie: b\r\n__proto__: p\r\nconstructor: c\r\ncontent-length: 0\r\n',
      ),
    ),
    expect: OK,
    also: ({ record }) => {
      expect(Object.entries(record.headers ?? {})).toEqual([
        ['x-name', ['caf\xe9']],
        ['x-utf8', ['caf\xc3\xa9']],
        ['set-cookie', ['a', 'b']],
        ['__proto__', ['p']],
        ['constructor', ['c']],
        ['content-length', ['0']],
      ]);
      expect(JSON.parse(JSON.stringify(record)).headers).not.toHaveProperty('polluted');
      expect(Object.prototype).not.toHaveProperty('p');
    },
  },
];

/** A store that streams, and takes its time with the first piece. */
class SlowStore extends MemoryStore {
  drafted = 0;

  async draft() {
    return {
      write: async (chunk: Buffer) => {
        this.drafted += chunk.length;
        if (this.drafted === chunk.length) await new Promise((resolve) => setTimeout(resolve, 700));
      },
      discard: async () => {},
    };
  }
}

const MUCH = 3 * 2 ** 20;

async function slowStore(): Promise<void> {
  const server = await startH1Server(send(response(Buffer.alloc(MUCH))));
  const store = new SlowStore();
  await hostileRun([`${server.origin}/`], { store, config: { net: { stallTimeoutMs: 300 } } });
  await server.close();
  expect(store.records).toMatchObject([{ outcome: 'ok', attempts: 1, bytes: MUCH }]);
  expect(store.drafted).toBe(MUCH);
}

async function slowStoreThenStall(): Promise<void> {
  const server = await startH1Server(send(ok(`content-length: ${MUCH + 1}\r\n`, 'a'.repeat(MUCH))));
  const store = new SlowStore();
  const config = { net: { stallTimeoutMs: 300 }, retry: { retries: 0 } };
  await hostileRun([`${server.origin}/`], { store, config, createClient: ({ net }) => createClient(net) });
  await server.close();
  expect(store.records).toMatchObject([{ outcome: 'error', error: { code: 'STALLED' }, attempts: 1 }]);
  expect(store.drafted).toBe(MUCH);
}
