import { describe, expect, test } from 'vitest';
import type { Route } from '../support/app-server.ts';
import { recordsOf, until, useWorkspace } from '../support/workspace.ts';

const work = useWorkspace();
/** `/hang` never ends, while it is told to. */
let hangs = true;
const route: Route = (request, { answer }) => {
  if (hangs && request.path.startsWith('/hang')) return;
  answer(`page ${request.path}`);
};

describe.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)('%s', (signal, expected) => {
  test(`ends the run with the verdict so far and ${expected}, though a page hangs, and the rerun goes on from there`, async () => {
    hangs = true;
    const server = await work.serve(route);
    work.write(
      'list.txt',
      ['hang', ...Array.from({ length: 20 }, (_, index) => index)].map((name) => `${server.origin}/${name}`),
    );
    const run = work.start(['list.txt', '-o', 'out/', '--failed', 'failed.txt', '--summary', 'summary.json']);
    await until(() => run.stderr().length >= 0 && server.requests.length === 21, 'every request');
    await until(
      () => work.exists('out/manifest.ndjson') && work.read('out/manifest.ndjson').split('\n').length > 20,
      'what is stored',
    );
    const signalledAt = performance.now();
    run.signal(signal);
    const { code, stderr } = await run.ended;
    expect(performance.now() - signalledAt).toBeLessThan(9_000);
    expect(code).toBe(expected);
    expect(stderr).toMatch(/20 of 21 pages are OK\.\n$/);
    expect(stderr).toMatch(/Stopped early .*1 page of it has no outcome yet/);
    expect(stderr).toContain('fetch-pages list.txt -o out/');
    expect(JSON.parse(work.read('summary.json'))).toMatchObject({ exitCode: expected, stopped: signal });
    expect(work.read('failed.txt')).toBe('');
    hangs = false;
    const again = await work.run(['list.txt', '-o', 'out/']);
    expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining('All 21 pages are OK (20 already stored') });
    expect(server.requests).toHaveLength(22);
  }, 30_000);

  test('a second time ends at once', async () => {
    hangs = true;
    const server = await work.serve(route);
    const run = work.start([`${server.origin}/hang`, '-o', 'out/']);
    await until(() => server.requests.length === 1, 'the request');
    run.signal(signal);
    await until(() => run.stderr().includes('stopping'), 'that it stops');
    const signalledAt = performance.now();
    run.signal(signal);
    expect(await run.ended).toMatchObject({ code: expected });
    expect(performance.now() - signalledAt).toBeLessThan(3_000);
    hangs = false;
    expect(await work.run([`${server.origin}/hang`, '-o', 'out/'])).toMatchObject({ code: 0 });
  });
});

test('what lands within the grace is kept', async () => {
  const server = await work.serve((_request, { answer }) => void setTimeout(() => answer('late'), 1_000));
  const run = work.start([`${server.origin}/[1-5]`, '-o', 'out.ndjson']);
  await until(() => server.requests.length === 5, 'the requests');
  run.signal('SIGINT');
  const { code, stderr } = await run.ended;
  expect(code).toBe(130);
  expect(work.records('out.ndjson')).toHaveLength(5);
  expect(stderr).toContain('Stopped early (Ctrl-C)');
});

test('a signal while the list is awaited ends the run', async () => {
  const server = await work.serve(route);
  const run = work.startShell(
    `{ echo ${server.origin}/1; exec sleep 20; } | { echo $BASHPID >&2; exec fetch-pages -o out/; }`,
  );
  await until(() => server.requests.length === 1, 'the request');
  await until(() => work.exists('out/manifest.ndjson') && work.read('out/manifest.ndjson') !== '', 'the record');
  process.kill(Number.parseInt(run.stderr(), 10), 'SIGINT');
  await until(() => run.stderr().includes('page is OK'), 'the verdict');
  expect(run.stderr()).toMatch(/1 of ≥1 page is OK\.\n$/);
  run.child.kill('SIGKILL');
});

