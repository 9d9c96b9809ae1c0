/** Something with deadlines. */
export interface Timed {
  /** Called now and then with the monotonic time in milliseconds. May remove itself. */
  tick(now: number): void;
}

/**
 * One coarse timer for everything in flight: a page costs two Set operations instead of several timers.
 * It runs only while something is in flight.
 */
export class Ticker<Member extends Timed> {
  readonly #periodMs: number;
  readonly #members = new Set<Member>();
  #timer: NodeJS.Timeout | undefined;

  /** The period is a tenth of the shortest limit, between 10 and 200 ms: a limit is overrun by no more than that. */
  constructor(limitsMs: readonly number[]) {
    this.#periodMs = Math.max(10, Math.min(200, Math.floor(Math.min(...limitsMs) / 10)));
  }

  get members(): ReadonlySet<Member> {
    return this.#members;
  }

  add(member: Member): void {
    this.#members.add(member);
    this.#timer ??= setInterval(() => this.#run(), this.#periodMs);
  }

  /** The timer itself is stopped lazily, at its next turn: pages that follow each other do not start and stop it. */
  delete(member: Member): void {
    this.#members.delete(member);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #run(): void {
    if (this.#members.size === 0) {
      this.stop();
      return;
    }
    const now = performance.now();
    for (const member of this.#members) member.tick(now);
  }
}
