import type { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import type { Checkpoints } from './sqlite-checkpoints.ts';
import { isBusy } from './sqlite-error.ts';

/** So much goes into one transaction, if it is waiting: a few milliseconds in which nothing else happens. */
const BATCH_JOBS = 64;
const BATCH_BYTES = 512 * 1024;
/** Another program may hold the database for a moment. */
const BUSY_WAIT_MS = 20_000;

interface Job {
  readonly run: () => void;
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  /** False where nobody looks at how it ended. */
  readonly told: boolean;
}

/**
 * All that is written into a database, in batches: what is asked for in one turn of the event loop and while another batch was committed
 * is one transaction.
 *
 * The promise of `write` is kept when the transaction is committed: the system then has it, so SIGKILL cannot take it away. A batch that fails
 * is rolled back whole, and everything that waits fails with it: the database is then closed to more.
 */
export class SqliteWriter {
  readonly #database: DatabaseSync;
  readonly #checkpoints: Checkpoints;
  readonly #explain: (error: unknown) => Error;
  #waiting: Job[] = [];
  #running = false;
  #pump: Promise<void> | undefined;
  #failure: Error | undefined;
  #failureTold = false;

  /** @param explain makes the sentence for what SQLite said. */
  constructor(database: DatabaseSync, checkpoints: Checkpoints, explain: (error: unknown) => Error) {
    this.#database = database;
    this.#checkpoints = checkpoints;
    this.#explain = explain;
  }

  /** True where nothing can be written any more. */
  get failed(): boolean {
    return this.#failure !== undefined;
  }

  /**
   * Does a piece of work within the next transaction.
   *
   * @param bytes about how much it writes.
   */
  write(run: () => void, bytes: number): Promise<void> {
    if (this.#failure !== undefined) return this.#refuse(this.#failure);
    return new Promise((resolve, reject) => this.#add({ run, bytes, resolve, reject, told: true }));
  }

  /** The same for what nobody waits for: where it fails, whoever asks next is told. */
  tidy(run: () => void, bytes: number): void {
    if (this.#failure !== undefined) return;
    this.#add({ run, bytes, resolve: () => {}, reject: () => {}, told: false });
  }

  /** Ends the writing for a reason that came from elsewhere. */
  fail(error: unknown): void {
    this.#fail(error, []);
  }

  /** Waits for what is left. Throws the failure that nobody was told yet. */
  async close(): Promise<void> {
    while (this.#running) await this.#pump;
    if (this.#failure !== undefined && !this.#failureTold) await this.#refuse(this.#failure);
  }

  #add(job: Job): void {
    this.#waiting.push(job);
    if (this.#running) return;
    this.#running = true;
    this.#pump = this.#run();
  }

  #refuse(failure: Error): Promise<never> {
    this.#failureTold = true;
    return Promise.reject(failure);
  }

  async #run(): Promise<void> {
    while (this.#failure === undefined && this.#waiting.length > 0) {
      await nextTurn();
      await this.#checkpoints.room();
      if (this.#failure === undefined) await this.#commit(this.#takeBatch());
    }
    // In the same breath as the loop's last look: what is asked for a moment later starts the next round.
    this.#running = false;
  }

  async #commit(batch: readonly Job[]): Promise<void> {
    try {
      await this.#begin();
      for (const job of batch) job.run();
      this.#database.exec('COMMIT');
    } catch (error) {
      this.#rollBack();
      this.#fail(error, batch);
      return;
    }
    this.#checkpoints.wrote();
    for (const job of batch) job.resolve();
  }

  /** Waits, without holding up anything else, for a program that holds the database at the moment. */
  async #begin(): Promise<void> {
    let waitedMs = 0;
    for (let waitMs = 5; ; waitMs = Math.min(waitMs * 2, 250)) {
      try {
        this.#database.exec('BEGIN IMMEDIATE');
        return;
      } catch (error) {
        if (!isBusy(error) || waitedMs >= BUSY_WAIT_MS) throw error;
        await delay(waitMs);
        waitedMs += waitMs;
      }
    }
  }

  #rollBack(): void {
    try {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
    } catch {
      // The transaction is in the log without its end: whoever reads the log next leaves it out.
    }
  }

  #takeBatch(): Job[] {
    let bytes = 0;
    let count = 0;
    for (const job of this.#waiting) {
      if (count === BATCH_JOBS || (count > 0 && bytes + job.bytes > BATCH_BYTES)) break;
      bytes += job.bytes;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  #fail(error: unknown, batch: readonly Job[]): void {
    const failure = this.#failure ?? this.#explain(error);
    this.#failure = failure;
    const failed = [...batch, ...this.#waiting];
    this.#waiting = [];
    for (const job of failed) {
      if (job.told) this.#failureTold = true;
      job.reject(failure);
    }
  }
}
