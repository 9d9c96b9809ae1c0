import type { Connection } from './connection.ts';

/**
 * The connections that are open, bounded: where one more would be too many, the one that has been idle for longest is let go. A list of
 * twenty thousand origins would else keep thousands of idle ones, each with its memory and its descriptor.
 */
export class OpenConnections {
  readonly #most: number;
  /** Nothing is on them; the one that was used last stands last. */
  readonly #idle = new Set<Connection>();
  readonly #open = new Set<Connection>();
  #connecting = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** A connection is about to be made. */
  connecting(): void {
    this.#connecting += 1;
    for (const oldest of this.#idle) {
      if (this.#open.size + this.#connecting <= this.#most) return;
      this.#forget(oldest);
      oldest.socket.destroy();
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
  }

  /** Nothing is on it any more. */
  left(connection: Connection): void {
    if (this.#open.has(connection)) this.#idle.add(connection);
  }

  #forget(connection: Connection): void {
    this.#open.delete(connection);
    this.#idle.delete(connection);
  }
}
