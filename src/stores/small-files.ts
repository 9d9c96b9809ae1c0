import { bytesOf } from './file-io.ts';
import { FileThread } from './file-thread.ts';
import type { QuickDisk } from './quick-disk.ts';
import { isOutOfDescriptors, type StoreFolder } from './store-folder.ts';

/** From when on a thread is used: so many files within so long. */
export interface Busy {
  readonly files: number;
  readonly ms: number;
}

/** A run that is slower has time for its files, and a shorter one would end before the thread is up. */
const BUSY: Busy = { files: 1_000, ms: 1_000 };

/**
 * Writes small files where the disk is quick: on this thread, and once there are many of them in a thread of its own. Where that cannot be started,
 * or dies, it goes on without.
 */
export class SmallFiles {
  readonly #folder: StoreFolder;
  readonly #disk: QuickDisk;
  readonly #busy: Busy;
  #thread: FileThread | undefined;
  #mayStart = true;
  #files = 0;
  #countedFrom = Date.now();

  constructor(folder: StoreFolder, disk: QuickDisk, busy: Busy = BUSY) {
    this.#folder = folder;
    this.#disk = disk;
    this.#busy = busy;
  }

  /**
   * True when the file is there, whole and under its name; false where it is to be written in another way: it is too large, the disk too slow, or there
   * is no descriptor. Throws what the system said, or a `StoreError`; nothing of the file is left then.
   */
  write(chunks: readonly Uint8Array[], name: string): boolean | Promise<boolean> {
    const bytes = bytesOf(chunks);
    if (!this.#disk.suits(bytes)) return false;
    if (this.#thread?.isReady === true) return this.#thread.write({ name, chunks, bytes });
    if (this.#mayStart) this.#count();
    try {
      this.#disk.run(() => this.#folder.writeNow(chunks, name));
      return true;
    } catch (error) {
      if (isOutOfDescriptors(error)) return false;
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#mayStart = false;
    await this.#thread?.close();
  }

  #count(): void {
    this.#files += 1;
    if (this.#files < this.#busy.files) return;
    const now = Date.now();
    if (now - this.#countedFrom <= this.#busy.ms) this.#start();
    this.#files = 0;
    this.#countedFrom = now;
  }

  #start(): void {
    this.#mayStart = false;
    try {
      this.#thread = new FileThread(this.#folder.path, this.#folder.place, (restMs) => this.#disk.rest(restMs));
    } catch {
      // The system gives no thread: this one does.
    }
  }
}
