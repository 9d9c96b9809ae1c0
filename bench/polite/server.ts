import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import { DEMO_CERTIFICATE, DEMO_PRIVATE_KEY } from '../../src/demo/certificate.ts';
import type { Limit } from '../../test/simulator/limits.ts';
import { SERVED, type ServedShape } from './shapes.ts';

/** A process of its own: `server.ts <shape's index>`. Prints its port, answers `/stats`, ends when its standard input does. */
const shape = SERVED[Number(process.argv[2])];
if (shape === undefined) throw new Error('which shape?');

const limit = shape.limit();
const counts = { answered: 0, refused: 0, inFlight: 0 };
let begin: number | undefined;
const server = createSecureServer(
  { cert: DEMO_CERTIFICATE, key: DEMO_PRIVATE_KEY, allowHTTP1: true },
  (request, response) => {
    if (request.url === '/stats') response.end(JSON.stringify(counts));
    else answer(shape, limit, request, response);
  },
);

function answer(served: ServedShape, limiter: Limit, request: Http2ServerRequest, response: Http2ServerResponse): void {
  const now = performance.now();
  begin ??= now;
  counts.inFlight += 1;
  const passes = limiter.admit(now - begin, counts.inFlight);
  if (served.headers) {
    const { limit: quota, remaining, resetMs, windowMs } = limiter.state(now - begin);
    response.setHeader('ratelimit-policy', `"default";q=${quota};w=${windowMs / 1000}`);
    response.setHeader('ratelimit', `"default";r=${remaining};t=${Math.ceil(resetMs / 1000)}`);
  }
  if (!passes && served.retryAfter)
    response.setHeader('retry-after', Math.ceil(limiter.waitMs(now - begin) / 1000) || 1);
  const end = (): void => {
    counts.inFlight -= 1;
    if (passes) {
      counts.answered += 1;
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ page: request.url }));
    } else {
      counts.refused += 1;
      response.statusCode = 429;
      response.end();
    }
  };
  if (served.latencyMs === 0) end();
  else setTimeout(end, served.latencyMs);
}

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`${typeof address === 'object' && address !== null ? address.port : 0}\n`);
});
process.stdin.on('end', () => process.exit()).resume();
