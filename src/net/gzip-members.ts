import { Transform, type TransformCallback } from 'node:stream';
import { crc32, createInflateRaw, type InflateRaw } from 'node:zlib';

const FIXED_HEADER_BYTES = 10;
const TRAILER_BYTES = 8;
const MAX_HEADER_BYTES = 64 * 1024;
const FLAG = { headerCrc: 2, extra: 4, name: 8, comment: 16 } as const;

class GzipError extends Error {
  override readonly name = 'GzipError';
  readonly code: 'Z_DATA_ERROR' | 'Z_BUF_ERROR';
  constructor(code: 'Z_DATA_ERROR' | 'Z_BUF_ERROR', message: string) {
    super(message);
    this.code = code;
  }
}

/** Length of a member's header; undefined while it is not all there. Throws where the bytes are no gzip (RFC 1952 §2.3). */
function headerLength(bytes: Buffer): number | undefined {
  if (bytes.length >= 3 && !(bytes[0] === 0x1f && bytes[1] === 0x8b && bytes[2] === 8)) {
    throw new GzipError('Z_DATA_ERROR', 'incorrect gzip header');
  }
  if (bytes.length < FIXED_HEADER_BYTES) return undefined;
  const flags = bytes.readUInt8(3);
  let length = FIXED_HEADER_BYTES;
  if (flags & FLAG.extra) {
    if (bytes.length < length + 2) return undefined;
    length += 2 + bytes.readUInt16LE(length);
  }
  for (const flag of [FLAG.name, FLAG.comment]) {
    if (!(flags & flag)) continue;
    const end = length <= bytes.length ? bytes.indexOf(0, length) : -1;
    if (end === -1) return undefined;
    length = end + 1;
  }
  if (flags & FLAG.headerCrc) length += 2;
  return length <= bytes.length ? length : undefined;
}

/**
 * Decodes gzip member by member, and takes what follows the last one for padding or garbage, as browsers do.
 * `zlib.Gunzip` is not used: at garbage it fails and takes the last output with it.
 */
export class GzipMembers extends Transform {
  #part: 'header' | 'data' | 'trailer' | 'done' = 'header';
  #members = 0;
  /** Bytes of a header or trailer that is not all there yet. */
  #held: Buffer = Buffer.alloc(0);
  #inflate: InflateRaw | undefined;
  #crc = 0;
  #size = 0;
  /** What goes on when the deflate data has ended. */
  #onDataEnd: (() => void) | undefined;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    try {
      this.#advance(chunk, callback);
    } catch (error) {
      callback(error as Error);
    }
  }

  override _flush(callback: TransformCallback): void {
    const betweenMembers = this.#part === 'done' || (this.#part === 'header' && this.#members > 0);
    callback(betweenMembers ? null : new GzipError('Z_BUF_ERROR', 'unexpected end of gzip data'));
  }

  override _read(size: number): void {
    this.#inflate?.resume();
    super._read(size);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#inflate?.destroy();
    callback(error);
  }

  #advance(chunk: Buffer, callback: TransformCallback): void {
    let rest = chunk;
    while (rest.length > 0 && !this.destroyed) {
      if (this.#part === 'done') break;
      if (this.#part === 'data') {
        this.#inflateChunk(rest, callback);
        return;
      }
      const bytes = this.#held.length === 0 ? rest : Buffer.concat([this.#held, rest]);
      const used = this.#part === 'header' ? this.#beginMember(bytes) : this.#endMember(bytes);
      if (used === undefined) {
        this.#held = Buffer.from(bytes);
        break;
      }
      this.#held = Buffer.alloc(0);
      rest = bytes.subarray(used);
    }
    callback();
  }

  #beginMember(bytes: Buffer): number | undefined {
    let length: number | undefined;
    try {
      length = headerLength(bytes);
      if (length === undefined && bytes.length > MAX_HEADER_BYTES)
        throw new GzipError('Z_DATA_ERROR', 'gzip header too long');
    } catch (error) {
      if (this.#members === 0) throw error;
      this.#part = 'done';
      return bytes.length;
    }
    if (length === undefined) return undefined;
    this.#crc = 0;
    this.#size = 0;
    this.#part = 'data';
    this.#inflate = this.#createInflate();
    return length;
  }

  #createInflate(): InflateRaw {
    const inflate = createInflateRaw();
    inflate.on('data', (output: Buffer) => {
      this.#crc = crc32(output, this.#crc);
      this.#size = (this.#size + output.length) >>> 0;
      if (!this.push(output)) inflate.pause();
    });
    inflate.on('end', () => {
      this.#part = 'trailer';
      this.#onDataEnd?.();
    });
    inflate.on('error', (error) => this.destroy(error));
    return inflate;
  }

  #inflateChunk(chunk: Buffer, callback: TransformCallback): void {
    const inflate = this.#inflate;
    if (inflate === undefined) return;
    const before = inflate.bytesWritten;
    this.#onDataEnd = () => {
      this.#onDataEnd = undefined;
      const rest = chunk.subarray(inflate.bytesWritten - before);
      inflate.destroy();
      this.#inflate = undefined;
      try {
        this.#advance(rest, callback);
      } catch (error) {
        callback(error as Error);
      }
    };
    inflate.write(chunk, () => {
      // Bytes left over mean that the data has ended in this chunk: its last output may still be on the way, and `end` comes after it.
      if (this.#onDataEnd === undefined || inflate.bytesWritten - before < chunk.length) return;
      this.#onDataEnd = undefined;
      callback();
    });
  }

  #endMember(bytes: Buffer): number | undefined {
    if (bytes.length < TRAILER_BYTES) return undefined;
    if (bytes.readUInt32LE(0) !== this.#crc) throw new GzipError('Z_DATA_ERROR', 'incorrect gzip checksum');
    if (bytes.readUInt32LE(4) !== this.#size) throw new GzipError('Z_DATA_ERROR', 'incorrect gzip length');
    this.#members += 1;
    this.#part = 'header';
    return TRAILER_BYTES;
  }
}
