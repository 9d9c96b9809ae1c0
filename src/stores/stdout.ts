import type { Writable } from 'node:stream';
import { ReaderGoneError } from '../core/failure.ts';
import type { Page } from '../core/page.ts';
import type { Body, Store, StoreSession } from '../core/ports.ts';
import type { PageRecord } from '../core/record.ts';
import { diskError, errorCode } from './disk-error.ts';
import { NDJSON_MAX_BODY_BYTES, ndjsonLine } from './ndjson-line.ts';
import type { Piece } from './piece-joiner.ts';

/** What a stream says when whoever read it has gone: the pipe is broken, or was found broken before. */
const READER_GONE: ReadonlySet<string> = new Set([
  'EPIPE',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_WRITE_AFTER_END',
  'ECONNRESET',
]);

/**
 * What JSON may hold as it is and a terminal takes for a command, or a reader for another order of the text (ECMA-48, Unicode TR 9). All of
 * it can stand inside strings only, so that an escape means the same.
 */
const NOT_FOR_TERMINALS = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** NDJSON on standard output: nothing to resume, nothing to lock. On a terminal, control characters are written as JSON's escapes. */
export function stdoutStore(place: string, stdout: Writable | undefined): Store {
  if (stdout === undefined) throw new Error('NDJSON needs a path or a stream');
  return {
    place,
    maxBodyBytes: NDJSON_MAX_BODY_BYTES,
    open: async () => new StdoutSession(stdout, place),
  };
}

class StdoutSession implements StoreSession {
  readonly stored = { pages: 0 };
  readonly notices: readonly string[] = [];
  readonly #stdout: Writable;
  readonly #place: string;
  readonly #isTerminal: boolean;
  #failure: Error | undefined;

  constructor(stdout: Writable, place: string) {
    this.#stdout = stdout;
    this.#place = place;
    this.#isTerminal = 'isTTY' in stdout && stdout.isTTY === true;
    // Without a listener the stream's error would end the process; it stays, for the error may come after the last write.
    stdout.on('error', (error) => {
      this.#failure ??= this.#explain(error);
    });
  }

  has(_page: Page): boolean {
    return false;
  }

  async keep(_page: Page, record: PageRecord, body: Body | undefined): Promise<PageRecord> {
    await this.#write(ndjsonLine(record, body));
    return record;
  }

  note(record: PageRecord): Promise<void> {
    return this.#write(ndjsonLine(record, undefined));
  }

  async close(): Promise<void> {}

  /** Kept when the system has taken the line, so a slow reader slows the run down. */
  #write(pieces: readonly Piece[]): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const bytes = Buffer.concat(pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece)));
    const line = this.#isTerminal ? bytes.toString('utf8').replaceAll(NOT_FOR_TERMINALS, escaped) : bytes;
    return new Promise((resolve, reject) => {
      this.#stdout.write(line, (error) => {
        if (error === null || error === undefined) return resolve();
        this.#failure ??= this.#explain(error);
        reject(this.#failure);
      });
    });
  }

  #explain(error: unknown): Error {
    if (READER_GONE.has(errorCode(error)))
      return new ReaderGoneError(`whoever read ${this.#place} went away`, { cause: error });
    return diskError(error, `${this.#place} could not be written`);
  }
}
