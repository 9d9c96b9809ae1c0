import { readFileSync, statSync } from 'node:fs';
import { uptime } from 'node:os';
import { HashSet } from '../core/hash-set.ts';
import { type LogLine, lineText } from './line-reader.ts';
import { headHash, type RecordHead } from './record-line.ts';
import type { StoreFolder } from './store-folder.ts';
import type { StoreLock } from './store-lock.ts';

const BOOT_ID = '/proc/sys/kernel/random/boot_id';

/**
 * Finds the pages that a loss of power took away: files of which the manifest tells, but whose bytes had not reached the disk.
 *
 * Syncing every file before it is renamed would cost a disk write a page, so it is not done. Instead the lock remembers the machine's boot
 * and the manifest's size at its first run: when the machine has been booted since, the records added after that size are believed only
 * where their file is there with the size that they tell (a file system that writes data before sizes, as ext4, XFS, APFS and NTFS do,
 * never shows the size of bytes it does not have). Each record is checked once a boot at most.
 */
export class PowerLossCheck {
  readonly #folder: StoreFolder;
  readonly #lock: StoreLock;
  readonly #boot: string;
  /** Records from here on are not believed unseen. */
  readonly #uncertainFrom: number;
  readonly #doubted: { readonly hashHigh: number; readonly hashLow: number }[] = [];

  constructor(folder: StoreFolder, lock: StoreLock) {
    this.#folder = folder;
    this.#lock = lock;
    this.#boot = bootId();
    const sameBoot = lock.get('boot') === this.#boot;
    this.#uncertainFrom = sameBoot
      ? Number.POSITIVE_INFINITY
      : Number(lock.get('certain-bytes') ?? Number.POSITIVE_INFINITY);
  }

  believes(fd: number, head: RecordHead, line: LogLine): boolean {
    if (line.start < this.#uncertainFrom) return true;
    const record: unknown = JSON.parse(lineText(fd, line));
    if (typeof record !== 'object' || record === null || !('file' in record) || !('bytes' in record)) return true;
    const size = statSync(this.#folder.join(String(record.file)), { throwIfNoEntry: false })?.size;
    if (size === record.bytes) return true;
    this.#doubted.push(headHash(head));
    return false;
  }

  /**
   * How many pages were lost: those of which no record was believed. Where there are none, everything before `manifestBytes` is remembered
   * as certain; else the doubtful records are looked at again by the next run, when their pages have been fetched anew.
   */
  settle(pages: HashSet, manifestBytes: number): number {
    const lost = new HashSet();
    for (const { hashHigh, hashLow } of this.#doubted) if (!pages.has(hashHigh, hashLow)) lost.add(hashHigh, hashLow);
    if (lost.size === 0 && this.#lock.get('boot') !== this.#boot) {
      this.#lock.set({ boot: this.#boot, 'certain-bytes': String(manifestBytes) });
    }
    return lost.size;
  }
}

function bootId(): string {
  try {
    return readFileSync(BOOT_ID, 'utf8').trim();
  } catch {
    // Elsewhere the minute of the boot; an hour set anew costs one check in vain.
    return `minute ${Math.round((Date.now() / 1000 - uptime()) / 60)}`;
  }
}
