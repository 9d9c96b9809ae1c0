import { randomBytes } from 'node:crypto';
import * as zlib from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../../src/core/ports.ts';
import { ZSTD_NOTICES_CUTS } from '../../src/net/content-coding.ts';
import { response, startH1Server } from '../support/h1-server.ts';
import { startH2Server } from '../support/h2-server.ts';
import { fetchOne, sha256, testClient } from './fetch-one.ts';

const TEXT = Buffer.from('The quick brown fox jumps over the lazy dog. '.repeat(60));
/** Incompressible, so that its coded form is streamed, in many chunks. */
const LARGE = randomBytes(900_000);
const GARBAGE = Buffer.from('garbage after the end');

const ENCODE: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  gzip: zlib.gzipSync,
  'x-gzip': zlib.gzipSync,
  br: zlib.brotliCompressSync,
  zstd: zlib.zstdCompressSync,
  deflate: zlib.deflateSync,
};

const encode = (codings: readonly string[], bytes: Buffer) =>
  codings.reduce((coded, name) => ENCODE[name]?.(coded) ?? coded, bytes);

interface Case {
  readonly name: string;
  readonly coding: string;
  readonly wire: Buffer;
  readonly outcome: string;
  readonly body?: Buffer;
}

const WHOLE: Case[] = Object.keys(ENCODE).flatMap((coding) => [
  { name: `${coding}, small`, coding, wire: encode([coding], TEXT), outcome: 'content-length', body: TEXT },
  { name: `${coding}, large`, coding, wire: encode([coding], LARGE), outcome: 'content-length', body: LARGE },
  {
    name: `${coding}, nothing at all`,
    coding,
    wire: Buffer.alloc(0),
    outcome: 'content-length',
    body: Buffer.alloc(0),
  },
  {
    name: `${coding} of nothing`,
    coding,
    wire: encode([coding], Buffer.alloc(0)),
    outcome: 'content-length',
    body: Buffer.alloc(0),
  },
  {
    name: `${coding}, small, and garbage`,
    coding,
    wire: Buffer.concat([encode([coding], TEXT), GARBAGE]),
    outcome: 'content-length',
    body: TEXT,
  },
  {
    name: `${coding}, large, and garbage`,
    coding,
    wire: Buffer.concat([encode([coding], LARGE), GARBAGE, LARGE]),
    outcome: 'content-length',
    body: LARGE,
  },
]);

const LENIENT: Case[] = [
  {
    name: 'raw deflate, small',
    coding: 'deflate',
    wire: zlib.deflateRawSync(TEXT),
    outcome: 'content-length',
    body: TEXT,
  },
  {
    name: 'raw deflate, large',
    coding: 'deflate',
    wire: zlib.deflateRawSync(LARGE),
    outcome: 'content-length',
    body: LARGE,
  },
  {
    name: 'gzip of two members',
    coding: 'gzip',
    wire: Buffer.concat([zlib.gzipSync(TEXT), zlib.gzipSync(TEXT)]),
    outcome: 'content-length',
    body: Buffer.concat([TEXT, TEXT]),
  },
  {
    name: 'gzip of two members, large',
    coding: 'gzip',
    wire: Buffer.concat([zlib.gzipSync(LARGE), zlib.gzipSync(TEXT)]),
    outcome: 'content-length',
    body: Buffer.concat([LARGE, TEXT]),
  },
  {
    name: 'gzip with padding',
    coding: 'gzip',
    wire: Buffer.concat([zlib.gzipSync(TEXT), Buffer.alloc(512)]),
    outcome: 'content-length',
    body: TEXT,
  },
  { name: 'capitals and blanks', coding: ' GZip ', wire: zlib.gzipSync(TEXT), outcome: 'content-length', body: TEXT },
  {
    name: 'two codings',
    coding: 'gzip, br',
    wire: encode(['gzip', 'br'], TEXT),
    outcome: 'content-length',
    body: TEXT,
  },
  {
    name: 'two codings, large',
    coding: 'zstd, gzip',
    wire: encode(['zstd', 'gzip'], LARGE),
    outcome: 'content-length',
    body: LARGE,
  },
  {
    name: 'five codings',
    coding: 'gzip,gzip,gzip,gzip,gzip',
    wire: encode(['gzip', 'gzip', 'gzip', 'gzip', 'gzip'], TEXT),
    outcome: 'content-length',
    body: TEXT,
  },
  { name: 'identity', coding: 'identity', wire: TEXT, outcome: 'content-length', body: TEXT },
  { name: 'a coding that is none: utf-8', coding: 'utf-8', wire: TEXT, outcome: 'content-length', body: TEXT },
  {
    name: 'a coding that is unknown: aws-chunked',
    coding: 'aws-chunked',
    wire: TEXT,
    outcome: 'content-length',
    body: TEXT,
  },
  {
    name: 'gzip around an unknown coding',
    coding: 'aws-chunked, gzip',
    wire: zlib.gzipSync(TEXT),
    outcome: 'content-length',
    body: TEXT,
  },
  { name: 'a name of Object’s', coding: 'constructor', wire: TEXT, outcome: 'content-length', body: TEXT },
];

const damaged = (bytes: Buffer, at: number) => {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 0xff;
  return copy;
};

