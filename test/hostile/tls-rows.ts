import { expect } from 'vitest';
import { CA, type CertificateName, certificate } from '../support/certificates.ts';
import { type H1Connection, response, startH1Server } from '../support/h1-server.ts';
import { endBelowTls, resetSocket } from '../support/tcp-server.ts';
import type { ExpectedRecord } from './cases.ts';
import { hostileRun } from './hostile-run.ts';
import { type CheckCase, ok, type ServerCase, send } from './server-case.ts';

const HI = send(response('hi'));
const GOOD = certificate('good');
const SHORT_CONNECT = { net: { connectTimeoutMs: 400 } } as const;
const OVER_TLS_1_2 = { ...GOOD, maxVersion: 'TLSv1.2' } as const;

/** Nothing was ever sent, and no second try would end otherwise. */
const never = (code: NonNullable<ExpectedRecord['code']>): ExpectedRecord => ({
  outcome: 'error',
  code,
  attempts: 1,
  requests: 0,
});
const CLIENT_CERTIFICATE = ['--cacert', new URL('../support/tls/ca.pem', import.meta.url).pathname];

const withCertificate = (name: CertificateName) => ({
  serve: HI,
  tls: certificate(name),
  curlArguments: CLIENT_CERTIFICATE,
});
const asking = { ...GOOD, ca: CA, requestCert: true, rejectUnauthorized: true } as const;

/** The connection is served when the client has sent its first byte. */
const onFirstByte = (act: (connection: H1Connection) => void) => (connection: H1Connection) =>
  void connection.socket.once('data', () => act(connection));

const RESET: ExpectedRecord = {
  outcome: 'error',
  code: ['CONNECTION_RESET', 'CONNECTION_CLOSED'],
  attempts: 3,
  requests: 0,
};

