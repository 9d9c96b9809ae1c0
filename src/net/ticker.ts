/** Something with deadlines. */
export interface Timed {
  /** Called now and then with the monotonic time in milliseconds. May remove itself. */
  tick(now: number): void;
}

/** A turn that comes so much too late was not late: the process stood still (SIGSTOP, a machine asleep, a long computation of ours). */
const STOOD_STILL_MS = 1_000;

/** What a ticker goes through. */
export interface Members extends Iterable<Timed> {
  readonly isEmpty: boolean;
}

/**
 * One coarse timer for everything in flight, instead of several for each page. It runs only while something is in flight, and stops lazily, at its
 * next turn: pages that follow each other do not start and stop it.
 */
export class Ticker {
  readonly #periodMs: number;
  readonly #members: Members;
  #timer: NodeJS.Timeout | undefined;
  #lastRunAt = 0;

  /** The period is a tenth of the shortest limit, between 10 and 200 ms: a limit is overrun by no more than that. */
  constructor(limitsMs: readonly number[], members: Members) {
    this.#periodMs = Math.max(10, Math.min(200, Math.floor(Math.min(...limitsMs) / 10)));
    this.#members = members;
  }

  /** To be called when there is a member more. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.#lastRunAt = performance.now();
    this.#timer = setInterval(() => this.#run(), this.#periodMs);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #run(): void {
    if (this.#members.isEmpty) {
      this.stop();
      return;
    }
    const now = performance.now();
    const lateMs = now - this.#lastRunAt - this.#periodMs;
    this.#lastRunAt = now;
    // What came meanwhile is read before anybody is told that nothing came.
    if (lateMs >= STOOD_STILL_MS) return;
    for (const member of this.#members) member.tick(now);
  }
}
