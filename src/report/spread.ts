const BINS_PER_OCTAVE = 8;
/** The lowest bin ends here, milliseconds: what took no time is in it too. */
const LOWEST_MS = 0.5;
/** Up to 2^30 ms, twelve days; what took longer is in the last bin. */
const OCTAVES = 31;
const BINS = OCTAVES * BINS_PER_OCTAVE + 1;

/** So many fine bins make one of a plot: two of these an octave. */
const BINS_PER_BAR = 4;

/** How many durations lay between two. */
export interface Bar {
  readonly fromMs: number;
  readonly toMs: number;
  readonly count: number;
}

/** How durations are spread, in bins that grow by 9% from one to the next: percentiles are right to within that. */
export class Spread {
  readonly #bins = new Float64Array(BINS);
  #count = 0;
  #sumMs = 0;
  #leastMs = Number.POSITIVE_INFINITY;
  #mostMs = 0;

  add(ms: number): void {
    const bin = ms <= LOWEST_MS ? 0 : Math.ceil(Math.log2(ms / LOWEST_MS) * BINS_PER_OCTAVE);
    const index = Math.min(bin, BINS - 1);
    this.#bins[index] = (this.#bins[index] ?? 0) + 1;
    this.#count += 1;
    this.#sumMs += ms;
    this.#leastMs = Math.min(this.#leastMs, ms);
    this.#mostMs = Math.max(this.#mostMs, ms);
  }

  get count(): number {
    return this.#count;
  }

  get sumMs(): number {
    return this.#sumMs;
  }

  get mostMs(): number {
    return this.#mostMs;
  }

  /** The duration that the share `portion` (0 to 1) of all stays within; 0 where there is none. */
  quantile(portion: number): number {
    if (this.#count === 0) return 0;
    const rank = portion * this.#count;
    let below = 0;
    for (const [bin, count] of this.#bins.entries()) {
      if (count === 0) continue;
      if (below + count >= rank) {
        const within = (rank - below) / count;
        const ms = bin === 0 ? LOWEST_MS * within : upperMs(bin - 1 + within);
        return Math.min(this.#mostMs, Math.max(this.#leastMs, ms));
      }
      below += count;
    }
    return this.#mostMs;
  }

  /** Every bar there could be, the same for every spread. */
  bars(): Bar[] {
    const bars: Bar[] = [];
    for (let first = 0; first + BINS_PER_BAR < BINS; first += BINS_PER_BAR) {
      // What is below the lowest bound has no bar of its own.
      const start = first === 0 ? 0 : first + 1;
      const count = this.#bins.subarray(start, first + BINS_PER_BAR + 1).reduce((sum, bin) => sum + bin, 0);
      bars.push({ fromMs: first === 0 ? 0 : upperMs(first), toMs: upperMs(first + BINS_PER_BAR), count });
    }
    return bars;
  }
}

function upperMs(bin: number): number {
  return LOWEST_MS * 2 ** (bin / BINS_PER_OCTAVE);
}
