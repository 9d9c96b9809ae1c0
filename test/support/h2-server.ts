import type { Socket } from 'node:net';
import type { TLSSocket, TlsOptions } from 'node:tls';
import { ByteQueue } from './byte-queue.ts';
import { certificate } from './certificates.ts';
import { type ConnectionScript, H1Connection } from './h1-server.ts';
import { resetSocket, startTcpServer, type TcpServer } from './tcp-server.ts';

/** RFC 9113 §6. */
export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

const FLAG = { endStream: 1, ack: 1, endHeaders: 4 } as const;

/** RFC 9113 §7. */
export const ERROR = {
  noError: 0,
  protocolError: 1,
  internalError: 2,
  refusedStream: 7,
  cancel: 8,
  enhanceYourCalm: 11,
  http11Required: 13,
} as const;

/** RFC 9113 §6.5.2. */
export const SETTING = { maxConcurrentStreams: 3, initialWindowSize: 4, maxFrameSize: 5 } as const;

const PREFACE_BYTES = 24;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

function uint32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, 4 * index);
  return bytes;
}

/** A length in HPACK's 7-bit prefix integers, without Huffman (RFC 7541 §5.1). */
function hpackLength(length: number): Buffer {
  if (length < 127) return Buffer.from([length]);
  const bytes = [127];
  let rest = length - 127;
  for (; rest >= 128; rest >>= 7) bytes.push((rest & 127) | 128);
  return Buffer.from([...bytes, rest]);
}

/** Every field as a literal without indexing, with a new name (RFC 7541 §6.2.2): no table to keep. */
export function headerBlock(fields: readonly (readonly [name: string, value: string])[]): Buffer {
  return Buffer.concat(
    fields.flatMap(([name, value]) => {
      const nameBytes = Buffer.from(name, 'latin1');
      const valueBytes = Buffer.from(value, 'latin1');
      return [Buffer.from([0]), hpackLength(nameBytes.length), nameBytes, hpackLength(valueBytes.length), valueBytes];
    }),
  );
}

export type Fields = readonly (readonly [name: string, value: string])[];

/** One accepted HTTP/2 connection: frames out as they are given, streams in. */
export class H2Connection {
  readonly socket: Socket;
  /** From 1 on. */
  readonly number: number;
  /** Every frame of the client, in order. */
  readonly received: Frame[] = [];
  /** Answer PING by itself. */
  acknowledgesPing = true;
  /** Close when the client says GOAWAY, as servers do. */
  closesOnGoaway = false;
  readonly #queue = new ByteQueue();
  readonly #streams: number[] = [];
  readonly #pings: (() => void)[] = [];
  /** SETTINGS were sent. */
  #greeted = false;
  #unacknowledged = 0;
  #wake: (() => void) | undefined;
  #ended = false;

