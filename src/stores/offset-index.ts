const FIRST_ENTRIES = 1_024;

/**
 * Where in a log the newest version of each page stands, by the 64-bit hash of its page: 20 bytes an entry. Filled once, then asked.
 */
export class OffsetIndex {
  #high = new Uint32Array(FIRST_ENTRIES);
  #low = new Uint32Array(FIRST_ENTRIES);
  #offsets = new Float64Array(FIRST_ENTRIES);
  #size = 0;
  /** Entries in the order of their hashes, older before newer; undefined until it is asked for. */
  #order: Uint32Array | undefined;

  /** Of two entries with one hash the later one counts. */
  add(high: number, low: number, offset: number): void {
    if (this.#size === this.#high.length) this.#grow();
    this.#high[this.#size] = high;
    this.#low[this.#size] = low;
    this.#offsets[this.#size] = offset;
    this.#size += 1;
    this.#order = undefined;
  }

  get(high: number, low: number): number | undefined {
    this.#order ??= this.#sorted();
    const order = this.#order;
    let from = 0;
    let to = order.length;
    // The first entry behind all with this hash.
    while (from < to) {
      const middle = (from + to) >>> 1;
      const at = order[middle] ?? 0;
      const difference = (this.#high[at] ?? 0) - high || (this.#low[at] ?? 0) - low;
      if (difference <= 0) from = middle + 1;
      else to = middle;
    }
    const at = order[from - 1];
    return at !== undefined && this.#high[at] === high && this.#low[at] === low ? this.#offsets[at] : undefined;
  }

  #sorted(): Uint32Array {
    const order = Uint32Array.from({ length: this.#size }, (_, index) => index);
    const [high, low] = [this.#high, this.#low];
    return order.sort((a, b) => (high[a] ?? 0) - (high[b] ?? 0) || (low[a] ?? 0) - (low[b] ?? 0) || a - b);
  }

  #grow(): void {
    const entries = this.#size * 2;
    const [high, low, offsets] = [new Uint32Array(entries), new Uint32Array(entries), new Float64Array(entries)];
    high.set(this.#high);
    low.set(this.#low);
    offsets.set(this.#offsets);
    [this.#high, this.#low, this.#offsets] = [high, low, offsets];
  }
}
