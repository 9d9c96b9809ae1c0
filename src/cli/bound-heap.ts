import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** From so much on the young generation grows no further. By itself it takes 55 MiB, and no less CPU. */
const MOST_YOUNG_BYTES = 6 * 2 ** 20;
const LOOK_EVERY_MS = 50;

/**
 * Holds V8's heap to what a run needs, for as long as the process lives. The flags are read at each collection, so they work while the program runs.
 *
 * The old generation grows by a half between two full collections: what lives in a run is little, whatever the length of its list; by itself
 * V8 lets four times that gather before it looks. The young one doubles until it is large enough: its greatest size could only be given to
 * V8 before it starts.
 */
export function boundHeap(): void {
  setFlagsFromString('--heap-growing-percent=50');
  let factor = 2;
  setInterval(() => {
    const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
    const wanted = young !== undefined && young.space_size >= MOST_YOUNG_BYTES ? 1 : 2;
    if (wanted === factor) return;
    factor = wanted;
    setFlagsFromString(`--semi-space-growth-factor=${factor}`);
  }, LOOK_EVERY_MS).unref();
}

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
