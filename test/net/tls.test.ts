import type { TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { createClient } from '../../src/net/client.ts';
import { CA, type CertificateName, certificate } from '../support/certificates.ts';
import { response, startH1Server, startScriptedServer } from '../support/h1-server.ts';
import { startH2Server } from '../support/h2-server.ts';
import { startTcpServer } from '../support/tcp-server.ts';
import { fetchOne, TEST_CONFIG, testClient } from './fetch-one.ts';

const CERTIFICATES: readonly (readonly [CertificateName, string])[] = [
  ['good', 'content-length'],
  ['wrong-host', 'TLS_WRONG_HOST'],
  ['expired', 'TLS_EXPIRED'],
  ['not-yet-valid', 'TLS_EXPIRED'],
  ['self-signed', 'TLS_UNTRUSTED'],
];

describe('TLS', () => {
  it.each(CERTIFICATES)(
    'a server with the certificate %s: %s; with insecure it is fetched all the same',
    async (name, outcome) => {
      const server = await startH1Server((connection) => connection.send(response('hi')), certificate(name));
      const strict = testClient();
      const careless = testClient({ insecure: true });
      const results = await Promise.all([1, 2, 3].map((n) => fetchOne(strict, `${server.origin}/${n}`)));
      const tolerated = await fetchOne(careless, `${server.origin}/`);
      await strict.destroy();
      await careless.destroy();
      await server.close();
      expect(results.map((result) => result.outcome)).toEqual(new Array(3).fill(outcome));
      for (const { exchange } of results) if (!exchange.ok) expect(exchange.sent).toBe(false);
      expect(tolerated.outcome).toBe('content-length');
    },
  );

  it('without --cacert our own CA is nobody', async () => {
    const { ca: _, ...config } = TEST_CONFIG;
    const client = createClient(config);
    const server = await startH1Server((connection) => connection.send(response('hi')), certificate('good'));
    expect((await fetchOne(client, `${server.origin}/`)).outcome).toBe('TLS_UNTRUSTED');
    await client.destroy();
    await server.close();
  });

  it('https to a server that speaks plain HTTP', async () => {
    const client = testClient();
    const server = await startScriptedServer((connection) => connection.send('HTTP/1.1 400 Bad Request\r\n\r\n'));
    expect((await fetchOne(client, server.origin.replace('http:', 'https:'))).outcome).toBe('TLS_FAILED');
    await client.destroy();
    await server.close();
  });

  it('http to a server that speaks TLS', async () => {
    const client = testClient();
    const server = await startH1Server((connection) => connection.send(response('hi')), certificate('good'));
    const { outcome } = await fetchOne(client, server.origin.replace('https:', 'http:'));
    await client.destroy();
    await server.close();
    expect(['PROTOCOL_ERROR', 'CONNECTION_RESET', 'CONNECTION_CLOSED']).toContain(outcome);
  });

  it('an SSH banner where TLS should be', async () => {
    const client = testClient();
    const server = await startScriptedServer((connection) => connection.send('SSH-2.0-OpenSSH_9.2\r\n'));
    expect((await fetchOne(client, server.origin.replace('http:', 'https:'))).outcome).toBe('TLS_FAILED');
    await client.destroy();
    await server.close();
  });

  it('a server that knows only TLS 1.1', async () => {
    const client = testClient();
    const server = await startH1Server((connection) => connection.send(response('hi')), {
      ...certificate('good'),
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    });
    expect((await fetchOne(client, `${server.origin}/`)).outcome).toBe('TLS_FAILED');
    await client.destroy();
    await server.close();
  });

  it.each([
    ['FIN', 'end'],
    ['RST', 'resetAndDestroy'],
  ] as const)('%s inside the handshake: transient, and nothing was sent', async (_name, action) => {
    const client = testClient();
    const server = await startTcpServer(undefined, (socket) => void socket.once('data', () => socket[action]()));
    const { exchange } = await fetchOne(client, `https://127.0.0.1:${server.port}/`);
    await client.destroy();
    await server.close();
    expect(exchange).toMatchObject({ ok: false, sent: false, failure: { code: 'CONNECTION_RESET' } });
  });

  it('no protocol in common: HTTP/1.1 is asked for, and that works', async () => {
    const client = testClient();
    const server = await startH1Server((connection) => connection.send(response('hi')), {
      ...certificate('good'),
      ALPNCallback: ({ protocols }) => (protocols.includes('h2') ? undefined : 'http/1.1'),
    });
    const first = await fetchOne(client, `${server.origin}/`);
    const second = await fetchOne(client, `${server.origin}/`, { http1Only: true });
    await client.destroy();
    await server.close();
    expect([first.outcome, second.outcome]).toEqual(['HTTP_1_1_REQUIRED', 'content-length']);
  });

  it('no protocol in common, not even HTTP/1.1', async () => {
    const client = testClient();
    const server = await startH1Server((connection) => connection.send(response('hi')), {
      ...certificate('good'),
      ALPNProtocols: ['spdy/3'],
    });
    expect((await fetchOne(client, `${server.origin}/`, { http1Only: true })).outcome).toBe('TLS_FAILED');
    await client.destroy();
    await server.close();
  });

  it('h2 is preferred, whatever the server would rather', async () => {
    const client = testClient();
    const server = await startH2Server((connection, stream) => connection.respond(stream, 'hi'), {
      ...certificate('good'),
      ALPNCallback: ({ protocols }) => protocols[0],
    });
    const { exchange } = await fetchOne(client, `${server.origin}/`);
    await client.destroy();
    await server.close();
    expect(exchange).toMatchObject({ ok: true, head: { httpVersion: '2' } });
  });

  it('--http1.1 offers HTTP/1.1 alone', async () => {
    const client = testClient({ http1Only: true });
    const server = await startH1Server((connection) => connection.send(response('hi')), {
      ...certificate('good'),
      ALPNProtocols: ['h2', 'http/1.1'],
    });
    const { exchange } = await fetchOne(client, `${server.origin}/`);
    await client.destroy();
    await server.close();
    expect(exchange).toMatchObject({ ok: true, head: { httpVersion: '1.1' } });
  });

  describe('a server that asks for a client certificate', () => {
    const asking = { ...certificate('good'), ca: CA, requestCert: true, rejectUnauthorized: true };
    const identity = certificate('client');

    // TLS 1.3 is ready for us before the server has looked, and Node's then closes without an alert: that looks like any closed connection.
    it.each([
      ['TLSv1.2', ['TLS_FAILED']],
      ['TLSv1.3', ['CONNECTION_CLOSED', 'CONNECTION_RESET']],
    ] as const)('over %s: shown only where the request says so', async (maxVersion, refusal) => {
      const seen: (string | undefined)[] = [];
      const server = await startH1Server(
        (connection) => {
          const subject = (connection.socket as TLSSocket).getPeerCertificate().subject;
          seen.push(subject === undefined ? undefined : String(subject.CN));
          return connection.send(response('hi'));
        },
        { ...asking, maxVersion },
      );
      const client = testClient(identity);
      const shown = await fetchOne(client, `${server.origin}/`, { showCertificate: true });
      const hidden = await fetchOne(client, `${server.origin}/`);
      await client.destroy();
      await server.close();
      expect(shown.outcome).toBe('content-length');
      expect(seen).toEqual(['fetch-pages test client']);
      expect(refusal).toContain(hidden.outcome);
    });
  });

  it('a certificate that is no certificate is a usage error, before anything is fetched', () => {
    expect(() => testClient({ ca: '-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n' })).toThrow(
      /--cacert/,
    );
    expect(() => testClient({ cert: 'nonsense', key: 'nonsense' })).toThrow(/--cert/);
  });
});
