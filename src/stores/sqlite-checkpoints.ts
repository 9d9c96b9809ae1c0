import { once } from 'node:events';
import { statSync } from 'node:fs';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { CheckpointAnswer } from './sqlite-checkpoint-worker.ts';
import { isBusy } from './sqlite-error.ts';

const WORKER = new URL(`./sqlite-checkpoint-worker${extname(import.meta.url)}`, import.meta.url);
/** Node 22 warns of node:sqlite in every thread that loads it. */
const QUIETLY = ['--disable-warning=ExperimentalWarning'];
/** It holds next to nothing. */
const SMALL = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1 };
/** From so much of a log on it is brought into the database. */
const FROM_BYTES = 4 * 2 ** 20;
/** At so much the writing waits: the log begins anew only where nothing was written since the checkpoint began. */
const MOST_BYTES = 32 * 2 ** 20;
/** A loss of power takes away at most what is younger. */
const SYNC_AFTER_MS = 5_000;

/**
 * When the log of a database (its -wal file) is brought into it: by another thread, so that the run never waits for the disk.
 *
 * SQLite's own automatic checkpoints happen within a commit: measured on a good SSD, one commit in a hundred took 17 ms by them instead of 2,
 * and a slow disk takes a hundred times that.
 */
export class Checkpoints {
  readonly #path: string;
  readonly #onFailure: (error: unknown) => void;
  #worker: Worker | undefined;
  #current: Promise<boolean> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #mostBytes = MOST_BYTES;
  #ended = false;

  /** @param onFailure told when the disk does not take what is in the log; never because somebody else reads. */
  constructor(path: string, onFailure: (error: unknown) => void) {
    this.#path = path;
    this.#onFailure = onFailure;
  }

  /** Something was committed. */
  wrote(): void {
    if (this.#logBytes() > FROM_BYTES) this.#start();
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.#startAnew();
    }, SYNC_AFTER_MS).unref();
  }

  /** To be awaited before the next commit: keeps the log from growing without end. */
  async room(): Promise<void> {
    if (this.#logBytes() < this.#mostBytes) return;
    const isWhole = await this.#startAnew();
    // Where a reader holds the log, waiting again at once would bring nothing.
    this.#mostBytes = MOST_BYTES + (isWhole === true ? 0 : this.#logBytes());
  }

  /** Ends the thread. What is in the log then is for the last connection to bring home. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#current;
    this.#ended = true;
    const worker = this.#worker;
    if (worker === undefined) return;
    worker.ref();
    const exited = once(worker, 'exit');
    worker.postMessage('close');
    await exited;
  }

  #logBytes(): number {
    return statSync(`${this.#path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** One that is under way may have begun before the last commit. */
  async #startAnew(): Promise<boolean | undefined> {
    await this.#current;
    return this.#start();
  }

  #start(): Promise<boolean> | undefined {
    if (this.#ended) return undefined;
    this.#current ??= this.#checkpoint().finally(() => {
      this.#current = undefined;
    });
    return this.#current;
  }

  /** True where nothing is left in the log. */
  async #checkpoint(): Promise<boolean> {
    try {
      const answer = await this.#ask();
      if (answer.ok) return answer.whole;
      const error = Object.assign(new Error(answer.message), { errcode: answer.errcode });
      if (!isBusy(error)) this.#onFailure(error);
    } catch (error) {
      // The thread is gone.
      this.#worker = undefined;
      this.#ended = true;
      this.#onFailure(error);
    }
    return false;
  }

  /** The process stays for an answer that is under way, and for nothing else of the thread. */
  async #ask(): Promise<CheckpointAnswer> {
    this.#worker ??= new Worker(WORKER, { workerData: this.#path, execArgv: QUIETLY, resourceLimits: SMALL });
    this.#worker.ref();
    this.#worker.postMessage('checkpoint');
    const [answer]: CheckpointAnswer[] = await once(this.#worker, 'message');
    if (answer === undefined) throw new Error('the checkpoint thread answered nothing');
    this.#worker.unref();
    return answer;
  }
}
