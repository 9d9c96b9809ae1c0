import { connect, type Socket, type TcpNetConnectOpts } from 'node:net';
import { Duplex } from 'node:stream';
import type { Paced, RateLimiter } from './rate-limiter.ts';

/** A TLS handshake, and the first head. */
const YOUNG_BYTES = 8 * 1024;

/**
 * A TCP connection from which the limiter's slices are read, and nothing while it holds.
 *
 * A `Socket` reads up to 64 KiB at once, and TLS and HTTP/2 take in whole records: by the time a body's bytes can be counted it is too late
 * to leave them with the server. So what is counted and held is what is taken from the system, below TLS. The rest is TCP's: what is not
 * read fills its window, and the server waits.
 */
class PacedSocket extends Duplex implements Paced {
  readonly #socket: Socket;
  readonly #limiter: RateLimiter;
  #isHeld = false;
  /** Whoever reads has enough for now. */
  #isFull = false;

  constructor(options: TcpNetConnectOpts, limiter: RateLimiter) {
    super({ allowHalfOpen: false });
    this.#limiter = limiter;
    this.#socket = connect({
      ...options,
      // Its end is told to whoever reads here, behind what is still to be read; they end it.
      allowHalfOpen: true,
      onread: {
        buffer: Buffer.allocUnsafeSlow(limiter.sliceBytes),
        callback: (bytes, buffer) => this.#onRead(Buffer.from(buffer.subarray(0, bytes))),
      },
    });
    this.#socket.on('connect', () => this.emit('connect'));
    this.#socket.on('end', () => this.push(null));
    this.#socket.on('error', (error) => this.destroy(error));
    this.#socket.on('close', () => this.destroy());
    limiter.join(this);
  }

  get isYoung(): boolean {
    return this.bytesRead < YOUNG_BYTES;
  }

  get bytesRead(): number {
    return this.#socket.bytesRead;
  }

  get remoteAddress(): string | undefined {
    return this.#socket.remoteAddress;
  }

  ref(): this {
    this.#socket.ref();
    return this;
  }

  unref(): this {
    this.#socket.unref();
    return this;
  }

  hold(): void {
    this.#isHeld = true;
    this.#socket.pause();
  }

  release(): void {
    this.#isHeld = false;
    this.#goOn();
  }

  override _read(): void {
    this.#isFull = false;
    this.#goOn();
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#socket.write(chunk, encoding, callback);
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#socket.end(callback);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#limiter.leave(this);
    this.#socket.destroy();
    callback(error);
  }

  #onRead(chunk: Buffer): boolean {
    this.#isFull = !this.push(chunk);
    this.#limiter.use(this, chunk.length);
    return !this.#isFull && !this.#isHeld;
  }

  #goOn(): void {
    if (!this.#isHeld && !this.#isFull && !this.destroyed) this.#socket.resume();
  }
}

/** A connection as `net.connect` makes it; undici, TLS and the proxies ask no more of one than a PacedSocket has. */
export function connectPaced(options: TcpNetConnectOpts, limiter: RateLimiter): Socket {
  const socket: Duplex = new PacedSocket(options, limiter);
  return socket as Socket;
}