export const ROWS: readonly (ServerCase | CheckCase)[] = [
  {
    case: 15,
    name: 'a certificate that signed itself',
    ...withCertificate('self-signed'),
    expect: never('TLS_UNTRUSTED'),
    curl: 60,
  },
  {
    case: 15,
    name: 'a certificate of an authority that we do not know',
    serve: HI,
    tls: GOOD,
    config: { net: { ca: certificate('self-signed').cert } },
    expect: never('TLS_UNTRUSTED'),
    curl: 60,
  },
  {
    case: 16,
    name: 'a certificate that has expired',
    ...withCertificate('expired'),
    expect: never('TLS_EXPIRED'),
    curl: 60,
  },
  {
    case: 16,
    name: 'a certificate that is not valid yet',
    ...withCertificate('not-yet-valid'),
    expect: never('TLS_EXPIRED'),
    curl: 60,
  },
  {
    case: 17,
    name: 'a certificate for another host',
    ...withCertificate('wrong-host'),
    expect: never('TLS_WRONG_HOST'),
    curl: 60,
  },
  {
    case: 15,
    name: 'an authority that we do know',
    ...withCertificate('good'),
    expect: { outcome: 'ok', attempts: 1 },
    curl: 0,
  },
  {
    case: 18,
    name: 'https to a server that speaks HTTP',
    scheme: 'https',
    greet: (connection) => void connection.send('HTTP/1.1 400 Bad Request\r\n\r\n'),
    expect: never('TLS_FAILED'),
    curl: 35,
  },
  {
    case: 18,
    name: 'https to a server that speaks SSH',
    scheme: 'https',
    greet: (connection) => void connection.send('SSH-2.0-OpenSSH_9.2\r\n'),
    expect: never('TLS_FAILED'),
    curl: 35,
  },
  {
    case: 18,
    name: 'http to a server that speaks SSH',
    greet: (connection) => void connection.send('SSH-2.0-OpenSSH_9.2\r\n'),
    expect: { outcome: 'error', code: 'PROTOCOL_ERROR', attempts: 1 },
    curl: 1,
  },
  {
    case: 18,
    name: 'http to a server that speaks TLS',
    scheme: 'http',
    serve: HI,
    tls: GOOD,
    expect: { outcome: 'error', code: ['PROTOCOL_ERROR', 'CONNECTION_RESET', 'CONNECTION_CLOSED'] },
  },
  {
    case: 19,
    name: 'TLS 1.1 and nothing newer',
    serve: HI,
    tls: { ...GOOD, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' },
    expect: never('TLS_FAILED'),
    curl: 35,
    curlArguments: ['-k'],
  },
  {
    case: 20,
    name: 'a client certificate is wanted, over TLS 1.2',
    serve: HI,
    tls: { ...asking, maxVersion: 'TLSv1.2' },
    expect: { outcome: 'error', code: ['TLS_FAILED', 'CONNECTION_RESET'] },
  },
  {
    case: 20,
    name: 'a client certificate is wanted, over TLS 1.3: told when we have long asked, and an alert of it may be lost in a reset',
    serve: HI,
    tls: { ...asking, minVersion: 'TLSv1.3' },
    expect: { outcome: 'error', code: ['TLS_FAILED', 'CONNECTION_RESET'] },
  },
  {
    case: 20,
    name: 'a client certificate is wanted, and shown',
    serve: HI,
    tls: asking,
    config: { net: certificate('client') },
    expect: { outcome: 'ok', attempts: 1 },
  },
  {
    case: 21,
    name: 'no protocol in common with the offer of HTTP/2: HTTP/1.1 alone is offered next',
    serve: HI,
    tls: { ...GOOD, ALPNCallback: ({ protocols }) => (protocols.includes('h2') ? undefined : 'http/1.1') },
    expect: { outcome: 'ok', attempts: 1, requests: 1 },
  },
  {
    case: 21,
    name: 'no protocol in common at all',
    serve: HI,
    tls: { ...GOOD, ALPNProtocols: ['spdy/3'] },
    expect: never('TLS_FAILED'),
  },
  {
    case: 22,
    name: 'says HTTP/2 and speaks HTTP/1.1: asked over HTTP/1.1 next',
    serve: HI,
    tls: { ...GOOD, ALPNProtocols: ['h2', 'http/1.1'] },
    expect: { outcome: 'ok', attempts: 1 },
  },
  {
    case: 22,
    name: 'says HTTP/1.1 and speaks HTTP/2',
    serve: send(Buffer.from('000000040000000000', 'hex')),
    tls: { ...GOOD, ALPNProtocols: ['http/1.1'] },
    expect: { outcome: 'error', code: 'PROTOCOL_ERROR', attempts: 1, requests: 2 },
  },
  {
    case: 23,
    name: 'a connection, and no byte of TLS',
    scheme: 'https',
    greet: () => {},
    config: SHORT_CONNECT,
    expect: { outcome: 'error', code: 'CONNECT_TIMEOUT', attempts: 3, requests: 0 },
    curl: 28,
    curlArguments: ['--connect-timeout', '0.4'],
  },
  {
    case: 24,
    name: 'FIN inside the handshake',
    scheme: 'https',
    greet: onFirstByte((connection) => connection.end()),
    expect: RESET,
    curl: 35,
  },
  {
    case: 24,
    name: 'RST inside the handshake',
    scheme: 'https',
    greet: onFirstByte((connection) => connection.reset()),
    expect: RESET,
    curl: 35,
  },
  {
    case: 25,
    name: 'up to the connection’s end, without close_notify: taken, and marked as what cannot be told from a cut',
    serve: endBelow,
    tls: OVER_TLS_1_2,
    expect: { outcome: 'ok', complete: 'close-delimited', attempts: 1 },
    body: 'hi',
    curl: 0,
    curlArguments: CLIENT_CERTIFICATE,
  },
  {
    case: 25,
    name: 'up to the connection’s end, which is a reset',
    serve: resetBelow,
    tls: GOOD,
    expect: { outcome: 'error', code: 'TRUNCATED', attempts: 3 },
    curl: 56,
    curlArguments: CLIENT_CERTIFICATE,
  },
  {
    case: 25,
    name: 'less than content-length, without close_notify',
    serve: shortBelow,
    tls: GOOD,
    expect: { outcome: 'error', code: 'TRUNCATED', attempts: 3 },
  },
  {
    case: 23,
    name: 'everybody who waits behind a handshake that does not come is told at once',
    check: manyBehindOneHandshake,
  },
];

const pause = () => new Promise((resolve) => setTimeout(resolve, 50));

async function endBelow(connection: H1Connection): Promise<void> {
  await connection.send(ok('', 'hi'));
  endBelowTls(connection.socket);
}

async function shortBelow(connection: H1Connection): Promise<void> {
  await connection.send(ok('content-length: 9\r\n', 'hi'));
  endBelowTls(connection.socket);
}

async function resetBelow(connection: H1Connection): Promise<void> {
  await connection.send(ok('', 'hi'));
  await pause();
  resetSocket(connection.socket);
}

async function manyBehindOneHandshake(): Promise<void> {
  const server = await startH1Server(() => {});
  const urls = Array.from({ length: 40 }, (_, n) => `https://127.0.0.1:${server.port}/${n}`);
  const { records } = await hostileRun(urls, { config: SHORT_CONNECT });
  await server.close();
  expect(records.length).toBe(40);
  for (const record of records) {
    expect(['CONNECT_TIMEOUT', 'ORIGIN_UNREACHABLE']).toContain(record.error?.code);
    expect(record.requests).toBe(0);
  }
}
