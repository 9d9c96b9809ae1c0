import type { Connection } from './connection.ts';

/**
 * The connections that are open, bounded: where one more would be too many, the one that has been idle for longest is let go. A list of
 * twenty thousand origins would else keep thousands of idle ones, each with its memory and its descriptor. Those that nobody waits for go
 * first, and there are few of them.
 */
export class OpenConnections {
  readonly #most: number;
  /** Nothing is on them; the one that was used last stands last. */
  readonly #idle = new Set<Connection>();
  /** Idle, and nothing was waiting for their origin: all that comes for them is what the list has further on. */
  readonly #spent = new Set<Connection>();
  readonly #open = new Set<Connection>();
  #connecting = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** A connection is about to be made. */
  connecting(): void {
    this.#connecting += 1;
    for (const oldest of this.#spent) {
      if (this.#spent.size <= MOST_SPENT && this.#hasRoom) return;
      this.#letGo(oldest);
    }
    for (const oldest of this.#idle) {
      if (this.#hasRoom) return;
      this.#letGo(oldest);
    }
  }

  failed(): void {
    this.#connecting -= 1;
  }

  opened(connection: Connection): void {
    this.#connecting -= 1;
    this.#open.add(connection);
    connection.socket.once('close', () => this.#forget(connection));
  }

  /** An exchange begins on it. */
  taken(connection: Connection): void {
    this.#idle.delete(connection);
    this.#spent.delete(connection);
  }

  /**
   * Nothing is on it any more.
   *
   * @param isSpent nothing else was waiting for its origin when the last request went over it
   */
  left(connection: Connection, isSpent: boolean): void {
    if (this.#open.has(connection)) (isSpent ? this.#spent : this.#idle).add(connection);
  }

  get #hasRoom(): boolean {
    return this.#open.size + this.#connecting <= this.#most;
  }

  #letGo(connection: Connection): void {
    this.#forget(connection);
    connection.socket.destroy();
  }

  #forget(connection: Connection): void {
    this.#open.delete(connection);
    this.#idle.delete(connection);
    this.#spent.delete(connection);
  }
}

/** A server lets an idle connection go after some seconds anyway; these are for what the list may have of their origins in that time. */
const MOST_SPENT = 256;
