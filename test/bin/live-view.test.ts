import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { AppServer, Route } from '../support/app-server.ts';
import {
  cursorIsBack,
  HIDE_CURSOR,
  hasScript,
  lastRows,
  OWN_SEQUENCES,
  startOnTerminal,
} from '../support/pseudo-terminal.ts';
import { until, useWorkspace } from '../support/workspace.ts';

const work = useWorkspace();

/** Page 1 comes at once, the others when they are let go. */
async function serveHeld(): Promise<{ readonly server: AppServer; letGo(): void }> {
  let isOpen = false;
  const held: (() => void)[] = [];
  const route: Route = (request, { answer }) => {
    if (isOpen || request.path === '/1') answer('page');
    else held.push(() => answer('page'));
  };
  return {
    server: await work.serve(route),
    letGo: () => {
      isOpen = true;
      for (const answer of held.splice(0)) answer();
    },
  };
}

/** Writes the process's id where the test finds it: a shell that becomes the program keeps it. */
const WITH_PID = 'echo $$ > pid; exec ';
const pid = (): number => Number(readFileSync(work.path('pid'), 'utf8'));

describe('SIGUSR1 asks for the state of the run', () => {
  test.each([['--progress', 'lines'], ['--progress', 'none'], ['-q'], ['-v']])('with %s %s', async (...options) => {
    const { server, letGo } = await serveHeld();
    const run = work.start([`${server.origin}/[1-4]`, '-o', 'out.ndjson', ...options.filter(Boolean)]);
    await until(() => server.requests.length === 4, 'the requests');
    await until(() => work.records('out.ndjson').length === 1, 'the first page');
    run.signal('SIGUSR1');
    await until(() => /^1 of 4 pages, 100% OK, .* 3 in flight$/m.test(run.stderr()), 'the line');
    letGo();
    const { code, stderr } = await run.ended;
    expect(code).toBe(0);
    expect(stderr).not.toContain('Debugger');
  });

  test.skipIf(!hasScript)('in the live view, above it', async () => {
    const { server, letGo } = await serveHeld();
    const run = startOnTerminal(work, `${WITH_PID} fetch-pages '${server.origin}/[1-4]' -o out/`);
    await until(() => run.stdout().includes('1 of 4 pages'), 'the view');
    process.kill(pid(), 'SIGUSR1');
    await until(() => /1 of 4 pages, 100% OK, .* 3 in flight/.test(run.stdout()), 'the line');
    const shown = run.stdout();
    await until(() => run.stdout().slice(shown.length).includes(HIDE_CURSOR), 'one more frame');
    letGo();
    expect(await run.ended).toMatchObject({ code: 0 });
  });

  test('before there is one, too: it is told so, and no debugger is started', async () => {
    // Tells when the program begins to listen: first its launcher, then what the launcher has loaded.
    work.write('told.cjs', "process.on('newListener', (name) => name === 'SIGUSR1' && console.error('listens'));");
    const env = { NODE_OPTIONS: `--require ${work.path('told.cjs')}` };
    const run = work.start(['-o', 'out/'], { env, inputStaysOpen: true });
    await until(() => run.stderr().split('listens').length === 3, 'that it listens');
    run.signal('SIGUSR1');
    await until(() => run.stderr().includes('fetch-pages: nothing is being fetched yet\n'), 'the answer');
    expect(run.stderr()).not.toContain('Debugger');
    run.signal('SIGKILL');
    await run.ended;
  });
});

