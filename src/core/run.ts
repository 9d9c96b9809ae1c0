import { Announcer } from './announcer.ts';
import { BodyBudget } from './body-budget.ts';
import type { Config } from './config.ts';
import { LIMITS } from './config.ts';
import type { Gauges, StopReason, Verdict } from './event.ts';
import type { Failure } from './failure.ts';
import { ReaderGoneError, StoreError } from './failure.ts';
import { PageFetcher, type Step } from './fetch-page.ts';
import { Frontier, type OriginQueue, waitingFor } from './frontier.ts';
import { Intake } from './intake.ts';
import { Keeper } from './keeper.ts';
import { ListFeed } from './list-feed.ts';
import { OriginGate } from './origin-gate.ts';
import type { Ticket } from './origin-sighting.ts';
import type { Input } from './page.ts';
import type { PageJob } from './page-job.ts';
import { Permits } from './permits.ts';
import { Credentials } from './policy/credentials.ts';
import { Tally } from './policy/tally.ts';
import type { Client, Clock, Listener, Spool, StoreSession } from './ports.ts';
import type { PageRecord } from './record.ts';

/** Everything that a run is made of. The store is open already; the run closes neither it nor the client. */
export interface RunParts {
  readonly config: Config;
  readonly input: Input;
  readonly client: Client;
  readonly store: StoreSession;
  readonly clock: Clock;
  readonly random: () => number;
  readonly listeners: readonly Listener[];
  /** Absent: the look-ahead ends at an origin that is slow or paused. */
  readonly spool?: Spool;
}

/** An exchange that the gate let through. */
interface Turn {
  readonly job: PageJob;
  readonly queue: OriginQueue;
  readonly ticket: Ticket;
}

/** One run: from the list to the verdict. */
export class Run {
  readonly #parts: RunParts;
  readonly #clock: Clock;
  readonly #frontier: Frontier;
  readonly #permits: Permits;
  readonly #mostBeingKept: number;
  readonly #tally = new Tally();
  readonly #budget = new BodyBudget();
  readonly #intake: Intake;
  readonly #announcer: Announcer;
  readonly #keeper: Keeper;
  readonly #feed: ListFeed;
  #fetcher: PageFetcher | undefined;
  #startedAt = 0;
  #forgetAbove = MOST_IDLE_ORIGINS;
  #cancelWake: (() => void) | undefined;
  #stop: { readonly reason: StopReason; storeFailure?: string } | undefined;
  #bug: { readonly error: unknown } | undefined;
  #isFinished = false;
  /** There are permits, and nothing that may be started. */
  #isHungry = false;
  readonly #finished = Promise.withResolvers<void>();

