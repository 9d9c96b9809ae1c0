/** At most so many moments are told apart, however long the run is. */
export const MAX_BINS = 240;
/** The width of the first bins, milliseconds. It doubles whenever the run outgrows them. */
export const FIRST_BIN_MS = 250;

/**
 * What a bin makes of several values.
 *
 * - `sum`: their sum; a bin without one is 0.
 * - `mean`: their mean.
 * - `last`: the last one, which holds until there is another.
 */
export type ColumnKind = 'sum' | 'mean' | 'last';

/** One figure over the bins of a timeline. */
export class Column {
  readonly #kind: ColumnKind;
  readonly #values: Float64Array;
  /** How many values a bin holds. */
  readonly #counts = new Uint32Array(MAX_BINS);

  constructor(kind: ColumnKind) {
    this.#kind = kind;
    this.#values = new Float64Array(MAX_BINS);
  }

  /** `bin` as the timeline gave it for this moment. */
  add(bin: number, value: number): void {
    const before = this.#values[bin] ?? 0;
    this.#values[bin] = this.#kind === 'last' ? value : before + value;
    this.#counts[bin] = (this.#counts[bin] ?? 0) + 1;
  }

  /** Takes in the sums of another column of the same timeline. */
  absorb(other: Column): void {
    for (let bin = 0; bin < MAX_BINS; bin++) {
      this.#values[bin] = (this.#values[bin] ?? 0) + (other.#values[bin] ?? 0);
      this.#counts[bin] = (this.#counts[bin] ?? 0) + (other.#counts[bin] ?? 0);
    }
  }

  /** Two bins become one. */
  halve(): void {
    for (let bin = 0; bin < MAX_BINS / 2; bin++) {
      const [first = 0, second = 0] = this.#values.subarray(2 * bin, 2 * bin + 2);
      const [firsts = 0, seconds = 0] = this.#counts.subarray(2 * bin, 2 * bin + 2);
      const lastOne = seconds > 0 ? second : first;
      this.#values[bin] = this.#kind === 'last' ? lastOne : first + second;
      this.#counts[bin] = firsts + seconds;
    }
    this.#values.fill(0, MAX_BINS / 2);
    this.#counts.fill(0, MAX_BINS / 2);
  }

  /** The first `bins` of them; undefined where nothing is known. */
  read(bins: number): (number | undefined)[] {
    const read: (number | undefined)[] = [];
    let held: number | undefined;
    for (let bin = 0; bin < bins; bin++) {
      const count = this.#counts[bin] ?? 0;
      const value = this.#values[bin] ?? 0;
      if (this.#kind === 'sum') read.push(value);
      else if (this.#kind === 'mean') read.push(count === 0 ? undefined : value / count);
      else {
        if (count > 0) held = value;
        read.push(held);
      }
    }
    return read;
  }
}

/** Time since the run's start in bins of equal width, which double when they run out: the same memory for a minute and for a week. */
export class Timeline {
  #binMs = FIRST_BIN_MS;
  #bins = 0;
  readonly #columns = new Set<Column>();

  get binMs(): number {
    return this.#binMs;
  }

  /** Bins that have begun. */
  get bins(): number {
    return this.#bins;
  }

  column(kind: ColumnKind): Column {
    const column = new Column(kind);
    this.#columns.add(column);
    return column;
  }

  forget(column: Column): void {
    this.#columns.delete(column);
  }

  /** The bin of a moment, `elapsedMs` after the start. Moments before it are counted as the start. */
  bin(elapsedMs: number): number {
    const elapsed = Math.max(0, elapsedMs);
    while (elapsed >= this.#binMs * MAX_BINS) {
      this.#binMs *= 2;
      this.#bins = Math.ceil(this.#bins / 2);
      for (const column of this.#columns) column.halve();
    }
    const bin = Math.floor(elapsed / this.#binMs);
    this.#bins = Math.max(this.#bins, bin + 1);
    return bin;
  }
}
