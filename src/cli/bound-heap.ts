import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

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
