import type { TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { createClient } from '../../src/net/client.ts';
import { CA, type CertificateName, certificate } from '../support/certificates.ts';
import { response, startH1Server } from '../support/h1-server.ts';
import { startH2Server } from '../support/h2-server.ts';
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

    // TLS 1.3 is ready for us before the server has looked: its alert comes when the request is sent, and a reset may overtake it.
    it.each([
      ['TLSv1.2', ['TLS_FAILED']],
      ['TLSv1.3', ['TLS_FAILED', 'CONNECTION_RESET']],
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
