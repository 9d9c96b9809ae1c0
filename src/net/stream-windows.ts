import type { Http2Session } from 'node:http2';
import type { Connection } from './connection.ts';

/** What every stream begins with where nothing is limited. */
const FIRST_WINDOW_BYTES = 256 * 1024;
/** 16 MiB on their way carry 300 MB/s over a distance of 50 ms; the connection's own window is as large. */
export const LARGE_WINDOW_BYTES = 16 * 1024 * 1024;
/** That speed over any distance, bytes for each millisecond of a round trip. */
const BYTES_PER_MS = LARGE_WINDOW_BYTES / 50;
/** For a server that is near, all streams of a connection together: a body that comes quicker than the store takes it would only gather. */
const NEAR_BYTES = 4 * 1024 * 1024;
/** A window is what may gather in memory when we pause: so many connections may have a large one at a time. */
const MOST_LARGE = 8;
/**
 * With --limit-rate a server that sends ahead only fills buffers, and every head behind them comes late: a stream's window is what comes in
 * so long, which is a long round trip.
 */
const LIMITED_WINDOW_SECONDS = 0.25;
const LEAST_WINDOW_BYTES = 16 * 1024;
/** Less is not worth a SETTINGS frame. */
const GROWTH = 1.5;

/**
 * Windows of HTTP/2 streams that grow where a body is large. What a server may send ahead of our acknowledgement bounds the speed of a
 * stream by its window for each round trip: 256 KiB over 50 ms are 5 MB/s. A large window for everyone would be memory for everyone.
 *
 * The streams of a connection share what the distance asks for, which a PING tells once. 16 MiB for each was tried: eight bodies that came quicker
 * than the disk took them gathered up to 128 MiB, and to collect those took a quarter of the CPU.
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
    if (bodyBytes < 2 * this.first || this.#largeBytes <= this.first) return;
    const { session } = connection;
    if (session === undefined || session.destroyed || session.closed) return;
    if (connection.aheadBytes === undefined && this.#large >= MOST_LARGE) return;
    const aheadBytes = connection.aheadBytes ?? this.#begin(connection, session);
    const share = Math.floor(aheadBytes / Math.max(1, connection.active));
    if (share < GROWTH * (connection.windowBytes ?? this.first)) return;
    connection.windowBytes = share;
    session.settings({ initialWindowSize: share });
  }

  /** Returns what its streams may be sent ahead until the PING is answered. */
  #begin(connection: Connection, session: Http2Session): number {
    this.#large += 1;
    connection.socket.once('close', () => {
      this.#large -= 1;
    });
    const nearBytes = Math.min(NEAR_BYTES, this.#largeBytes);
    connection.aheadBytes = nearBytes;
    // What waits on the way makes the distance seem longer, never shorter: the window is then larger than it need be.
    session.ping((error, roundTripMs) => {
      if (error !== null) return;
      connection.aheadBytes = Math.min(this.#largeBytes, Math.max(nearBytes, roundTripMs * BYTES_PER_MS));
    });
    return nearBytes;
  }
}
