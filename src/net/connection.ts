import type { Socket } from 'node:net';
import type { HttpVersion } from '../core/record.ts';

/** What is known of one connection, shared by the exchanges that run on it. */
export interface Connection {
  readonly socket: Socket;
  readonly httpVersion: HttpVersion;
  /** Absent behind a proxy, where it would be the proxy's. */
  readonly remoteAddress: string | undefined;
  /** Exchanges that were sent over it. */
  requests: number;
  /** Heads that came back over it. */
  heads: number;
  /** Exchanges on it now. */
  active: number;
  /** How many exchanges were on it when it died. Each of them settles after the other, so the first one notes it for all. */
  activeAtDeath: number | undefined;
  /** It died because the server does not keep to HTTP/2. */
  brokeProtocol: boolean;
}

const connections = new WeakMap<object, Connection>();

export function registerConnection(socket: Socket, httpVersion: HttpVersion, remoteAddress: string | undefined): void {
  connections.set(socket, {
    socket,
    httpVersion,
    remoteAddress,
    requests: 0,
    heads: 0,
    active: 0,
    activeAtDeath: undefined,
    brokeProtocol: false,
  });
}

/** Only for sockets that our own connector made: another user of undici in the same process is none of our business. */
export function connectionOf(socket: object): Connection | undefined {
  return connections.get(socket);
}
