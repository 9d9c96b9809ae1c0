import { Deque } from './deque.ts';
import { DueHeap } from './due-heap.ts';
import type { Failure } from './failure.ts';
import type { OriginGate } from './origin-gate.ts';
import type { Page } from './page.ts';
import { PageJob } from './page-job.ts';
import type { Spool, SpoolChunk } from './ports.ts';

/** An origin with what waits for it. */
export interface OriginQueue {
  readonly origin: string;
  readonly gate: OriginGate;
  /** Pages that were tried before, or came here by a redirect: they go first, so that what is begun ends. */
  readonly again: Deque<PageJob>;
  /** Not tried yet. A job is made of a page when its turn comes: thousands wait, and a page is much smaller. */
  readonly fresh: Deque<Page>;
  /** What was read ahead of it and put aside, in order: chunks on disk, then pages that are not enough for a chunk. */
  readonly spooled: Deque<SpoolChunk>;
  overflow: Page[];
  aside: number;
  /** Pages of this origin that wait for a time of their own (backoff). */
  delayed: number;
  /** `ready`: in the ring. `waiting`: its gate opens at `wakeAt`. `held`: a settled request will say more. `empty`: nothing waits. */
  state: 'ready' | 'waiting' | 'held' | 'empty';
  wakeAt: number;
}

export type Next =
  | { readonly type: 'job'; readonly job: PageJob; readonly queue: OriginQueue }
  /** Its origin was given up. */
  | { readonly type: 'lost'; readonly job: PageJob; readonly failure: Failure }
  /** Nothing can be started now; `wakeAt` where time alone will change that. */
  | { readonly type: 'none'; readonly wakeAt: number | undefined };

/**
 * Which page next: a queue per origin, and a ring of the origins that may be asked, one page a turn. A page that waits (for its own
 * backoff or for its origin) waits here, holding no permit. Time comes in as monotonic milliseconds.
 */
export class Frontier {
  readonly #makeGate: (origin: string) => OriginGate;
  readonly #spool: Spool | undefined;
  readonly #crowded: number;
  readonly #queues = new Map<string, OriginQueue>();
  readonly #ready = new Deque<OriginQueue>();
  readonly #closed = new DueHeap<OriginQueue>();
  readonly #delayed = new DueHeap<PageJob>();
  #size = 0;
  #aside = 0;

  /**
   * @param crowded from so many pages in memory on, those of an origin that has enough waiting are put aside
   * @param spool absent: nothing is put aside
   */
  constructor(makeGate: (origin: string) => OriginGate, crowded: number, spool?: Spool) {
    this.#makeGate = makeGate;
    this.#crowded = crowded;
    this.#spool = spool;
  }

  /** Pages that wait in memory. */
  get size(): number {
    return this.#size;
  }

  /** Pages that wait, those put aside included. */
  get waiting(): number {
    return this.#size + this.#aside;
  }

  get origins(): Iterable<OriginQueue> {
    return this.#queues.values();
  }

