/** Segments by the top bits of a hash: growing copies one of them, never the whole. */
const SEGMENT_BITS = 10;
const FIRST_SLOTS = 8;
/** 8 bytes a slot; loads between 0.85 / 1.25 and 0.85 cost 9.4 to 11.8 bytes an element. */
const MAX_LOAD = 0.85;
const GROWTH = 1.25;
/** From so many bytes on a table has pages of its own. */
const PAGES_FROM_BYTES = 4_096;
const SLOT_BYTES = 8;
/** 2^32 / golden ratio, made odd: spreads hashes that are not random over a segment. */
const SPREAD = 0x9e3779b1;

/** Pairs of numbers, in memory of its own. */
type Table = Uint32Array<ArrayBuffer>;

/**
 * A compact set of 64-bit hashes, each as two unsigned 32-bit numbers; it only grows.
 *
 * 1,024 segments of open addressing with linear probing, made when they are first needed: a few bytes while empty, at most 12 bytes an
 * element from some hundred thousand on, and never a second copy of more than one segment while it grows.
 */
export class HashSet {
  readonly #segments: (Table | undefined)[] = new Array(2 ** SEGMENT_BITS).fill(undefined);
  readonly #used = new Uint32Array(2 ** SEGMENT_BITS);
  /** A slot of zeros is an empty one, so the hash of zeros has a place of its own. */
  #hasZero = false;
  #size = 0;
  #byteLength = 0;

  /** True where the hash was not in the set. */
  add(high: number, low: number): boolean {
    if (high === 0 && low === 0) {
      if (this.#hasZero) return false;
      this.#hasZero = true;
      this.#size += 1;
      return true;
    }
    const index = high >>> (32 - SEGMENT_BITS);
    let table = this.#segments[index];
    if (table === undefined) table = this.#replace(index, undefined, FIRST_SLOTS);
    let at = find(table, high, low);
    if (!isEmpty(table, at)) return false;
    const used = (this.#used[index] ?? 0) + 1;
    const slots = table.length / 2;
    if (used > slots * MAX_LOAD) {
      table = this.#replace(index, table, Math.ceil(slots * GROWTH));
      at = find(table, high, low);
    }
    table[at] = high;
    table[at + 1] = low;
    this.#used[index] = used;
    this.#size += 1;
    return true;
  }

  has(high: number, low: number): boolean {
    if (high === 0 && low === 0) return this.#hasZero;
    const table = this.#segments[high >>> (32 - SEGMENT_BITS)];
    return table !== undefined && !isEmpty(table, find(table, high, low));
  }

  get size(): number {
    return this.#size;
  }

  /** Of the tables: what grows with the elements. */
  get byteLength(): number {
    return this.#byteLength + this.#used.byteLength;
  }

  #replace(index: number, old: Table | undefined, slots: number): Table {
    const oldBytes = old?.byteLength ?? 0;
    const table = newTable(slots);
    if (old !== undefined) {
      for (let at = 0; at < old.length; at += 2) {
        const high = old[at] ?? 0;
        const low = old[at + 1] ?? 0;
        if (high === 0 && low === 0) continue;
        const to = find(table, high, low);
        table[to] = high;
        table[to + 1] = low;
      }
      // Given back at once: left to the garbage collector, replaced tables took twice as much again as the set.
      old.buffer.transferToFixedLength(0);
    }
    this.#segments[index] = table;
    this.#byteLength += table.byteLength - oldBytes;
    return table;
  }
}

/**
 * A buffer that could be resized has pages of its own, and what is let go goes back to the system. From malloc, what the segments have outgrown
 * stays behind as holes that nothing else fits into.
 */
function newTable(slots: number): Table {
  const bytes = slots * SLOT_BYTES;
  if (bytes < PAGES_FROM_BYTES) return new Uint32Array(slots * 2);
  return new Uint32Array(new ArrayBuffer(bytes, { maxByteLength: bytes }), 0, slots * 2);
}

/** Where the hash stands in the table, or the empty slot where it would. A table is never full, so there is one. */
function find(table: Table, high: number, low: number): number {
  const slots = table.length / 2;
  const spread = Math.imul(low ^ high, SPREAD) >>> 0;
  // Scaled instead of masked: the number of slots is no power of two, for growth would then have to double.
  let slot = Math.floor((spread / 2 ** 32) * slots);
  for (;;) {
    const at = slot * 2;
    if ((table[at] === high && table[at + 1] === low) || isEmpty(table, at)) return at;
    slot += 1;
    if (slot === slots) slot = 0;
  }
}

function isEmpty(table: Table, at: number): boolean {
  return table[at] === 0 && table[at + 1] === 0;
}
