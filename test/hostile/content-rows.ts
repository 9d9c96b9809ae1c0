import * as zlib from 'node:zlib';
import { ZSTD_NOTICES_CUTS } from '../../src/net/content-coding.ts';
import { response } from '../support/h1-server.ts';
import type { ExpectedRecord } from './cases.ts';
import { ok, type ServerCase, send, sendEnd } from './server-case.ts';

const TEXT = 'The quick brown fox jumps over the lazy dog. '.repeat(60);
const ENCODE = {
  gzip: zlib.gzipSync,
  br: zlib.brotliCompressSync,
  zstd: zlib.zstdCompressSync,
  deflate: zlib.deflateSync,
} as const;

const OK: ExpectedRecord = { outcome: 'ok', attempts: 1, requests: 1, complete: 'content-length' };
const ALWAYS = { outcome: 'error', attempts: 3, requests: 3 } as const;
const ONCE = { outcome: 'error', attempts: 1, requests: 1 } as const;

/** Coded bytes, with their length. */
const coded = (coding: string, bytes: Buffer | string) => send(response(bytes, { 'content-encoding': coding }));
const bytesOf = (bytes: Buffer | string) => Buffer.from(bytes).toString('latin1');
const times = (count: number, bytes: Buffer) =>
  Array.from({ length: count }).reduce<Buffer>((coded) => zlib.gzipSync(coded), bytes);

function damaged(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(at) ^ 0xff, at);
  return copy;
}

const GZIPPED = zlib.gzipSync(TEXT);
const ZEROS = Buffer.alloc(40 * 2 ** 20);
const LARGE = { config: { net: { maxBodyBytes: 2 ** 30 } } } as const;

const cuts = (Object.keys(ENCODE) as (keyof typeof ENCODE)[])
  .filter((coding) => coding !== 'zstd' || ZSTD_NOTICES_CUTS)
  .flatMap((coding): ServerCase[] => {
    const whole = ENCODE[coding](TEXT);
    return [
      {
        case: 73,
        name: `${coding}, cut before its end`,
        serve: coded(coding, whole.subarray(0, -3)),
        expect: { ...ALWAYS, code: 'TRUNCATED' },
      },
      {
        case: 73,
        name: `${coding}, cut after its first byte`,
        serve: coded(coding, whole.subarray(0, 1)),
        expect: { ...ALWAYS, code: 'TRUNCATED' },
      },
      {
        case: 73,
        name: `${coding}, cut, where only the connection’s end ends the body`,
        serve: sendEnd(ok(`content-encoding: ${coding}\r\n`, bytesOf(whole.subarray(0, -3)))),
        expect: { ...ALWAYS, code: 'TRUNCATED' },
      },
      {
        case: 73,
        name: `${coding}, whole, where only the connection’s end ends the body: its own end proves it`,
        serve: sendEnd(ok(`content-encoding: ${coding}\r\n`, bytesOf(whole))),
        expect: { outcome: 'ok', attempts: 1, complete: 'decoded' },
        body: TEXT,
      },
    ];
  });

