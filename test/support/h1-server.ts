import type { Socket } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { ByteQueue } from './byte-queue.ts';
import { type ListenAt, resetSocket, startTcpServer, type TcpServer } from './tcp-server.ts';

export interface H1Request {
  readonly method: string;
  readonly target: string;
  /** Lower-case names; the last one of a repeated name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** One accepted connection: bytes out as they are given, requests in. */
export class H1Connection {
  readonly socket: Socket;
  /** From 1 on. */
  readonly number: number;
  readonly #queue = new ByteQueue();

  constructor(socket: Socket, number: number) {
    this.socket = socket;
    this.number = number;
    socket.on('data', (chunk: Buffer) => this.#queue.push(chunk));
    socket.on('end', () => this.#queue.end());
    socket.on('close', () => this.#queue.end());
  }

  /** The next request, its body included; undefined where the client went away. */
  async request(): Promise<H1Request | undefined> {
    const head = await this.#queue.takeThrough('\r\n\r\n');
    if (head === undefined) return undefined;
    const [requestLine = '', ...fields] = head.toString('latin1').trimEnd().split('\r\n');
    const [method = '', target = ''] = requestLine.split(' ');
    const headers = Object.fromEntries(
      fields.map((field) => {
        const colon = field.indexOf(':');
        return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
      }),
    );
    const body = await this.#queue.take(Number(headers['content-length'] ?? 0));
    return body === undefined ? undefined : { method, target, headers, body };
  }

  /** Raw bytes of the client, such as a SOCKS greeting. */
  read(count: number): Promise<Buffer | undefined> {
    return this.#queue.take(count);
  }

  /** Kept when the bytes were handed to the system. */
  send(bytes: string | Buffer): Promise<void> {
    return new Promise((resolve) => {
      if (this.socket.destroyed) resolve();
      else this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes, () => resolve());
    });
  }

  /** FIN, after what was sent. */
  end(): void {
    this.socket.end();
  }

  /** RST: what the client has not read yet is lost to it. */
  reset(): void {
    resetSocket(this.socket);
  }
}

export interface H1Server extends TcpServer {
  /** `http://127.0.0.1:port`, or https. */
  readonly origin: string;
  readonly requests: readonly H1Request[];
}

/** What the server does with a connection from its first byte on. */
export type ConnectionScript = (connection: H1Connection) => Promise<void> | void;

export async function startScriptedServer(
  script: ConnectionScript,
  tls?: TlsOptions,
  at?: ListenAt,
): Promise<H1Server> {
  const requests: H1Request[] = [];
  const server = await startTcpServer(tls, (socket, number) => void script(new H1Connection(socket, number)), at);
  const origin = `${tls === undefined ? 'http' : 'https'}://${at?.host ?? '127.0.0.1'}:${server.port}`;
  return { ...server, origin, requests };
}

/** Answers one request of a connection. The connection goes on unless the answer ended it. */
export type AnswerScript = (connection: H1Connection, request: H1Request) => Promise<void> | void;

/** A server whose script is asked for every request, on whatever connection it comes. */
export async function startH1Server(answer: AnswerScript, tls?: TlsOptions, at?: ListenAt): Promise<H1Server> {
  const requests: H1Request[] = [];
  const server = await startScriptedServer(
    async (connection) => {
      for (let request = await connection.request(); request !== undefined; request = await connection.request()) {
        requests.push(request);
        await answer(connection, request);
      }
      connection.end();
    },
    tls,
    at,
  );
  return { ...server, requests };
}

/** A response with Content-Length. */
export function response(
  body: string | Buffer,
  fields: Readonly<Record<string, string>> = {},
  status = '200 OK',
): Buffer {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  const lines = Object.entries({ 'content-length': `${bytes.length}`, ...fields }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status}\r\n${lines.join('')}\r\n`, 'latin1'), bytes]);
}
