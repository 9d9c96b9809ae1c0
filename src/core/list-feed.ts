import type { Announcer } from './announcer.ts';
import { LIMITS } from './config.ts';
import { UsageError } from './failure.ts';
import type { Frontier } from './frontier.ts';
import type { Arrival, Intake } from './intake.ts';
import type { Keeper } from './keeper.ts';
import type { Page } from './page.ts';
import type { Clock, StoreSession } from './ports.ts';

export interface ListFeedOptions {
  readonly intake: Intake;
  readonly frontier: Frontier;
  readonly store: StoreSession;
  /** Pages that are stored are asked for again. */
  readonly refresh: boolean;
  readonly announcer: Announcer;
  readonly keeper: Keeper;
  /** Nothing more is wanted of the lists. */
  readonly isEnding: () => boolean;
  readonly clock: Clock;
  /** There are permits, and nothing in memory that may be started. */
  readonly isHungry: () => boolean;
  /** There is more to start. */
  readonly onArrival: () => void;
  readonly onFailure: (error: unknown) => void;
}

/**
 * Reads the lists as there is room for more: memory is bounded by the look-ahead, never by the list.
 *
 * Where permits are free and all that was read belongs to origins that wait, it reads on past the look-ahead, up to `MOST_ASIDE`
 * pages, for others: the frontier puts aside what is too much of one origin.
 */
export class ListFeed {
  readonly #options: ListFeedOptions;
  #listed = 0;
  #isDone = false;
  #roomWanted: (() => void) | undefined;

  constructor(options: ListFeedOptions) {
    this.#options = options;
  }

  /** No more comes. */
  get isDone(): boolean {
    return this.#isDone;
  }

  async read(): Promise<void> {
    const { intake, announcer, isEnding, onArrival, onFailure } = this.#options;
    try {
      for await (const arrivals of intake.batches()) {
        if (isEnding()) break;
        for (const arrival of arrivals) {
          // A listener may have stopped the run at the arrival before.
          if (!isEnding()) this.#arrive(arrival);
        }
        announcer.tell({ type: 'listed', pages: this.#listed, done: false });
        onArrival();
        await this.#room();
      }
      if (!isEnding()) this.#end();
    } catch (error) {
      onFailure(error);
    }
    this.#isDone = true;
    onArrival();
  }

  /** Goes on reading where there is room again; once the run is ending, to end. */
  wake(): void {
    if (this.#options.isEnding() || this.#hasRoom(ROOM_TO_GO_ON)) this.#roomWanted?.();
  }

  #arrive(arrival: Arrival): void {
    const { announcer, keeper } = this.#options;
    switch (arrival.type) {
      case 'page':
        this.#listed += 1;
        this.#add(arrival.page);
        return;
      case 'duplicate': {
        const { page, idsDiffer } = arrival;
        announcer.tell({ type: 'duplicate', line: page.line, url: page.url, idsDiffer });
        return;
      }
      case 'invalid':
        this.#listed += 1;
        keeper.keepInvalid(arrival.line, arrival.text, arrival.why);
        return;
      case 'truncated':
        announcer.notice(
          'LIST_TRUNCATED',
          `${arrival.list} broke off: ${arrival.why}. What was read of it is fetched.`,
        );
        return;
    }
  }

  #add(page: Page): void {
    const { store, refresh, announcer, frontier } = this.#options;
    if (!refresh && store.has(page)) announcer.tell({ type: 'already-stored', page });
    else frontier.add(page);
  }

  #end(): void {
    const { intake, announcer } = this.#options;
    if (intake.met === 0) {
      throw new UsageError('There is no page in any list: whatever could be read of them is blank or a comment.');
    }
    announcer.tell({ type: 'listed', pages: this.#listed, done: true });
  }

  async #room(): Promise<void> {
    const { frontier, clock, isEnding } = this.#options;
    // A list that is there already would leave nobody else a turn.
    if (frontier.waiting >= LIMITS.lookAhead) await new Promise<void>((resolve) => void clock.timer(1, resolve));
    if (this.#hasRoom(1) || isEnding()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#roomWanted = resolve;
    await promise;
    this.#roomWanted = undefined;
  }

  #hasRoom(share: number): boolean {
    const { frontier, keeper, isHungry } = this.#options;
    const most = LIMITS.lookAhead * share;
    if (keeper.pending >= most) return false;
    if (frontier.waiting < most) return true;
    return frontier.size < LIMITS.lookAhead && frontier.waiting < MOST_ASIDE && isHungry();
  }
}

/** Reading stops when the look-ahead is full, and goes on when half of it is left. */
const ROOM_TO_GO_ON = 0.5;
const MOST_ASIDE = 5_000_000;