  constructor(parts: RunParts) {
    this.#parts = parts;
    this.#clock = parts.clock;
    const { concurrency } = parts.config.pace;
    this.#permits = new Permits(concurrency);
    this.#mostBeingKept = concurrency * KEEPING_PER_PERMIT;
    this.#intake = new Intake(parts.input, parts.config.shard);
    this.#frontier = new Frontier((origin) => this.#makeGate(origin), LIMITS.lookAhead / 2, parts.spool);
    this.#announcer = new Announcer(this.#tally, parts.listeners, parts.clock);
    this.#keeper = new Keeper({
      store: parts.store,
      clock: parts.clock,
      announcer: this.#announcer,
      onKept: (record) => {
        this.#checkFailures(record);
        this.#pump();
      },
      onFailure: (error) => this.#fail(error),
    });
    this.#feed = new ListFeed({
      intake: this.#intake,
      frontier: this.#frontier,
      store: parts.store,
      refresh: parts.config.refresh,
      announcer: this.#announcer,
      keeper: this.#keeper,
      isEnding: () => this.#isEnding,
      clock: parts.clock,
      isHungry: () => this.#isHungry,
      onArrival: () => this.#pump(),
      onFailure: (error) => this.#fail(error),
    });
  }

  /**
   * Fetches the whole list.
   *
   * @throws UsageError where no list holds a page; whatever a part of ours throws that is no StoreError: that is a bug
   */
  async verdict(): Promise<Verdict> {
    this.#startedAt = this.#clock.now();
    const { store, config } = this.#parts;
    const { pages, newest } = store.stored;
    this.#announcer.tell({
      type: 'started',
      storedPages: pages,
      ...(newest === undefined ? undefined : { storedNewest: newest }),
    });
    for (const message of store.notices) this.#announcer.notice('STORE', message);
    const cancelDeadline =
      config.deadlineMs === undefined ? () => {} : this.#clock.timer(config.deadlineMs, () => this.stop('deadline'));
    void this.#feed.read();
    await this.#finished.promise;
    cancelDeadline();
    // Not waited for: a source that is asleep closes when it wakes, and what was read no longer matters.
    this.#intake.close().catch(() => {});
    if (this.#bug !== undefined) throw this.#bug.error;
    const elapsedMs = this.#clock.now() - this.#startedAt;
    const verdict = this.#tally.verdict(elapsedMs, this.#stop?.reason, this.#stop?.storeFailure);
    this.#announcer.tell({ type: 'ended', verdict });
    return verdict;
  }

  /**
   * Starts nothing more. What is in flight gets `LIMITS.graceMs` to land; where nothing could be kept any more, none. What the store has not
   * kept `LIMITS.keepingMs` later is not waited for.
   * The first reason stands.
   */
  stop(reason: StopReason): void {
    if (this.#stop !== undefined || this.#isFinished) return;
    this.#stop = { reason };
    this.#announcer.tell({ type: 'stopping', reason });
    this.#cancelWake?.();
    this.#feed.wake();
    const canKeep = reason !== 'store' && reason !== 'reader-gone';
    const graceMs = canKeep ? LIMITS.graceMs : 0;
    const cancels = [
      this.#clock.timer(graceMs, () => void this.#parts.client.destroy()),
      this.#clock.timer(graceMs + LIMITS.keepingMs, () => this.#finish()),
    ];
    void this.#finished.promise.then(() => {
      for (const cancel of cancels) cancel();
    });
    this.#endIfDone();
  }

  /** Some list holds a page, of whichever shard. */
  get pageListed(): boolean {
    return this.#intake.firstPage !== undefined;
  }

  gauges(): Gauges {
    const now = this.#clock.now();
    const toWall = this.#clock.wall() - now;
    const origins = [];
    for (const queue of this.#frontier.origins) {
      const { origin, gate } = queue;
      const waiting = waitingFor(queue);
      if (waiting === 0 && gate.inFlight === 0) continue;
      const rate = gate.learnedRate(now);
      const { pause } = gate;
      origins.push({
        origin,
        waiting,
        inFlight: gate.inFlight,
        concurrency: gate.concurrency,
        answers: gate.good,
        ...(rate === undefined ? undefined : { ratePerSecond: rate }),
        ...(pause === undefined ? undefined : { paused: { ...pause, untilWall: pause.until + toWall } }),
      });
    }
    return {
      inFlight: this.#permits.inUse,
      waiting: this.#frontier.waiting,
      receivedBytes: this.#parts.client.receivedBytes,
      origins,
    };
  }

  /** Nothing more is begun: the run was stopped, or a part of ours is broken. */
  get #isEnding(): boolean {
    return this.#stop !== undefined || this.#bug !== undefined;
  }

  /** Starts whatever may be started now, and sees to it that it is called again when more may be. */
  #pump(): void {
    this.#cancelWake?.();
    this.#cancelWake = undefined;
    this.#isHungry = false;
    while (this.#mayBegin && this.#permits.hasFree) {
      const next = this.#frontier.next(this.#clock.now());
      if (next.type === 'none') {
        this.#wakeAt(next.wakeAt);
        this.#isHungry = true;
        break;
      }
      if (next.type === 'lost') this.#lose(next.job, next.failure);
      else this.#begin(next.job, next.queue);
    }
    this.#feed.wake();
    if (this.#frontier.knownOrigins > this.#forgetAbove) {
      this.#frontier.forgetIdle(this.#clock.now());
      this.#forgetAbove = Math.max(MOST_IDLE_ORIGINS, 2 * this.#frontier.knownOrigins);
    }
    this.#endIfDone();
  }

  /** A store that does not keep up holds new requests back. */
  get #mayBegin(): boolean {
    return !this.#isEnding && this.#keeper.pending < this.#mostBeingKept;
  }

  #wakeAt(at: number | undefined): void {
    if (at === undefined) return;
    this.#cancelWake = this.#clock.timer(Math.max(0, at - this.#clock.now()), () => this.#pump());
  }

  #begin(job: PageJob, queue: OriginQueue): void {
    // The gate counts it now: its permit is used a moment later.
    const turn = this.#turnOf(job, queue);
    this.#permits
      .use(() => this.#lane(turn))
      .then(
        () => this.#pump(),
        (error: unknown) => this.#fail(error),
      );
  }

  /** One permit, which goes from an exchange that has ended to the next one for as long as there is one. */
  async #lane(first: Turn): Promise<void> {
    this.#fetcher ??= this.#makeFetcher();
    const fetcher = this.#fetcher;
    for (let turn: Turn | undefined = first; turn !== undefined; turn = this.#nextTurn()) {
      const step = await fetcher.turn(turn.job, turn.queue, turn.ticket);
      this.#follow(turn, step);
    }
  }

  #turnOf(job: PageJob, queue: OriginQueue): Turn {
    return { job, queue, ticket: queue.gate.start(this.#clock.now(), isFirstTry(job)) };
  }

  #nextTurn(): Turn | undefined {
    if (!this.#mayBegin || this.#permits.areTooMany) return undefined;
    const next = this.#frontier.next(this.#clock.now());
    if (next.type === 'none') return undefined;
    if (next.type === 'lost') {
      this.#lose(next.job, next.failure);
      return undefined;
    }
    const turn = this.#turnOf(next.job, next.queue);
    this.#pump();
    return turn;
  }

  /** After an exchange. */
  #follow({ job, queue, ticket }: Turn, step: Step): void {
    this.#frontier.touch(queue);
    this.#permits.growBack(this.#clock.now());
    if (step.type === 'final') this.#settle(job, step);
    else this.#goOn(job, step, ticket.startedAt);
  }

  #goOn(job: PageJob, step: Exclude<Step, { type: 'final' }>, startedAt: number): void {
    const now = this.#clock.now();
    if (step.type === 'hop') {
      this.#announcer.attempt(job, step.from, step.exchange, { type: 'hop', to: job.url });
      this.#frontier.addAgain(job, now, now);
      return;
    }
    const { cost, afterMs } = step.decision;
    const told = cost === 'try' || cost === 'refusal' ? cost : 'free';
    this.#announcer.attempt(job, job.url, step.exchange, { type: 'again', cost: told, afterMs });
    const { exchange } = step;
    if (!exchange.ok && exchange.failure.code === 'LOCAL_RESOURCES') this.#runShort(exchange.failure, startedAt);
    this.#frontier.addAgain(job, now + afterMs, now);
  }

  #settle(job: PageJob, step: Extract<Step, { type: 'final' }>): void {
    const { exchange, ending, body } = step;
    // What we cut short ourselves has no outcome: the next run asks again.
    if (!exchange.ok && exchange.failure.code === 'ABORTED') return;
    this.#announcer.attempt(job, job.url, exchange, { type: 'done' });
    this.#keeper.keep(job, ending, body);
  }

  #lose(job: PageJob, failure: Failure): void {
    this.#keeper.keep(job, { outcome: 'given-up', error: { code: failure.code, message: failure.message } }, undefined);
  }

  #checkFailures(record: PageRecord): void {
    // A line that is no page never stops the others.
    if (record.error === undefined || record.outcome === 'invalid') return;
    const { failFast, maxFailures } = this.#parts.config.verdict;
    const { failed, settled } = this.#tally;
    if (failFast) this.stop('fail-fast');
    if (maxFailures === undefined) return;
    const isTooMany =
      'count' in maxFailures
        ? failed >= maxFailures.count
        : settled >= PAGES_BEFORE_SHARE && failed / settled >= maxFailures.share;
    if (isTooMany) this.stop('max-failures');
  }

  #endIfDone(): void {
    if (this.#permits.inUse > 0 || this.#keeper.pending > 0) return;
    if (!this.#isEnding && !(this.#feed.isDone && this.#frontier.waiting === 0)) return;
    this.#finish();
  }

  #finish(): void {
    this.#cancelWake?.();
    this.#isFinished = true;
    this.#finished.resolve();
  }

  /** A store that cannot go on stops the run; anything else is a bug of ours, and ends it as one. */
  #fail(error: unknown): void {
    if (error instanceof ReaderGoneError) {
      this.stop('reader-gone');
    } else if (error instanceof StoreError) {
      this.stop('store');
      // Also where the run was being stopped already: what could not be kept must not pass unnoticed.
      if (this.#stop !== undefined) this.#stop.storeFailure ??= error.message;
    } else {
      this.#bug ??= { error };
      this.#feed.wake();
      void this.#parts.client.destroy();
    }
    this.#pump();
  }

  #runShort({ message }: Failure, startedAt: number): void {
    if (!this.#permits.shrink(this.#clock.now(), startedAt)) return;
    this.#announcer.notice('LOCAL_RESOURCES', `${message}. Going on with fewer requests at a time.`);
  }

  #makeFetcher(): PageFetcher {
    const { client, config, clock, random, store } = this.#parts;
    const firstOrigin = this.#intake.firstPage?.origin ?? '';
    return new PageFetcher({
      client,
      config,
      clock,
      random,
      credentials: new Credentials(config.request, firstOrigin, config.net.cert !== undefined),
      store,
      budget: this.#budget,
      onWithheld: (origin) => this.#announcer.notice('CREDENTIALS_WITHHELD', withheld(firstOrigin, origin)),
    });
  }

  #makeGate(origin: string): OriginGate {
    const { clock, config, random } = this.#parts;
    const listener = this.#announcer.gateListener(origin, () => ({
      concurrency: gate.concurrency,
      ratePerSecond: gate.learnedRate(this.#clock.now()),
    }));
    const gate: OriginGate = new OriginGate(config.pace, config.retry, random, () => clock.isBusy(), listener);
    return gate;
  }
}

/** No try at the page has failed yet: a hop, or a repeat that cost none, goes on with the first. */
function isFirstTry(job: PageJob): boolean {
  return job.attempts === 0 || (job.attempts === 1 && !job.atStartOfTry);
}

function withheld(firstOrigin: string, origin: string): string {
  return (
    `Credentials, cookies and custom headers go to ${firstOrigin} only, not to ${origin} and others; ` +
    '--credentials-to names more origins that are to get them.'
  );
}

/** Pages that are being kept for every one that may be in flight. */
const KEEPING_PER_PERMIT = 4;
/** --max-failures as a share counts from so many pages on. */
const PAGES_BEFORE_SHARE = 100;
/** From so many on, origins with nothing left to do are forgotten. */
const MOST_IDLE_ORIGINS = 4_096;
