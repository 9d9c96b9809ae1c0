import type { Connection } from './connection.ts';

interface Links {
  connecting: number;
  open: number;
  newest: Connection | undefined;
}

const MAX_PROVEN = 10_000;

/** The connections of each pool, counted: to tell whether a failure to connect leaves those that wait for it without any hope. Forgotten when none is left. */
export class OriginLinks {
  readonly #links = new Map<string, Links>();
  /** Pools over which an answer came; that is remembered longer. */
  readonly #proven = new Set<string>();

  connecting(pool: string): void {
    const links = this.#links.get(pool);
    if (links === undefined) this.#links.set(pool, { connecting: 1, open: 0, newest: undefined });
    else links.connecting += 1;
  }

  /** The attempt failed. True: nothing else leads there, nor is under way. */
  failed(pool: string): boolean {
    const links = this.#links.get(pool);
    if (links === undefined) return true;
    links.connecting -= 1;
    return this.#forgetIfIdle(pool, links);
  }

  opened(pool: string, connection: Connection): void {
    const links = this.#links.get(pool);
    if (links === undefined) return;
    links.connecting -= 1;
    links.open += 1;
    links.newest = connection;
    connection.socket.once('close', () => {
      links.open -= 1;
      this.#forgetIfIdle(pool, links);
    });
  }

  prove(pool: string): void {
    this.#proven.add(pool);
    if (this.#proven.size <= MAX_PROVEN) return;
    for (const oldest of this.#proven) {
      this.#proven.delete(oldest);
      break;
    }
  }

  isProven(pool: string): boolean {
    return this.#proven.has(pool);
  }

  newest(pool: string): Connection | undefined {
    return this.#links.get(pool)?.newest;
  }

  #forgetIfIdle(pool: string, links: Links): boolean {
    if (links.connecting > 0 || links.open > 0) return false;
    this.#links.delete(pool);
    return true;
  }
}
