import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';

/** A server on loopback and a free port, with every socket it has. */
export interface TcpServer {
  readonly port: number;
  /** Sockets that are open now. */
  readonly open: ReadonlySet<Socket>;
  /** Connections that were accepted so far. */
  accepted(): number;
  /** Closes everything, whatever is in the middle of what. */
  close(): Promise<void>;
}

/** Where a server listens. */
export interface ListenAt {
  readonly host: string;
  readonly port: number;
}

/** `onSocket` gets each connection, its number from 1 on. What goes wrong on a socket is swallowed: here that is the point. */
export async function startTcpServer(
  tls: TlsOptions | undefined,
  onSocket: (socket: Socket, number: number) => void,
  at: ListenAt = { host: '127.0.0.1', port: 0 },
): Promise<TcpServer> {
  const open = new Set<Socket>();
  const rawByPort = new Map<number, Socket>();
  let accepted = 0;
  const onConnection = (socket: Socket) => {
    accepted += 1;
    track(open, socket);
    const raw = rawByPort.get(socket.remotePort ?? 0);
    if (raw !== undefined) rawSockets.set(socket, raw);
    socket.setNoDelay(true);
    onSocket(socket, accepted);
  };
  let server: Server;
  if (tls === undefined) {
    server = createTcpServer({ allowHalfOpen: true }, onConnection);
  } else {
    server = createTlsServer({ ...tls, allowHalfOpen: true }, onConnection);
    server.on('connection', (socket: Socket) => {
      track(open, socket);
      rawByPort.set(socket.remotePort ?? 0, socket);
      socket.on('close', () => rawByPort.delete(socket.remotePort ?? 0));
    });
    server.on('tlsClientError', () => {});
  }
  await new Promise<void>((resolve) => server.listen(at.port, at.host, resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    open,
    accepted: () => accepted,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}

/** TCP under TLS: only it can be reset. */
const rawSockets = new WeakMap<Socket, Socket>();

/** RST: what the client has not read yet is lost to it. */
export function resetSocket(socket: Socket): void {
  (rawSockets.get(socket) ?? socket).resetAndDestroy();
}

/** FIN below TLS, after what was sent: without the close_notify that tells an end from a cut (RFC 8446 §6.1). */
export function endBelowTls(socket: Socket): void {
  (rawSockets.get(socket) ?? socket).destroy();
}

function track(open: Set<Socket>, socket: Socket): void {
  open.add(socket);
  socket.on('error', () => {});
  socket.on('close', () => open.delete(socket));
}
