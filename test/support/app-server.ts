import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { TLSSocket, type TlsOptions } from 'node:tls';
import { certificate } from './certificates.ts';

/** A request as the server saw it. */
export interface AppRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** Host and port that were asked for. */
  readonly authority: string;
  /** Lower-case names, without pseudo-headers. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly httpVersion: string;
  /** The common name of the client's certificate, where it showed one. */
  readonly clientName?: string;
  /** From 1 on: how often this path has been asked for. */
  readonly count: number;
  readonly atMs: number;
}

/** What a route does with a request. Doing nothing lets it hang. */
export interface AppReply {
  /** With its length; 200 if nothing else is said. */
  answer(body?: string | Buffer, head?: { status?: number; headers?: Readonly<Record<string, string>> }): void;
  /** 200 with these headers and a first piece of the body; what follows is written to the stream, which nobody ends. */
  begin(headers: Readonly<Record<string, string | number>>, piece?: string | Buffer): Writable;
  /** RST_STREAM with HTTP/2, a cut connection with HTTP/1.1. */
  reset(): void;
}

type AnyResponse = ServerResponse | Http2ServerResponse;
type AnyRequest = IncomingMessage | Http2ServerRequest;
export type Route = (request: AppRequest, reply: AppReply) => void;

export interface AppServer {
  readonly origin: string;
  readonly port: number;
  /** Every request, in order of arrival. */
  readonly requests: readonly AppRequest[];
  /** How often a path was asked for. */
  count(path: string): number;
  /** Connections that were accepted so far. */
  readonly connections: number;
  close(): Promise<void>;
}

export interface AppServerOptions {
  /** HTTP/2 and HTTP/1.1 over TLS, with the certificate `good` unless others are given. Default: plain HTTP/1.1. */
  readonly tls?: boolean | TlsOptions;
}

/** A server on loopback and a free port that does what the route says, path by path. */
export async function startAppServer(route: Route, options: AppServerOptions = {}): Promise<AppServer> {
  const requests: AppRequest[] = [];
  const counts = new Map<string, number>();
  const sockets = new Set<Socket>();
  let connections = 0;

  const onRequest = (request: AnyRequest, response: AnyResponse): void => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => {});
    response.on('error', () => {});
    request.on('end', () => {
      const path = request.url ?? '';
      const count = (counts.get(path) ?? 0) + 1;
      counts.set(path, count);
      const seen = { ...logged(request), path, count, body: Buffer.concat(chunks).toString() };
      requests.push(seen);
      route(seen, replyTo(request, response));
    });
  };

  const { tls } = options;
  const server =
    tls === undefined || tls === false
      ? createServer(onRequest)
      : createSecureServer({ allowHTTP1: true, ...(tls === true ? certificate('good') : tls) }, onRequest);
  server.on('connection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('sessionError', () => {});
  server.on('tlsClientError', () => {});
  server.on('clientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    origin: `${tls === undefined || tls === false ? 'http' : 'https'}://127.0.0.1:${port}`,
    port,
    requests,
    count: (path) => counts.get(path) ?? 0,
    get connections() {
      return connections;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function logged(request: AnyRequest): Omit<AppRequest, 'path' | 'count' | 'body'> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (!name.startsWith(':')) headers[name] = Array.isArray(value) ? value.join(', ') : (value ?? '');
  }
  const { socket } = request;
  const clientName = socket instanceof TLSSocket ? socket.getPeerCertificate()?.subject?.CN : undefined;
  const authority = request.headers[':authority'] ?? request.headers.host ?? '';
  return {
    method: request.method ?? '',
    authority: String(authority),
    headers,
    httpVersion: request.httpVersion,
    ...(clientName === undefined ? undefined : { clientName: String(clientName) }),
    atMs: performance.now(),
  };
}

function replyTo(request: AnyRequest, response: AnyResponse): AppReply {
  return {
    answer: (body = '', { status = 200, headers = {} } = {}) => {
      if (response.destroyed) return;
      const bytes = Buffer.from(body);
      response.statusCode = status;
      response.setHeader('content-length', bytes.length);
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      response.end(request.method === 'HEAD' ? '' : bytes);
    },
    begin: (headers, piece = '') => {
      const stream: Writable = response;
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      stream.write(piece);
      return stream;
    },
    reset: () => {
      if ('stream' in response) response.stream.close(2);
      else request.socket.destroy();
    },
  };
}
