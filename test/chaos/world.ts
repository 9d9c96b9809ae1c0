import { appendFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { constants, createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { certificate } from '../support/certificates.ts';
import { serveNames } from './names.ts';
import { draw, type Fault, type OriginKind, type PlannedPage, plannedPage } from './pages.ts';

/*
 * The servers of a chaos run, in a process of their own. Told by its parent: the seed and the file of its log. Tells its parent the port
 * of each kind of origin. Every answer that went out whole is a line of the log, `+ PATH`, every request `? PATH`.
 */

const GOAWAY_EVERY = 500;
const FEW_STREAMS = 8;
const RATE_PER_SECOND = 400;
const BURST = 50;
const CUT_AFTER = 0.5;
const SLOWEST_NAME_MS = 600;

type AnyRequest = IncomingMessage | Http2ServerRequest;
type AnyResponse = ServerResponse | Http2ServerResponse;

const [seedWord = '', logFile = '', nameServer = ''] = process.argv.slice(2);
const seed = Number(seedWord);
const asked = new Map<string, number>();
let logged: string[] = [];

function log(sign: '?' | '+' | '-', path: string): void {
  logged.push(`${sign} ${path}\n`);
}

/** In pieces, so that the log costs less than what it tells of; whoever checks asks for it first. */
function flush(): void {
  if (logged.length > 0) appendFileSync(logFile, logged.join(''));
  logged = [];
}

function serve(kind: OriginKind, request: AnyRequest, response: AnyResponse): void {
  const path = request.url ?? '';
  log('?', path);
  response.on('error', () => {});
  const page = plannedPage(seed, path);
  const count = asked.get(path) ?? 0;
  asked.set(path, count + 1);
  const fault = page.faults[count];
  if (fault === undefined) answer(kind, path, page, response);
  else break_(fault, path, page, request, response);
}

function answer(kind: OriginKind, path: string, page: PlannedPage, response: AnyResponse): void {
  const { body, fields } = encoded(page);
  const last = kind === 'http1-closing' ? { connection: 'close' } : {};
  // Without a length the stream's end or the last chunk is all that says that the body is whole. Where sessions die that cannot be known:
  // Node resets the streams of a session that it destroys with NO_ERROR, which looks like an end in every respect.
  const isProvable = kind !== 'http2-goaway';
  const length = isProvable && body.length % 3 === 0 ? {} : { 'content-length': body.length };
  response.on('finish', () => log('+', path));
  write(response, page.status, { ...fields, ...length, ...last });
  response.end(body);
}

function encoded(page: PlannedPage): { readonly body: Buffer; readonly fields: Record<string, string | number> } {
  const fields = { 'content-type': 'text/plain' };
  if (!page.gzip) return { body: page.body, fields };
  return { body: gzipSync(page.body, { level: 1 }), fields: { ...fields, 'content-encoding': 'gzip' } };
}

function write(response: AnyResponse, status: number, fields: Record<string, string | number>): void {
  (response as ServerResponse).writeHead(status, fields);
}

function break_(fault: Fault, path: string, page: PlannedPage, request: AnyRequest, response: AnyResponse): void {
  log('-', path);
  const { body, fields } = encoded(page);
  const stream = 'stream' in response ? response.stream : undefined;
  const begin = (): void => {
    write(response, 200, { ...fields, 'content-length': Math.max(body.length, 10) });
    (response as ServerResponse).write(body.subarray(0, Math.floor(body.length * CUT_AFTER)));
  };
  switch (fault) {
    case 'reset':
      if (stream !== undefined) stream.close(constants.NGHTTP2_INTERNAL_ERROR);
      else (request.socket as Socket).resetAndDestroy();
      return;
    case 'refused-stream':
      stream?.close(constants.NGHTTP2_REFUSED_STREAM);
      return;
    case 'cut':
      begin();
      if (stream !== undefined) setImmediate(() => stream.close(constants.NGHTTP2_CANCEL));
      else setImmediate(() => request.socket.destroy());
      return;
    case 'stall':
      begin();
      return;
    case 'status-500':
      write(response, 500, {});
      response.end('broken');
      return;
    case 'status-503':
      write(response, 503, { 'retry-after': '0' });
      response.end('wait');
      return;
    case 'status-429':
      write(response, 429, { 'retry-after': '1' });
      response.end('too many');
      return;
    case 'corrupt-coding':
      write(response, 200, { 'content-encoding': 'gzip', 'content-length': 40 });
      response.end(Buffer.alloc(40, 'x'));
      return;
    case 'goaway':
      // The session dies with all that is in flight on it.
      stream?.session?.goaway(constants.NGHTTP2_NO_ERROR, stream.id);
      setImmediate(() => stream?.session?.destroy());
      return;
    case 'close':
      request.socket.destroy();
  }
}

interface Tap {
  /** False where the request is turned away. */
  admit(response: AnyResponse): boolean;
}

/** A token bucket: 429 with Retry-After once it is empty. */
function bucket(): Tap {
  let tokens = BURST;
  let at = performance.now();
  return {
    admit(response) {
      const now = performance.now();
      tokens = Math.min(BURST, tokens + ((now - at) / 1000) * RATE_PER_SECOND);
      at = now;
      if (tokens >= 1) {
        tokens -= 1;
        return true;
      }
      write(response, 429, { 'retry-after': '1' });
      response.end('too many requests');
      return false;
    },
  };
}

const OPEN: Tap = { admit: () => true };

function http1(kind: OriginKind): Promise<number> {
  const server = createServer((request, response) => serve(kind, request, response));
  server.keepAliveTimeout = 2_000;
  return listening(server);
}

function http2(kind: OriginKind, tap: Tap): Promise<number> {
  const settings = kind === 'http2-few-streams' ? { maxConcurrentStreams: FEW_STREAMS } : {};
  const server = createSecureServer({ ...certificate('good'), allowHTTP1: true, settings }, (request, response) => {
    if (tap.admit(response)) serve(kind, request, response);
    else log('-', request.url);
  });
  server.on('sessionError', () => {});
  if (kind === 'http2-goaway') {
    server.on('session', (session) => {
      let streams = 0;
      session.on('stream', () => {
        streams += 1;
        if (streams === GOAWAY_EVERY) session.close();
      });
    });
  }
  return listening(server);
}

function listening(server: ReturnType<typeof createServer> | ReturnType<typeof createSecureServer>): Promise<number> {
  server.on('clientError', (_: Error, socket: Socket) => void socket.destroy());
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

const ports: Record<OriginKind, number> = {
  http1: await http1('http1'),
  'http1-closing': await http1('http1-closing'),
  http2: await http2('http2', OPEN),
  'http2-goaway': await http2('http2-goaway', OPEN),
  'http2-few-streams': await http2('http2-few-streams', OPEN),
  'rate-limited': await http2('rate-limited', bucket()),
  'slow-name': await http1('slow-name'),
  broken: await http1('broken'),
  // Nobody listens on it.
  dead: 1,
};

let names = 0;
const hasNames = await serveNames(nameServer, SLOWEST_NAME_MS, () => draw(seed, 'name', names++)).then(
  () => true,
  () => false,
);

setInterval(flush, 200);
process.on('message', () => {
  flush();
  process.send?.('flushed');
});
process.on('disconnect', () => process.exit());
process.send?.([ports, hasNames]);
