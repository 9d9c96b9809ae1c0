import { randomBytes } from 'node:crypto';
import type { Draft } from '../core/ports.ts';
import type { SqliteRows } from './sqlite-rows.ts';
import type { SqliteWriter } from './sqlite-writer.ts';

/** A larger body is kept in chunks: whoever asks for a row must not get hundreds of megabytes by it. */
export const MOST_INLINE_BYTES = 8 * 2 ** 20;
/** Of a row of `body_chunks`: what mostly comes off a connection in one piece, which then needs no copy. */
const CHUNK_BYTES = 64 * 1024;
/** Of all drafts together. Over it they go into chunks at once; those that turn out small are then written twice. */
const MOST_HELD_BYTES = 8 * 2 ** 20;
const ID_BYTES = 6;

/** A body that came whole: still in memory, or in chunks. */
export type FinishedDraft =
  /** `release` is to be called when the page is committed: those that wait for it count as held, and slow down those that come. */
  | { readonly bytes: number; readonly chunks: readonly Buffer[]; readonly release?: () => void }
  | { readonly bytes: number; readonly bodyId: number; readonly rows: number };

/** What the drafts of a store hold in memory. */
export interface HeldDrafts {
  bytes: number;
}

/**
 * A large body on its way into a database: in memory while it may become a row of `pages` and there is room, then as rows of
 * `body_chunks` that no page names yet. One write at a time. What a killed run leaves of them is removed when the store is opened again.
 *
 * Its number is drawn, not counted: the chunks of several databases can then be put together without a clash.
 */
export class SqliteDraft implements Draft {
  readonly #writer: SqliteWriter;
  readonly #rows: SqliteRows;
  readonly #held: HeldDrafts;
  readonly #bodyId = randomBytes(ID_BYTES).readUIntBE(0, ID_BYTES);
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #bytes = 0;
  #written = 0;
  #inChunks = false;
  #state: 'open' | 'finished' | 'discarded' = 'open';

  constructor(writer: SqliteWriter, rows: SqliteRows, held: HeldDrafts) {
    this.#writer = writer;
    this.#rows = rows;
    this.#held = held;
  }

  async write(chunk: Buffer): Promise<void> {
    if (this.#state !== 'open') throw new Error(`write to a draft that is ${this.#state}`);
    this.#bytes += chunk.length;
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.length;
    this.#held.bytes += chunk.length;
    this.#inChunks ||= this.#bytes > MOST_INLINE_BYTES || this.#held.bytes > MOST_HELD_BYTES;
    if (this.#inChunks && this.#waitingBytes >= CHUNK_BYTES) await this.#flush();
  }

  /** Leaves nothing behind. Of no effect once the page was kept. */
  async discard(): Promise<void> {
    if (this.#state !== 'open') return;
    this.#state = 'discarded';
    this.#takeWaiting();
    removeChunks(this.#writer, this.#rows, this.#bodyId, this.#written);
  }

  /** Ends the writing. What is in chunks is the caller's from now on. */
  async finish(): Promise<FinishedDraft> {
    if (this.#state !== 'open') throw new Error(`keep of a draft that is ${this.#state}`);
    this.#state = 'finished';
    if (this.#written === 0 && this.#bytes <= MOST_INLINE_BYTES) {
      const release = () => void this.#takeWaiting();
      return { bytes: this.#bytes, chunks: this.#waiting, release };
    }
    await this.#flush();
    return { bytes: this.#bytes, bodyId: this.#bodyId, rows: this.#written };
  }

  async #flush(): Promise<void> {
    const writes: Promise<void>[] = [];
    for (const chunk of inRows(this.#takeWaiting())) {
      const n = this.#written;
      this.#written += 1;
      writes.push(this.#writer.write(() => this.#rows.putChunk(this.#bodyId, n, chunk), chunk.length));
    }
    await Promise.all(writes);
  }

  #takeWaiting(): Buffer[] {
    const waiting = this.#waiting;
    this.#held.bytes -= this.#waitingBytes;
    this.#waiting = [];
    this.#waitingBytes = 0;
    return waiting;
  }
}

/** Neither many small rows nor large ones, however the body came. */
function* inRows(chunks: readonly Buffer[]): Generator<Buffer> {
  let small: Buffer[] = [];
  let smallBytes = 0;
  for (const chunk of chunks) {
    small.push(chunk);
    smallBytes += chunk.length;
    if (smallBytes < CHUNK_BYTES) continue;
    yield* cut(joined(small));
    small = [];
    smallBytes = 0;
  }
  if (smallBytes > 0) yield joined(small);
}

function* cut(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 2 * CHUNK_BYTES) yield bytes.subarray(at, at + 2 * CHUNK_BYTES);
}

/** Without a copy where it is one piece already. */
export function joined(chunks: readonly Buffer[]): Buffer {
  const [only] = chunks;
  return only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks);
}

/** Row by row, for the removal of a large body at once would hold up the run. */
export function removeChunks(writer: SqliteWriter, rows: SqliteRows, bodyId: number, count: number): void {
  for (let n = 0; n < count; n++) writer.tidy(() => rows.removeChunk(bodyId, n), CHUNK_BYTES);
}
