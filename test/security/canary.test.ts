import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { beforeEach, describe, expect, test } from 'vitest';
import type { AppServer, Route } from '../support/app-server.ts';
import { CA, certificate } from '../support/certificates.ts';
import { type ProxyServer, startHttpProxy } from '../support/proxy-server.ts';
import { until, useWorkspace } from '../support/workspace.ts';

const work = useWorkspace();

/** Each where only one way leads, so that a leak names it. */
const CANARY = {
  user: 'canary-of-u',
  authorization: 'canary-of-authorization',
  apiKey: 'canary-of-x-api-key',
  cookie: 'canary-of-b',
  headerFile: 'canary-of-header-file',
  userinfo: 'canary-of-userinfo',
  proxyOption: 'canary-of-proxy-option',
  proxyEnvironment: 'canary-of-http-proxy',
  lineHeader: 'canary-of-line-header',
  lineAuthorization: 'canary-of-line-authorization',
};
/** From the middle of the client's private key: it stands in its file and nowhere else. */
const KEY_CANARY = certificate('client').key.split('\n')[1] ?? '';
/** Where the user put them. */
const INPUTS = ['list.txt', 'headers.txt', 'client.pem'];

/** As they are, and as they go into Basic authentication. */
const FORMS = [
  KEY_CANARY,
  ...Object.values(CANARY).flatMap((canary) => [
    canary,
    encodeURIComponent(canary),
    ...['me', 'name'].map((name) => Buffer.from(`${name}:${canary}`).toString('base64').replace(/=+$/, '')),
  ]),
];

