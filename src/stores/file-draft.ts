import { unlink } from 'node:fs/promises';
import type { StoreError } from '../core/failure.ts';
import type { Draft } from '../core/ports.ts';
import { closeFile, writeAll } from './file-io.ts';
import type { TempFile } from './store-folder.ts';

/** So much goes into one write: chunks of HTTP/2 are of 16 kB at most, and each write costs a turn on another thread. */
const WRITE_BYTES = 256 * 1024;

/**
 * A large body on its way into a files store, written straight into its temporary file: one write at a time, while the next one is gathered.
 * A write that failed is told to whoever writes or finishes next.
 */
export class FileDraft implements Draft {
  readonly #temp: TempFile;
  readonly #explain: (error: unknown) => StoreError;
  #bytes = 0;
  #gathered: Buffer[] = [];
  #gatheredBytes = 0;
  #writing: Promise<void> | undefined;
  #failure: StoreError | undefined;
  #state: 'open' | 'finished' | 'discarded' = 'open';

  constructor(temp: TempFile, explain: (error: unknown) => StoreError) {
    this.#temp = temp;
    this.#explain = explain;
  }

  write(chunk: Buffer): void | Promise<void> {
    this.#mustBeOpen('write to');
    this.#gathered.push(chunk);
    this.#gatheredBytes += chunk.length;
    if (this.#gatheredBytes < WRITE_BYTES) return undefined;
    if (this.#writing !== undefined) return this.#writeNext(this.#writing);
    this.#begin();
    return undefined;
  }

  /** Leaves nothing behind. Of no effect once the page was kept. */
  async discard(): Promise<void> {
    if (this.#state !== 'open') return;
    this.#state = 'discarded';
    this.#gathered = [];
    // Its descriptor may be another file's as soon as it is closed.
    await this.#writing;
    await this.#remove();
  }

  /** Ends the writing. Returns the path of the whole file, which is the caller's from now on. */
  async finish(): Promise<string> {
    this.#mustBeOpen('keep of');
    if (this.#gatheredBytes > 0) await this.#writeNext(this.#writing);
    await this.#writing;
    this.#mustBeOpen('keep of');
    this.#state = 'finished';
    await closeFile(this.#temp.fd);
    return this.#temp.path;
  }

  async #writeNext(last: Promise<void> | undefined): Promise<void> {
    await last;
    this.#mustBeOpen('write to');
    this.#begin();
  }

  #begin(): void {
    const pieces = this.#gathered;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    this.#writing = this.#writeOut(pieces);
  }

  /** Never rejects. */
  async #writeOut(pieces: readonly Buffer[]): Promise<void> {
    try {
      this.#bytes += await writeAll(this.#temp.fd, pieces, this.#bytes);
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
