import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { isPrivateAddress } from './address-guard.ts';
import { ConnectFailure, connectFailure, errorCode } from './connect-failure.ts';
import { registerConnection } from './connection.ts';
import { openHttpTunnel } from './http-tunnel.ts';
import { connectPaced } from './paced-socket.ts';
import type { ProxyChoice, ProxyServer } from './proxy.ts';
import type { RateLimiter } from './rate-limiter.ts';
import { fixedLookup, type Resolver } from './resolver.ts';
import { whenReady } from './socket-reader.ts';
import { openSocksTunnel } from './socks5.ts';
import type { TlsContext } from './tls-context.ts';

/** Where a connection is to lead. */
export interface Target {
  readonly origin: string;
  readonly tls: boolean;
  /** A name or an IP address, without brackets. */
  readonly host: string;
  readonly port: number;
  readonly offerHttp2: boolean;
}

export interface ConnectorOptions {
  readonly connectTimeoutMs: number;
  readonly blockPrivate: boolean;
  readonly resolver: Resolver;
  readonly proxies: ProxyChoice;
  readonly tls: TlsContext;
  /** For a proxy that speaks TLS: verified always, and never shown a client certificate. */
  readonly proxyTls: TlsContext;
  /** Absent: none. */
  readonly limiter?: RateLimiter | undefined;
}

/** How long one address may keep the next one waiting (RFC 8305 §5 asks for 250 ms; slow links need more). */
const ATTEMPT_TIMEOUT_MS = 500;
const KEEP_ALIVE_PROBE_MS = 60_000;

/** Makes connections: DNS, TCP, proxy and TLS under one deadline. Every failure is a ConnectFailure. */
export class Connector {
  readonly #options: ConnectorOptions;
  readonly #attempts = new Set<AbortController>();

  constructor(options: ConnectorOptions) {
    this.#options = options;
  }

