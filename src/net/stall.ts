import { LIMITS } from '../core/config.ts';

/**
 * Less than 1,000 bytes of body within the stall timeout is a stall, drips included. Time while we hold the response ourselves does not count.
 * Read at the ticker's pace: a window ends at the first tick at which its bytes are together.
 */
export class StallWatch {
  /** Body bytes of the current window; the exchange adds to it. */
  bytes = 0;
  /** What the whole connection had received when the window began. */
  socketBytes: number;
  readonly #timeoutMs: number;
  #windowStart: number;
  #lastTick: number;

  constructor(timeoutMs: number, now: number, socketBytes: number) {
    this.socketBytes = socketBytes;
    this.#timeoutMs = timeoutMs;
    this.#windowStart = now;
    this.#lastTick = now;
  }

  isStalled(now: number, held: boolean, socketBytes: number): boolean {
    if (held) this.#windowStart += now - this.#lastTick;
    this.#lastTick = now;
    if (this.bytes >= LIMITS.stallBytes) {
      this.bytes = 0;
      this.#windowStart = now;
      this.socketBytes = socketBytes;
    }
    return now - this.#windowStart >= this.#timeoutMs;
  }
}
