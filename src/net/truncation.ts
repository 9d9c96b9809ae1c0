import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientHttp2Stream } from 'node:http2';
import { type Connection, connectionOf } from './connection.ts';

/** An exchange that is about to be written to the wire. */
export interface Bindable {
  bindConnection(connection: Connection): void;
  bindStream(stream: ClientHttp2Stream): void;
}

const SEND_HEADERS = 'undici:client:sendHeaders';
const STREAM_CREATED = 'http2.client.stream.created';

// undici runs `onRequestStart`, then publishes the socket, then (HTTP/2) creates the stream, all in one synchronous run:
// so whoever started last is who the next socket and the next stream belong to.
let starting: Bindable | undefined;
let opening: Bindable | undefined;

let watchers = 0;

/** To be called in `onRequestStart`: the next socket and stream are this exchange's. */
export function expectWire(exchange: Bindable): void {
  starting = exchange;
  opening = undefined;
}

function onSendHeaders(message: unknown): void {
  const exchange = starting;
  if (exchange === undefined) return;
  const connection = connectionOf((message as { socket: object }).socket);
  if (connection === undefined) return;
  starting = undefined;
  exchange.bindConnection(connection);
  if (connection.httpVersion === '2') opening = exchange;
}

function onStreamCreated(message: unknown): void {
  const exchange = opening;
  if (exchange === undefined) return;
  opening = undefined;
  exchange.bindStream((message as { stream: ClientHttp2Stream }).stream);
}

/** Begins to bind exchanges to their sockets and streams. Returns the end of it. */
export function watchWire(): () => void {
  if (watchers++ === 0) {
    subscribe(SEND_HEADERS, onSendHeaders);
    subscribe(STREAM_CREATED, onStreamCreated);
  }
  let watching = true;
  return () => {
    if (!watching) return;
    watching = false;
    if (--watchers > 0) return;
    unsubscribe(SEND_HEADERS, onSendHeaders);
    unsubscribe(STREAM_CREATED, onStreamCreated);
    starting = undefined;
    opening = undefined;
  };
}

/**
 * Was a response that undici calls ended really cut?
 *
 * HTTP/2: a stream that was reset with CANCEL, or whose connection closed after a GOAWAY, ends without an error (nodejs/node#56627);
 * its `rstCode` or `destroyed` tell. (`closed` does not do: it is often true already for clean ends on Node 22 and 24.)
 * HTTP/1.1: a body that only the connection's end delimits ends without an error on a TCP reset; the socket's `errored` tells (RFC 9112 §8).
 * A reset with NO_ERROR looks in every respect like an end: only a content-length or a content coding can prove that one.
 */
export function wasCut(connection: Connection | undefined, stream: ClientHttp2Stream | undefined): boolean {
  if (stream !== undefined) return stream.destroyed || (stream.rstCode !== undefined && stream.rstCode !== 0);
  return connection !== undefined && connection.socket.errored != null;
}
