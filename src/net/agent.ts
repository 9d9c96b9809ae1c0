import type { Socket } from 'node:net';
import type { buildConnector, Agent as UndiciAgent } from 'undici';
// Not from 'undici': to load all of it takes twice as long, and a run needs nothing else of it.
import Agent from 'undici/lib/dispatcher/agent.js';
import { LIMITS, type NetConfig } from '../core/config.ts';
import type { Target } from './connector.ts';
import { slimPool } from './slim-pool.ts';
import { LARGE_WINDOW_BYTES } from './stream-windows.ts';

/**
 * Of an idle connection, and the most that a server's Keep-Alive may make of it. Servers that close earlier say so in that field, or with a
 * GOAWAY; where one does not, a request that met the end of its connection is sent again free.
 */
const KEEP_ALIVE_MS = 15_000;
const PING_INTERVAL_MS = 15_000;
const MIN_STREAMS = 100;

/** What undici wants of a connector. */
function targetOf(options: buildConnector.Options & { allowH2?: boolean }): Target {
  const tls = options.protocol === 'https:';
  return {
    origin: `${options.protocol}//${options.host ?? options.hostname}`,
    tls,
    host: options.hostname,
    port: options.port === '' || options.port === undefined ? (tls ? 443 : 80) : Number(options.port),
    offerHttp2: tls && options.allowH2 !== false,
  };
}

/**
 * The pools of connections, one per origin. One HTTP/2 connection takes all of an origin's requests where the server allows as many streams;
 * over HTTP/1.1 there is a connection per request in flight. undici's own timeouts are off: ours end an exchange in every state.
 *
 * @param windowBytes what a stream begins with
 */
export function createAgent(
  config: NetConfig,
  windowBytes: number,
  open: (target: Target) => Promise<Socket>,
): UndiciAgent {
  return new Agent({
    factory: slimPool,
    connections: config.perOrigin,
    pipelining: 1,
    allowH2: !config.http1Only,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: LIMITS.maxHeaderBytes,
    h2Options: {
      initialWindowSize: windowBytes,
      maxConcurrentStreams: Math.max(config.perOrigin, MIN_STREAMS),
      // undici's default of 512 KiB, shared by a hundred streams, is the bottleneck on a long way.
      connectionWindowSize: LARGE_WINDOW_BYTES,
      pingInterval: PING_INTERVAL_MS,
    } as NonNullable<UndiciAgent.Options['h2Options']>,
    connect: (options, callback) => {
      open(targetOf(options)).then(
        (socket) => callback(null, socket),
        (error: Error) => callback(error, null),
      );
    },
  });
}
