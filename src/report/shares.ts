/** More names than so many are not kept apart. */
const MAX_NAMES = 1_000;

export interface Share {
  readonly name: string;
  readonly pages: number;
  readonly bytes: number;
}

export interface SharesRead {
  /** The largest first. */
  readonly top: readonly Share[];
  /** All the rest together. */
  readonly others: { readonly names: number; readonly pages: number; readonly bytes: number };
  /** True where names were dropped on the way: a name that came back later is told with less than it had. */
  readonly isRough: boolean;
}

interface Taken {
  pages: number;
  bytes: number;
}

/** Who took how many bytes, among any number of names, in bounded memory. */
export class Shares {
  readonly #taken = new Map<string, Taken>();
  readonly #dropped = { names: 0, pages: 0, bytes: 0 };

  add(name: string, bytes: number): void {
    let taken = this.#taken.get(name);
    if (taken === undefined) {
      if (this.#taken.size >= MAX_NAMES) this.#dropSmallest();
      taken = { pages: 0, bytes: 0 };
      this.#taken.set(name, taken);
    }
    taken.pages += 1;
    taken.bytes += bytes;
  }

  read(rows: number): SharesRead {
    const sorted = this.#sorted();
    const others = { ...this.#dropped };
    for (const [, taken] of sorted.slice(rows)) addTo(others, taken);
    const top = sorted.slice(0, rows).map(([name, taken]) => ({ name, ...taken }));
    return { top, others, isRough: this.#dropped.names > 0 };
  }

  #sorted(): [string, Taken][] {
    return [...this.#taken].sort(([, a], [, b]) => b.bytes - a.bytes || b.pages - a.pages);
  }

  /** Half of them at once, so that it is seldom done. */
  #dropSmallest(): void {
    for (const [name, taken] of this.#sorted().slice(MAX_NAMES / 2)) {
      addTo(this.#dropped, taken);
      this.#taken.delete(name);
    }
  }
}

function addTo(others: { names: number; pages: number; bytes: number }, taken: Taken): void {
  others.names += 1;
  others.pages += taken.pages;
  others.bytes += taken.bytes;
}
