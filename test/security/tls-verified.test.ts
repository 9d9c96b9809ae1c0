import { afterEach, describe, expect, test } from 'vitest';
import { CA, type CertificateName, certificate } from '../support/certificates.ts';
import { type ProxyServer, startHttpProxy, startSocksProxy } from '../support/proxy-server.ts';
import { useWorkspace } from '../support/workspace.ts';

const work = useWorkspace();
let proxy: ProxyServer | undefined;
afterEach(async () => {
  await proxy?.close();
  proxy = undefined;
});

const WAYS = ['nothing', 'an HTTP proxy', 'a SOCKS proxy'] as const;
async function wayThrough(way: (typeof WAYS)[number]): Promise<readonly string[]> {
  if (way === 'nothing') return [];
  proxy = way === 'an HTTP proxy' ? await startHttpProxy() : await startSocksProxy();
  return ['-x', `${way === 'an HTTP proxy' ? 'http' : 'socks5'}://${proxy.authority}`];
}

const BAD: readonly CertificateName[] = ['self-signed', 'expired', 'wrong-host'];

describe.each(WAYS)('with %s between', (way) => {
  test('a certificate that is not right is refused, however the page is asked for, and nothing is sent', async () => {
    const servers = await Promise.all(
      BAD.map((name) => work.serve((_request, { answer }) => answer(), { tls: certificate(name) })),
    );
    work.write('ca.pem', CA);
    const argv = [...servers.map(({ origin }) => `${origin}/`), '--retry', '0', ...(await wayThrough(way))];
    const trusting = { env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' } };
    for (const [options, surroundings] of [
      [[], {}],
      [['--cacert', 'ca.pem', '--http1.1'], {}],
      // Node's own switch for tests is no switch of ours.
      [['--cacert', 'ca.pem'], trusting],
    ] as const) {
      const { code, stderr } = await work.run([...argv, '-o', 'out.ndjson', '--restart', ...options], surroundings);
      expect({ code, insecure: stderr.includes('INSECURE') }).toEqual({ code: 1, insecure: false });
      for (const { error } of work.records('out.ndjson')) expect(error?.code).toMatch(/^TLS_/);
    }
    expect(servers.flatMap(({ requests }) => requests)).toEqual([]);
  });

  test.each([['-v'], ['--progress=lines'], ['--progress=none']])(
    '-k takes them all, and says so once (%s)',
    async (option) => {
      const servers = await Promise.all(
        BAD.map((name) => work.serve((_request, { answer }) => answer(), { tls: certificate(name) })),
      );
      const argv = servers.flatMap(({ origin }) => [`${origin}/1`, `${origin}/2`]);
      const { code, stderr } = await work.run([...argv, '-k', '-o', 'out/', option, ...(await wayThrough(way))]);
      expect(code, stderr).toBe(0);
      expect(stderr.match(/INSECURE|not verified/g)).toHaveLength(2);
    },
  );
});

test('-k is not for a proxy that speaks TLS: the one that gets the password is verified always', async () => {
  proxy = await startHttpProxy(undefined, certificate('self-signed'));
  const server = await work.serve((_request, { answer }) => answer());
  const url = `https://me:secret@localhost:${proxy.port}`;
  const { code } = await work.run([`${server.origin}/`, '-k', '-x', url, '--retry', '0', '-o', 'out.ndjson']);
  expect(code).toBe(1);
  expect(work.records('out.ndjson')[0]?.error?.code).toMatch(/^(?:PROXY_FAILED|TLS_UNTRUSTED)$/);
  expect(proxy.asked).toEqual([]);
});
