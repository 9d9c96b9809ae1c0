import { LIMITS } from './config.ts';

/** Whoever holds a part of a body in memory. */
export interface BodyHolder {
  /** Bytes held now. */
  readonly heldBytes: number;
}

/**
 * The bodies in memory of all pages together, those included that the store is still keeping.
 *
 * Past the budget everyone waits but the one that came first: so some body can always end, and what is held stays below the budget, one
 * body and a chunk for each of the others.
 */
export class BodyBudget {
  readonly #mostBytes: number;
  /** In the order of arrival. */
  readonly #holders = new Set<BodyHolder>();
  readonly #waiting = new Map<BodyHolder, () => void>();
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

  add(holder: BodyHolder, bytes: number): void {
    this.#holders.add(holder);
    this.#heldBytes += bytes;
  }

  /** Kept when this one may go on; undefined where it may do so at once. */
  room(holder: BodyHolder): Promise<void> | undefined {
    if (!this.isOver || this.#isFirst(holder)) return undefined;
    return new Promise((resolve) => this.#waiting.set(holder, resolve));
  }

  /** All that it holds is gone from memory. */
  release(holder: BodyHolder): void {
    if (!this.#holders.delete(holder)) return;
    this.#heldBytes -= holder.heldBytes;
    this.#wake(holder);
    if (!this.isOver) {
      for (const waiting of this.#waiting.keys()) this.#wake(waiting);
      return;
    }
    const [first] = this.#holders;
    if (first !== undefined) this.#wake(first);
  }

  #isFirst(holder: BodyHolder): boolean {
    const [first] = this.#holders;
    return first === holder;
  }

  #wake(holder: BodyHolder): void {
    const wake = this.#waiting.get(holder);
    this.#waiting.delete(holder);
    wake?.();
  }
}
