import type { Socket } from 'node:net';
import type { Agent, Dispatcher } from 'undici';
import type { NetConfig } from '../core/config.ts';
import { failure } from '../core/failure.ts';
import type { Client, Exchange, OnHead, WireRequest } from '../core/ports.ts';
import { createAgent } from './agent.ts';
import { ConnectFailure } from './connect-failure.ts';
import { type Connection, connectionOf } from './connection.ts';
import { Connector, type Target } from './connector.ts';
import { ExchangeHandler, type ExchangeHost } from './exchange.ts';
import { InFlight } from './in-flight.ts';
import { OpenConnections } from './open-connections.ts';
import { OriginLinks } from './origin-links.ts';
import { ProxyChoice, type ProxyServer } from './proxy.ts';
import { RateLimiter } from './rate-limiter.ts';
import { requestHeaders, requestTarget } from './request-head.ts';
import { Resolver } from './resolver.ts';
import { StreamWindows } from './stream-windows.ts';
import type { LookUpAll } from './system-lookup.ts';
import { Ticker } from './ticker.ts';
import { createTlsContext } from './tls-context.ts';
import { watchWire } from './truncation.ts';

/** undici takes `allowH2` with a request, but its types do not know. */
type DispatchOptions = Dispatcher.DispatchOptions & { allowH2?: boolean };

/** The pools that show the client certificate, and those that do not. */
interface Way {
  readonly certified: boolean;
  readonly connector: Connector;
  readonly agent: Agent;
}

/**
 * The one client of a run, on undici's dispatch.
 *
 * @param lookUpAll how names are looked up; default: in the DNS where that says the same as the system, else as the system does
 * @throws UsageError where the proxy, --cacert, --cert or --key cannot be used
 */
export function createClient(config: NetConfig, lookUpAll?: LookUpAll, onChunk?: (bytes: number) => void): Client {
  return new UndiciClient(config, lookUpAll, onChunk);
}

class UndiciClient implements Client, ExchangeHost {
  readonly config: NetConfig;
  readonly windows: StreamWindows;
  readonly connections: OpenConnections;
  readonly limiter: RateLimiter | undefined;
  readonly #proxies: ProxyChoice;
  readonly #links = new OriginLinks();
  readonly #inFlight = new InFlight<ExchangeHandler>();
  readonly #ticker: Ticker;
  readonly #resolver: Resolver;
  readonly #plain: Way;
  readonly #certified: Way;
  readonly #unwatch: () => void;
  readonly #onChunk: ((bytes: number) => void) | undefined;
  #receivedBytes = 0;
  #lastFields: { readonly headers: WireRequest['headers']; readonly flat: string[] } | undefined;
  #destroyed = false;

