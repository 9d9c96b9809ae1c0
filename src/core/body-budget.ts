import { LIMITS } from './config.ts';

/**
 * The bodies in memory of all pages together, those included that the store is still keeping.
 *
 * Past the budget everyone waits but one: so some body can always end, and what is held stays below the budget, one body and a chunk for
 * each of the others.
 */
export class BodyBudget {
  readonly #mostBytes: number;
  readonly #waiting = new Map<object, () => void>();
  /** The one that may go on past the budget. */
  #leader: object | undefined;
  #heldBytes = 0;

  constructor(mostBytes: number = LIMITS.bodyBudgetBytes) {
    this.#mostBytes = mostBytes;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  get isOver(): boolean {
    return this.#heldBytes > this.#mostBytes;
  }

  add(bytes: number): void {
    this.#heldBytes += bytes;
  }

  /** Kept when this one may go on; undefined where it may do so at once. */
  room(holder: object): Promise<void> | undefined {
    if (!this.isOver) return undefined;
    this.#leader ??= holder;
    if (this.#leader === holder) return undefined;
    return new Promise((resolve) => this.#waiting.set(holder, resolve));
  }

  /** All that it holds is gone from memory. */
  release(holder: object, bytes: number): void {
    this.#heldBytes -= bytes;
    if (this.#leader === undefined) return;
    this.#wake(holder);
    if (!this.isOver) {
      this.#leader = undefined;
      for (const waiting of this.#waiting.keys()) this.#wake(waiting);
    } else if (this.#leader === holder) {
      const [next] = this.#waiting.keys();
      this.#leader = next;
      if (next !== undefined) this.#wake(next);
    }
  }

  #wake(holder: object): void {
    const wake = this.#waiting.get(holder);
    this.#waiting.delete(holder);
    wake?.();
  }
}
