/** A connection that may be held back. */
export interface Paced {
  /** So new that it is still being set up: what it waits for is little, and has a deadline. */
  readonly isYoung: boolean;
  /** Nothing is to be read from it until `release`. */
  hold(): void;
  release(): void;
}

/** One read takes in as much as the limit lets through in so many seconds, and no more than this. */
const SLICE_SECONDS = 0.02;
const MOST_SLICE_BYTES = 16 * 1024;
/** What is left unused is kept for so long. With one read's excess any two seconds stay within 5% of the limit. */
const BURST_SECONDS = 0.06;
/** Connections are let go for at least what so many seconds bring: a turn costs two system calls for each of them. */
const TURN_SECONDS = 0.01;
const TURN_SECONDS_PER_CONNECTION = 0.000_02;
const MIN_WAIT_MS = 2;

/**
 * Bytes per second over all connections together (`--limit-rate`): a token bucket from which every read is paid.
 *
 * Where it is empty all connections are held; when it has filled up a little they are let go together, those that were read from the
 * longest time ago first. A read takes no more than a slice, so the bucket is never deeper in debt than that.
 */
export class RateLimiter {
  /** No read may be larger. */
  readonly sliceBytes: number;
  readonly #bytesPerMs: number;
  readonly #burstBytes: number;
  readonly #now: () => number;
  /** In the order in which they were read from last. */
  readonly #young = new Set<Paced>();
  readonly #grown = new Set<Paced>();
  #available = 0;
  #refilledAt: number;
  #timer: NodeJS.Timeout | undefined;
  /** Milliseconds in which connections were held, before `heldSince`. */
  #heldMs = 0;
  #heldSince: number | undefined;

  constructor(bytesPerSecond: number, now: () => number = () => performance.now()) {
    this.#bytesPerMs = bytesPerSecond / 1_000;
    this.sliceBytes = Math.max(1, Math.floor(Math.min(MOST_SLICE_BYTES, bytesPerSecond * SLICE_SECONDS)));
    this.#burstBytes = bytesPerSecond * BURST_SECONDS;
    this.#now = now;
    this.#refilledAt = now();
  }

  /** For so long it has held connections, milliseconds: time that is nobody else's fault. */
  heldMs(now: number): number {
    return this.#heldMs + (this.#heldSince === undefined ? 0 : Math.max(0, now - this.#heldSince));
  }

  join(connection: Paced): void {
    this.#young.add(connection);
    if (this.#heldSince !== undefined) connection.hold();
  }

  leave(connection: Paced): void {
    this.#young.delete(connection);
    this.#grown.delete(connection);
  }

  /** So many bytes were read from the connection. */
  use(connection: Paced, bytes: number): void {
    this.leave(connection);
    (connection.isYoung ? this.#young : this.#grown).add(connection);
    this.#refill();
    this.#available -= bytes;
    if (this.#available > 0 || this.#heldSince !== undefined) return;
    this.#heldSince = this.#refilledAt;
    for (const member of this.#members()) member.hold();
    this.#wakeLater();
  }

  destroy(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#young.clear();
    this.#grown.clear();
  }

  *#members(): Generator<Paced> {
    yield* this.#young;
    yield* this.#grown;
  }

  #refill(): void {
    const now = this.#now();
    this.#available = Math.min(this.#burstBytes, this.#available + (now - this.#refilledAt) * this.#bytesPerMs);
    this.#refilledAt = now;
  }

  /** What is to be there before connections are let go. */
  get #turnBytes(): number {
    const connections = this.#young.size + this.#grown.size;
    const seconds = Math.min(BURST_SECONDS, TURN_SECONDS + connections * TURN_SECONDS_PER_CONNECTION);
    return seconds * 1_000 * this.#bytesPerMs;
  }

  #wakeLater(): void {
    const waitMs = (this.#turnBytes - this.#available) / this.#bytesPerMs;
    this.#timer = setTimeout(this.#wake, Math.max(MIN_WAIT_MS, waitMs));
  }

  readonly #wake = (): void => {
    this.#timer = undefined;
    this.#refill();
    if (this.#available <= 0) {
      this.#wakeLater();
      return;
    }
    this.#heldMs = this.heldMs(this.#refilledAt);
    this.#heldSince = undefined;
    for (const member of [...this.#members()]) {
      if (this.#heldSince !== undefined) break;
      member.release();
    }
  };
}
