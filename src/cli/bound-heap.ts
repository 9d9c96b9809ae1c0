import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** From so much on the young generation grows no further. By itself it takes 55 MiB, and no less CPU. */
const MOST_YOUNG_BYTES = 6 * 2 ** 20;
/** A run of a few origins never has so much. What is more are connections: while thousands are opened, all would be gone through ten times. */
const MANY_CONNECTIONS_BYTES = 32 * 2 ** 20;
const LOOK_EVERY_MS = 50;

/**
 * Holds V8's heap to what a run needs, for as long as the process lives. The flags are read at each collection, so they work while the program runs.
 *
 * The old generation grows by a half between two full collections: what lives in a run is little, whatever the length of its list; by itself
 * V8 lets four times that gather before it looks. It doubles where thousands of connections live. The young one doubles until it is large
 * enough: its greatest size could only be given to V8 before it starts.
 */
export function boundHeap(): void {
  const set = flagSetter();
  set('--heap-growing-percent=50');
  setInterval(() => {
    const spaces = getHeapSpaceStatistics();
    const young = spaces.find(({ space_name }) => space_name === 'new_space');
    const old = spaces.find(({ space_name }) => space_name === 'old_space');
    set(`--semi-space-growth-factor=${young !== undefined && young.space_size >= MOST_YOUNG_BYTES ? 1 : 2}`);
    const isLarge = old !== undefined && old.space_used_size >= MANY_CONNECTIONS_BYTES;
    set(`--heap-growing-percent=${isLarge ? 100 : 50}`);
  }, LOOK_EVERY_MS).unref();
}

/** Tells V8 only what has changed. */
function flagSetter(): (flag: string) => void {
  const told = new Map<string, string>();
  return (flag) => {
    const name = flag.slice(0, flag.indexOf('='));
    if (told.get(name) === flag) return;
    told.set(name, flag);
    setFlagsFromString(flag);
  };
}
