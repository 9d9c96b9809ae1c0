import { describe, expect, test } from 'vitest';
import type { Route } from '../support/app-server.ts';
import { startHttpProxy } from '../support/proxy-server.ts';
import { until, useWorkspace } from '../support/workspace.ts';

const work = useWorkspace();

/** Each where only one option says it, so that a leak names its way. */
const CANARIES = {
  user: 'canary-user',
  header: 'canary-header',
  cookie: 'canary-cookie',
  lineHeader: 'canary-line',
  userinfo: 'canary-userinfo',
  brokenUrl: 'canary-broken',
  brokenJson: 'canary-json',
  proxy: 'canary-proxy',
  file: 'canary-file',
};

const OPTIONS = [
  '-u',
  `me:${CANARIES.user}`,
  '-H',
  `X-Api-Key: ${CANARIES.header}`,
  '-b',
  `session=${CANARIES.cookie}`,
  '-H',
  '@headers.txt',
  '-v',
  '--summary',
  'summary.json',
  '--retry',
  '1',
];

/** Every kind of ending: fine, failed, reset, redirected elsewhere, over an echo of what was sent in a header of the answer. */
function route(elsewhere: string): Route {
  return (request, { answer, reset }) => {
    if (request.path === '/reset') return reset();
    if (request.path === '/missing') return answer('', { status: 404 });
    if (request.path === '/away') return answer('', { status: 302, headers: { location: `${elsewhere}/end` } });
    if (request.path === '/userinfo') {
      return answer('', {
        status: 302,
        headers: { location: elsewhere.replace('://', `://me:${CANARIES.userinfo}@`) },
      });
    }
    answer('fine');
  };
}

/** Nothing that a run left behind or printed holds a canary. `failed.txt` must hold what the lines said. */
function expectNoCanary(printed: string): void {
  const places: Record<string, string> = { printed };
  for (const name of work.files()) {
    if (name !== 'list.txt' && name !== 'headers.txt' && name !== 'failed.txt') places[name] = work.read(name);
  }
  for (const [name, text] of Object.entries(places)) {
    for (const canary of Object.values(CANARIES)) {
      const encoded = [canary, Buffer.from(`me:${canary}`).toString('base64'), Buffer.from(canary).toString('base64')];
      for (const form of encoded) expect(text.includes(form), `${canary} stands in ${name}`).toBe(false);
    }
  }
}

async function writeLists(origin: string): Promise<void> {
  work.write('headers.txt', [`X-Other-Key: ${CANARIES.file}`]);
  const withUserinfo = origin.replace('://', `://me:${CANARIES.userinfo}@`);
  work.write('list.txt', [
    ...['/fine', '/missing', '/reset', '/away', '/userinfo'].map((path) => withUserinfo + path),
    JSON.stringify({
      url: `${origin}/line`,
      headers: { 'x-own': CANARIES.lineHeader, authorization: CANARIES.lineHeader },
    }),
    `ftp://me:${CANARIES.brokenUrl}@127.0.0.1/`,
    `https://me:${CANARIES.brokenUrl}@127.0.0.1:0/`,
    `http://me:${CANARIES.brokenUrl}@/`,
    `{"url": "${origin}/", "headers": {"authorization": "${CANARIES.brokenJson}"}, "methd": 1}`,
    `{"url": "${origin}/", "headers": {"authorization": "${CANARIES.brokenJson}"`,
  ]);
}

describe.each([['out/'], ['out.ndjson'], ['out.db'], ['-']])('-o %s', (output) => {
  test('holds no secret, and nothing that was printed does', async () => {
    const elsewhere = await work.serve(route(''));
    const server = await work.serve(route(elsewhere.origin));
    await writeLists(server.origin);
    const { code, stdout, stderr } = await work.run(['list.txt', '-o', output, ...OPTIONS, '--failed', 'failed.txt']);
    expect(code).toBe(1);
    const authorization = server.requests.map(({ headers }) => headers.authorization);
    expect(authorization).toContain(`Basic ${btoa(`me:${CANARIES.userinfo}`)}`);
    expectNoCanary(stdout + stderr);
    expect(elsewhere.requests.some(({ headers }) => JSON.stringify(headers).includes('canary'))).toBe(false);
    // A run that changes what is asked is told by name alone.
    const other = await work.run(['list.txt', '-o', output, '-H', 'X-Api-Key: other']);
    if (output !== '-') expect(other.code).toBe(2);
    expectNoCanary(stdout + stderr + other.stderr);
  });
});

test('the command to try the rest again is not shown where a bundle of short options holds a secret', async () => {
  const server = await work.serve((_request, { answer }) => answer('', { status: 404 }));
  const { stderr } = await work.run([`${server.origin}/`, '-Lku', `me:${CANARIES.user}`, '-o', 'out/']);
  expect(stderr).toContain('To try the rest again: the same command');
  expectNoCanary(stderr);
});

test('a run that is killed leaves none either', async () => {
  const server = await work.serve(() => {});
  await writeLists(server.origin);
  const run = work.start(['list.txt', '-o', 'out/', ...OPTIONS]);
  await until(() => server.requests.length >= 1, 'a request');
  run.signal('SIGKILL');
  const { stdout, stderr } = await run.ended;
  expectNoCanary(stdout + stderr);
});

test('a proxy that cannot be used, refuses or is misspelt is told without its password', async () => {
  const proxy = await startHttpProxy(() => 403);
  await proxy.close();
  work.write('list.txt', ['https://pages.example/', 'http://pages.example/']);
  for (const url of [
    `http://me:${CANARIES.proxy}@127.0.0.1:${proxy.port}`,
    `nonsense://me:${CANARIES.proxy}@127.0.0.1:1`,
    `http://me:${CANARIES.proxy}@127.0.0.1:x`,
  ]) {
    for (const by of ['option', 'environment']) {
      const argv = ['list.txt', '-o', 'out/', '-v', '--retry', '0', '--patience', '500ms'];
      const { code, stdout, stderr } =
        by === 'option' ? await work.run([...argv, '--proxy', url]) : await work.run(argv, { env: { all_proxy: url } });
      expect(code).toBeGreaterThan(0);
      expectNoCanary(stdout + stderr);
    }
  }
}, 30_000);

test('wrong values of options that may be secrets are not repeated', async () => {
  for (const argv of [
    ['-H', CANARIES.header],
    ['-H', `X y: ${CANARIES.header}`],
    ['-H', `X-Api-Key: ${CANARIES.header}\u0100`],
    ['-b', `${CANARIES.cookie}\u0001`],
    ['-A', `x\u0001`],
    ['--proxy', `http://me:${CANARIES.proxy}@:x/`],
    ['--credentials-to', `http://me:${CANARIES.userinfo}@x:y/`],
  ]) {
    const { stdout, stderr, code } = await work.run(['http://127.0.0.1:9/', '-o', 'out/', ...argv]);
    expect(code).toBe(2);
    expectNoCanary(stdout + stderr);
  }
}, 20_000);
