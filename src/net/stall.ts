import { LIMITS } from '../core/config.ts';

/**
 * Less than 1,000 bytes of body within the stall timeout is a stall, drips included. Time while we hold the response ourselves does not count.
 * Read at the ticker's pace: a window ends at the first tick at which its bytes are together.
 */
export class StallWatch {
  /** Body bytes of the current window; the exchange adds to it. */
  bytes = 0;
  readonly #timeoutMs: number;
  #windowStart: number;
  #lastTick: number;

  constructor(timeoutMs: number, now: number) {
    this.#timeoutMs = timeoutMs;
    this.#windowStart = now;
    this.#lastTick = now;
  }

  isStalled(now: number, held: boolean): boolean {
    if (held) this.#windowStart += now - this.#lastTick;
    this.#lastTick = now;
    if (this.bytes >= LIMITS.stallBytes) {
      this.bytes = 0;
      this.#windowStart = now;
    }
    return now - this.#windowStart >= this.#timeoutMs;
  }
}
