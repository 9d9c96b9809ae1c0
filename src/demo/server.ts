import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { constants, createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { Socket } from 'node:net';
import { DEMO_CERTIFICATE, DEMO_PRIVATE_KEY } from './certificate.ts';
import { demoApi, ITEM_COUNT, type Reply } from './demo-api.ts';

export interface DemoServer {
  readonly origin: string;
  /** What a client has to trust. */
  readonly caPem: string;
  /** Every page there is, in order. */
  readonly urls: readonly string[];
  /** Ends every connection, and resolves when the port is free. */
  close(): Promise<void>;
}

/**
 * Starts the demo's API on a free port of 127.0.0.1: TLS, HTTP/2 and HTTP/1.1.
 *
 * @param now milliseconds of a monotonic clock, by which it limits the rate.
 */
export async function startDemoServer(now: () => number = () => performance.now()): Promise<DemoServer> {
  const reply = demoApi(now);
  const sockets = new Set<Socket>();
  const timers = new Set<NodeJS.Timeout>();

  const server = createSecureServer(
    { allowHTTP1: true, cert: DEMO_CERTIFICATE, key: DEMO_PRIVATE_KEY },
    (request, response) => {
      const what = reply(request.method, request.url);
      if (what.type === 'reset') {
        reset(request, response);
      } else if (what.afterMs === 0) {
        answer(request, response, what);
      } else {
        const timer = setTimeout(() => {
          timers.delete(timer);
          answer(request, response, what);
        }, what.afterMs);
        timers.add(timer);
      }
    },
  );
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a server that listens on TCP has a port');
  const origin = `https://localhost:${address.port}`;
  return {
    origin,
    caPem: DEMO_CERTIFICATE,
    urls: Array.from({ length: ITEM_COUNT }, (_, index) => `${origin}/items/${index + 1}`),
    close: async () => {
      for (const timer of timers) clearTimeout(timer);
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Node's compatibility layer hands over HTTP/1.1's own response where a client speaks that. */
type AnyResponse = Http2ServerResponse | ServerResponse;

function answer(request: Http2ServerRequest, response: AnyResponse, reply: Extract<Reply, { type: 'answer' }>): void {
  if (response.destroyed) return;
  const { status, headers, body } = reply;
  response.statusCode = status;
  response.setHeader('content-type', 'application/json');
  response.setHeader('content-length', Buffer.byteLength(body));
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.end(request.method === 'HEAD' ? '' : body);
}

function reset(request: Http2ServerRequest, response: AnyResponse): void {
  if (request.httpVersionMajor === 2 && 'stream' in response) response.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  else request.socket.destroy();
}
