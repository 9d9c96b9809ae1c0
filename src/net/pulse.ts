import type { Http2Session } from 'node:http2';
import type { Socket } from 'node:net';

/** Shares of a timeout: of silence, before it is asked; and for the answer, at the least. */
const ASK_AFTER = 0.25;
const TO_ANSWER = 0.25;

/**
 * Does anybody live at the other end of an HTTP/2 connection? Whatever comes in says so, of whichever stream; where nothing came for a quarter of a
 * timeout it is asked (PING, RFC 9113 §6.7), so that a slow page can be told from a connection that froze.
 */
export class Pulse {
  readonly #socket: Socket;
  #session: Http2Session | undefined;
  #bytes = 0;
  #heardAt = 0;
  #askedAt: number | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** From now on it can be asked. */
  attach(session: Http2Session): void {
    this.#session = session;
  }

  /** To be called now and then while something is expected within `timeoutMs`. */
  feel(now: number, timeoutMs: number): void {
    const { bytesRead } = this.#socket;
    if (bytesRead !== this.#bytes || this.#heardAt === 0) {
      this.#bytes = bytesRead;
      this.#heardAt = now;
      this.#askedAt = undefined;
    } else if (this.#askedAt === undefined && now - this.#heardAt >= timeoutMs * ASK_AFTER) {
      const session = this.#session;
      if (session === undefined || session.destroyed) return;
      this.#askedAt = now;
      session.ping(() => {});
    }
  }

  /** It was asked, had time to answer, and said nothing. */
  isSilent(now: number, timeoutMs: number): boolean {
    this.feel(now, timeoutMs);
    return this.#askedAt !== undefined && now - this.#askedAt >= timeoutMs * TO_ANSWER;
  }
}
