import type { RateLimiter, Throttled } from './rate-limiter.ts';

/** What a response is paused and resumed with. */
export interface Pausable {
  pause(): void;
  resume(): void;
}

/** Reasons to hold a response; it flows while there is none. */
const HOLD = { body: 1, limiter: 2 } as const;

/** Holds one response back for as long as the body's taker or the rate limiter asks for it. */
export class ResponseHold implements Throttled {
  readonly #limiter: RateLimiter | undefined;
  #response: Pausable | undefined;
  #reasons = 0;
  /** What is left of the limiter's grant. */
  #granted = 0;

  constructor(limiter: RateLimiter | undefined) {
    this.#limiter = limiter;
  }

  get isHeld(): boolean {
    return this.#reasons !== 0;
  }

  /** From now on the response may only deliver what it is granted. */
  begin(response: Pausable): void {
    this.#response = response;
    this.#ask();
  }

  holdForBody(): void {
    this.#hold(HOLD.body);
  }

  releaseForBody(): void {
    this.#release(HOLD.body);
  }

  onGrant(): void {
    this.#granted = this.#limiter?.grantBytes ?? 0;
    this.#release(HOLD.limiter);
  }

  /** The response delivered so many bytes. */
  use(bytes: number): void {
    const limiter = this.#limiter;
    if (limiter === undefined) return;
    this.#granted -= bytes;
    if (this.#granted > 0 || this.#response === undefined || (this.#reasons & HOLD.limiter) !== 0) return;
    limiter.giveBack(this.#granted);
    this.#granted = 0;
    this.#ask();
  }

  /** No more bytes will come: what is left goes back, and nothing is resumed any more. */
  end(): void {
    this.#response = undefined;
    const limiter = this.#limiter;
    if (limiter === undefined) return;
    limiter.giveBack(this.#granted);
    this.#granted = 0;
    if ((this.#reasons & HOLD.limiter) !== 0) limiter.withdraw(this);
    this.#reasons &= ~HOLD.limiter;
  }

  #ask(): void {
    const limiter = this.#limiter;
    if (limiter === undefined) return;
    if (limiter.request(this)) this.#granted = limiter.grantBytes;
    else this.#hold(HOLD.limiter);
  }

  #hold(reason: number): void {
    const flowed = this.#reasons === 0;
    this.#reasons |= reason;
    if (flowed) this.#response?.pause();
  }

  #release(reason: number): void {
    if (this.#reasons === 0) return;
    this.#reasons &= ~reason;
    if (this.#reasons === 0) this.#response?.resume();
  }
}
