import { unlink } from 'node:fs/promises';
import { constants, crc32, createDeflateRaw, createInflateRaw, type DeflateRaw } from 'node:zlib';
import type { StoreError } from '../core/failure.ts';
import type { Draft } from '../core/ports.ts';
import { CREATE_NEW, closeFile, openFile, READ_ONLY_NO_FOLLOW, readAt, writeAll } from './file-io.ts';
import { endDigest, startDigest } from './warc-digest.ts';
import { GZIP_LEVEL } from './warc-gzip.ts';
import type { SpooledBody } from './warc-page.ts';

const CHUNK_BYTES = 256 * 1024;
const INFLATED_CHUNK_BYTES = 64 * 1024;

/**
 * A large body on its way into an archive, in a file beside it. Where the archive is compressed it is deflated here already, while it comes
 * in, so that bringing it into the archive, for which all other pages wait, is a copy of bytes. One write at a time.
 */
export class WarcDraft implements Draft, SpooledBody {
  readonly #path: string;
  readonly #fd: number;
  readonly #explain: (error: unknown) => StoreError;
  readonly #payload = startDigest();
  readonly #deflate: DeflateRaw | undefined;
  #deflated: Buffer[] = [];
  #bytes = 0;
  #storedBytes = 0;
  #crc = 0;
  #payloadDigest = '';
  #state: 'open' | 'finished' | 'discarded' = 'open';

  /** @throws what the system says */
  static async create(path: string, isGzip: boolean, explain: (error: unknown) => StoreError): Promise<WarcDraft> {
    return new WarcDraft(path, await openFile(path, CREATE_NEW), isGzip, explain);
  }

  private constructor(path: string, fd: number, isGzip: boolean, explain: (error: unknown) => StoreError) {
    this.#path = path;
    this.#fd = fd;
    this.#explain = explain;
    if (!isGzip) return;
    // Flushed at the end instead of ended: what follows the body in the member goes on from there.
    this.#deflate = createDeflateRaw({ level: GZIP_LEVEL, finishFlush: constants.Z_SYNC_FLUSH });
    this.#deflate.on('data', (piece: Buffer) => this.#deflated.push(piece));
  }

  /** Of the body. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Of the file. */
  get storedBytes(): number {
    return this.#storedBytes;
  }

  /** CRC-32 of the body. */
  get crc(): number {
    return this.#crc;
  }

  get payloadDigest(): string {
    return this.#payloadDigest;
  }

  async write(chunk: Buffer): Promise<void> {
    if (this.#state !== 'open') throw new Error(`write to a draft that is ${this.#state}`);
    this.#payload.update(chunk);
    this.#crc = crc32(chunk, this.#crc);
    this.#bytes += chunk.length;
    try {
      const deflate = this.#deflate;
      if (deflate === undefined) this.#deflated.push(chunk);
      else await new Promise<void>((resolve, reject) => deflate.write(chunk, (e) => (e ? reject(e) : resolve())));
      await this.#store();
    } catch (error) {
      await this.discard();
      throw this.#explain(error);
    }
  }

  /** Leaves nothing behind. */
  async discard(): Promise<void> {
    if (this.#state === 'discarded') return;
    const isOpen = this.#state === 'open';
    this.#state = 'discarded';
    this.#deflate?.destroy();
    if (isOpen) await closeFile(this.#fd).catch(() => undefined);
    await unlink(this.#path).catch(() => undefined);
  }

  /** Ends the writing. The file is there until `discard`. */
  async finish(): Promise<void> {
    if (this.#state !== 'open') throw new Error(`keep of a draft that is ${this.#state}`);
    const deflate = this.#deflate;
    if (deflate !== undefined) {
      await new Promise<void>((resolve, reject) => deflate.once('end', resolve).once('error', reject).end());
      await this.#store();
    }
    this.#payloadDigest = endDigest(this.#payload);
    this.#state = 'finished';
    await closeFile(this.#fd);
  }

  /** The file's bytes, in one buffer that is used again and again. */
  async *stored(): AsyncGenerator<Buffer> {
    const fd = await openFile(this.#path, READ_ONLY_NO_FOLLOW);
    try {
      const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
      for (let position = 0; position < this.#storedBytes; ) {
        const bytes = await readAt(fd, buffer, position);
        if (bytes === 0) throw new Error(`${this.#path} was cut by something else`);
        position += bytes;
        yield buffer.subarray(0, bytes);
      }
    } finally {
      await closeFile(fd);
    }
  }

  /** A second pass over the body: what stands before it is known only now. */
  async blockDigest(head: Buffer): Promise<string> {
    const sha1 = startDigest().update(head);
    if (this.#deflate === undefined) {
      for await (const chunk of this.stored()) sha1.update(chunk);
      return endDigest(sha1);
    }
    const inflate = createInflateRaw({ finishFlush: constants.Z_SYNC_FLUSH, chunkSize: INFLATED_CHUNK_BYTES });
    // As it comes: a chunk may hold a thousand times its size, which must not wait in memory.
    inflate.on('data', (piece: Buffer) => sha1.update(piece));
    try {
      for await (const chunk of this.stored()) {
        await new Promise<void>((resolve, reject) => inflate.write(chunk, (e) => (e ? reject(e) : resolve())));
      }
      await new Promise<void>((resolve, reject) => inflate.once('end', resolve).once('error', reject).end());
    } finally {
      inflate.destroy();
    }
    return endDigest(sha1);
  }

  async #store(): Promise<void> {
    const pieces = this.#deflated.splice(0);
    this.#storedBytes += await writeAll(this.#fd, pieces, this.#storedBytes);
  }
}
