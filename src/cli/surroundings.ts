import { UsageError } from '../core/failure.ts';
import type { About } from './about.ts';
import { quoted } from './wrong-value.ts';

/** Of the process, all that the meaning of a command line depends on: given from outside, so that it can be told in a test. */
export interface Surroundings extends About {
  /** Environment variables. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The current folder, absolute. */
  readonly cwd: string;
  readonly stdinIsTerminal: boolean;
  readonly stdoutIsTerminal: boolean;
  /** The bytes of a file; of standard input for `-`. Throws what Node throws. */
  readonly readFile: (path: string) => Uint8Array;
}

/**
 * Who reads standard input: it can be read once.
 */
export class StandardInput {
  #reader: string | undefined;

  get taken(): boolean {
    return this.#reader !== undefined;
  }

  /** @throws UsageError where it is taken already */
  take(reader: string): void {
    if (this.#reader !== undefined) {
      throw new UsageError(`standard input can be read once, and ${this.#reader} and ${reader} both want it`);
    }
    this.#reader = reader;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is no folder',
  ENOSPC: 'the disk is full',
  EDQUOT: 'your disk quota is used up',
  EROFS: 'the file system is read-only',
};

/** Why Node could not do something with a file, in words. */
export function fileErrorReason(error: unknown): string {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return (code === undefined ? undefined : REASONS[code]) ?? (error instanceof Error ? error.message : String(error));
}

/** Reads the files that options name. */
export class OptionFiles {
  readonly #readFile: (path: string) => Uint8Array;
  readonly #stdin: StandardInput;

  constructor(readFile: (path: string) => Uint8Array, stdin: StandardInput) {
    this.#readFile = readFile;
    this.#stdin = stdin;
  }

  /** @throws UsageError where it cannot be read */
  bytes(option: string, path: string): Uint8Array {
    if (path === '-') this.#stdin.take(`${option} @-`);
    try {
      return this.#readFile(path);
    } catch (error) {
      throw new UsageError(`${option}: cannot read ${quoted(path)}: ${fileErrorReason(error)}`);
    }
  }

  /** @throws UsageError where it cannot be read or is not UTF-8 */
  text(option: string, path: string): string {
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(this.bytes(option, path));
    } catch (error) {
      if (error instanceof UsageError) throw error;
      throw new UsageError(`${option}: ${quoted(path)} is not text in UTF-8`);
    }
  }
}
