import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  type Stats,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { StoreError } from '../core/failure.ts';
import { fileErrorReason } from './surroundings.ts';
import { quoted } from './wrong-value.ts';

/** So much is gathered before it is written. */
const BUFFER_BYTES = 64 * 1024;

/**
 * A text file that is written beside its place and renamed into it when it is whole: whoever reads the place sees the old file or the new
 * one. A link is followed. What is no file (`/dev/null`, a pipe) is written into directly.
 *
 * Writing is synchronous, in pieces of 64 KiB: nothing can pile up in memory. The first error is kept and thrown by `commit`, so
 * that the run which it reports on is not hurt.
 */
export class AsideFile {
  readonly #option: string;
  readonly #path: string;
  /** Where the text ends up; absent where it is written into directly. */
  readonly #target: string | undefined;
  readonly #written: string;
  readonly #fd: number;
  #buffer: string[] = [];
  #bufferedLength = 0;
  #error: unknown;
  #open = true;

  /**
   * @param option for messages: `--failed`
   * @param mode of a new file, less the umask
   * @throws StoreError where no file can be made beside the place
   */
  constructor(option: string, path: string, mode: number) {
    this.#option = option;
    this.#path = path;
    try {
      const there = statOf(path);
      if (there?.isDirectory()) throw new Error('it is a folder');
      const isDevice = there !== undefined && !there.isFile();
      this.#target = isDevice ? undefined : there === undefined ? path : realpathSync(path);
      this.#written = this.#target === undefined ? path : besides(this.#target);
      const flags = isDevice ? constants.O_WRONLY : constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
      this.#fd = openSync(this.#written, flags, mode);
    } catch (error) {
      throw this.#explain(error);
    }
  }

  append(text: string): void {
    if (this.#error !== undefined || !this.#open) return;
    this.#buffer.push(text);
    this.#bufferedLength += text.length;
    if (this.#bufferedLength >= BUFFER_BYTES) this.#keepError(() => this.#flush());
  }

  /** Puts the file into its place. @throws StoreError where that, or any write before, failed; nothing is left beside then */
  commit(): void {
    this.#keepError(() => this.#flush());
    if (this.#target !== undefined) this.#keepError(() => fsyncSync(this.#fd));
    this.#close();
    const target = this.#target;
    if (target !== undefined) this.#keepError(() => renameSync(this.#written, target));
    if (this.#error === undefined) return;
    this.discard();
    throw this.#explain(this.#error);
  }

  /** Leaves the place as it was, and nothing beside it. */
  discard(): void {
    this.#close();
    if (this.#target === undefined) return;
    try {
      unlinkSync(this.#written);
    } catch {
      // It was renamed already, or is out of reach: either way there is nothing more to do.
    }
  }

  #flush(): void {
    const bytes = Buffer.from(this.#buffer.join(''), 'utf8');
    this.#buffer = [];
    this.#bufferedLength = 0;
    for (let offset = 0; offset < bytes.length; ) offset += writeSync(this.#fd, bytes, offset);
  }

  #close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#keepError(() => closeSync(this.#fd));
  }

  #keepError(step: () => void): void {
    if (this.#error !== undefined) return;
    try {
      step();
    } catch (error) {
      this.#error = error;
    }
  }

  #explain(error: unknown): StoreError {
    return new StoreError(`${this.#option}: cannot write ${quoted(this.#path)}: ${fileErrorReason(error)}`, {
      cause: error,
    });
  }
}

function statOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

function besides(path: string): string {
  return join(dirname(path), `.${basename(path).slice(0, 100)}.${randomBytes(6).toString('hex')}.tmp`);
}
