import type { Writable } from 'node:stream';
import { ReaderGoneError } from '../core/failure.ts';
import type { Page } from '../core/page.ts';
import type { Body, Store, StoreSession } from '../core/ports.ts';
import type { PageRecord } from '../core/record.ts';
import { diskError, errorCode } from './disk-error.ts';
import { NDJSON_MAX_BODY_BYTES, ndjsonLine } from './ndjson-line.ts';

/** What a stream says when whoever read it has gone: the pipe is broken, or was found broken before. */
const READER_GONE: ReadonlySet<string> = new Set([
  'EPIPE',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_WRITE_AFTER_END',
  'ECONNRESET',
]);

/** NDJSON on standard output: nothing to resume, nothing to lock. */
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
  #failure: Error | undefined;

  constructor(stdout: Writable, place: string) {
    this.#stdout = stdout;
    this.#place = place;
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
  #write(pieces: readonly Buffer[]): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const line = pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
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
