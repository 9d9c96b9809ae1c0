import type { Http2Session, Settings } from 'node:http2';
import type { Socket } from 'node:net';
import type { HttpVersion } from '../core/record.ts';
import { Pulse } from './pulse.ts';

/** What is known of one connection, shared by the exchanges that run on it. */
export interface Connection {
  readonly socket: Socket;
  readonly httpVersion: HttpVersion;
  /** Absent behind a proxy, where it would be the proxy's. */
  readonly remoteAddress: string | undefined;
  /** Exchanges that were sent over it. */
  requests: number;
  /** A head came back over it. */
  isProven: boolean;
  /** Exchanges on it now. */
  active: number;
  /** How many exchanges were on it when it died. Each of them settles after the other, so the first one notes it for all. */
  activeAtDeath: number | undefined;
  /** It died because the server does not keep to HTTP/2. */
  brokeProtocol: boolean;
  readonly pulse: Pulse;
  /** The server is closing the session (GOAWAY). */
  isGoingAway: boolean;
  /** Streams that the server allows at once, as it last said; undefined where it said nothing. */
  maxStreams: number | undefined;
  /** Told when `maxStreams` has changed. */
  onMaxStreams: (() => void) | undefined;
  /** Of HTTP/2, once `watchSession` was called for it. */
  session: Http2Session | undefined;
  /** With large bodies: what all its streams together may be sent ahead, and each of them where that is more than at first (`StreamWindows`). */
  aheadBytes: number | undefined;
  windowBytes: number | undefined;
}

/** SETTINGS_MAX_CONCURRENT_STREAMS where the server did not send it (RFC 9113 §6.5.2: without a limit). */
const UNLIMITED_STREAMS = 2 ** 32 - 1;

const connections = new WeakMap<object, Connection>();

export function registerConnection(socket: Socket, httpVersion: HttpVersion, remoteAddress: string | undefined): void {
  connections.set(socket, {
    socket,
    httpVersion,
    remoteAddress,
    requests: 0,
    isProven: false,
    active: 0,
    activeAtDeath: undefined,
    brokeProtocol: false,
    pulse: new Pulse(socket),
    isGoingAway: false,
    maxStreams: undefined,
    onMaxStreams: undefined,
    session: undefined,
    aheadBytes: undefined,
    windowBytes: undefined,
  });
}

/** Notes what the server says of the whole session. Called with each stream: undici opens the first one before the first SETTINGS are there. */
export function watchSession(connection: Connection, session: Http2Session | undefined): void {
  if (connection.session !== undefined || session === undefined) return;
  connection.session = session;
  connection.pulse.attach(session);
  session.on('goaway', () => {
    connection.isGoingAway = true;
  });
  session.on('remoteSettings', ({ maxConcurrentStreams }: Settings) => {
    const told = maxConcurrentStreams === UNLIMITED_STREAMS ? undefined : maxConcurrentStreams;
    if (told === connection.maxStreams) return;
    connection.maxStreams = told;
    connection.onMaxStreams?.();
  });
}

/** Only for sockets that our own connector made: another user of undici in the same process is none of our business. */
export function connectionOf(socket: object): Connection | undefined {
  return connections.get(socket);
}