  constructor(config: NetConfig, lookUpAll: LookUpAll | undefined, onChunk: ((bytes: number) => void) | undefined) {
    this.config = config;
    this.#onChunk = onChunk;
    this.connections = new OpenConnections(mostConnections(config));
    this.#proxies = new ProxyChoice(config);
    this.#resolver = new Resolver(config, lookUpAll === undefined ? undefined : { system: lookUpAll });
    const { limitBytesPerSecond } = config;
    this.limiter = limitBytesPerSecond === undefined ? undefined : new RateLimiter(limitBytesPerSecond);
    this.windows = new StreamWindows(limitBytesPerSecond);
    const proxyTls = createTlsContext({ ...config, insecure: false }, false);
    const createWay = (certified: boolean): Way => {
      const tls = createTlsContext(config, certified);
      const { connectTimeoutMs, blockPrivate } = config;
      const connector = new Connector({
        connectTimeoutMs,
        blockPrivate,
        resolver: this.#resolver,
        proxies: this.#proxies,
        tls,
        proxyTls,
        limiter: this.limiter,
      });
      const agent = createAgent(config, this.windows.first, (target) => this.#open(target, certified, connector));
      return { certified, connector, agent };
    };
    this.#plain = createWay(false);
    this.#certified = config.cert === undefined ? this.#plain : createWay(true);
    const limits = [config.connectTimeoutMs, config.responseTimeoutMs, config.stallTimeoutMs];
    if (config.maxTimeMs !== undefined) limits.push(config.maxTimeMs);
    this.#ticker = new Ticker(limits, this.#inFlight);
    this.#unwatch = watchWire();
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  exchange(request: WireRequest, onHead: OnHead): Promise<Exchange> {
    if (this.#destroyed) return Promise.resolve({ ok: false, failure: failure('ABORTED'), sent: false });
    return new Promise((resolve, reject) => {
      const forwarder = this.#forwarder(request);
      const headers = this.#fieldsOf(request, forwarder?.authorization);
      const handler = new ExchangeHandler(request, headers, this, onHead, resolve, reject);
      this.#inFlight.add(handler);
      this.#ticker.start();
      const way = request.showCertificate ? this.#certified : this.#plain;
      way.agent.dispatch(this.#dispatchOptions(request, headers, forwarder !== undefined), handler);
    });
  }

  async destroy(): Promise<void> {
    this.#destroyed = true;
    for (const exchange of this.#inFlight) exchange.abort();
    this.#ticker.stop();
    this.limiter?.destroy();
    const ways = new Set([this.#plain, this.#certified]);
    for (const way of ways) way.connector.destroy();
    this.#resolver.close();
    await Promise.all([...ways].map((way) => way.agent.destroy()));
    this.#unwatch();
  }

  isForwarded(request: WireRequest): boolean {
    return this.#forwarder(request) !== undefined;
  }

  newestConnection(request: WireRequest): Connection | undefined {
    return this.#links.newest(this.#poolOf(request));
  }

  onProven(request: WireRequest): void {
    this.#links.prove(this.#poolOf(request));
  }

  isProven(request: WireRequest): boolean {
    return this.#links.isProven(this.#poolOf(request));
  }

  onBytes(count: number): void {
    this.#receivedBytes += count;
    this.#onChunk?.(count);
  }

  onSettled(exchange: ExchangeHandler): void {
    this.#inFlight.delete(exchange);
  }

  #dispatchOptions(request: WireRequest, headers: string[], isForwarded: boolean): DispatchOptions {
    const options: DispatchOptions = {
      origin: request.origin,
      path: isForwarded ? request.url : requestTarget(request),
      method: request.method,
      headers,
    };
    if (request.body !== undefined) options.body = request.body;
    // Plain http is never HTTP/2 here: a pool of its own for it would only double the connections.
    if (request.http1Only && isTls(request.origin)) options.allowH2 = false;
    return options;
  }

  /** Most pages of a run are asked for with the same fields, in the same object. */
  #fieldsOf({ headers }: WireRequest, proxyAuthorization: string | undefined): string[] {
    if (proxyAuthorization !== undefined) return requestHeaders(headers, proxyAuthorization);
    if (headers !== this.#lastFields?.headers) this.#lastFields = { headers, flat: requestHeaders(headers, undefined) };
    return this.#lastFields.flat;
  }

  /** The proxy that gets plain http as it is, with the whole URL in the request line. */
  #forwarder(request: WireRequest): ProxyServer | undefined {
    if (this.#proxies.none || isTls(request.origin)) return undefined;
    const proxy = this.#proxies.for(request.origin);
    return proxy?.kind === 'http' || proxy?.kind === 'https' ? proxy : undefined;
  }

  #poolOf(request: WireRequest): string {
    const offerHttp2 = isTls(request.origin) && !request.http1Only && !this.config.http1Only;
    return poolName(request.origin, offerHttp2, request.showCertificate && this.#certified.certified);
  }

  async #open(target: Target, certified: boolean, connector: Connector): Promise<Socket> {
    const pool = poolName(target.origin, target.offerHttp2, certified);
    // undici's queue may hold requests whose exchange is over: for them alone no connection is made, one timeout after the other.
    if (!this.#isAwaited(target.origin, pool)) {
      await new Promise(setImmediate);
      throw new ConnectFailure('NOT_PROCESSED', 'the connection was no longer wanted');
    }
    this.#links.connecting(pool);
    this.connections.connecting();
    try {
      const socket = await connector.connect(target);
      const connection = connectionOf(socket);
      if (connection !== undefined) {
        this.#links.opened(pool, connection);
        this.connections.opened(connection);
        connection.onMaxStreams = () => this.#sendBack(target.origin, pool, connection);
      }
      return socket;
    } catch (error) {
      this.connections.failed();
      const hopeless = this.#links.failed(pool);
      // Behind one TLS handshake a whole origin may wait, to learn whether it is HTTP/2: it is told now, not handshake by handshake.
      if (hopeless && error instanceof ConnectFailure) this.#failWaiting(target.origin, pool, error);
      throw error;
    }
  }

  #isAwaited(origin: string, pool: string): boolean {
    for (const exchange of this.#inFlight.to(origin)) {
      if (exchange.awaitsConnection && this.#poolOf(exchange.request) === pool) return true;
    }
    return false;
  }

  /**
   * Those that were dispatched before the server told its limit would wait inside undici for as long as it likes: they go back, the newest
   * first. One stays even where no stream is allowed: somebody has to wait for the limit to be raised.
   */
  #sendBack(origin: string, pool: string, { active, maxStreams }: Connection): void {
    if (maxStreams === undefined) return;
    const room = Math.max(0, Math.max(1, maxStreams) - active);
    const reason = failure('NOT_PROCESSED', `the server allows ${maxStreams} streams at once`);
    for (const exchange of this.#unsent(origin, pool).slice(room)) exchange.failUnsent(reason);
  }

  #failWaiting(origin: string, pool: string, error: ConnectFailure): void {
    for (const exchange of this.#unsent(origin, pool)) exchange.failUnsent(error.failure);
  }

  #unsent(origin: string, pool: string): readonly ExchangeHandler[] {
    return [...this.#inFlight.to(origin)].filter(
      (exchange) => !exchange.started && this.#poolOf(exchange.request) === pool,
    );
  }
}

const IDLE_PER_REQUEST = 4;
/** An idle one takes some 80 kB, and a handshake as long as twenty pages. */
const LEAST_CONNECTIONS = 2_048;

function mostConnections({ concurrency, maxConnections }: NetConfig): number {
  const most = Math.max(LEAST_CONNECTIONS, concurrency * IDLE_PER_REQUEST);
  return Math.min(most, maxConnections ?? most);
}

function isTls(origin: string): boolean {
  return origin.startsWith('https:');
}

function poolName(origin: string, offerHttp2: boolean, certified: boolean): string {
  return `${origin} ${offerHttp2 ? 'h2' : 'h1'}${certified ? ' certified' : ''}`;
}
