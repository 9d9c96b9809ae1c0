import { unlink } from 'node:fs/promises';
import type { StoreError } from '../core/failure.ts';
import type { Draft } from '../core/ports.ts';
import { closeFile, writeAll } from './file-io.ts';
import type { TempFile } from './store-folder.ts';

/** So much goes into one write: chunks of HTTP/2 are of 16 kB at most, and each write costs a turn on another thread. */
const WRITE_BYTES = 256 * 1024;
const NOTHING = Buffer.alloc(0);

/**
 * A large body on its way into a files store, written straight into its temporary file: one write at a time, while the next one is gathered.
 * A write that failed is told to whoever writes or finishes next.
 *
 * Chunks are copied into two buffers that take turns. A chunk that waits for its write outlives young collections, and a copy is cheaper than the
 * full collections that so many of them make.
 */
export class FileDraft implements Draft {
  readonly #temp: TempFile;
  readonly #explain: (error: unknown) => StoreError;
  #bytes = 0;
  #gathered: Buffer = NOTHING;
  #gatheredBytes = 0;
  /** The other buffer, while nothing of it is being written. */
  #spare: Buffer | undefined;
  #writing: Promise<void> | undefined;
  #failure: StoreError | undefined;
  #state: 'open' | 'finished' | 'discarded' = 'open';

  constructor(temp: TempFile, explain: (error: unknown) => StoreError) {
    this.#temp = temp;
    this.#explain = explain;
  }

  write(chunk: Buffer): void | Promise<void> {
    this.#mustBeOpen('write to');
    const taken = this.#gather(chunk, 0);
    return this.#isFull ? this.#writeRest(chunk, taken) : undefined;
  }

  /** Leaves nothing behind. Of no effect once the page was kept. */
  async discard(): Promise<void> {
    if (this.#state !== 'open') return;
    this.#state = 'discarded';
    // Its descriptor may be another file's as soon as it is closed.
    await this.#writing;
    await this.#remove();
  }

  /** Ends the writing. Returns the path of the whole file, which is the caller's from now on. */
  async finish(): Promise<string> {
    this.#mustBeOpen('keep of');
    await this.#writing;
    this.#mustBeOpen('keep of');
    if (this.#gatheredBytes > 0) this.#begin();
    await this.#writing;
    this.#mustBeOpen('keep of');
    this.#state = 'finished';
    await closeFile(this.#temp.fd);
    return this.#temp.path;
  }

  get #isFull(): boolean {
    return this.#gatheredBytes === WRITE_BYTES;
  }

  /** Copies from there on until all of it is taken, or both buffers are full. Returns how far it came. */
  #gather(chunk: Buffer, from: number): number {
    let at = from;
    while (at < chunk.length && !this.#isFull) {
      if (this.#gathered.length === 0) this.#gathered = Buffer.allocUnsafeSlow(WRITE_BYTES);
      const bytes = chunk.copy(this.#gathered, this.#gatheredBytes, at);
      this.#gatheredBytes += bytes;
      at += bytes;
      if (this.#isFull && this.#writing === undefined) this.#begin();
    }
    return at;
  }

  async #writeRest(chunk: Buffer, from: number): Promise<void> {
    let taken = from;
    do {
      await this.#writing;
      this.#mustBeOpen('write to');
      this.#begin();
      taken = this.#gather(chunk, taken);
    } while (this.#isFull);
  }

  #begin(): void {
    const full = this.#gathered;
    const bytes = this.#gatheredBytes;
    this.#gathered = this.#spare ?? NOTHING;
    this.#spare = undefined;
    this.#gatheredBytes = 0;
    this.#writing = this.#writeOut(full, bytes);
  }

  /** Never rejects. */
  async #writeOut(buffer: Buffer, bytes: number): Promise<void> {
    try {
      this.#bytes += await writeAll(this.#temp.fd, [buffer.subarray(0, bytes)], this.#bytes);
      this.#spare = buffer;
    } catch (error) {
      this.#failure = this.#explain(error);
      if (this.#state === 'open') {
        this.#state = 'discarded';
        await this.#remove();
      }
    }
    this.#writing = undefined;
  }

  #mustBeOpen(doing: string): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#state !== 'open') throw new Error(`${doing} a draft that is ${this.#state}`);
  }

  async #remove(): Promise<void> {
    await closeFile(this.#temp.fd).catch(() => undefined);
    await unlink(this.#temp.path).catch(() => undefined);
  }
}