/** Every file that is left, the temporary folder's too; what is gzip is looked into. */
function leftovers(): ReadonlyMap<string, string> {
  const left = new Map<string, string>();
  for (const entry of readdirSync(work.folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const place = relative(work.folder, path);
    if (!entry.isFile() || INPUTS.includes(place)) continue;
    const bytes = readFileSync(path);
    left.set(place, place + (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString('latin1'));
  }
  return left;
}

/** What is in the temporary folder, but for our own compiled code. */
const temporary = () => readdirSync(work.path('tmp')).filter((name) => !name.startsWith('fetch-pages-compiled-'));

function expectNoCanary(
  streams: Readonly<Record<string, string>>,
  mayHold: Readonly<Record<string, RegExp>> = {},
): void {
  for (const [place, text] of [...Object.entries(streams), ...leftovers()]) {
    const looked = mayHold[place] === undefined ? text : text.replaceAll(mayHold[place], '');
    expect(FORMS.filter((form) => looked.includes(form)).map((form) => `${form} in ${place}`)).toEqual([]);
  }
}

let tls: AppServer;
let plain: AppServer;

/** Good, bad and hanging up; nothing that was sent is ever sent back. */
const route: Route = ({ path }, { answer, reset }) => {
  if (path.startsWith('/reset')) reset();
  else if (path.startsWith('/to?')) answer('', { status: 302, headers: { location: path.slice(4) } });
  else answer('page', { status: path.startsWith('/missing') ? 404 : 200, headers: { 'set-cookie': 'theirs=1' } });
};

beforeEach(async () => {
  const authenticated = { ...certificate('good'), ca: CA, requestCert: true, rejectUnauthorized: false };
  [tls, plain] = await Promise.all([work.serve(route, { tls: authenticated }), work.serve(route)]);
  work.write('ca.pem', CA);
  const { cert, key } = certificate('client');
  work.write('client.pem', cert + key);
  work.write('headers.txt', [
    `Authorization: Bearer ${CANARY.authorization}`,
    `Cookie: session=${CANARY.cookie}`,
    `X-Other-Key: ${CANARY.headerFile}`,
  ]);
  work.write('tmp/.keep', '');
  const own = { 'x-own': CANARY.lineHeader, authorization: CANARY.lineAuthorization, cookie: CANARY.lineHeader };
  const withUserinfo = plain.origin.replace('://', `://name:${CANARY.userinfo}@`);
  work.write('list.txt', [
    ...['/page', '/missing', '/reset', `/to?${plain.origin}/down`].map((path) => tls.origin + path),
    ...['/page', '/missing', '/reset', `/to?${tls.origin}/up`].map((path) => withUserinfo + path),
    ...['/page', '/missing', '/reset'].map((path) => JSON.stringify({ url: `${plain.origin}${path}`, headers: own })),
    `https://name:${CANARY.userinfo}@127.0.0.1:0/`,
    `ftp://name:${CANARY.userinfo}@127.0.0.1/`,
    `${JSON.stringify({ url: 'http://127.0.0.1/', headers: own }).slice(0, -2)}`,
    JSON.stringify({ url: 'nonsense', headers: own }),
  ]);
});

const env = () => ({ TMPDIR: work.path('tmp') });
const common = () => ['list.txt', '--cacert', 'ca.pem', '--retry', '1', '--cert', 'client.pem', '-v'];
const reports = ['--failed', 'failed.txt', '--summary', 'summary.json'];
const SECRETS_IN_ARGUMENTS = [
  '-H',
  `X-Api-Key: ${CANARY.apiKey}`,
  '-u',
  `me:${CANARY.user}`,
  '-b',
  `s=${CANARY.cookie}`,
];
/** A line's own headers and userinfo, by contract: it must replay. Nothing of the run's. */
const OF_THE_LINES = new RegExp(`${CANARY.lineHeader}|${CANARY.lineAuthorization}|${CANARY.userinfo}`, 'g');

describe.each([['out/'], ['out.ndjson'], ['out.db'], ['out.warc.gz'], ['out.warc'], ['-']])('-o %s', (output) => {
  test.each([
    ['arguments', SECRETS_IN_ARGUMENTS],
    ['a file of headers', ['-H', '@headers.txt']],
  ])('secrets from %s are nowhere, in no run of three', async (_from, secrets) => {
    const argv = [...common(), '-o', output, ...secrets, ...reports];
    const first = await work.run(argv, { env: env() });
    expect(first.code, first.stderr).toBe(1);
    const sent = JSON.stringify([...tls.requests, ...plain.requests]);
    expect(sent).toContain(CANARY.lineHeader);
    expect(sent).toContain(Buffer.from(`name:${CANARY.userinfo}`).toString('base64'));
    expectNoCanary({ stdout: first.stdout, stderr: first.stderr }, { 'failed.txt': OF_THE_LINES });
    const again = await work.run([...argv, ...(output === '-' ? [] : ['--refresh'])], { env: env() });
    const dry = await work.run([...argv, '--dry-run'], { env: env() });
    expectNoCanary(
      { again: again.stdout + again.stderr, dry: dry.stdout + dry.stderr },
      { 'failed.txt': OF_THE_LINES },
    );
    expect(temporary()).toEqual(['.keep']);
  });
});

test('a run that is killed, and one that is refused, leave none either', async () => {
  const hanging = await work.serve(() => {});
  const lines = Array.from({ length: 30_000 }, (_, n) =>
    JSON.stringify({ url: `${hanging.origin}/${n}`, headers: { 'x-own': CANARY.lineHeader } }),
  );
  work.write('list.txt', lines);
  const run = work.start([...common(), ...SECRETS_IN_ARGUMENTS, ...reports, '-o', 'out/'], { env: env() });
  await until(() => hanging.requests.length >= 4, 'some requests');
  // What is put aside of a list that waits has no name from the start.
  expect(temporary()).toEqual(['.keep']);
  const second = await work.run([...common(), ...SECRETS_IN_ARGUMENTS, '-o', 'out/'], { env: env() });
  expect(second.code).toBe(3);
  expectNoCanary({ second: second.stdout + second.stderr });
  run.signal('SIGKILL');
  const { stdout, stderr } = await run.ended;
  expectNoCanary({ stdout, stderr });
});

describe('the password of a proxy', () => {
  let proxy: ProxyServer;
  const listed = ['http://pages.example/page', 'https://pages.example/page'];

  test.each([
    ['refuses', () => 407],
    ['answers and refuses tunnels', (line: string) => (line.startsWith('CONNECT') ? 502 : 200)],
  ])('is nowhere where the proxy %s', async (_does, statusFor) => {
    proxy = await startHttpProxy(statusFor);
    try {
      work.write('list.txt', listed);
      const argv = ['list.txt', '-o', 'out/', '-v', '--retry', '0', ...reports];
      const url = (canary: string) => `http://me:${canary}@${proxy.authority}`;
      const byOption = await work.run([...argv, '-x', url(CANARY.proxyOption)], { env: env() });
      const byEnvironment = await work.run([...argv, '--restart'], {
        env: { ...env(), http_proxy: url(CANARY.proxyEnvironment), https_proxy: url(CANARY.proxyEnvironment) },
      });
      expect(proxy.credentials).toContain(`Basic ${btoa(`me:${CANARY.proxyOption}`)}`);
      expect(proxy.credentials).toContain(`Basic ${btoa(`me:${CANARY.proxyEnvironment}`)}`);
      expect([byOption.code, byEnvironment.code]).toEqual([1, 1]);
      expectNoCanary({ byOption: byOption.stdout + byOption.stderr, byEnvironment: byEnvironment.stderr });
    } finally {
      await proxy.close();
    }
  });

  test('goes to the proxy and never to a server behind its tunnel', async () => {
    proxy = await startHttpProxy();
    try {
      const argv = [`${tls.origin}/page`, '--cacert', 'ca.pem', '-o', 'out/', '-v'];
      const { code } = await work.run([...argv, '-x', `http://me:${CANARY.proxyOption}@${proxy.authority}`]);
      expect(code).toBe(0);
      expect(proxy.credentials).toEqual([`Basic ${btoa(`me:${CANARY.proxyOption}`)}`]);
      expect(JSON.stringify(tls.requests.map(({ headers }) => headers))).not.toMatch(/proxy-authorization|canary/i);
    } finally {
      await proxy.close();
    }
  });
});

test('--failed keeps a line’s own headers, so it is for its owner’s eyes: 0600, and nothing of the run’s is in it', async () => {
  await work
    .shell(`umask 0; fetch-pages ${common().join(' ')} -H @headers.txt -o out/ --failed failed.txt; ls -l failed.txt`, {
      env: env(),
    })
    .then(({ stdout }) => expect(stdout).toMatch(/^-rw-------/));
  expect(work.read('failed.txt')).toContain(CANARY.lineHeader);
  for (const canary of [CANARY.authorization, CANARY.headerFile, CANARY.cookie]) {
    expect(work.read('failed.txt')).not.toContain(canary);
  }
});

test('a bug of ours is told without them', async () => {
  work.write('broken.mjs', 'setTimeout(() => { throw new Error("a bug"); }, 1500);');
  const hanging = await work.serve(() => {});
  const argv = [
    `${hanging.origin.replace('://', `://name:${CANARY.userinfo}@`)}/`,
    ...SECRETS_IN_ARGUMENTS.slice(0, 2),
  ];
  const options = { env: { ...env(), NODE_OPTIONS: `--import=${work.path('broken.mjs')}` } };
  const { code, stderr } = await work.run([...argv, '-o', 'out/', '-v'], options);
  expect(code).toBe(70);
  expectNoCanary({ stderr });
});
