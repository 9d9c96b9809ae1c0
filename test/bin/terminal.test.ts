import { beforeEach, describe, expect, test } from 'vitest';
import type { AppServer } from '../support/app-server.ts';
import { startH1Server } from '../support/h1-server.ts';
import { cursorIsBack, hasScript, lastRows, OWN_SEQUENCES, startOnTerminal } from '../support/pseudo-terminal.ts';
import type { Ending } from '../support/spawn-bin.ts';
import { recordsOf, until, useWorkspace } from '../support/workspace.ts';

const work = useWorkspace();
let server: AppServer;
beforeEach(async () => {
  server = await work.serve((request, { answer }) => {
    setTimeout(() => answer(`page ${request.path}`, { status: request.path.includes('bad') ? 404 : 200 }), 60);
  });
});

const COLOUR = /\u001b\[\d+(?:;\d+)*m/;
/** C0 but line ends and the tab, DEL, C1. */
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/;

function onTerminal(line: string, env: Record<string, string> = {}): Promise<Ending> {
  return startOnTerminal(work, line, env).ended;
}

describe.skipIf(!hasScript)('on a terminal', () => {
  test('a live view is drawn, taken away again with the cursor back, and the verdict is last, in green', async () => {
    const { code, stdout } = await onTerminal(`fetch-pages '${server.origin}/[1-20]' -c 4 -o out/`);
    expect(code).toBe(0);
    expect(stdout).toMatch(/\d+ of 20 pages/);
    expect(stdout.match(/\u001b\[\?25l/g)?.length).toBeGreaterThan(1);
    expect(cursorIsBack(stdout)).toBe(true);
    expect(stdout.lastIndexOf('\u001b[?7h')).toBeGreaterThan(stdout.lastIndexOf('\u001b[?7l'));
    expect(stdout.trimEnd()).toMatch(/\u001b\[32mAll 20 pages are OK\.\u001b\[39m$/);
    expect(stdout).not.toContain('-o - writes');
  });

  test('failures are told in the verdict, in red, and each once', async () => {
    const { code, stdout } = await onTerminal(`fetch-pages '${server.origin}/{a,bad}[1-4]' -o out/`);
    expect(code).toBe(1);
    const rows = lastRows(stdout);
    expect(rows[0]).toMatch(/4 pages {2}HTTP_404/);
    expect(rows.at(-1)).toMatch(/^4 of 8 pages are OK\.$/);
    expect(stdout.trimEnd()).toMatch(/\u001b\[31m4 of 8 pages are OK\.\u001b\[39m$/);
  });

  test('Ctrl-C ends the run with the cursor back', async () => {
    const hanging = await work.serve((request, { answer }) => {
      if (request.path === '/1') answer();
    });
    const run = startOnTerminal(work, `fetch-pages '${hanging.origin}/[1-3]' -o out/`);
    await until(() => run.stdout().includes('1 of 3 pages'), 'the page that is there');
    run.type('\u0003');
    const { code, stdout } = await run.ended;
    expect(code).toBe(130);
    expect(cursorIsBack(stdout)).toBe(true);
    expect(lastRows(stdout).at(-1)).toBe('1 of 3 pages is OK.');
  });

  test('Ctrl-C twice ends at once, with the cursor back', async () => {
    const hanging = await work.serve(() => {});
    const run = startOnTerminal(work, `fetch-pages '${hanging.origin}/[1-3]' -o out/`);
    await until(() => hanging.requests.length === 3 && run.stdout().includes('of 3 pages'), 'the requests');
    run.type('\u0003');
    await until(() => run.stdout().includes('stopping'), 'that it stops');
    const typedAt = performance.now();
    run.type('\u0003');
    const { code, stdout } = await run.ended;
    expect(code).toBe(130);
    expect(performance.now() - typedAt).toBeLessThan(3_000);
    expect(cursorIsBack(stdout)).toBe(true);
  });

  test('with no input at all the short help goes to stderr, and the code is 2', async () => {
    const { code, stdout } = await onTerminal('fetch-pages >out.txt');
    expect(code).toBe(2);
    expect(stdout).toContain('Usage: fetch-pages');
    expect(work.read('out.txt')).toBe('');
    expect(work.files()).toEqual(['out.txt']);
  });

  test('data on a terminal comes without a live view through it', async () => {
    const { code, stdout } = await onTerminal(`fetch-pages '${server.origin}/[1-3]' -o - --color never`);
    expect(code).toBe(0);
    const rows = stdout.trimEnd().split('\r\n');
    expect(recordsOf(`${rows.filter((row) => row.startsWith('{')).join('\n')}\n`)).toHaveLength(3);
    expect(stdout).not.toContain('\u001b');
  });

  test('each stream is looked at by itself: stderr to a file is plain, though stdout is a terminal', async () => {
    const { stdout } = await onTerminal(`fetch-pages '${server.origin}/[1-3]' -o out/ 2>err.txt`);
    expect(stdout).toBe('');
    expect(work.read('err.txt')).not.toContain('\u001b');
    expect(work.read('err.txt')).not.toContain('-o - writes');
  });

  test('-q says nothing of a run that went well', async () => {
    const { code, stdout } = await onTerminal(`fetch-pages '${server.origin}/[1-3]' -q -o out/`);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
  });

  test('NO_COLOR takes colours away and leaves the view; TERM=dumb takes colours too', async () => {
    const { stdout } = await onTerminal(`fetch-pages '${server.origin}/[1-9]' -c 2 -o out/`, { NO_COLOR: '1' });
    expect(stdout).not.toMatch(COLOUR);
    expect(stdout).toContain('\u001b[?25h');
    const dumb = await onTerminal(`TERM=dumb fetch-pages '${server.origin}/[1-9]' -c 2 -o dumb/`);
    expect(dumb.stdout).not.toMatch(COLOUR);
  });

  test.each(['', '-v', '-q'])(
    'nothing that a server or a list says is a command to it (%s)',
    async (option) => {
      const evil = '\u001b]0;owned\u0007\u001b[2J\u009b31m\u202e';
      const raw = await startH1Server(async (connection, request) => {
        const latin1 = Buffer.from(evil, 'utf8').toString('latin1');
        const obsText = '\u009b31m\u009d0;owned\u009c';
        switch (request.target) {
          case '/status':
            return connection.send(`HTTP/1.1 404 No${latin1}\r\ncontent-length: 0\r\n\r\n`);
          case '/obs-status':
            return connection.send(`HTTP/1.1 404 No${obsText}\r\ncontent-length: 0\r\n\r\n`);
          case '/coding':
            return connection.send(`HTTP/1.1 200 OK\r\ncontent-encoding: ${obsText}\r\ncontent-length: 1\r\n\r\nx`);
          case '/location':
            return connection.send(`HTTP/1.1 302 OK\r\nlocation: ${obsText}://x/\r\ncontent-length: 0\r\n\r\n`);
          case '/scheme':
            return connection.send(`HTTP/1.1 302 OK\r\nlocation: javascript:${obsText}\r\ncontent-length: 0\r\n\r\n`);
          case '/header':
            return connection.send(
              `HTTP/1.1 200 OK\r\nx-a: ${obsText}\r\ncontent-type: ${obsText}\r\nretry-after: ${obsText}\r\ncontent-length: 0\r\n\r\n`,
            );
          case '/limit':
            return connection.send(`HTTP/1.1 429 No\r\nretry-after: ${obsText}\r\ncontent-length: 0\r\n\r\n`);
          default:
            return connection.send(`HTTP/1.1 ${latin1}\r\n\r\n`);
        }
      });
      try {
        const name = `list${evil}.txt`;
        work.write(name, [
          ...['status', 'obs-status', 'coding', 'location', 'scheme', 'header', 'garbage'].map(
            (path) => `${raw.origin}/${path}`,
          ),
          `${raw.origin}/${evil}`,
          `no page ${evil}`,
          `ftp://${evil}/`,
          `{"url": "${evil}"}`,
          `{"url": "${raw.origin}/x", "id": "a"}`,
          JSON.stringify({ url: `${raw.origin}/x`, id: evil }),
          JSON.stringify({ url: `${raw.origin}/y`, method: evil }),
        ]);
        work.write('name.txt', name);
        const { code, stdout } = await onTerminal(
          `fetch-pages "$(cat name.txt)" ${option} --retry 0 -o out/ --failed "f$(cat name.txt)"`,
        );
        expect(code).toBe(1);
        expect(stdout.replaceAll(OWN_SEQUENCES, '')).not.toMatch(CONTROL);
        expect(stdout).not.toContain('\u202e');
        const dry = await onTerminal(`fetch-pages "$(cat name.txt)" --dry-run -o "o$(cat name.txt)/"`);
        expect(dry.stdout).toContain('in the list');
        expect(dry.stdout).not.toMatch(CONTROL);
        for (const line of [
          '"no$(cat name.txt)"',
          '--"$(cat name.txt)"',
          '-X "$(cat name.txt)" http://x/',
          '-o "$(cat name.txt)" http://x/',
          '--rate "$(cat name.txt)" http://x/',
        ]) {
          const wrong = await onTerminal(`fetch-pages ${line}`);
          expect(wrong.code).toBe(2);
          expect(wrong.stdout).not.toMatch(CONTROL);
          expect(wrong.stdout).not.toContain('\u202e');
        }
      } finally {
        await raw.close();
      }
    },
    40_000,
  );
});

describe('elsewhere', () => {
  test('there is a line now and then, no colour and no control character', async () => {
    const slow = await work.serve((_request, { answer }) => void setTimeout(answer, 500));
    const { code, stderr } = await work.run([`${slow.origin}/[1-9]`, '-c', '2', '--no-adapt', '-o', 'out/']);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^\d of 9 pages, /m);
    expect(stderr).not.toMatch(CONTROL);
    expect(stderr).toMatch(/All 9 pages are OK\.\n$/);
  });

  test('--progress none leaves the verdict; -q leaves nothing where all is well', async () => {
    const none = await work.run([`${server.origin}/[1-3]`, '--progress', 'none', '-o', 'a/']);
    expect(none.stderr).not.toMatch(/of 3 pages,/);
    expect(none.stderr).toMatch(/All 3 pages are OK\.\n$/);
    expect(await work.run([`${server.origin}/[1-3]`, '-q', '-o', 'b/'])).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(await work.run([`${server.origin}/[1-3]`, '-s', '-o', 'c/'])).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  test('-q with failures tells them and the verdict', async () => {
    const { code, stderr } = await work.run([`${server.origin}/bad`, `${server.origin}/ok`, '-q', '-o', 'out/']);
    expect(code).toBe(1);
    expect(stderr).toContain('HTTP_404');
    expect(stderr).toMatch(/1 of 2 pages is OK\.\n$/);
  });

  test('-v is a line an attempt: [200]  [ 12/40 (30.00%) ] URL', async () => {
    const { stderr } = await work.run([
      `${server.origin}/[1-4]`,
      `${server.origin}/bad`,
      '-c',
      '1',
      '-v',
      '-o',
      'out/',
    ]);
    const lines = stderr.split('\n').filter((line) => line.startsWith(' [200]'));
    expect(lines).toHaveLength(4);
    expect(stderr).toContain(` [200]  [ 2/5 (40.00%) ] ${server.origin}/2\n`);
    expect(stderr).toContain(` [404]  [ 5/5 (100.00%) ] ${server.origin}/bad`);
  });

  test.each([
    [{ FORCE_COLOR: '1' }, [], true],
    [{ FORCE_COLOR: '0' }, [], false],
    [{ FORCE_COLOR: '1', NO_COLOR: '1' }, [], true],
    [{ NO_COLOR: '1' }, ['--color', 'always'], true],
    [{ FORCE_COLOR: '1' }, ['--color', 'never'], false],
    [{}, [], false],
  ])('%j and %j: colours %s', async (env, option, colours) => {
    const { stderr, stdout } = await work.run([`${server.origin}/1`, '-o', '-', ...option], { env });
    expect(COLOUR.test(stderr)).toBe(colours);
    expect(stdout).not.toContain('\u001b');
  });

  test('a live view can be asked for', async () => {
    const { stderr } = await work.run([`${server.origin}/[1-9]`, '--progress', 'bar', '-c', '1', '-o', 'out/']);
    expect(stderr).toContain('\u001b[?25l');
    expect(stderr.lastIndexOf('\u001b[?25h')).toBeGreaterThan(stderr.lastIndexOf('\u001b[?25l'));
  });

  test('a listener of stderr that is slow does not hold the run up for ever', async () => {
    const run = work.startShell(`fetch-pages '${server.origin}/[1-200]' -v -o out/ 2> >(sleep 3; cat >/dev/null)`);
    await until(() => server.requests.length === 200, 'all requests');
    expect(await run.ended).toMatchObject({ code: 0 });
  });
});