describe.skipIf(!hasScript)('a live view gives the terminal back', () => {
  test('when the process is told to end', async () => {
    const { server } = await serveHeld();
    const run = startOnTerminal(work, `${WITH_PID} fetch-pages '${server.origin}/[1-3]' -o out/`);
    await until(() => run.stdout().includes('1 of 3 pages'), 'the view');
    process.kill(pid(), 'SIGTERM');
    const { code, stdout } = await run.ended;
    expect(code).toBe(143);
    expect(cursorIsBack(stdout)).toBe(true);
    expect(lastRows(stdout).at(-1)).toBe('1 of 3 pages is OK.');
  });

  test('when it crashes', async () => {
    const { server } = await serveHeld();
    work.write('crash.cjs', "setTimeout(() => { throw new Error('a bug') }, 1500);");
    const env = { NODE_OPTIONS: `--require ${work.path('crash.cjs')}` };
    const { code, stdout } = await startOnTerminal(work, `fetch-pages '${server.origin}/[1-3]' -o out/`, env).ended;
    expect(code).toBe(70);
    expect(stdout).toContain(HIDE_CURSOR);
    expect(cursorIsBack(stdout)).toBe(true);
    expect(lastRows(stdout)[0]).toContain('met a bug of its own');
  });

  test('after Ctrl-\\, which ends it at once', async () => {
    const { server } = await serveHeld();
    const run = startOnTerminal(work, `ulimit -c 0; exec fetch-pages '${server.origin}/[1-3]' -o out/`);
    await until(() => run.stdout().includes('1 of 3 pages'), 'the view');
    run.type('\u001c');
    const { code, stdout } = await run.ended;
    expect(code).toBe(131);
    expect(cursorIsBack(stdout)).toBe(true);
  });

  test('while it is stopped with Ctrl-Z, and takes it again after fg', async () => {
    const { server, letGo } = await serveHeld();
    const run = startOnTerminal(work, 'exec bash --norc --noprofile -i');
    run.type(`fetch-pages '${server.origin}/[1-3]' -o out/\n`);
    await until(() => run.stdout().includes('1 of 3 pages'), 'the view');
    run.type('\u001a');
    await until(() => run.stdout().includes('Stopped'), 'that it is stopped');
    const stopped = run.stdout();
    expect(cursorIsBack(stopped)).toBe(true);
    run.type('fg\n');
    await until(() => run.stdout().slice(stopped.length).includes(HIDE_CURSOR), 'the view again');
    letGo();
    await until(() => run.stdout().includes('All 3 pages are OK.'), 'the verdict');
    expect(cursorIsBack(run.stdout())).toBe(true);
    run.type('exit\n');
    await run.ended;
  });

  test('and leaves it alone as a job in the background', async () => {
    const { server, letGo } = await serveHeld();
    const run = startOnTerminal(work, 'exec bash --norc --noprofile -i');
    run.type(`fetch-pages '${server.origin}/[1-3]' -o out/ &\n`);
    await until(() => work.exists('out/manifest.ndjson') && work.records('out/').length === 1, 'the first page');
    run.type('kill -USR1 %1\n');
    await until(() => run.stdout().includes('1 of 3 pages, 100% OK'), 'the status line');
    letGo();
    await until(() => run.stdout().includes('All 3 pages are OK.'), 'the verdict');
    expect(run.stdout()).not.toContain(HIDE_CURSOR);
    run.type('exit\n');
    await run.ended;
  });

  test('and ends in good order where the terminal goes away', async () => {
    const { server } = await serveHeld();
    const run = startOnTerminal(work, `${WITH_PID} fetch-pages '${server.origin}/[1-3]' -o out/`);
    await until(() => run.stdout().includes('1 of 3 pages'), 'the view');
    run.signal('SIGKILL');
    await until(() => !isAlive(pid()), 'the end');
    expect(work.records('out/').map(({ outcome }) => outcome)).toEqual(['ok']);
    expect(await work.run([`${server.origin}/1`, '-o', 'out/'])).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('1 already stored'),
    });
  });
});

function isAlive(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch {
    return false;
  }
}

test.skipIf(!hasScript)('a live view fits the window, also when that is resized while it runs', async () => {
  const { server, letGo } = await serveHeld();
  const line = `(until test -e go; do sleep 0.05; done; stty rows 8 cols 30 < /dev/tty) & fetch-pages '${server.origin}/[1-3]' -o out/`;
  const run = startOnTerminal(work, line);
  await until(() => run.stdout().includes('1 of 3 pages'), 'the view');
  const rows = (): string[] =>
    run
      .stdout()
      .replaceAll(OWN_SEQUENCES, '')
      .split(/[\r\n]+/);
  /** How long the bar is that was drawn last. */
  const barLength = (): number => rows().findLast((row) => row.endsWith('%'))?.length ?? 0;
  expect(barLength()).toBe(79);
  work.write('go', '');
  await until(() => barLength() === 29, 'a narrower view');
  const narrow = rows().slice(rows().findLastIndex((row) => row.length > 29) + 1);
  expect(narrow.length).toBeGreaterThan(3);
  letGo();
  expect(await run.ended).toMatchObject({ code: 0 });
});
