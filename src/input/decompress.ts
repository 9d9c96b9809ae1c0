import type { TransformOptions } from 'node:stream';
import { createGunzip, type Gunzip, type ZlibOptions } from 'node:zlib';
import { BrokenList, drain } from './read-stream.ts';

/** Compressed bytes are inflated in such pieces: it bounds what one piece can swell to. */
const PIECE_BYTES = 16 * 1024;

/** First bytes of gzip data (RFC 1952 §2.3.1). */
const MAGIC = [0x1f, 0x8b] as const;

/** Every write fills the buffer, so that `drain` tells when a piece is worked off. Missing in the types of Node's zlib. */
const ONE_PIECE: ZlibOptions & TransformOptions = { writableHighWaterMark: 1 };

/** True where bytes may be, or begin, gzip data. */
export function mayBeGzip(head: Uint8Array): boolean {
  return MAGIC.every((byte, index) => head.length <= index || head[index] === byte);
}

/**
 * Passes bytes through, gzip data inflated: of several members too, and known by its first bytes. Whatever was inflated before a
 * tear is yielded.
 *
 * @param named the list's name says gzip: anything else is a break then.
 * @throws BrokenList where the data is torn or corrupt.
 */
export async function* decompress(chunks: AsyncIterable<Buffer>, named: boolean): AsyncGenerator<Buffer> {
  let head: Buffer | undefined = Buffer.alloc(0);
  let gunzip: Gunzip | undefined;
  try {
    for await (const chunk of chunks) {
      let bytes = chunk;
      if (head !== undefined) {
        bytes = Buffer.concat([head, chunk]);
        if (bytes.length < MAGIC.length && mayBeGzip(bytes)) {
          head = bytes;
          continue;
        }
        head = undefined;
        if (mayBeGzip(bytes)) gunzip = createGunzip(ONE_PIECE);
        else if (named) throw new BrokenList('it is not in gzip format');
      }
      if (gunzip === undefined) yield bytes;
      else yield* inflate(gunzip, bytes);
    }
    if (gunzip !== undefined) {
      gunzip.end();
      yield* drain(gunzip);
    } else if (head !== undefined) {
      if (named) throw new BrokenList('unexpected end of file');
      yield head;
    }
  } finally {
    gunzip?.destroy();
  }
}

/** Data that ends before its bytes do is followed by padding: that is skipped. */
async function* inflate(gunzip: Gunzip, bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length && !gunzip.readableEnded; at += PIECE_BYTES) {
    gunzip.write(bytes.subarray(at, at + PIECE_BYTES));
    yield* drain(gunzip, () => !gunzip.writableNeedDrain);
  }
}
