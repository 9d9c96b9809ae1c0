import { unlink } from 'node:fs/promises';
import type { StoreError } from '../core/failure.ts';
import type { Draft } from '../core/ports.ts';
import { closeFile, writeAll } from './file-io.ts';
import type { TempFile } from './store-folder.ts';

/** A large body on its way into a files store, written straight into its temporary file. One write at a time. */
export class FileDraft implements Draft {
  readonly #temp: TempFile;
  readonly #explain: (error: unknown) => StoreError;
  #bytes = 0;
  #state: 'open' | 'finished' | 'discarded' = 'open';

  constructor(temp: TempFile, explain: (error: unknown) => StoreError) {
    this.#temp = temp;
    this.#explain = explain;
  }

  async write(chunk: Buffer): Promise<void> {
    if (this.#state !== 'open') throw new Error(`write to a draft that is ${this.#state}`);
    try {
      this.#bytes += await writeAll(this.#temp.fd, [chunk], this.#bytes);
    } catch (error) {
      await this.discard();
      throw this.#explain(error);
    }
  }

  /** Leaves nothing behind. Of no effect once the page was kept. */
  async discard(): Promise<void> {
    if (this.#state !== 'open') return;
    this.#state = 'discarded';
    await closeFile(this.#temp.fd).catch(() => undefined);
    await unlink(this.#temp.path).catch(() => undefined);
  }

  /** Ends the writing. Returns the path of the whole file, which is the caller's from now on. */
  async finish(): Promise<string> {
    if (this.#state !== 'open') throw new Error(`keep of a draft that is ${this.#state}`);
    this.#state = 'finished';
    await closeFile(this.#temp.fd);
    return this.#temp.path;
  }
}