test('a signal while an origin has asked for patience does not wait for it', async () => {
  const server = await work.serve((_request, { answer }) =>
    answer('', { status: 429, headers: { 'retry-after': '600' } }),
  );
  const run = work.start([`${server.origin}/[1-5]`, '-o', 'out/', '-v']);
  await until(() => /waits 10 min|waits 600 s|waits \d+ m/.test(run.stderr()), 'that it waits');
  const signalledAt = performance.now();
  run.signal('SIGINT');
  expect(await run.ended).toMatchObject({ code: 130 });
  expect(performance.now() - signalledAt).toBeLessThan(3_000);
});

describe('whoever reads stdout', () => {
  test('and goes away ends the run quietly with 141', async () => {
    const server = await work.serve(route);
    work.write(
      'list.txt',
      Array.from({ length: 5_000 }, (_, index) => `${server.origin}/${index}`),
    );
    const { code, stdout, stderr } = await work.shell('fetch-pages list.txt -o - -c 10 | head -3');
    expect(code).toBe(141);
    expect(recordsOf(stdout)).toHaveLength(3);
    expect(stderr).toBe('');
    expect(server.requests.length).toBeLessThan(5_000);
  });

  test('is waited for when it is slow', async () => {
    const server = await work.serve((_request, { answer }) =>
      answer('x'.repeat(10_000), { headers: { 'content-type': 'text/plain' } }),
    );
    work.write(
      'list.txt',
      Array.from({ length: 1_000 }, (_, index) => `${server.origin}/${index}`),
    );
    const { code, stdout } = await work.shell('fetch-pages list.txt -o - -c 10 | { sleep 2; wc -l; }');
    expect(code).toBe(0);
    expect(stdout.trim()).toBe('1000');
  });

  test('and is a full disk: 3, and told', async () => {
    const server = await work.serve(route);
    const { code, stderr } = await work.shell(`fetch-pages ${server.origin}/1 -o - > /dev/full`);
    expect(code).toBe(3);
    expect(stderr).toMatch(/full/);
    const none = await work.shell('fetch-pages --help > /dev/full');
    expect(none.code).toBe(3);
  });

  test('and does not read any more cannot hold a run that was told to stop', async () => {
    const server = await work.serve((_request, { answer }) => answer(Buffer.alloc(200_000, 'x')));
    const line = `fetch-pages '${server.origin}/[1-20]' -o - > >(exec sleep 20 > /dev/null 2>&1) 2> err.txt & echo $!; wait $!`;
    const run = work.startShell(line);
    await until(() => run.stdout().includes('\n') && server.requests.length === 20, 'the requests');
    process.kill(Number.parseInt(run.stdout(), 10), 'SIGINT');
    const exit = new Promise((resolve) => run.child.on('exit', resolve));
    expect(await exit).toBe(130);
    expect(work.read('err.txt')).toMatch(/ of 20 pages (is|are) OK\.$/m);
  }, 20_000);

  test('of --summary - and goes away: 141', async () => {
    const server = await work.serve(route);
    const { code } = await work.shell(`fetch-pages ${server.origin}/1 --format none --summary - | true`);
    expect([0, 141]).toContain(code);
  });
});

describe('stderr', () => {
  test('that is closed is no harm', async () => {
    const server = await work.serve(route);
    expect(await work.shell(`fetch-pages ${server.origin}/1 -o out/ 2>&-`)).toMatchObject({ code: 0 });
    expect(await work.shell(`fetch-pages ${server.origin}/2 -o out/ -v 2> >(true)`)).toMatchObject({ code: 0 });
    expect(await work.shell(`fetch-pages ${server.origin}/3 -o out/ -v 2> /dev/full`)).toMatchObject({ code: 0 });
    expect(await work.shell('fetch-pages --no-such-option 2>&-')).toMatchObject({ code: 2 });
    expect(work.records('out/')).toHaveLength(3);
  });

  test('and stdout and stdin that are closed are no harm either', async () => {
    const server = await work.serve(route);
    expect(await work.shell(`fetch-pages ${server.origin}/1 -o out/ <&- >&- 2>&-`)).toMatchObject({ code: 0 });
    expect(work.records('out/')).toHaveLength(1);
  });
});

test('the process ends though a server keeps its connections open', async () => {
  const server = await work.serve(route, { tls: true });
  const startedAt = performance.now();
  expect(await work.run([`${server.origin}/[1-20]`, '-k', '-o', 'out/'])).toMatchObject({ code: 0 });
  expect(performance.now() - startedAt).toBeLessThan(5_000);
});
