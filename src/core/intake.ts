import type { ShardConfig } from './config.ts';
import { HashSet } from './hash-set.ts';
import type { Input, InputItem, Page } from './page.ts';
import { bodyDigest, hashKey } from './page-key.ts';

/** What a list's item turns out to be, once shards and duplicates are told apart. */
export type Arrival =
  | { readonly type: 'page'; readonly page: Page }
  | { readonly type: 'duplicate'; readonly page: Page; readonly idsDiffer: boolean }
  | Exclude<InputItem, { type: 'page' }>;

/** Reads the lists: leaves out other shards' pages and names duplicates. Holds 64 bits a distinct page. */
export class Intake {
  readonly #items: AsyncIterator<readonly InputItem[]>;
  readonly #shard: ShardConfig | undefined;
  readonly #seen = new HashSet();
  /** Page and id of the pages that have one: whether a duplicate bears another id can then be told. */
  readonly #idsOfPages = new HashSet();
  #firstPage: Page | undefined;
  #lines = 0;

  constructor(input: Input, shard: ShardConfig | undefined) {
    this.#items = input[Symbol.asyncIterator]();
    this.#shard = shard;
  }

  /** The first page of the list, of whichever shard: whoever owns its origin is trusted with credentials. */
  get firstPage(): Page | undefined {
    return this.#firstPage;
  }

  /** Pages and invalid lines met so far, duplicates and other shards' pages included. */
  get met(): number {
    return this.#lines;
  }

  /** Ends the reading, one that is under way too. */
  async close(): Promise<void> {
    await this.#items.return?.();
  }

  async *batches(): AsyncGenerator<readonly Arrival[]> {
    for (let next = await this.#items.next(); next.done !== true; next = await this.#items.next()) {
      const items = next.value;
      const arrivals: Arrival[] = [];
      for (const item of items) {
        const arrival = this.#sort(item);
        if (arrival !== undefined) arrivals.push(arrival);
      }
      if (arrivals.length > 0) yield arrivals;
    }
  }

  #sort(item: InputItem): Arrival | undefined {
    if (item.type === 'truncated') return item;
    this.#lines += 1;
    if (item.type === 'invalid') return this.#isOurs(hashKey(`invalid ${item.text}`)) ? item : undefined;
    const { page } = item;
    this.#firstPage ??= page;
    if (!this.#isOurs(page)) return undefined;
    const pageAndId = page.id === undefined ? undefined : hashPageAndId(page, page.id);
    if (this.#seen.add(page.hashHigh, page.hashLow)) {
      if (pageAndId !== undefined) this.#idsOfPages.add(pageAndId.hashHigh, pageAndId.hashLow);
      return item;
    }
    const idsDiffer = pageAndId !== undefined && !this.#idsOfPages.has(pageAndId.hashHigh, pageAndId.hashLow);
    return { type: 'duplicate', page, idsDiffer };
  }

  /** The first 64 bits of SHA-256 of the page's key, modulo the number of shards. */
  #isOurs({ hashHigh, hashLow }: { readonly hashHigh: number; readonly hashLow: number }): boolean {
    if (this.#shard === undefined) return true;
    const { index, count } = this.#shard;
    return (BigInt(hashHigh) * 2n ** 32n + BigInt(hashLow)) % BigInt(count) === BigInt(index - 1);
  }
}

function hashPageAndId(page: Page, id: string): ReturnType<typeof hashKey> {
  return hashKey(`${page.hashHigh} ${page.hashLow} ${bodyDigest(id)}`);
}