  async connect(target: Target): Promise<Socket> {
    const proxy = this.#options.proxies.for(target.origin);
    const attempt = new AbortController();
    const timer = setTimeout(() => {
      attempt.abort(this.#timeout(target, proxy));
    }, this.#options.connectTimeoutMs);
    this.#attempts.add(attempt);
    const opened: Socket[] = [];
    try {
      return await this.#open(target, proxy, attempt.signal, opened);
    } catch (error) {
      for (const socket of opened) discard(socket);
      throw connectFailure(error);
    } finally {
      clearTimeout(timer);
      this.#attempts.delete(attempt);
    }
  }

  #timeout(target: Target, proxy: ProxyServer | undefined): ConnectFailure {
    const { host } = proxy ?? target;
    if (this.#options.resolver.isQueued(host)) {
      return new ConnectFailure('NOT_PROCESSED', `too many look-ups of other names hang to look up ${host}`);
    }
    const code = proxy === undefined ? 'CONNECT_TIMEOUT' : 'PROXY_FAILED';
    return new ConnectFailure(code, `${target.host}:${target.port}, ${this.#options.connectTimeoutMs} ms`);
  }

  /** Ends every attempt under way. */
  destroy(): void {
    for (const attempt of this.#attempts) attempt.abort(new ConnectFailure('ABORTED', 'the run stops'));
  }

  async #open(target: Target, proxy: ProxyServer | undefined, signal: AbortSignal, opened: Socket[]): Promise<Socket> {
    const { blockPrivate, tls } = this.#options;
    const opening =
      proxy === undefined
        ? this.#openTcp(target.host, target.port, signal, opened)
        : this.#openThroughProxy(target, proxy, signal, opened);
    // The first time it takes a while, in which the name is looked up.
    if (target.tls) void tls.secureContext;
    const plain = await opening;
    const remoteAddress = proxy === undefined ? plain.remoteAddress : undefined;
    if (blockPrivate && (remoteAddress === undefined || isPrivateAddress(remoteAddress))) {
      throw new ConnectFailure('BLOCKED_ADDRESS', `connected to ${remoteAddress ?? 'nobody'}`);
    }
    const socket = target.tls ? await startTls(plain, target, tls, signal, opened) : plain;
    registerConnection(socket, isHttp2(socket) ? '2' : '1.1', remoteAddress);
    return socket;
  }

  async #openTcp(host: string, port: number, signal: AbortSignal, opened: Socket[]): Promise<Socket> {
    const addresses = await unlessAborted(this.#options.resolver.resolve(host, port), signal);
    const { limiter } = this.#options;
    const options = {
      host,
      port,
      lookup: fixedLookup(addresses),
      autoSelectFamily: addresses.length > 1,
      autoSelectFamilyAttemptTimeout: ATTEMPT_TIMEOUT_MS,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_PROBE_MS,
      noDelay: true,
    };
    const socket = limiter === undefined ? connectTcp(options) : connectPaced(options, limiter);
    opened.push(socket);
    await whenReady(socket, 'connect', signal);
    return socket;
  }

  /** Plain http goes through an HTTP proxy without a tunnel: the request then names the whole URL (RFC 9112 §3.2.2). */
  async #openThroughProxy(target: Target, proxy: ProxyServer, signal: AbortSignal, opened: Socket[]): Promise<Socket> {
    let socket: Socket;
    try {
      socket = await this.#openTcp(proxy.host, proxy.port, signal, opened);
      if (proxy.kind === 'https') {
        const peer = { origin: '', tls: true, host: proxy.host, port: proxy.port, offerHttp2: false };
        socket = await startTls(socket, peer, this.#options.proxyTls, signal, opened);
      }
      if (proxy.kind === 'socks5h') await openSocksTunnel(socket, proxy, target, signal);
      else if (proxy.kind === 'socks5')
        await openSocksTunnel(socket, proxy, await this.#resolved(target, signal), signal);
      else if (target.tls) await openHttpTunnel(socket, proxy, target, signal);
    } catch (error) {
      throw proxyFailure(error, proxy);
    }
    return socket;
  }

  /** As in curl, socks5 looks names up here and socks5h there. */
  async #resolved(target: Target, signal: AbortSignal): Promise<{ host: string; port: number }> {
    try {
      const [first] = await unlessAborted(this.#options.resolver.resolve(target.host, target.port), signal);
      return { host: first?.address ?? target.host, port: target.port };
    } catch (error) {
      throw new TargetLookupFailed(connectFailure(error));
    }
  }
}

/** A look-up of the target's name, not the proxy's. */
class TargetLookupFailed extends Error {
  readonly failure: ConnectFailure;
  constructor(failure: ConnectFailure) {
    super(failure.message);
    this.failure = failure;
  }
}

function proxyFailure(error: unknown, proxy: ProxyServer): ConnectFailure {
  if (error instanceof TargetLookupFailed) return error.failure;
  const known = connectFailure(error);
  // What the proxy itself said keeps its code; so does what this machine lacks.
  const ours = error instanceof ConnectFailure && !known.failure.code.startsWith('DNS_');
  if (ours || known.failure.code === 'LOCAL_RESOURCES') return known;
  return new ConnectFailure('PROXY_FAILED', `${proxy.host}:${proxy.port}: ${known.message}`, error);
}

async function startTls(
  plain: Socket,
  target: Target,
  tls: TlsContext,
  signal: AbortSignal,
  opened: Socket[],
): Promise<TLSSocket> {
  const protocols = target.offerHttp2 ? ['h2', 'http/1.1'] : ['http/1.1'];
  const key = `${target.host}:${target.port}:${protocols.length}`;
  const session = tls.sessions.get(key);
  const name = target.host.replace(/\.$/, '');
  // Above a connection that is no system's handle Node tells a reset, but ends the socket without it: that would look like an end.
  plain.on('error', (error) => socket.destroy(error));
  const socket = connectTls({
    socket: plain,
    host: name,
    ...(isIP(name) === 0 ? { servername: name } : {}),
    secureContext: tls.secureContext,
    rejectUnauthorized: tls.rejectUnauthorized,
    ALPNProtocols: protocols,
    ...(session === undefined ? {} : { session }),
  });
  opened.push(socket);
  socket.on('session', (fresh: Buffer) => tls.sessions.set(key, fresh));
  try {
    await whenReady(socket, 'secureConnect', signal);
  } catch (error) {
    tls.sessions.delete(key);
    // Without HTTP/2 in the offer there is nothing less to offer.
    const failure = connectFailure(error);
    if (failure.failure.code === 'HTTP_1_1_REQUIRED' && !target.offerHttp2) {
      throw new ConnectFailure('TLS_FAILED', failure.message, error);
    }
    throw failure;
  }
  // Node tells of an alert, but leaves the socket to its end, and only of that would we hear.
  socket.on('error', (error) => {
    if (isAboutOurCertificate(error)) socket.destroy(connectFailure(error));
  });
  return socket;
}

/** With TLS 1.3 a server looks at the client's certificate when we have long begun to ask (RFC 8446 §4.4.2.4, §6.2). */
function isAboutOurCertificate(error: Error): boolean {
  return /_ALERT_(?:CERTIFICATE_\w+|BAD_CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED|HANDSHAKE_FAILURE)$/.test(
    errorCode(error) ?? '',
  );
}

function isHttp2(socket: Socket): boolean {
  return (socket as Partial<TLSSocket>).alpnProtocol === 'h2';
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/** Ends a socket that nobody got; what it still has to say is of no interest. */
function discard(socket: Socket): void {
  socket.on('error', () => {});
  socket.destroy();
}