const BROKEN: Case[] = [
  ...['gzip', 'br', ...(ZSTD_NOTICES_CUTS ? ['zstd'] : []), 'deflate'].flatMap((coding) => [
    { name: `${coding}, small, cut`, coding, wire: encode([coding], TEXT).subarray(0, -3), outcome: 'TRUNCATED' },
    { name: `${coding}, large, cut`, coding, wire: encode([coding], LARGE).subarray(0, -3), outcome: 'TRUNCATED' },
    {
      name: `${coding}, cut after the first byte`,
      coding,
      wire: encode([coding], TEXT).subarray(0, 1),
      outcome: 'TRUNCATED',
    },
  ]),
  {
    name: 'gzip with a wrong checksum',
    coding: 'gzip',
    wire: damaged(zlib.gzipSync(TEXT), zlib.gzipSync(TEXT).length - 6),
    outcome: 'CORRUPT_BODY',
  },
  {
    name: 'gzip with a wrong checksum, large',
    coding: 'gzip',
    wire: damaged(zlib.gzipSync(LARGE), zlib.gzipSync(LARGE).length - 6),
    outcome: 'CORRUPT_BODY',
  },
  { name: 'text that is called gzip', coding: 'gzip', wire: TEXT, outcome: 'CORRUPT_BODY' },
  {
    name: 'text that is called br',
    coding: 'br',
    wire: Buffer.from('not brotli, surely not'),
    outcome: 'CORRUPT_BODY',
  },
  { name: 'text that is called zstd', coding: 'zstd', wire: TEXT, outcome: 'CORRUPT_BODY' },
  {
    name: 'more than five codings',
    coding: 'gzip,gzip,gzip,gzip,gzip,gzip',
    wire: encode(['gzip', 'gzip', 'gzip', 'gzip', 'gzip', 'gzip'], TEXT),
    outcome: 'DECOMPRESSION_BOMB',
  },
];

const HUGE = Buffer.alloc(40 * 1024 * 1024);

describe('content codings', () => {
  let client: Client;
  beforeAll(() => {
    client = testClient();
  });
  afterAll(() => client.destroy());

  it.each([...WHOLE, ...LENIENT, ...BROKEN])('$name: $outcome', async ({ coding, wire, outcome, body }) => {
    const server = await startH1Server((connection) => connection.send(response(wire, { 'content-encoding': coding })));
    const fetched = await fetchOne(client, `${server.origin}/`);
    await server.close();
    expect(fetched.outcome).toBe(outcome);
    if (body !== undefined) expect(sha256(fetched.body)).toBe(sha256(body));
    if (fetched.exchange.ok) {
      expect(fetched.exchange.bytes).toBe(fetched.body.length);
      expect(fetched.exchange.wireBytes).toBe(wire.length);
    }
  });

  it.each(['gzip', 'br', 'zstd', 'deflate'])(
    '%s: its own end proves the body where HTTP/2 gives no length',
    async (coding) => {
      const server = await startH2Server((connection, stream) =>
        connection.respond(stream, encode([coding], TEXT), [['content-encoding', coding]]),
      );
      const fetched = await fetchOne(client, `${server.origin}/`);
      await server.close();
      expect([fetched.outcome, sha256(fetched.body)]).toEqual(['decoded', sha256(TEXT)]);
    },
  );

  it('a body of which 200 times as much comes out, past 10 MB, is a bomb', async () => {
    const large = testClient({ maxBodyBytes: 2 ** 30 });
    const server = await startH1Server((connection) =>
      connection.send(response(zlib.gzipSync(HUGE), { 'content-encoding': 'gzip' })),
    );
    let most = 0;
    const exchange = await large.exchange(
      {
        url: `${server.origin}/`,
        origin: server.origin,
        method: 'GET',
        headers: {},
        http1Only: false,
        showCertificate: false,
      },
      () => ({
        write: (chunk) => {
          most = Math.max(most, chunk.length);
        },
      }),
    );
    await server.close();
    await large.destroy();
    expect(exchange).toMatchObject({ ok: false, failure: { code: 'DECOMPRESSION_BOMB' } });
    expect(most).toBeLessThanOrEqual(1024 * 1024);
  });

  it('an error page is decoded too', async () => {
    const server = await startH1Server((connection) =>
      connection.send(response(zlib.gzipSync('no such page'), { 'content-encoding': 'gzip' }, '404 Not Found')),
    );
    expect((await fetchOne(client, `${server.origin}/`)).body.toString()).toBe('no such page');
    await server.close();
  });

  it('any body, in any codings, however the wire cuts it up, comes out as it was', async () => {
    const pieces: Buffer[] = [];
    let coding = '';
    const server = await startH1Server(async (connection) => {
      const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
      await connection.send(`HTTP/1.1 200 OK\r\ncontent-encoding: ${coding}\r\ncontent-length: ${length}\r\n\r\n`);
      for (const piece of pieces) await connection.send(piece);
    });
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 3_000 }),
        fc.integer({ min: 1, max: 60 }),
        fc.array(fc.constantFrom('gzip', 'br', 'zstd', 'deflate'), { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 1, max: 40_000 }),
        async (seed, times, codings, pieceBytes) => {
          const body = Buffer.concat(new Array<Uint8Array>(times).fill(seed));
          const wire = encode(codings, body);
          coding = codings.join(', ');
          pieces.length = 0;
          for (let at = 0; at < wire.length; at += Math.max(pieceBytes, wire.length / 20)) {
            pieces.push(wire.subarray(Math.floor(at), Math.floor(at + Math.max(pieceBytes, wire.length / 20))));
          }
          const fetched = await fetchOne(client, `${server.origin}/`);
          expect([fetched.outcome, sha256(fetched.body)]).toEqual(['content-length', sha256(body)]);
        },
      ),
      { numRuns: 60 },
    );
    await server.close();
  });
});
