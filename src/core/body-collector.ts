import { createHash, type Hash, hash } from 'node:crypto';
import type { BodyBudget } from './body-budget.ts';
import type { Body, BodySink, Draft } from './ports.ts';

/** Opens the store's own place for a body that is too large for memory; absent where the store cannot stream. */
export type OpenDraft = () => Promise<Draft>;

export interface BodyCollectorOptions {
  readonly budget: BodyBudget;
  readonly openDraft?: OpenDraft | undefined;
  /** The body is kept as it came; decoded, it is only measured. */
  readonly asItCame: boolean;
}

/** A whole body and what is known of it decoded. */
export interface CollectedBody {
  readonly body: Body;
  /** Hex. */
  readonly sha256: string;
  /** The store has it, or will not have it: its memory is free. */
  readonly release: () => void;
}

/**
 * Takes a body as it comes: in memory while it is small and all bodies together keep to their budget, else into the store's draft. Where the
 * store cannot stream, the response is paused until there is room.
 * A failed exchange must `discard` it.
 */
export class BodyCollector implements BodySink {
  readonly #budget: BodyBudget;
  readonly #openDraft: OpenDraft | undefined;
  readonly #asItCame: boolean;
  readonly writeWire?: (chunk: Buffer) => void | Promise<void>;
  #chunks: Buffer[] = [];
  #heldBytes = 0;
  /** Of the decoded body: the one chunk that came so far, to be hashed at the end in one call, which is much cheaper than a Hash object. */
  #only: Buffer | undefined;
  #hash: Hash | undefined;
  #draft: Draft | undefined;

  constructor({ budget, openDraft, asItCame }: BodyCollectorOptions) {
    this.#budget = budget;
    this.#openDraft = openDraft;
    this.#asItCame = asItCame;
    if (asItCame) this.writeWire = (chunk) => this.#take(chunk);
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  write(chunk: Buffer): void | Promise<void> {
    this.#measure(chunk);
    return this.#asItCame ? undefined : this.#take(chunk);
  }

  finish(): CollectedBody {
    const sha256 = this.#hash === undefined ? hash('sha256', this.#only ?? '') : this.#hash.digest('hex');
    const body: Body = this.#draft === undefined ? { chunks: this.#chunks } : { draft: this.#draft };
    return { body, sha256, release: () => this.#release() };
  }

  async discard(): Promise<void> {
    this.#release();
    this.#chunks = [];
    await this.#draft?.discard();
  }

  #measure(chunk: Buffer): void {
    if (this.#hash !== undefined) {
      this.#hash.update(chunk);
    } else if (this.#only === undefined) {
      this.#only = chunk;
    } else {
      this.#hash = createHash('sha256').update(this.#only).update(chunk);
      this.#only = undefined;
    }
  }

  #take(chunk: Buffer): void | Promise<void> {
    if (this.#draft !== undefined) return this.#draft.write(chunk);
    this.#chunks.push(chunk);
    this.#heldBytes += chunk.length;
    this.#budget.add(chunk.length);
    if (this.#openDraft !== undefined && this.#heldBytes > this.#mostInMemory) return this.#spill(this.#openDraft);
    return this.#budget.room(this);
  }

  get #mostInMemory(): number {
    return this.#budget.isOver ? STREAM_FROM_BYTES_IN_NEED : STREAM_FROM_BYTES;
  }

  async #spill(openDraft: OpenDraft): Promise<void> {
    const draft = await openDraft();
    this.#draft = draft;
    const chunks = this.#chunks;
    this.#chunks = [];
    for (const chunk of chunks) await draft.write(chunk);
    this.#release();
  }

  #release(): void {
    const bytes = this.#heldBytes;
    this.#heldBytes = 0;
    this.#budget.release(this, bytes);
  }
}

const STREAM_FROM_BYTES = 1 << 20;
/** A draft for every small body would cost more than the memory that it spares. */
const STREAM_FROM_BYTES_IN_NEED = 64 << 10;
