import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type H1Connection, type H1Server, startH1Server } from '../support/h1-server.ts';
import { useWorkspace } from '../support/workspace.ts';

const work = useWorkspace();

const MEGABYTE = 2 ** 20;
/** 400 MB of zeros in 400 kB, and again in a few hundred bytes. */
const BOMB = gzipSync(Buffer.alloc(400 * MEGABYTE));
const DOUBLE_BOMB = gzipSync(BOMB);
const NARROW_BOMB = brotliCompressSync(Buffer.alloc(100 * MEGABYTE));
const head = (fields: string, status = '200 OK') => `HTTP/1.1 ${status}\r\n${fields}\r\n`;

/** Sends a piece again and again until the client has had enough of it. */
async function pour(connection: H1Connection, piece: string): Promise<void> {
  while (!connection.socket.destroyed) {
    await connection.send(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function sendCoded(connection: H1Connection, coding: string, body: Buffer): Promise<void> {
  await connection.send(head(`content-encoding: ${coding}\r\ncontent-length: ${body.length}\r\n`));
  await connection.send(body);
}

const SERVE: Readonly<Record<string, (connection: H1Connection) => Promise<void>>> = {
  '/bomb': (connection) => sendCoded(connection, 'gzip', BOMB),
  '/double-bomb': (connection) => sendCoded(connection, 'gzip, gzip', DOUBLE_BOMB),
  '/narrow-bomb': (connection) => sendCoded(connection, 'br', NARROW_BOMB),
  '/nested': (connection) => sendCoded(connection, Array.from({ length: 40 }, () => 'gzip').join(', '), BOMB),
  '/failed-bomb': async (connection) => {
    await connection.send(head(`content-encoding: gzip\r\ncontent-length: ${BOMB.length}\r\n`, '404 No'));
    await connection.send(BOMB);
  },
  '/headers': async (connection) => {
    await connection.send('HTTP/1.1 200 OK\r\n');
    await pour(connection, `x-more: ${'a'.repeat(1_000)}\r\n`);
  },
  '/one-header': async (connection) => {
    await connection.send('HTTP/1.1 200 OK\r\nx: ');
    await pour(connection, 'a'.repeat(10_000));
  },
  '/reason': async (connection) => {
    await connection.send('HTTP/1.1 200 ');
    await pour(connection, 'a'.repeat(10_000));
  },
  '/interim': (connection) => pour(connection, head('link: </a>\r\n', '103 Early Hints')),
  '/redirect-body': async (connection) => {
    await connection.send(head('location: /end\r\ntransfer-encoding: chunked\r\n', '302 Found'));
    await pour(connection, `10000\r\n${'a'.repeat(0x10000)}\r\n`);
  },
  '/failed-body': async (connection) => {
    await connection.send(head('transfer-encoding: chunked\r\n', '404 No'));
    await pour(connection, `10000\r\n${'a'.repeat(0x10000)}\r\n`);
  },
  '/refusal-body': async (connection) => {
    await connection.send(head('retry-after: 90000\r\ntransfer-encoding: chunked\r\n', '429 No'));
    await pour(connection, `10000\r\n${'a'.repeat(0x10000)}\r\n`);
  },
  '/body': async (connection) => {
    await connection.send(head('transfer-encoding: chunked\r\n'));
    await pour(connection, `10000\r\n${'a'.repeat(0x10000)}\r\n`);
  },
  '/end': (connection) => connection.send(`${head('content-length: 3\r\n')}end`),
};

let server: H1Server;
beforeEach(async () => {
  server = await startH1Server((connection, { target }) => SERVE[target]?.(connection));
});
afterEach(() => server.close());

const EXPECTED: Readonly<Record<string, RegExp>> = {
  '/bomb': /^DECOMPRESSION_BOMB$/,
  '/double-bomb': /^DECOMPRESSION_BOMB$/,
  '/narrow-bomb': /^DECOMPRESSION_BOMB$/,
  '/nested': /^(?:DECOMPRESSION_BOMB|CORRUPT_BODY)$/,
  '/failed-bomb': /^(?:HTTP_404|DECOMPRESSION_BOMB)$/,
  '/headers': /^HEADERS_TOO_LARGE$/,
  '/one-header': /^HEADERS_TOO_LARGE$/,
  '/reason': /^(?:HEADERS_TOO_LARGE|PROTOCOL_ERROR|RESPONSE_TIMEOUT)$/,
  '/interim': /^(?:HEADERS_TOO_LARGE|PROTOCOL_ERROR|RESPONSE_TIMEOUT)$/,
  '/redirect-body': /^(?:ok|TOO_LARGE)$/,
  '/failed-body': /^(?:HTTP_404|TOO_LARGE)$/,
  '/body': /^TOO_LARGE$/,
  '/end': /^ok$/,
};

test.each(['out/', 'out.ndjson'])(
  '-o %s: whatever a server pours out, the run ends, and in bounded memory',
  async (output) => {
    // The kernel's own count of the most memory that the process ever held, in kB.
    work.write(
      'peak.mjs',
      `import { writeFileSync } from 'node:fs';
    process.on('exit', () => writeFileSync('peak.txt', String(process.resourceUsage().maxRSS)));`,
    );
    const urls = Object.keys(EXPECTED).map((path) => server.origin + path);
    const limits = ['--max-filesize', '50M', '--retry', '0', '--response-timeout', '5s', '--stall-timeout', '5s'];
    const { code, stderr } = await work.run([...urls, ...limits, '-o', output], {
      env: { NODE_OPTIONS: `--import=${work.path('peak.mjs')}` },
    });
    expect(code, stderr).toBe(1);
    const records = work.records(output);
    expect(records).toHaveLength(urls.length);
    for (const { url, error } of records) {
      const { pathname } = new URL(url);
      expect([pathname, error?.code ?? 'ok']).toEqual([pathname, expect.stringMatching(EXPECTED[pathname] ?? /never/)]);
    }
    // Node alone is about 80 MB; 800 MB of zeros would have been held.
    expect(Number(work.read('peak.txt'))).toBeLessThan(400_000);
  },
);

test('a refusal with a body that does not end is a refusal all the same', async () => {
  const { code } = await work.run([`${server.origin}/refusal-body`, '--retry', '0', '-o', 'out.ndjson']);
  expect(code).toBe(1);
  expect(work.records('out.ndjson')[0]?.error?.code).toBe('ORIGIN_ASKS_TOO_LONG');
});
