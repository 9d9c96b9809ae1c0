import { LIMITS } from '../core/config.ts';

/**
 * Less than 1,000 bytes of body within the stall timeout is a stall, drips included. Time while we hold the response, or all connections, ourselves does not count.
 * Read at the ticker's pace: a window ends at the first tick at which its bytes are together.
 */
export class StallWatch {
  /** Body bytes of the current window; the exchange adds to it. */
  bytes = 0;
  readonly #timeoutMs: number;
  #windowStart: number;
  #lastTick: number;
  #limiterHeldMs: number;

  /** @param limiterHeldMs for so long --limit-rate has held all connections until now */
  constructor(timeoutMs: number, now: number, limiterHeldMs: number) {
    this.#timeoutMs = timeoutMs;
    this.#windowStart = now;
    this.#lastTick = now;
    this.#limiterHeldMs = limiterHeldMs;
  }

  isStalled(now: number, held: boolean, limiterHeldMs: number): boolean {
    this.#windowStart += held ? now - this.#lastTick : limiterHeldMs - this.#limiterHeldMs;
    this.#limiterHeldMs = limiterHeldMs;
    this.#lastTick = now;
    if (this.bytes >= LIMITS.stallBytes) {
      this.bytes = 0;
      this.#windowStart = now;
    }
    return now - this.#windowStart >= this.#timeoutMs;
  }
}