  constructor(socket: Socket, number: number) {
    this.socket = socket;
    this.number = number;
    socket.on('data', (chunk: Buffer) => this.#queue.push(chunk));
    socket.on('end', () => this.#queue.end());
    socket.on('close', () => this.#queue.end());
    void this.#read();
  }

  /** The next stream that the client opens, in order; undefined where the client went away. */
  async stream(): Promise<number | undefined> {
    while (this.#streams.length === 0) {
      if (this.#ended) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#streams.shift();
  }

  send(...frames: readonly Buffer[]): Promise<void> {
    return new Promise((resolve) => {
      if (this.socket.destroyed) resolve();
      else this.socket.write(Buffer.concat(frames), () => resolve());
    });
  }

  settings(settings: readonly (readonly [id: number, value: number])[] = []): Promise<void> {
    const payload = Buffer.alloc(6 * settings.length);
    settings.forEach(([id, value], index) => {
      payload.writeUInt16BE(id, 6 * index);
      payload.writeUInt32BE(value, 6 * index + 2);
    });
    // The client's own may have come before: what is first on a connection must not be their ACK.
    const acks = new Array<Buffer>(this.#unacknowledged).fill(frame(FRAME.settings, FLAG.ack, 0));
    this.#unacknowledged = 0;
    this.#greeted = true;
    return this.send(frame(FRAME.settings, 0, 0, payload), ...acks);
  }

  headers(stream: number, fields: Fields, end = false): Promise<void> {
    const flags = FLAG.endHeaders | (end ? FLAG.endStream : 0);
    return this.send(frame(FRAME.headers, flags, stream, headerBlock(fields)));
  }

  data(stream: number, bytes: string | Buffer, end = false): Promise<void> {
    return this.send(frame(FRAME.data, end ? FLAG.endStream : 0, stream, Buffer.from(bytes)));
  }

  /** The HEADERS frame that opened a stream: the client's HPACK is not read, but its length tells a long path from a short one. */
  opening(stream: number): Frame | undefined {
    return this.received.find((frame) => frame.type === FRAME.headers && frame.stream === stream);
  }

  /** A 200 with these fields and this body, ended. */
  async respond(stream: number, body: string | Buffer, fields: Fields = []): Promise<void> {
    await this.headers(stream, [[':status', '200'], ...fields]);
    await this.data(stream, body, true);
  }

  resetStream(stream: number, code: number): Promise<void> {
    return this.send(frame(FRAME.rstStream, 0, stream, uint32(code)));
  }

  goaway(lastStream: number, code: number): Promise<void> {
    return this.send(frame(FRAME.goaway, 0, 0, uint32(lastStream, code)));
  }

  /** Kept when the client has read all that was sent before, and said so. */
  arrived(): Promise<void> {
    const acknowledged = new Promise<void>((resolve) => {
      this.#pings.push(resolve);
    });
    return this.send(frame(FRAME.ping, 0, 0, Buffer.alloc(8))).then(() => acknowledged);
  }

  end(): void {
    this.socket.end();
  }

  reset(): void {
    resetSocket(this.socket);
  }

  async #read(): Promise<void> {
    const preface = await this.#queue.take(PREFACE_BYTES);
    for (let next = preface && (await this.#frame()); next !== undefined; next = await this.#frame()) {
      this.received.push(next);
      if (next.type === FRAME.headers) {
        this.#streams.push(next.stream);
        this.#wake?.();
      } else if (next.type === FRAME.settings && next.flags !== FLAG.ack) {
        if (this.#greeted) void this.send(frame(FRAME.settings, FLAG.ack, 0));
        else this.#unacknowledged += 1;
      } else if (next.type === FRAME.ping && next.flags !== FLAG.ack && this.acknowledgesPing) {
        void this.send(frame(FRAME.ping, FLAG.ack, 0, next.payload));
      } else if (next.type === FRAME.ping && next.flags === FLAG.ack) {
        this.#pings.shift()?.();
      } else if (next.type === FRAME.goaway && this.closesOnGoaway) {
        this.end();
      }
    }
    this.#ended = true;
    this.#wake?.();
  }

  async #frame(): Promise<Frame | undefined> {
    const head = await this.#queue.take(9);
    if (head === undefined) return undefined;
    const payload = await this.#queue.take(head.readUIntBE(0, 3));
    if (payload === undefined) return undefined;
    return { type: head.readUInt8(3), flags: head.readUInt8(4), stream: head.readUInt32BE(5), payload };
  }
}

export interface H2Server extends TcpServer {
  /** `https://127.0.0.1:port` */
  readonly origin: string;
}

const H2_TLS: TlsOptions = { ...certificate('good'), ALPNProtocols: ['h2'] };

/** A server over TLS that agrees on h2 and does what the script says, from the first frame on: even SETTINGS are the script's. */
export async function startRawH2Server(
  script: (connection: H2Connection) => Promise<void> | void,
  tls: TlsOptions = H2_TLS,
): Promise<H2Server> {
  const server = await startTcpServer(tls, (socket, number) => void script(new H2Connection(socket, number)));
  return { ...server, origin: `https://127.0.0.1:${server.port}` };
}

/** A server that sends plain SETTINGS and asks the script for every stream. `order` counts the connection's streams from 1 on. */
export function startH2Server(
  answer: (connection: H2Connection, stream: number, order: number) => Promise<void> | void,
  tls: TlsOptions = H2_TLS,
): Promise<H2Server> {
  return startRawH2Server(async (connection) => {
    await connection.settings();
    let order = 0;
    for (let stream = await connection.stream(); stream !== undefined; stream = await connection.stream()) {
      order += 1;
      void answer(connection, stream, order);
    }
  }, tls);
}

/** A server that speaks HTTP/2, and HTTP/1.1 with a client that does not offer HTTP/2. */
export async function startDualServer(
  http2: (connection: H2Connection) => Promise<void> | void,
  http1: ConnectionScript,
): Promise<H2Server> {
  const tls: TlsOptions = { ...certificate('good'), ALPNProtocols: ['h2', 'http/1.1'] };
  const server = await startTcpServer(tls, (socket, number) => {
    const isHttp2 = (socket as TLSSocket).alpnProtocol === 'h2';
    void (isHttp2 ? http2(new H2Connection(socket, number)) : http1(new H1Connection(socket, number)));
  });
  return { ...server, origin: `https://127.0.0.1:${server.port}` };
}
