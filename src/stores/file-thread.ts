import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { StoreError } from '../core/failure.ts';
import type { FileBatch, FileBatchAnswer, FileFault, FileThreadData } from './file-thread-worker.ts';

const WORKER = new URL(`./file-thread-worker${extname(import.meta.url)}`, import.meta.url);
/** It holds next to nothing. */
const SMALL = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1 };
/** Of the bodies of a batch. */
const BATCH_BYTES = 2 ** 20;

export interface SmallFile {
  readonly name: string;
  readonly chunks: readonly Uint8Array[];
  /** Of all chunks; at most `BATCH_BYTES`. */
  readonly bytes: number;
}

/** What goes to the thread together. */
interface Batch {
  readonly files: SmallFile[];
  bytes: number;
  readonly answered: Promise<FileBatchAnswer | 'gone'>;
  readonly answer: (answer: FileBatchAnswer | 'gone') => void;
}

/**
 * A thread that writes small files into a files store's folder.
 *
 * Files of one turn of the event loop, or of the time that the last batch takes, go over in one message, their bodies in memory that both share: so a
 * file costs this thread a few microseconds. There is one batch at a time, for that memory is used again.
 */
export class FileThread {
  readonly #worker: Worker;
  readonly #memory: Uint8Array;
  readonly #onSlow: (restMs: number) => void;
  #isReady = false;
  #isGone = false;
  /** The last one still takes files in. */
  readonly #waiting: Batch[] = [];
  #sent: Batch | undefined;
  #isDue = false;

  /**
   * @param onSlow told that the disk is to be left to other threads for so long
   * @throws where the system gives no thread
   */
  constructor(path: string, place: string, onSlow: (restMs: number) => void) {
    const bodies = new SharedArrayBuffer(BATCH_BYTES);
    this.#memory = new Uint8Array(bodies);
    this.#onSlow = onSlow;
    const workerData: FileThreadData = { path, place, bodies };
    this.#worker = new Worker(WORKER, { workerData, execArgv: [], resourceLimits: SMALL });
    this.#worker.unref();
    this.#worker.on('message', (message: 'ready' | FileBatchAnswer) => this.#take(message));
    // Why does not matter: whatever it had in hand is written in another way.
    this.#worker.on('error', () => this.#end());
    this.#worker.on('exit', () => this.#end());
  }

  /** False while it is being started, and when it is gone. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** True when the file is there, whole and under its name; false where it is to be written in another way. Throws what the system said, or a `StoreError`. */
  async write(file: SmallFile): Promise<boolean> {
    if (this.#isGone) return false;
    const batch = this.#batchFor(file.bytes);
    const index = batch.files.push(file) - 1;
    batch.bytes += file.bytes;
    if (this.#sent === undefined) this.#sendSoon();
    const answer = await batch.answered;
    if (answer === 'gone') return false;
    const fault = answer.faults.find((each) => each.index === index);
    if (fault === undefined) return true;
    if (fault.type === 'left') return false;
    throw errorOf(fault);
  }

  /** Ends it when everything that was handed over is written. */
  async close(): Promise<void> {
    for (let last = this.#last; last !== undefined; last = this.#last) await last.answered;
    await this.#worker.terminate();
  }

  get #last(): Batch | undefined {
    return this.#waiting.at(-1) ?? this.#sent;
  }

  #batchFor(bytes: number): Batch {
    const open = this.#waiting.at(-1);
    if (open !== undefined && open.bytes + bytes <= BATCH_BYTES) return open;
    const { promise: answered, resolve: answer } = Promise.withResolvers<FileBatchAnswer | 'gone'>();
    const batch = { files: [], bytes: 0, answered, answer };
    this.#waiting.push(batch);
    return batch;
  }

  /** When this turn of the event loop has brought what it brings. */
  #sendSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => this.#send());
  }

  #send(): void {
    this.#isDue = false;
    const batch = this.#isGone ? undefined : this.#waiting.shift();
    if (batch === undefined) return;
    let at = 0;
    for (const { chunks } of batch.files) {
      for (const chunk of chunks) {
        this.#memory.set(chunk, at);
        at += chunk.length;
      }
    }
    const names = batch.files.map(({ name }) => name).join('\n');
    const lengths = batch.files.map(({ bytes }) => bytes);
    this.#sent = batch;
    // The process stays for an answer that is under way, and for nothing else of the thread.
    this.#worker.ref();
    this.#worker.postMessage({ names, lengths } satisfies FileBatch);
  }

  #take(message: 'ready' | FileBatchAnswer): void {
    if (message === 'ready') {
      this.#isReady = true;
      return;
    }
    const batch = this.#sent;
    this.#sent = undefined;
    this.#worker.unref();
    if (this.#waiting.length > 0) this.#sendSoon();
    if (message.restMs > 0) this.#onSlow(message.restMs);
    batch?.answer(message);
  }

  #end(): void {
    this.#isReady = false;
    this.#isGone = true;
    this.#sent?.answer('gone');
    this.#sent = undefined;
    for (const batch of this.#waiting.splice(0)) batch.answer('gone');
  }
}

function errorOf(fault: Exclude<FileFault, { readonly type: 'left' }>): Error {
  if (fault.type === 'refused') return new StoreError(fault.message);
  return Object.assign(new Error(fault.message), { code: fault.code });
}
