import { execFile } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, test } from 'vitest';
import { findProgram } from '../servers/daemon.ts';
import type { AppServer } from '../support/app-server.ts';
import { useWorkspace } from '../support/workspace.ts';

const EVIL = '</script><script>document.title="taken"</script>"\'><img src=x onerror=document.title="taken">';

const work = useWorkspace();
let server: AppServer;
beforeEach(async () => {
  server = await work.serve((request, { answer, reset }) => {
    if (request.path.includes('reset')) reset();
    else if (request.path.includes('calm') && request.count === 1)
      answer('', { status: 429, headers: { 'retry-after': '1' } });
    else {
      const status = request.path.includes('missing') ? 404 : 200;
      answer('x'.repeat(1_000), { status, headers: { 'content-type': `text/${EVIL}` } });
    }
  });
});

/** What a hostile list and a hostile server can bring into a report. */
function hostileList(): string {
  return work.write(`list ${EVIL.replaceAll('/', '')}.txt`, [
    ...Array.from({ length: 30 }, (_, number) => `${server.origin}/${number}?q=${EVIL}`),
    ...Array.from({ length: 5 }, (_, number) => `${server.origin}/missing/${number}?q='"><b>&amp;`),
    `${server.origin}/calm`,
    `${server.origin}/reset`,
    `javascript:alert(1)${EVIL}`,
    `{"url": "${server.origin}/missing/post", "method": "POST", "id": "${EVIL.replaceAll('"', "'")}"}`,
    `not a page \u202e${EVIL}`,
  ]);
}

describe('--report', () => {
  test('tells the run, takes the place of an older one, and leaves nothing beside it', async () => {
    work.write('run.html', 'old');
    const { code } = await work.run([hostileList(), '-o', 'out/', '--retry', '1', '--report', 'run.html']);
    expect(code).toBe(1);
    const html = work.read('run.html');
    expect(html).toContain('<h1 class="bad">31 of 40 pages are OK.</h1>');
    expect(html).toContain('Exit code 1.');
    for (const cause of ['HTTP_404</code> <strong>6 pages', 'INVALID_LINE</code> <strong>2 pages'])
      expect(html).toContain(cause);
    expect(html).toContain(server.origin);
    expect(html.match(/<script/g)).toHaveLength(2);
    expect(html).not.toContain('<img');
    expect(html).not.toContain('\u202e');
    expect(work.files().filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('that cannot be written ends with 3 before anything is fetched', async () => {
    const { code, stderr } = await work.run([`${server.origin}/`, '-o', 'out/', '--report', 'no/such/folder/run.html']);
    expect({ code, stderr }).toMatchObject({ code: 3, stderr: expect.stringContaining('--report') });
    expect(server.connections).toBe(0);
    expect(work.files()).toEqual([]);
  });

  test('that cannot be written at the end is no success', async () => {
    const { code, stderr } = await work.run([`${server.origin}/`, '-o', 'out/', '--report', '/dev/full']);
    expect({ code, stderr }).toMatchObject({ code: 3, stderr: expect.stringContaining('--report') });
  });

  test('is there for a run that was stopped, and gone for one that was ended at once', async () => {
    const hanging = await work.serve(() => {});
    const first = work.start([`${hanging.origin}/`, '-o', 'out/', '--report', 'run.html']);
    await expect.poll(() => hanging.requests.length, { timeout: 20_000 }).toBe(1);
    first.signal('SIGINT');
    expect(await first.ended).toMatchObject({ code: 130 });
    expect(work.read('run.html')).toContain('Stopped early');
    const second = work.start([`${hanging.origin}/`, '-o', 'out/', '--report', 'second.html']);
    await expect.poll(() => hanging.requests.length, { timeout: 20_000 }).toBe(2);
    second.signal('SIGINT');
    await expect.poll(second.stderr, { timeout: 20_000 }).toContain('stopping');
    second.signal('SIGINT');
    expect(await second.ended).toMatchObject({ code: 130 });
    expect(work.files().filter((name) => name.includes('second'))).toEqual([]);
  });

  test.each([
    ['the list', ['list.txt', '--report', 'list.txt'], 'would write over the list'],
    ['another result', ['list.txt', '--report', 'x', '--summary', './x'], 'are the same file'],
    ['stdout', ['list.txt', '--report', '-'], '--report'],
  ])('may not be %s', async (_, argv, message) => {
    work.write('list.txt', [`${server.origin}/`]);
    const { code, stderr } = await work.run(argv);
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining(message) });
    expect(work.read('list.txt')).toBe(`${server.origin}/\n`);
  });
});

const CHROMIUM = findProgram('chromium');

/** A page in the browser: its elements when its scripts have run, and what it wrote to its console. */
async function open(
  name: string,
  isDark = false,
): Promise<{ readonly dom: string; readonly console: readonly string[] }> {
  const argv = [
    ...['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--enable-logging=stderr'],
    ...[`--user-data-dir=${work.path('chromium')}`, '--virtual-time-budget=2000', '--window-size=1000,800'],
    ...(isDark ? ['--blink-settings=preferredColorScheme=0'] : []),
    ...['--dump-dom', pathToFileURL(work.path(name)).href],
  ];
  const { stdout, stderr } = await promisify(execFile)(CHROMIUM ?? '', argv, { maxBuffer: 2 ** 26, timeout: 50_000 });
  return { dom: stdout, console: stderr.split('\n').filter((line) => line.includes('CONSOLE')) };
}

describe.skipIf(CHROMIUM === undefined)('in Chromium (skipped where it is not installed)', () => {
  test('every plot is drawn, light and dark; nothing is asked for, nothing of others runs, no error', async () => {
    await work.run([hostileList(), '-o', 'out/', '--retry', '1', '--report', 'run.html']);
    const connections = server.connections;
    for (const isDark of [false, true]) {
      const { dom, console } = await open('run.html', isDark);
      expect(console).toEqual([]);
      const plots = dom.match(/class="plot"/g) ?? [];
      expect(plots.length).toBeGreaterThan(3);
      expect(dom.match(/<canvas/g)).toHaveLength(plots.length);
      expect(dom).toContain(isDark ? 'rgb(108, 180, 245)' : 'rgb(11, 98, 168)');
      expect(dom).toMatch(/<title>31 of 40 pages/);
      expect(dom).not.toContain('<img');
    }
    expect(server.connections).toBe(connections);
  });

  test('the page’s policy refuses what is put into it, and that would be seen', async () => {
    await work.run([`${server.origin}/`, '-o', 'out/', '--report', 'run.html']);
    const connections = server.connections;
    const added = `<img src="${server.origin}/pixel"><script>document.title = "taken"</script></body>`;
    work.write('changed.html', work.read('run.html').replace('</body>', added));
    const { dom, console } = await open('changed.html');
    expect(console.length).toBeGreaterThan(1);
    expect(dom).toMatch(/<title>The 1 page is OK/);
    expect(server.connections).toBe(connections);
  });
});
