import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32, deflateRawSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { GzipMembers } from '../../src/net/gzip-members.ts';

const TEXT = Buffer.from('some text, and some more text. '.repeat(400));

async function decode(wire: Buffer, pieceBytes: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (let at = 0; at < wire.length; at += pieceBytes) pieces.push(wire.subarray(at, at + pieceBytes));
  const output: Buffer[] = [];
  const decoder = new GzipMembers();
  decoder.on('data', (chunk: Buffer) => output.push(chunk));
  await pipeline(Readable.from(pieces), decoder);
  return Buffer.concat(output);
}

/** A member with every optional part of RFC 1952: extra field, name, comment, header checksum. */
function fullMember(body: Buffer): Buffer {
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(body), 0);
  trailer.writeUInt32LE(body.length, 4);
  return Buffer.concat([
    Buffer.from([0x1f, 0x8b, 8, 2 | 4 | 8 | 16, 0, 0, 0, 0, 0, 3]),
    Buffer.from([3, 0, 1, 2, 3]),
    Buffer.from('name\0comment\0'),
    Buffer.from([0, 0]),
    deflateRawSync(body),
    trailer,
  ]);
}

const WHOLE = [
  ['one member', gzipSync(TEXT), TEXT],
  ['three members', Buffer.concat([gzipSync(TEXT), gzipSync(''), gzipSync(TEXT)]), Buffer.concat([TEXT, TEXT])],
  ['every optional part of a header', Buffer.concat([fullMember(TEXT), fullMember(TEXT)]), Buffer.concat([TEXT, TEXT])],
  ['zeros behind it', Buffer.concat([gzipSync(TEXT), Buffer.alloc(1_000)]), TEXT],
  ['one zero behind it', Buffer.concat([gzipSync(TEXT), Buffer.alloc(1)]), TEXT],
  ['garbage behind it', Buffer.concat([gzipSync(TEXT), Buffer.from('what is this')]), TEXT],
  [
    'garbage that begins like gzip behind it',
    Buffer.concat([gzipSync(TEXT), Buffer.from([0x1f, 0x8b, 1, 2, 3])]),
    TEXT,
  ],
] as const;

const BROKEN = [
  ['nothing', Buffer.alloc(0), 'Z_BUF_ERROR'],
  ['half a header', gzipSync(TEXT).subarray(0, 6), 'Z_BUF_ERROR'],
  ['half the data', gzipSync(TEXT).subarray(0, 40), 'Z_BUF_ERROR'],
  ['half a trailer', gzipSync(TEXT).subarray(0, -4), 'Z_BUF_ERROR'],
  ['no trailer', gzipSync(TEXT).subarray(0, -8), 'Z_BUF_ERROR'],
  ['a second member without its end', Buffer.concat([gzipSync(TEXT), gzipSync(TEXT).subarray(0, -9)]), 'Z_BUF_ERROR'],
  ['no gzip', Buffer.from('text'), 'Z_DATA_ERROR'],
  [
    'a header that does not end',
    Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3]), Buffer.alloc(70_000, 'a')]),
    'Z_DATA_ERROR',
  ],
] as const;

describe('GzipMembers', () => {
  for (const pieceBytes of [1, 7, 100_000]) {
    it.each(WHOLE)(`%s, in pieces of ${pieceBytes}`, async (_name, wire, body) => {
      expect((await decode(wire, pieceBytes)).equals(body)).toBe(true);
    });
    it.each(BROKEN)(`%s, in pieces of ${pieceBytes}: an error`, async (_name, wire, code) => {
      await expect(decode(wire, pieceBytes)).rejects.toMatchObject({ code });
    });
  }
});