  /** A page that was not tried yet. */
  add(page: Page): void {
    const queue = this.queueOf(page.origin);
    const isEnough = queue.fresh.size >= this.#enough;
    if (this.#spool !== undefined && (queue.aside > 0 || isEnough)) this.#putAside(this.#spool, queue, page);
    else this.#addFresh(queue, page);
  }

  /** A page that goes on: at `at`, or as soon as its origin lets it. */
  addAgain(job: PageJob, at: number, now: number): void {
    this.#size += 1;
    const queue = this.queueOf(job.origin);
    if (at > now) {
      queue.delayed += 1;
      this.#delayed.push(at, job);
      return;
    }
    queue.again.pushBack(job);
    this.#wake(queue);
  }

  /** Something about the origin changed: a request to it ended. */
  touch(queue: OriginQueue): void {
    if (queue.gate.isGivenUp && queue.delayed > 0) this.#bringDelayed(queue);
    if (waitingIn(queue) > 0) this.#wake(queue);
  }

  next(now: number): Next {
    this.#bringDue(now);
    for (let queue = this.#ready.popFront(); queue !== undefined; queue = this.#ready.popFront()) {
      const found = this.#ask(queue, now);
      if (found !== undefined) return found;
    }
    return { type: 'none', wakeAt: earlier(this.#closed.nextAt, this.#delayed.nextAt) };
  }

  queueOf(origin: string): OriginQueue {
    let queue = this.#queues.get(origin);
    if (queue === undefined) {
      const gate = this.#makeGate(origin);
      queue = {
        origin,
        gate,
        again: new Deque(),
        fresh: new Deque(),
        spooled: new Deque(),
        overflow: [],
        aside: 0,
        delayed: 0,
        state: 'empty',
        wakeAt: 0,
      };
      this.#queues.set(origin, queue);
    }
    return queue;
  }

  /** Forgets origins with nothing waiting, in flight or learned. */
  forgetIdle(now: number): void {
    for (const queue of this.#queues.values()) {
      if (queue.state === 'empty' && queue.delayed === 0 && queue.gate.isForgettable(now))
        this.#queues.delete(queue.origin);
    }
  }

  get knownOrigins(): number {
    return this.#queues.size;
  }

  #bringDue(now: number): void {
    for (let job = this.#delayed.popDue(now); job !== undefined; job = this.#delayed.popDue(now)) {
      const queue = this.queueOf(job.origin);
      queue.delayed -= 1;
      queue.again.pushBack(job);
      this.#wake(queue);
    }
    for (let queue = this.#closed.popDue(now); queue !== undefined; queue = this.#closed.popDue(now)) {
      // An entry of an earlier wait may still be in the heap: only the last one counts.
      if (queue.state === 'waiting' && queue.wakeAt <= now) this.#wake(queue);
    }
  }

  /** Of an origin that was given up: there is nothing left that their backoff would wait for. */
  #bringDelayed(queue: OriginQueue): void {
    for (const job of this.#delayed.takeAll(({ origin }) => origin === queue.origin)) queue.again.pushBack(job);
    queue.delayed = 0;
  }

  #ask(queue: OriginQueue, now: number): Next | undefined {
    const admission = queue.gate.admit(now);
    if (admission.type === 'full') {
      queue.state = 'held';
      return undefined;
    }
    if (admission.type === 'wait') {
      queue.state = 'waiting';
      queue.wakeAt = admission.at;
      this.#closed.push(admission.at, queue);
      return undefined;
    }
    if (admission.type === 'given-up' && queue.delayed > 0) this.#bringDelayed(queue);
    const job = take(queue);
    if (job === undefined) {
      queue.state = 'empty';
      return undefined;
    }
    this.#size -= 1;
    if (queue.aside > 0 && queue.fresh.size < ENOUGH_WAITING / 2) this.#bringBack(queue);
    if (waitingIn(queue) > 0) this.#ready.pushBack(queue);
    else queue.state = 'empty';
    if (admission.type === 'given-up') return { type: 'lost', job, failure: admission.failure };
    return { type: 'job', job, queue };
  }

  /** So many pages of an origin may wait in memory. The more crowded it is, the fewer: thousands of origins may be paused at once. */
  get #enough(): number {
    if (this.#size < this.#crowded) return Number.POSITIVE_INFINITY;
    return this.#size < this.#crowded * VERY_CROWDED ? ENOUGH_WAITING : 1;
  }

  #addFresh(queue: OriginQueue, page: Page): void {
    this.#size += 1;
    queue.fresh.pushBack(page);
    this.#wake(queue);
  }

  /** In order: once pages of an origin are put aside, so are all that come after them. */
  #putAside(spool: Spool, queue: OriginQueue, page: Page): void {
    queue.overflow.push(page);
    queue.aside += 1;
    this.#aside += 1;
    if (queue.overflow.length < PAGES_OF_A_CHUNK) return;
    const chunk = spool.put(queue.overflow);
    if (chunk === undefined) return;
    queue.spooled.pushBack(chunk);
    queue.overflow = [];
  }

  #bringBack(queue: OriginQueue): void {
    const chunk = queue.spooled.popFront();
    const pages = chunk === undefined ? queue.overflow : (this.#spool?.take(chunk) ?? []);
    if (chunk === undefined) queue.overflow = [];
    queue.aside -= pages.length;
    this.#aside -= pages.length;
    for (const page of pages) this.#addFresh(queue, page);
  }

  #wake(queue: OriginQueue): void {
    if (queue.state === 'ready') return;
    queue.state = 'ready';
    this.#ready.pushBack(queue);
  }
}

function take(queue: OriginQueue): PageJob | undefined {
  // From the far end: neighbours of a list often fail together.
  if (queue.gate.wantsFreshPage) return jobOf(queue.fresh.popBack()) ?? queue.again.popFront();
  return queue.again.popFront() ?? jobOf(queue.fresh.popFront());
}

function jobOf(page: Page | undefined): PageJob | undefined {
  return page === undefined ? undefined : new PageJob(page);
}

/** Pages that wait for the origin, as far as the list has been read. */
export function waitingFor(queue: OriginQueue): number {
  return waitingIn(queue) + queue.delayed + queue.aside;
}

function waitingIn(queue: OriginQueue): number {
  return queue.again.size + queue.fresh.size;
}

/** Pages of an origin that wait in memory, while the memory is crowded: enough for the next few dozen permits. */
const ENOUGH_WAITING = 64;
const VERY_CROWDED = 1.8;
const PAGES_OF_A_CHUNK = 64;

function earlier(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined) return b;
  return b === undefined ? a : Math.min(a, b);
}
