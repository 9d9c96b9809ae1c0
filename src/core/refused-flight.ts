import type { Ticket } from './origin-sighting.ts';
import type { RefusalEvent } from './policy/stray-refusals.ts';

/** A refusal, and what was in flight with it. */
export class RefusedFlight {
  /** What was started after the refused request, and before its refusal came. */
  readonly #from: number;
  readonly #to: number;
  readonly #before: Omit<RefusalEvent, 'taken' | 'refused'>;
  readonly at: number;
  /** As far as could be told at once. */
  readonly isStray: boolean;
  taken = 0;
  refused = 0;

  constructor(from: number, to: number, before: Omit<RefusalEvent, 'taken' | 'refused'>, at: number, isStray: boolean) {
    this.#from = from;
    this.#to = to;
    this.#before = before;
    this.at = at;
    this.isStray = isStray;
  }

  isOf({ number }: Ticket): boolean {
    return number > this.#from && number < this.#to;
  }

  get event(): RefusalEvent {
    return { ...this.#before, taken: this.taken, refused: this.refused };
  }
}
