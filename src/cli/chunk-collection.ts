import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** A smaller chunk comes with so much else that V8 collects often enough by itself. */
const LARGE_CHUNK_BYTES = 2 * 2 ** 10;
const COLLECT_EVERY_BYTES = 4 * 2 ** 20;

/**
 * Told of each chunk of a body that came. Chunks lie outside of V8's heap, and large ones make so little garbage inside it that a full
 * collection comes before a young one: an expensive way to free what nobody has held for long. So the young one is brought on by what came.
 */
export class ChunkCollection {
  readonly #collect: () => void;
  #bytes = 0;

  constructor(collect: () => void = collectYoung) {
    this.#collect = collect;
  }

  onChunk(bytes: number): void {
    if (bytes < LARGE_CHUNK_BYTES) return;
    this.#bytes += bytes;
    if (this.#bytes < COLLECT_EVERY_BYTES) return;
    this.#bytes = 0;
    this.#collect();
  }
}

let gc: ((options: { readonly type: 'minor' }) => void) | undefined;

function collectYoung(): void {
  if (gc === undefined) {
    setFlagsFromString('--expose-gc');
    // A context has it that was made after that.
    gc = runInNewContext('gc') as NonNullable<typeof gc>;
    setFlagsFromString('--no-expose-gc');
  }
  gc({ type: 'minor' });
}
