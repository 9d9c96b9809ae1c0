import type { AttemptResult, AttemptSequel, NoticeCode, RunEvent } from './event.ts';
import type { GateListener } from './origin-sighting.ts';
import type { PageJob } from './page-job.ts';
import type { Tally } from './policy/tally.ts';
import type { Clock, Exchange, Listener } from './ports.ts';

/** What is known of an origin's limits, when it is told that they were learned. */
export interface Learned {
  readonly concurrency: number;
  readonly ratePerSecond: number | undefined;
}

/** Tells a run's events: first to its own tally, then to every listener. */
export class Announcer {
  readonly #tally: Tally;
  readonly #listeners: readonly Listener[];
  readonly #clock: Clock;
  readonly #told = new Set<string>();
  #isOver = false;

  constructor(tally: Tally, listeners: readonly Listener[], clock: Clock) {
    this.#tally = tally;
    this.#listeners = listeners;
    this.#clock = clock;
  }

  /** After `ended` nothing more is told. */
  tell(event: RunEvent): void {
    if (this.#isOver) return;
    this.#isOver = event.type === 'ended';
    this.#tally.add(event);
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch {
        // A listener only watches: whatever happens to it, the run goes on.
      }
    }
  }

  /** Once for each kind; of the store and of lists that broke, once for each sentence. */
  notice(code: NoticeCode, message: string): void {
    const id = code === 'STORE' || code === 'LIST_TRUNCATED' ? `${code} ${message}` : code;
    if (this.#told.has(id)) return;
    this.#told.add(id);
    this.tell({ type: 'notice', code, message });
  }

  attempt(job: PageJob, url: string, exchange: Exchange, sequel: AttemptSequel): void {
    this.tell({ type: 'attempt', page: job.page, url, number: job.attempts, result: resultOf(exchange), sequel });
  }

  /** Tells what an origin's gate decides, in times of day. */
  gateListener(origin: string, learned: () => Learned): GateListener {
    return {
      paused: ({ reason, until, status }) => {
        const untilWall = this.#clock.wall() + until - this.#clock.now();
        const answered = status === undefined ? undefined : { status };
        this.tell({ type: 'origin-paused', origin, reason, untilWall, ...answered });
      },
      resumed: () => this.tell({ type: 'origin-resumed', origin }),
      learned: () => {
        const { concurrency, ratePerSecond } = learned();
        const rate = ratePerSecond === undefined ? undefined : { ratePerSecond };
        this.tell({ type: 'origin-learned', origin, concurrency, ...rate });
      },
      givenUp: (failure, comeBackMs) => {
        const comeBack = comeBackMs === undefined ? undefined : { comeBackWall: this.#clock.wall() + comeBackMs };
        this.tell({ type: 'origin-given-up', origin, failure, ...comeBack });
      },
    };
  }
}

function resultOf(exchange: Exchange): AttemptResult {
  if (!exchange.ok) return { type: 'failure', failure: exchange.failure };
  const { head, wireBytes, connectMs, headMs } = exchange;
  return { type: 'answer', status: head.status, httpVersion: head.httpVersion, wireBytes, connectMs, headMs };
}
