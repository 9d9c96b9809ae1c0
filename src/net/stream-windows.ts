import type { Connection } from './connection.ts';

/** What every stream begins with where nothing is limited. */
const FIRST_WINDOW_BYTES = 256 * 1024;
/** 16 MiB on their way carry 300 MB/s over a distance of 50 ms; the connection's own window is as large. */
export const LARGE_WINDOW_BYTES = 16 * 1024 * 1024;
/** A window is what may gather in memory when we pause: so many connections may have a large one at a time. */
const MOST_LARGE = 8;
/**
 * With --limit-rate a server that sends ahead only fills buffers, and every head behind them comes late: a stream's window is what comes in
 * so long, which is a long round trip.
 */
const LIMITED_WINDOW_SECONDS = 0.25;
const LEAST_WINDOW_BYTES = 16 * 1024;

/**
 * Windows of HTTP/2 streams that grow where a body is large. What a server may send ahead of our acknowledgement bounds the speed of a
 * stream by its window for each round trip: 256 KiB over 50 ms are 5 MB/s. A large window for everyone would be memory for everyone.
 *
 * Node cannot move one stream's window; the setting moves those of all streams of a connection, open ones too (RFC 9113 §6.9.2).
 */
export class StreamWindows {
  /** What every stream begins with, bytes. */
  readonly first: number;
  readonly #largeBytes: number;
  #large = 0;

  constructor(limitBytesPerSecond: number | undefined) {
    const most = (limitBytesPerSecond ?? Number.POSITIVE_INFINITY) * LIMITED_WINDOW_SECONDS;
    const limited = Math.max(LEAST_WINDOW_BYTES, Math.floor(Math.min(LARGE_WINDOW_BYTES, most)));
    this.first = Math.min(FIRST_WINDOW_BYTES, limited);
    this.#largeBytes = limited;
  }

  /** A body of that connection has come so far. */
  heed(connection: Connection, bodyBytes: number): void {
    // A body that has brought so much is a large one.
    if (bodyBytes < 2 * this.first || connection.hasLargeWindow || this.#large >= MOST_LARGE) return;
    if (this.#largeBytes <= this.first) return;
    const { session, socket } = connection;
    if (session === undefined || session.destroyed || session.closed) return;
    connection.hasLargeWindow = true;
    this.#large += 1;
    socket.once('close', () => {
      this.#large -= 1;
    });
    session.settings({ initialWindowSize: this.#largeBytes });
  }
}
