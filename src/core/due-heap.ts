/** Things by the time they are due: a binary heap. */
export class DueHeap<T> {
  readonly #entries: { readonly at: number; readonly item: T }[] = [];

  get size(): number {
    return this.#entries.length;
  }

  /** The earliest time, or undefined where nothing waits. */
  get nextAt(): number | undefined {
    return this.#entries[0]?.at;
  }

  push(at: number, item: T): void {
    const entries = this.#entries;
    const entry = { at, item };
    let index = entries.length;
    entries.push(entry);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = entries[parent];
      if (above === undefined || above.at <= at) break;
      entries[index] = above;
      index = parent;
    }
    entries[index] = entry;
  }

  /** The earliest that is due at `now`, or undefined. */
  popDue(now: number): T | undefined {
    const first = this.#entries[0];
    if (first === undefined || first.at > now) return undefined;
    const last = this.#entries.pop();
    if (last !== undefined && last !== first) this.#sink(last);
    return first.item;
  }

  /** Takes all of a kind out, whenever they are due: as many steps as there are things. */
  takeAll(isWanted: (item: T) => boolean): T[] {
    const taken: T[] = [];
    const kept = this.#entries.splice(0);
    for (const { at, item } of kept) {
      if (isWanted(item)) taken.push(item);
      else this.push(at, item);
    }
    return taken;
  }

  #sink(entry: { readonly at: number; readonly item: T }): void {
    const entries = this.#entries;
    const size = entries.length;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      const left = entries[child];
      if (left === undefined) break;
      const right = child + 1 < size ? entries[child + 1] : undefined;
      let smaller = left;
      if (right !== undefined && right.at < left.at) {
        child += 1;
        smaller = right;
      }
      if (smaller.at >= entry.at) break;
      entries[index] = smaller;
      index = child;
    }
    entries[index] = entry;
  }
}
