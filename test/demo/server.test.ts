import { once } from 'node:events';
import { type ClientHttp2Session, connect, constants } from 'node:http2';
import { get } from 'node:https';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DemoServer, startDemoServer } from '../../src/demo/server.ts';

let nowMs = 0;
let server: DemoServer;
let session: ClientHttp2Session;

beforeEach(async () => {
  nowMs = 0;
  server = await startDemoServer(() => nowMs);
  session = connect(server.origin, { ca: server.caPem });
  await once(session, 'connect');
});
afterEach(async () => {
  session.destroy();
  await server.close();
});

interface Seen {
  readonly status: unknown;
  readonly retryAfter: unknown;
  readonly text: string;
}

async function ask(path: string, method = 'GET'): Promise<Seen> {
  const stream = session.request({ ':path': path, ':method': method });
  const [headers] = await once(stream, 'response');
  let text = '';
  for await (const chunk of stream.setEncoding('utf8')) text += chunk;
  return { status: headers[':status'], retryAfter: headers['retry-after'], text };
}

test('pages are told in order, with a certificate that holds', () => {
  expect(session.alpnProtocol).toBe('h2');
  expect(server.urls).toHaveLength(500);
  expect(server.urls[0]).toBe(`${server.origin}/items/1`);
  expect(server.urls.at(-1)).toBe(`${server.origin}/items/500`);
  expect(server.origin).toMatch(/^https:\/\/localhost:\d+$/);
});

test('an item over HTTP/2', async () => {
  const { status, text } = await ask('/items/7');
  expect(status).toBe(200);
  expect(JSON.parse(text)).toMatchObject({ id: 7 });
  expect(await ask('/items/7', 'HEAD')).toMatchObject({ status: 200, text: '' });
});

test('an item over HTTP/1.1, by its address too', async () => {
  const url = server.origin.replace('localhost', '127.0.0.1');
  const request = get(`${url}/items/7`, { ca: server.caPem, agent: false });
  const [response] = await once(request, 'response');
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  expect(response).toMatchObject({
    statusCode: 200,
    httpVersion: '1.1',
    headers: { 'content-type': 'application/json' },
  });
  expect(JSON.parse(text)).toMatchObject({ id: 7 });
});

test('the limit is told with Retry-After, and a second later there is room again', async () => {
  const seen = await Promise.all(Array.from({ length: 31 }, () => ask('/items/1')));
  expect(seen.filter(({ status }) => status === 200)).toHaveLength(30);
  expect(seen.filter(({ status, retryAfter }) => status === 429 && retryAfter === '1')).toHaveLength(1);
  nowMs = 1_000;
  expect(await ask('/items/1')).toMatchObject({ status: 200 });
});

test('503 once, without a word of when', async () => {
  expect(await ask('/items/17')).toMatchObject({ status: 503, retryAfter: undefined });
  expect(await ask('/items/17')).toMatchObject({ status: 200 });
});

test('a stream is reset once, and its session lives', async () => {
  const stream = session.request({ ':path': '/items/211' });
  await once(stream, 'error');
  expect(stream.rstCode).toBe(constants.NGHTTP2_INTERNAL_ERROR);
  expect(await ask('/items/211')).toMatchObject({ status: 200 });
});

test('over HTTP/1.1 its connection is cut', async () => {
  const request = get(`${server.origin}/items/211`, { ca: server.caPem, agent: false });
  const [error] = await once(request, 'error');
  expect(error).toMatchObject({ code: 'ECONNRESET' });
});

test('closing waits for nobody, not for the slow page either', async () => {
  const stream = session.request({ ':path': '/items/150' });
  stream.on('error', () => undefined);
  session.on('error', () => undefined);
  await ask('/items/1');
  await server.close();
  expect((await startDemoServer().then((again) => again.close().then(() => again.origin))).startsWith('https://')).toBe(
    true,
  );
});
