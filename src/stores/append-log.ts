import { setImmediate as immediate } from 'node:timers/promises';
import type { StoreError } from '../core/failure.ts';
import { bytesOf, closeFile, syncFile, truncateFile, writeAll, writeAllSync } from './file-io.ts';
import { type Piece, PieceJoiner } from './piece-joiner.ts';
import type { QuickDisk } from './quick-disk.ts';

const SYNC_AFTER_MS = 5_000;
/** So much goes into one write, if it is waiting. */
const BATCH_BYTES = 8 * 2 ** 20;
/** What is larger than this is not copied. */
const SMALL_BYTES = 64 * 2 ** 10;

/** What is appended in one: in pieces (text is written as UTF-8), or as it is read from elsewhere where that is too much for memory. */
export type Appended = readonly Piece[] | AsyncIterable<Uint8Array>;

/** What goes out together. */
interface Batch {
  readonly pieces: Piece[];
  /** What is read from elsewhere goes alone. */
  readonly stream: AsyncIterable<Uint8Array> | undefined;
  /** Text counted in characters. */
  size: number;
  readonly written: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: StoreError) => void;
}

/**
 * A file of whole lines that only grows.
 *
 * What is appended in one turn of the event loop, or while a write is on its way, goes out together in the next write. When the promise of `append` is kept, the system has the
 * line, so SIGKILL cannot take it away. It is on the disk itself (fdatasync) within 5 s and on `close`: a loss of power takes away
 * at most the last few seconds, and may leave a torn tail, which the next run cuts.
 *
 * A write that fails is cut back to the last whole line, and everything that waits fails with it: the log is then closed to more. A failed
 * fdatasync is treated alike and never tried again: the system may have dropped what it could not write, and say yes the next time.
 */
export class AppendLog {
  readonly #fd: number;
  readonly #explain: (error: unknown) => StoreError;
  readonly #disk: QuickDisk;
  #size: number;
  /** The last one still takes lines in. */
  #waiting: Batch[] = [];
  readonly #joiner = new PieceJoiner(SMALL_BYTES);
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
   * @param disk that the file is on.
   */
  constructor(fd: number, size: number, explain: (error: unknown) => StoreError, disk: QuickDisk) {
    this.#fd = fd;
    this.#size = size;
    this.#explain = explain;
    this.#disk = disk;
  }

  /** Bytes of whole lines in the file. */
  get size(): number {
    return this.#size;
  }

  /** Appends one line, its end included. A chunk that is read from elsewhere is used up before the next is asked for. */
  append(pieces: Appended): Promise<void> {
    if (this.#failure !== undefined) return this.#refuse(this.#failure);
    const batch = isStream(pieces) ? this.#addBatch(pieces) : this.#addTo(this.#waiting.at(-1), pieces);
    this.#start();
    return batch.written;
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

  #addTo(open: Batch | undefined, pieces: readonly Piece[]): Batch {
    let size = 0;
    for (const piece of pieces) size += piece.length;
    const hasRoom = open !== undefined && open.stream === undefined && open.size + size <= BATCH_BYTES;
    const batch = hasRoom ? open : this.#addBatch(undefined);
    batch.size += size;
    for (const piece of pieces) batch.pieces.push(piece);
    return batch;
  }

  #addBatch(stream: AsyncIterable<Uint8Array> | undefined): Batch {
    const { promise: written, resolve, reject } = Promise.withResolvers<void>();
    const batch = { pieces: [], stream, size: 0, written, resolve, reject };
    this.#waiting.push(batch);
    return batch;
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
    await immediate();
    while (this.#failure === undefined && (this.#waiting.length > 0 || this.#syncDue)) {
      const batch = this.#waiting.shift();
      if (batch !== undefined) await this.#writeBatch(batch);
      if (this.#syncDue && this.#failure === undefined) await this.#sync();
    }
    // In the same breath as the loop's last look: what is appended a moment later starts the next round.
    this.#running = false;
  }

  async #writeBatch(batch: Batch): Promise<void> {
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
    }, SYNC_AFTER_MS).unref();
    batch.resolve();
  }

  async #write({ pieces, stream }: Batch): Promise<number> {
    if (stream === undefined) {
      const joined = this.#joiner.join(pieces);
      return this.#disk.suits(bytesOf(joined))
        ? this.#disk.run(() => writeAllSync(this.#fd, joined, this.#size))
        : writeAll(this.#fd, joined, this.#size);
    }
    let streamed = 0;
    for await (const chunk of stream) streamed += await writeAll(this.#fd, [chunk], this.#size + streamed);
    return streamed;
  }

  async #sync(): Promise<void> {
    this.#syncDue = false;
    this.#unsynced = false;
    try {
      await syncFile(this.#fd);
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown, batch?: Batch): void {
    const failure = this.#explain(error);
    this.#failure = failure;
    const failed = batch === undefined ? this.#waiting : [batch, ...this.#waiting];
    this.#waiting = [];
    if (failed.length > 0) this.#failureTold = true;
    for (const each of failed) each.reject(failure);
  }
}

function isStream(appended: Appended): appended is AsyncIterable<Uint8Array> {
  return Symbol.asyncIterator in appended;
}