export const ROWS: readonly ServerCase[] = [
  ...cuts,
  {
    case: 74,
    name: 'gzip with a wrong checksum',
    serve: coded('gzip', damaged(GZIPPED, GZIPPED.length - 6)),
    expect: { ...ALWAYS, code: 'CORRUPT_BODY' },
    curl: 61,
    curlArguments: ['--compressed'],
  },
  {
    case: 74,
    name: 'gzip with a damaged middle',
    serve: coded('gzip', damaged(GZIPPED, 30)),
    expect: { ...ALWAYS, code: 'CORRUPT_BODY' },
  },
  {
    case: 74,
    name: 'text that is called gzip',
    serve: coded('gzip', TEXT),
    expect: { ...ALWAYS, code: 'CORRUPT_BODY' },
    curl: 61,
    curlArguments: ['--compressed'],
  },
  {
    case: 74,
    name: 'text that is called br',
    serve: coded('br', 'not brotli, surely not'),
    expect: { ...ALWAYS, code: 'CORRUPT_BODY' },
    curl: 61,
    curlArguments: ['--compressed'],
  },
  {
    case: 75,
    name: 'gzip of 40 MB, more than is allowed',
    serve: coded('gzip', zlib.gzipSync(ZEROS)),
    expect: { ...ONCE, code: 'TOO_LARGE' },
  },
  {
    case: 75,
    name: 'gzip of 40 MB from 40 kB, though so much is allowed',
    serve: coded('gzip', zlib.gzipSync(ZEROS)),
    ...LARGE,
    expect: { ...ONCE, code: 'DECOMPRESSION_BOMB' },
  },
  {
    case: 75,
    name: 'brotli of 40 MB from 40 bytes, though so much is allowed',
    serve: coded('br', zlib.brotliCompressSync(ZEROS)),
    ...LARGE,
    expect: { ...ONCE, code: 'DECOMPRESSION_BOMB' },
  },
  {
    case: 75,
    name: 'gzip in gzip, 40 MB inside',
    serve: coded('gzip, gzip', times(2, ZEROS)),
    ...LARGE,
    expect: { ...ONCE, code: 'DECOMPRESSION_BOMB' },
  },
  {
    case: 75,
    name: 'five codings',
    serve: coded('gzip,gzip,gzip,gzip,gzip', times(5, Buffer.from(TEXT))),
    expect: OK,
    body: TEXT,
    curl: 0,
    curlArguments: ['--compressed'],
  },
  {
    case: 75,
    name: 'six codings',
    serve: coded('gzip,gzip,gzip,gzip,gzip,gzip', times(6, Buffer.from(TEXT))),
    expect: { ...ONCE, code: 'DECOMPRESSION_BOMB' },
    curl: 61,
    curlArguments: ['--compressed'],
  },
  {
    case: 76,
    name: 'raw deflate',
    serve: coded('deflate', zlib.deflateRawSync(TEXT)),
    expect: OK,
    body: TEXT,
    curl: 0,
    curlArguments: ['--compressed'],
  },
  {
    case: 76,
    name: 'gzip with garbage behind it',
    serve: coded('gzip', Buffer.concat([GZIPPED, Buffer.from('garbage')])),
    expect: OK,
    body: TEXT,
  },
  {
    case: 76,
    name: 'gzip with padding behind it',
    serve: coded('gzip', Buffer.concat([GZIPPED, Buffer.alloc(512)])),
    expect: OK,
    body: TEXT,
  },
  {
    case: 76,
    name: 'brotli with garbage behind it',
    serve: coded('br', Buffer.concat([zlib.brotliCompressSync(TEXT), Buffer.from('garbage')])),
    expect: OK,
    body: TEXT,
  },
  {
    case: 76,
    name: 'an empty body that is called gzip',
    serve: coded('gzip', ''),
    expect: { ...OK, bytes: 0 },
    body: '',
  },
  {
    case: 76,
    name: 'gzip of two members',
    serve: coded('gzip', Buffer.concat([GZIPPED, zlib.gzipSync('!')])),
    expect: OK,
    body: `${TEXT}!`,
  },
  ...['utf-8', 'aws-chunked', 'compress', 'constructor', 'identity'].map(
    (coding): ServerCase => ({
      case: 77,
      name: `a body that is called ${coding}: as it came`,
      serve: coded(coding, TEXT),
      expect: OK,
      body: TEXT,
    }),
  ),
  {
    case: 77,
    name: 'gzip around aws-chunked: what is known is undone',
    serve: coded('aws-chunked, gzip', GZIPPED),
    expect: OK,
    body: TEXT,
  },
  {
    case: 36,
    name: 'transfer-encoding: gzip, chunked: both are undone',
    serve: send(
      `HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n${GZIPPED.length.toString(16)}\r\n${bytesOf(GZIPPED)}\r\n0\r\n\r\n`,
    ),
    expect: { outcome: 'ok', attempts: 1, complete: 'chunked' },
    body: TEXT,
  },
];
