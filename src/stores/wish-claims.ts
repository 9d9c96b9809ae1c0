import { HashSet } from '../core/hash-set.ts';
import type { Page } from '../core/page.ts';
import { hashKey, hashText } from '../core/page-key.ts';
import { isOk, type Outcome } from '../core/record.ts';
import { closeFile, openFile, READ_ONLY_NO_FOLLOW } from './file-io.ts';
import { headHash } from './record-line.ts';
import { readRecords } from './scan-log.ts';

/**
 * Who holds the names that users wished for: two pages may wish for the same one, and the second must not overwrite the first.
 *
 * The manifest is read for it when the first wish comes, so lists without wishes pay nothing. Names are compared without case, as macOS and
 * Windows do. About 24 bytes a name.
 */
export class WishClaims {
  readonly #manifest: string;
  readonly #names = new HashSet();
  readonly #holders = new HashSet();
  #loaded: Promise<void> | undefined;

  /** @param manifest its path. */
  constructor(manifest: string) {
    this.#manifest = manifest;
  }

  /** True where the name is this page's now: nobody had it, or this page had it already. */
  async claim(name: string, page: Pick<Page, 'hashHigh' | 'hashLow'>): Promise<boolean> {
    this.#loaded ??= this.#load();
    await this.#loaded;
    return this.#claim(name, page);
  }

  #claim(name: string, page: Pick<Page, 'hashHigh' | 'hashLow'>): boolean {
    const folded = name.toLowerCase();
    const nameHash = hashKey(folded);
    const holder = hashKey(`${folded}\n${hashText(page)}`);
    if (!this.#names.add(nameHash.hashHigh, nameHash.hashLow))
      return this.#holders.has(holder.hashHigh, holder.hashLow);
    this.#holders.add(holder.hashHigh, holder.hashLow);
    return true;
  }

  async #load(): Promise<void> {
    const fd = await openFile(this.#manifest, READ_ONLY_NO_FOLLOW);
    try {
      await readRecords(fd, (head, whole) => {
        if (isOk(head.outcome as Outcome) && 'file' in whole && typeof whole.file === 'string') {
          this.#claim(whole.file, headHash(head));
        }
      });
    } finally {
      await closeFile(fd);
    }
  }
}
