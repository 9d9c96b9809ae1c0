import { type ClientHttp2Stream, constants } from 'node:http2';
import type { Dispatcher } from 'undici';
import { LIMITS, type NetConfig } from '../core/config.ts';
import { type Failure, failure } from '../core/failure.ts';
import type { Answer, BodyGlance, BodySink, Exchange, Head, OnHead, WireRequest } from '../core/ports.ts';
import type { Completeness } from '../core/record.ts';
import { BodyFlow, type BodyOwner } from './body-flow.ts';
import { completeness, declaredLength, isBodyless } from './completeness.ts';
import { type Connection, watchSession } from './connection.ts';
import { codingsOf } from './content-coding.ts';
import { classify, type ErrorContext, endsConnection, isDeadSession, isSessionError } from './error-code.ts';
import type { OpenConnections } from './open-connections.ts';
import type { RateLimiter } from './rate-limiter.ts';
import { responseHead } from './response-head.ts';
import { ResponseHold } from './response-hold.ts';
import { StallWatch } from './stall.ts';
import type { StreamWindows } from './stream-windows.ts';
import type { Timed } from './ticker.ts';
import { type Bindable, expectWire, wasCut } from './truncation.ts';

/**
 * An HTTP/1.1 connection takes the next request a turn of the event loop after its last response: undici looks first whether the server closes it.
 * An answer that is told before would make the page after it open one more connection. (The microtask puts us behind undici's own immediate.)
 */
function afterReuse(tell: () => void): void {
  queueMicrotask(() => setImmediate(tell));
}

/** What all exchanges of one client share. */
export interface ExchangeHost {
  readonly config: NetConfig;
  readonly windows: StreamWindows;
  readonly connections: OpenConnections;
  readonly limiter: RateLimiter | undefined;
  /** The request goes through a proxy that forwards it: a 407 is the proxy's. */
  isForwarded(request: WireRequest): boolean;
  /** The newest connection to that origin: before the start the exchange has none of its own. */
  newestConnection(request: WireRequest): Connection | undefined;
  /** A head came over a connection for the first time. */
  onProven(request: WireRequest): void;
  /** True where an answer came from that origin before, spoken to in the same way. */
  isProven(request: WireRequest): boolean;
  onBytes(count: number): void;
  onSettled(exchange: ExchangeHandler): void;
}

/** A body that nobody wants is read to its end where that takes no longer (and no more bytes than `LIMITS.glanceBytes`), so that an HTTP/1.1 connection can be used again. */
const DRAIN_MS = 2_000;

const { NGHTTP2_REFUSED_STREAM } = constants;

/** The exchange that a stream belongs to. */
const owner = Symbol('owner');
type OwnedStream = ClientHttp2Stream & { [owner]?: ExchangeHandler | undefined };

/** One function for all streams: a closure for each, and the wrapper that `once` makes, cost more than the exchange's own state. */
function tellOwner(this: ClientHttp2Stream, error: Error): void {
  (this as OwnedStream)[owner]?.onStreamError(this, error);
}

/** What an abort of ours is called on the wire's side; whoever sees it has settled before. */
const CUT = new Error('cut');

/**
 * One exchange: undici's handler, from the dispatch to the one settlement. Everything that undici, the sink, the decoder, the limiter
 * and the clock can say may come late or twice; after the settlement nothing of it counts.
 */
export class ExchangeHandler implements Dispatcher.DispatchHandler, Bindable, BodyOwner, Timed {
  readonly request: WireRequest;
  /** Name and value in turn, as they are sent. */
  readonly headers: readonly string[];
  readonly #host: ExchangeHost;
  #onHead: OnHead | undefined;
  readonly #resolve: (exchange: Exchange) => void;
  readonly #reject: (reason: unknown) => void;
  readonly #hold = new ResponseHold();
  readonly #dispatchedAt = performance.now();
  #startedAt = 0;
  /** What --limit-rate had held back before its start, and is no part of its time. */
  #limiterHeldMs = 0;
  #headAt = 0;
  #controller: Dispatcher.DispatchController | undefined;
  #connection: Connection | undefined;
  #stream: ClientHttp2Stream | undefined;
  #socketBytesAtStart = 0;
  #requestsAtStart = 0;
  #wasAlone = true;
  #reused = false;
  #interim = 0;
  #responseBegun = false;
  #head: Head | undefined;
  /** How its end is known, content codings aside. */
  #framing: Completeness | undefined;
  #flow: BodyFlow | undefined;
  #glance: BodyGlance | undefined;
  #stall: StallWatch | undefined;
  #drainUntil = 0;
  #wireBytes = 0;
  #wireEnded = false;
  #settled = false;

