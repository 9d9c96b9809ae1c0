import { createHash, type Hash, hash } from 'node:crypto';
import type { Body, BodySink, Draft } from './ports.ts';

/** Opens the store's own place for a body that is too large for memory; absent where the store cannot stream. */
export type OpenDraft = () => Promise<Draft>;

/**
 * Takes a body as it comes: in memory while it is small, from `STREAM_FROM_BYTES` on into the store's draft.
 * A failed exchange must `discard` it.
 */
export class BodyCollector implements BodySink {
  readonly #openDraft: OpenDraft | undefined;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #hash: Hash | undefined;
  #draft: Draft | undefined;

  constructor(openDraft: OpenDraft | undefined) {
    this.#openDraft = openDraft;
  }

  get bytes(): number {
    return this.#bytes;
  }

  write(chunk: Buffer): void | Promise<void> {
    this.#bytes += chunk.length;
    if (this.#hash !== undefined) this.#hash.update(chunk);
    else if (this.#chunks.length > 0) this.#beginHash(chunk);
    if (this.#draft !== undefined) return this.#draft.write(chunk);
    this.#chunks.push(chunk);
    if (this.#bytes > STREAM_FROM_BYTES && this.#openDraft !== undefined) return this.#spill(this.#openDraft);
    return undefined;
  }

  /** The whole body and its SHA-256 in hex. */
  finish(): { readonly body: Body; readonly sha256: string } {
    const sha256 = this.#hash === undefined ? hash('sha256', this.#chunks[0] ?? '') : this.#hash.digest('hex');
    const body: Body = this.#draft === undefined ? { chunks: this.#chunks } : { draft: this.#draft };
    return { body, sha256 };
  }

  async discard(): Promise<void> {
    this.#chunks = [];
    await this.#draft?.discard();
  }

  /** One chunk, the commonest body, is hashed at the end in one call: that is much cheaper than a Hash object. */
  #beginHash(chunk: Buffer): void {
    this.#hash = createHash('sha256');
    for (const earlier of this.#chunks) this.#hash.update(earlier);
    this.#hash.update(chunk);
  }

  async #spill(openDraft: OpenDraft): Promise<void> {
    if (this.#hash === undefined) {
      this.#hash = createHash('sha256');
      for (const chunk of this.#chunks) this.#hash.update(chunk);
    }
    this.#draft = await openDraft();
    const chunks = this.#chunks;
    this.#chunks = [];
    for (const chunk of chunks) await this.#draft.write(chunk);
  }
}

const STREAM_FROM_BYTES = 1 << 20;
