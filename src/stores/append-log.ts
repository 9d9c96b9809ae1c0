import type { StoreError } from '../core/failure.ts';
import { closeFile, syncFile, truncateFile, writeAll } from './file-io.ts';

const SYNC_AFTER_MS = 5_000;
/** So much goes into one write, if it is waiting. */
const BATCH_BYTES = 8 * 2 ** 20;

/** What is appended in one: in pieces, or as it is read from elsewhere where that is too much for memory. */
export type Appended = readonly Uint8Array[] | AsyncIterable<Uint8Array>;

interface Waiting {
  readonly pieces: Appended;
  /** Infinite where it is read from elsewhere: it goes alone. */
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: StoreError) => void;
}

/**
 * A file of whole lines that only grows.
 *
 * What waits while a write is on its way goes out together in the next one. When the promise of `append` is kept, the system has the
 * line, so SIGKILL cannot take it away. It is on the disk itself (fdatasync) within 5 s and on `close`: a loss of power takes away
 * at most the last few seconds, and may leave a torn tail, which the next run cuts.
 *
 * A write that fails is cut back to the last whole line, and everything that waits fails with it: the log is then closed to more. A failed
 * fdatasync is treated alike and never tried again: the system may have dropped what it could not write, and say yes the next time.
 */
export class AppendLog {
  readonly #fd: number;
  readonly #explain: (error: unknown) => StoreError;
  readonly #syncAfterMs: number;
  #size: number;
  #waiting: Waiting[] = [];
  #running = false;
  #pump: Promise<void> | undefined;
  #failure: StoreError | undefined;
  #failureTold = false;
  #unsynced = false;
  #syncDue = false;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param size of the file, where its last whole line ends.
   * @param explain makes the sentence for what the system said.
   */
  constructor(fd: number, size: number, explain: (error: unknown) => StoreError, syncAfterMs = SYNC_AFTER_MS) {
    this.#fd = fd;
    this.#size = size;
    this.#explain = explain;
    this.#syncAfterMs = syncAfterMs;
  }

  /** Bytes of whole lines in the file. */
  get size(): number {
    return this.#size;
  }

  /** Appends one line, its end included. A chunk that is read from elsewhere is used up before the next is asked for. */
  append(pieces: Appended): Promise<void> {
    if (this.#failure !== undefined) return this.#refuse(this.#failure);
    const bytes = isStream(pieces) ? Number.POSITIVE_INFINITY : pieces.reduce((sum, piece) => sum + piece.length, 0);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ pieces, bytes, resolve, reject });
      this.#start();
    });
  }

  /** Writes and syncs what is left, and closes the file. Throws the failure that nobody was told yet. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#pump;
    this.#syncDue = this.#unsynced;
    this.#start();
    await this.#pump;
    clearTimeout(this.#timer);
    try {
      await closeFile(this.#fd);
    } catch (error) {
      this.#failure ??= this.#explain(error);
    }
    if (this.#failure !== undefined && !this.#failureTold) await this.#refuse(this.#failure);
  }

  #refuse(failure: StoreError): Promise<never> {
    this.#failureTold = true;
    return Promise.reject(failure);
  }

  #start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#pump = this.#run();
  }

  async #run(): Promise<void> {
    while (this.#failure === undefined && (this.#waiting.length > 0 || this.#syncDue)) {
      if (this.#waiting.length > 0) await this.#writeBatch();
      if (this.#syncDue && this.#failure === undefined) await this.#sync();
    }
    // In the same breath as the loop's last look: what is appended a moment later starts the next round.
    this.#running = false;
  }

  async #writeBatch(): Promise<void> {
    const batch = this.#takeBatch();
    try {
      this.#size += await this.#write(batch);
    } catch (error) {
      // Where even the cut fails, the next run finds the torn tail and cuts it.
      await truncateFile(this.#fd, this.#size).catch(() => undefined);
      this.#fail(error, batch);
      return;
    }
    this.#unsynced = true;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#syncDue = this.#unsynced;
      this.#start();
    }, this.#syncAfterMs).unref();
    for (const waiting of batch) waiting.resolve();
  }

  async #write(batch: readonly Waiting[]): Promise<number> {
    const only = batch.length === 1 ? batch[0]?.pieces : undefined;
    if (only === undefined || !isStream(only)) {
      const pieces = batch.flatMap((waiting) => (isStream(waiting.pieces) ? [] : waiting.pieces));
      return writeAll(this.#fd, pieces, this.#size);
    }
    let bytes = 0;
    for await (const chunk of only) bytes += await writeAll(this.#fd, [chunk], this.#size + bytes);
    return bytes;
  }

  #takeBatch(): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const waiting of this.#waiting) {
      if (count > 0 && bytes + waiting.bytes > BATCH_BYTES) break;
      bytes += waiting.bytes;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  async #sync(): Promise<void> {
    this.#syncDue = false;
    this.#unsynced = false;
    try {
      await syncFile(this.#fd);
    } catch (error) {
      this.#fail(error, []);
    }
  }

  #fail(error: unknown, batch: readonly Waiting[]): void {
    const failure = this.#explain(error);
    this.#failure = failure;
    const failed = [...batch, ...this.#waiting];
    this.#waiting = [];
    if (failed.length > 0) this.#failureTold = true;
    for (const waiting of failed) waiting.reject(failure);
  }
}

function isStream(appended: Appended): appended is AsyncIterable<Uint8Array> {
  return Symbol.asyncIterator in appended;
}