  constructor(
    request: WireRequest,
    headers: readonly string[],
    host: ExchangeHost,
    onHead: OnHead,
    resolve: (exchange: Exchange) => void,
    reject: (reason: unknown) => void,
  ) {
    this.request = request;
    this.headers = headers;
    this.#host = host;
    this.#onHead = onHead;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  get started(): boolean {
    return this.#startedAt !== 0;
  }

  /** It may still need a connection: undici also sends one again that was started, when the server turned it away. */
  get awaitsConnection(): boolean {
    return this.#head === undefined;
  }

  // ── undici ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** May run again: undici sends a request that a GOAWAY or REFUSED_STREAM turned away once more by itself. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    // To throw takes the request out of undici's queue and leaves the connection alone; an abort would close it.
    if (this.#settled) throw CUT;
    this.#unbind();
    this.#controller = controller;
    this.#startedAt = performance.now();
    this.#limiterHeldMs = this.#heldMs(this.#startedAt);
    this.#interim = 0;
    this.#responseBegun = false;
    expectWire(this);
  }

  onResponseStarted(): void {
    this.#responseBegun = true;
  }

  bindConnection(connection: Connection): void {
    this.#connection = connection;
    this.#reused = connection.requests > 0;
    connection.requests += 1;
    connection.active += 1;
    this.#host.connections.taken(connection);
    this.#socketBytesAtStart = connection.socket.bytesRead;
    this.#requestsAtStart = connection.requests;
    this.#wasAlone = connection.active === 1;
  }

  bindStream(stream: ClientHttp2Stream): void {
    this.#stream = stream;
    const connection = this.#connection;
    if (connection === undefined) return;
    watchSession(connection, stream.session);
    (stream as OwnedStream)[owner] = this;
    stream.on('error', tellOwner);
  }

