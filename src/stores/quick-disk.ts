import { statfsSync } from 'node:fs';

/**
 * File systems on a disk of this machine, or in its memory, by their magic number (statfs(2)). What lies behind a network or another
 * process may keep a call waiting for as long as it likes, and the whole program with it.
 */
const LOCAL = new Set([
  0x01021994, // tmpfs
  0x858458f6, // ramfs
  0xef53, // ext2, ext3, ext4
  0x58465342, // XFS
  0x9123683e, // Btrfs
  0xf2f52010, // F2FS
  0x2fc12fc1, // ZFS
  0xca451a4e, // bcachefs
  0x794c7630, // overlayfs
]);

/** Of what is written at once: more takes long enough to be worth another thread. */
const MOST_BYTES = 256 * 1024;
/** What a file (or a write to a log) may take on average, the last one counted with `WEIGHT`. */
const SLOW_MS = 1;
const WEIGHT = 0.02;
/** Among busy programs a process is kept waiting for so long now and then, and that is not the disk: more counts as so much. */
const MOST_COUNTED_MS = 20;
/** But this long no system lets anybody wait. */
const VERY_SLOW_MS = 250;
/** A disk that was slow is left to other threads: for so long, or so many times what the last file took, which is 1% of the time. */
const LEAST_REST_MS = 1_000;
const REST = 100;

/**
 * May something small be written on this very thread? Where the disk is local and quick that takes a tenth of what a file costs in four calls
 * through the thread pool. Where it turns out to be slow, nothing else shall wait for it.
 */
export class QuickDisk {
  readonly #isLocal: boolean;
  readonly #now: () => number;
  #meanMs = 0;
  #slowUntil = Number.NEGATIVE_INFINITY;

  /** @param now monotonic milliseconds */
  constructor(isLocal: boolean, now: () => number = () => performance.now()) {
    this.#isLocal = isLocal;
    this.#now = now;
  }

  suits(bytes: number): boolean {
    return this.#isLocal && bytes <= MOST_BYTES && this.#now() >= this.#slowUntil;
  }

  /** Does it, and sees how long it takes. */
  run<Result>(work: () => Result): Result {
    const begunAt = this.#now();
    try {
      return work();
    } finally {
      this.#note(this.#now() - begunAt);
    }
  }

  /** For so long it is to be left to other threads yet; 0 where it is quick. */
  get restMs(): number {
    return Math.max(0, this.#slowUntil - this.#now());
  }

  /** To be left to other threads for so long at least. */
  rest(ms: number): void {
    this.#slowUntil = Math.max(this.#slowUntil, this.#now() + ms);
  }

  #note(ms: number): void {
    this.#meanMs += (Math.min(ms, MOST_COUNTED_MS) - this.#meanMs) * WEIGHT;
    if (this.#meanMs < SLOW_MS && ms < VERY_SLOW_MS) return;
    this.#meanMs = 0;
    this.rest(Math.max(LEAST_REST_MS, ms * REST));
  }
}

/** True where it is known to lie on this machine. Other systems than Linux have other numbers: of them nothing is known. */
export function isLocalDisk(path: string): boolean {
  try {
    return LOCAL.has(statfsSync(path).type >>> 0);
  } catch {
    return false;
  }
}