  /**
   * undici would send a refused stream again by itself, unseen and maybe later: whoever is to ask for less has to hear of each refusal.
   * (With a GOAWAY it refuses streams in the server's name; those it does send again, once.)
   */
  onStreamError(stream: ClientHttp2Stream, error: Error): void {
    if (this.#settled || this.#head !== undefined || stream !== this.#stream || this.#connection?.isGoingAway) return;
    if (stream.rstCode === NGHTTP2_REFUSED_STREAM) this.#fail(failure('STREAM_REFUSED', undefined, error), false);
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    fields: Record<string, string | string[] | undefined>,
  ): void {
    if (this.#settled) return;
    if (status < 200) {
      this.#interim += 1;
      if (this.#interim > LIMITS.maxInterim) this.#fail(failure('PROTOCOL_ERROR', 'too many interim responses'));
      return;
    }
    const connection = this.#connection;
    if (connection !== undefined && !connection.isProven) {
      connection.isProven = true;
      this.#host.onProven(this.request);
    }
    const head = responseHead(status, fields, connection?.httpVersion ?? '1.1');
    this.#controller = controller;
    this.#head = head;
    this.#framing = completeness(head, this.request.method, false);
    this.#headAt = performance.now();
    if (status === 407 && this.#host.isForwarded(this.request)) {
      this.#fail(failure('PROXY_REFUSED', 'the proxy asks for credentials (407)'));
      return;
    }
    this.#beginBody(head);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#host.onBytes(chunk.length);
    if (this.#settled) return;
    this.#wireBytes += chunk.length;
    if (this.#stall !== undefined) this.#stall.bytes += chunk.length;
    if (this.#connection !== undefined) this.#host.windows.heed(this.#connection, this.#wireBytes);
    if (this.#flow !== undefined) this.#flow.write(chunk);
    else if (this.#wireBytes > LIMITS.glanceBytes) this.#settleAnswer();
    else this.#glance?.glance(chunk);
  }

  onResponseEnd(): void {
    if (this.#settled) return;
    this.#wireEnded = true;
    this.#hold.end();
    if (this.#flow === undefined) {
      this.#glance?.onEnd();
      this.#settleAnswer();
      return;
    }
    if (!this.#isCounted() && wasCut(this.#connection, this.#stream)) {
      this.#fail(this.#cut());
      return;
    }
    this.#flow.end();
  }

  /** A body that is cut because the whole session ends is no failure of its own, where there are several. */
  #cut(): Failure {
    const connection = this.#connection;
    const detail = `cut after ${this.#wireBytes} bytes`;
    if (connection?.httpVersion === '2' && connection.socket.destroyed) {
      connection.activeAtDeath ??= connection.active;
      if (connection.activeAtDeath > 1) return failure('SESSION_DIED', detail);
    }
    return failure('TRUNCATED', detail, connection?.socket.errored ?? undefined);
  }

  /** undici has held the body against its length or its last chunk: however the connection ended then, the body is whole. */
  #isCounted(): boolean {
    return this.#framing === 'content-length' || this.#framing === 'chunked';
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.#settled) return;
    const connection = this.#connection;
    if (connection !== undefined) {
      if (endsConnection(error) || connection.socket.destroyed) connection.activeAtDeath ??= connection.active;
      if (isSessionError(error)) connection.brokeProtocol = true;
      // Until its socket closes undici would try one request after the other on it.
      if (isDeadSession(error)) connection.socket.destroy();
    }
    if (this.#head !== undefined && this.#flow === undefined) {
      this.#settleAnswer();
      return;
    }
    const { failure: reason, sent } = classify(error, this.#errorContext(error));
    this.#wireEnded = true;
    this.#fail(reason, sent);
  }

  // ── the body ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #beginBody(head: Head): void {
    let sink: BodySink | BodyGlance | undefined;
    try {
      sink = this.#onHead?.(head);
    } catch (error) {
      this.onSinkRejection(error);
      return;
    }
    const declared = isBodyless(this.request.method, head.status) ? 0 : declaredLength(head);
    if (sink === undefined || 'glance' in sink) {
      this.#glance = sink;
      if (declared !== undefined && declared > LIMITS.glanceBytes) this.#settleAnswer();
      else this.#drainUntil = this.#headAt + DRAIN_MS;
      return;
    }
    const codings = declared === 0 ? [] : codingsOf(head);
    if (codings.length > LIMITS.maxCodings) {
      this.#fail(failure('DECOMPRESSION_BOMB', `${codings.length} content codings on one body`));
      return;
    }
    this.#flow = new BodyFlow(this, sink, codings, this.#host.config.maxBodyBytes);
    const refused = declared === undefined ? undefined : this.#flow.refuse(declared);
    if (refused !== undefined) {
      this.#fail(refused);
      return;
    }
    this.#stall = new StallWatch(this.#host.config.stallTimeoutMs, this.#headAt, this.#heldMs(this.#headAt));
    if (declared !== 0 && this.#controller !== undefined) this.#hold.begin(this.#controller);
  }

  holdForBody(): void {
    this.#hold.hold();
  }

  releaseForBody(): void {
    this.#hold.release();
  }

  onBodyDone(): void {
    this.#settleAnswer();
  }

  onBodyFailure(reason: Failure): void {
    this.#fail(reason);
  }

  onSinkRejection(reason: unknown): void {
    if (this.#settled) return;
    this.#settle();
    this.#reject(reason);
  }

  // ── time ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  tick(now: number): void {
    const { config } = this.#host;
    if (config.maxTimeMs !== undefined && now - this.#dispatchedAt >= config.maxTimeMs) {
      this.#fail(failure('MAX_TIME'), this.started);
    } else if (this.#startedAt === 0) {
      // Connecting has its own deadline; this one ends waiting inside undici, such as for a server that allows no stream.
      if (now - this.#dispatchedAt >= config.connectTimeoutMs + config.responseTimeoutMs) {
        this.#fail(failure('RESPONSE_TIMEOUT', 'the request could not be sent'), false);
      }
    } else if (this.#head === undefined) {
      const limitMs = config.responseTimeoutMs;
      const waitedMs = now - this.#startedAt - (this.#heldMs(now) - this.#limiterHeldMs);
      if (waitedMs >= limitMs) this.#timeOut(failure('RESPONSE_TIMEOUT'), now, limitMs);
      else this.#connection?.pulse.feel(now, limitMs);
    } else if (this.#drainUntil !== 0) {
      if (now >= this.#drainUntil) this.#settleAnswer();
    } else if (!this.#wireEnded && this.#stall !== undefined) {
      const limitMs = config.stallTimeoutMs;
      if (this.#stall.isStalled(now, this.#hold.isHeld, this.#heldMs(now))) {
        this.#timeOut(failure('STALLED', `after ${this.#wireBytes} bytes`), now, limitMs);
      } else if (!this.#hold.isHeld) {
        this.#connection?.pulse.feel(now, limitMs);
      }
    }
  }

  /** For so long --limit-rate has held all connections, milliseconds. */
  #heldMs(now: number): number {
    return this.#host.limiter?.heldMs(now) ?? 0;
  }

  /** Nobody shall wait on an HTTP/2 connection that is dead; that it died is no page's fault where there are several on it. */
  #timeOut(reason: Failure, now: number, limitMs: number): void {
    const connection = this.#connection;
    if (connection?.httpVersion !== '2' || !connection.pulse.isSilent(now, limitMs)) {
      this.#fail(reason);
      return;
    }
    connection.activeAtDeath ??= connection.active;
    this.#fail(
      connection.activeAtDeath > 1 ? failure('SESSION_DIED', 'it froze, and a PING was not answered') : reason,
    );
    connection.socket.destroy();
  }

  // ── the settlement ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The run stops. */
  abort(): void {
    this.#fail(failure('ABORTED'), this.started);
  }

  /** No connection came to be for those that wait in undici's queue. */
  failUnsent(reason: Failure): void {
    if (!this.started) this.#fail(reason, false);
  }

  #fail(reason: Failure, sent = true): void {
    if (this.#settled) return;
    const head = this.#head;
    const maxStreams = this.#maxStreams();
    this.#settle();
    this.#resolve({
      ok: false,
      failure: reason,
      sent,
      ...(head === undefined ? undefined : { head }),
      ...(maxStreams === undefined ? undefined : { maxStreams }),
    });
  }

  #settleAnswer(): void {
    const head = this.#head;
    const framing = this.#framing;
    if (this.#settled || head === undefined || framing === undefined) return;
    const connection = this.#connection;
    const maxStreams = this.#maxStreams();
    const flow = this.#flow;
    this.#settle();
    const answer: { -readonly [Field in keyof Answer]: Answer[Field] } = {
      ok: true,
      head,
      complete: flow?.decoded === true ? completeness(head, this.request.method, true) : framing,
      bytes: flow?.bytes ?? 0,
      wireBytes: this.#wireBytes,
      sentHeaders: this.headers,
      connectMs: this.#startedAt - this.#dispatchedAt,
      headMs: this.#headAt - this.#startedAt,
    };
    if (connection?.remoteAddress !== undefined) answer.remoteAddress = connection.remoteAddress;
    if (maxStreams !== undefined) answer.maxStreams = maxStreams;
    if (this.#wireEnded && head.httpVersion === '1.1') afterReuse(() => this.#resolve(answer));
    else this.#resolve(answer);
  }

  #maxStreams(): number | undefined {
    return (this.#connection ?? this.#host.newestConnection(this.request))?.maxStreams;
  }

  #settle(): void {
    this.#settled = true;
    this.#hold.end();
    this.#flow?.destroy();
    this.#host.onSettled(this);
    this.#unbind();
    const controller = this.#controller;
    this.#forget();
    if (!this.#wireEnded) controller?.abort(CUT);
  }

  /** undici and Node hold on to a request for a while after its end, and with it would hold the page's body. */
  #forget(): void {
    this.#controller = undefined;
    this.#onHead = undefined;
    this.#head = undefined;
    this.#flow = undefined;
    this.#glance = undefined;
    this.#stall = undefined;
  }

  #unbind(): void {
    const connection = this.#connection;
    if (connection !== undefined) {
      connection.active -= 1;
      if (connection.active === 0) this.#host.connections.left(connection);
    }
    this.#connection = undefined;
    // Node's streams outlive several collections: nothing of a page that is done shall hang on one.
    if (this.#stream !== undefined) (this.#stream as OwnedStream)[owner] = undefined;
    this.#stream = undefined;
  }

  #errorContext(error: Error): ErrorContext {
    const connection = this.#connection;
    const code = (error as { http2ErrorCode?: unknown }).http2ErrorCode;
    return {
      started: this.started,
      head: this.#head,
      bodyBytes: this.#wireBytes,
      http2: connection === undefined ? undefined : connection.httpVersion === '2',
      reused: this.#reused,
      responseBegun: this.#responseBegun,
      proven: this.#host.isProven(this.request),
      brokeProtocol: connection?.brokeProtocol ?? false,
      connectionEnded: connection?.socket.destroyed ?? false,
      sharers: connection === undefined ? 1 : (connection.activeAtDeath ?? connection.active),
      bytesSinceStart: connection === undefined ? 0 : connection.socket.bytesRead - this.#socketBytesAtStart,
      othersAnswered: connection !== undefined && (!this.#wasAlone || connection.requests > this.#requestsAtStart),
      streamCode: typeof code === 'number' ? code : this.#stream?.rstCode,
    };
  }
}
