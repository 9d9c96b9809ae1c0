import { spawnSync } from 'node:child_process';
import { appendFileSync, closeSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Route } from '../support/app-server.ts';
import { until, useWorkspace } from '../support/workspace.ts';

const work = useWorkspace();
const whole: Route = ({ path }, { answer }) => answer(`page ${path}`);

/** Mounts and a network of one's own, which some systems do not grant. */
const canUnshare = spawnSync('unshare', ['--map-root-user', '--net', '--mount', 'true']).status === 0;
/** Runs a script of shell with them. Loopback is up. */
const inNamespace = (script: string) => {
  work.write('script.sh', script);
  return `unshare --map-root-user --net --mount bash -e script.sh`;
};

describe('few descriptors', () => {
  test.each([
    [64, 'out/'],
    [64, 'out.ndjson'],
    [64, 'out.db'],
    [64, 'out.warc.gz'],
    [32, 'out/'],
  ])('ulimit -n %i, -o %s: every page is OK, though a hundred were to be in flight', async (descriptors, output) => {
    const servers = await Promise.all(Array.from({ length: 8 }, () => work.serve(whole)));
    const urls = servers.flatMap(({ origin }) => Array.from({ length: 40 }, (_, n) => `${origin}/${n}`));
    work.write('list.txt', urls);
    const { code, stderr } = await work.shell(`ulimit -n ${descriptors}; fetch-pages list.txt -c 100 -o ${output}`);
    expect({ code, verdict: stderr.trimEnd().split('\n').at(-1) }, stderr).toEqual({
      code: 0,
      verdict: `All ${urls.length} pages are OK.`,
    });
  });
});

describe.skipIf(!canUnshare)('the disk (needs unshare)', () => {
  test.each(['disk/out/', 'disk/out.ndjson', 'disk/out.db'])(
    '%s: a file system of 64 MB that is full at 90 % ends the run with 3, and with room made it goes on',
    async (output) => {
      // The network is the namespace's own too, so the pages come from a server inside it.
      work.write('server.mjs', SERVER);
      const { stdout } = await work.shell(
        inNamespace(`
          ip link set lo up; mkdir disk; mount -t tmpfs -o size=64m none disk
          head -c 58M /dev/zero > disk/ballast
          node server.mjs & SERVER=$!
          until [ -s port ]; do sleep 0.05; done
          LIST="http://127.0.0.1:$(cat port)/[1-40]"
          fetch-pages "$LIST" -o ${output} 2>first.txt && echo "code 0" || echo "code $?"
          rm disk/ballast
          fetch-pages "$LIST" -o ${output} 2>second.txt && echo "code 0" || echo "code $?"
          kill $SERVER`),
      );
      const [first, second] = [work.read('first.txt'), work.read('second.txt')];
      expect(stdout, first + second).toBe('code 3\ncode 0\n');
      expect(first).toMatch(/the disk is full\. Free some space and run the same command again/);
      expect(second).toMatch(/All 40 pages are OK \(\d+ already stored/);
    },
  );

  test('a current folder that cannot be written ends with 3 and names it; with -o elsewhere it is no matter', async () => {
    work.write('server.mjs', SERVER);
    const { stdout } = await work.shell(
      inNamespace(`
        ip link set lo up
        node server.mjs & SERVER=$!
        until [ -s port ]; do sleep 0.05; done
        HERE=$PWD; LIST="http://127.0.0.1:$(cat port)/[1-3]"
        mkdir closed; mount -t tmpfs -o ro none closed; cd closed
        fetch-pages "$LIST" 2>$HERE/first.txt && echo "code 0" || echo "code $?"
        fetch-pages "$LIST" --format none --failed f.txt 2>$HERE/second.txt && echo "code 0" || echo "code $?"
        fetch-pages "$LIST" -o $HERE/out/ 2>$HERE/third.txt && echo "code 0" || echo "code $?"
        kill $SERVER`),
    );
    expect(stdout, work.read('first.txt')).toBe('code 3\ncode 3\ncode 0\n');
    expect(work.read('first.txt')).toMatch(/pages\/.*the file system is read-only\. Give another -o/);
    expect(work.read('second.txt')).toMatch(/--failed: cannot write .*the file system is read-only/);
    expect(work.files('out')).toHaveLength(5);
  });

  test('no network at all: every page has its reason, the run ends by itself, and with 1', async () => {
    work.write('list.txt', [
      'http://198.51.100.1/',
      'https://pages.example/',
      'http://127.0.0.1:9/',
      'http://[2001:db8::1]/',
    ]);
    const { code, stderr } = await work.shell(inNamespace('fetch-pages list.txt -o out.ndjson --retry 1'));
    expect(code, stderr).toBe(1);
    const codes = work.records('out.ndjson').map(({ error }) => error?.code);
    expect(codes).toHaveLength(4);
    for (const why of codes)
      expect(why).toMatch(/^(?:UNREACHABLE|DNS_FAILED|DNS_NOT_FOUND|CONNECT_REFUSED|ORIGIN_UNREACHABLE)$/);
    expect(stderr).toMatch(/0 of 4 pages are OK\.\n$/);
  });
});

/** Answers with 200 kB that do not compress, and writes its port into `port`. */
const SERVER = `
  import { randomBytes } from 'node:crypto';
  import { writeFileSync } from 'node:fs';
  import { createServer } from 'node:http';
  const body = randomBytes(200_000);
  const server = createServer((request, response) => response.end(body));
  server.listen(0, '127.0.0.1', () => writeFileSync('port', String(server.address().port)));
`;

describe('surroundings that lack something', () => {
  test.each([
    ['no HOME', 'env -u HOME'],
    ['an empty environment but for PATH', 'env -i PATH="$PATH"'],
    ['a TMPDIR that is not there', 'env TMPDIR=/nowhere/at/all'],
    ['a TMPDIR that is a file', 'env TMPDIR=$PWD/list.txt'],
    ['a terminal that nobody knows', 'env TERM=nonsense COLUMNS=0 LINES=x'],
    ['a locale that there is not', 'env LC_ALL=xx_XX LANG=C'],
    ['a time zone that there is not', 'env TZ=Nowhere/Land'],
  ])('%s is no matter, also where a slow origin’s pages have to be put aside', async (_what, env) => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const slow = await work.serve((_request, { answer }) => void released.then(() => answer('late')));
    const quick = await work.serve((_request, { answer }) => {
      release();
      answer('page');
    });
    const urls = Array.from({ length: 3_000 }, (_, n) => `${slow.origin}/${n}`);
    work.write('list.txt', [...urls, `${quick.origin}/last`]);
    const { code, stderr } = await work.shell(`${env} fetch-pages list.txt -o out.ndjson --progress lines`);
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/All 3,001 pages are OK\.\n$/);
  });

  test('a current folder that was removed is told, and nothing is fetched', async () => {
    const server = await work.serve(whole);
    const { code, stderr } = await work.shell(
      `mkdir gone; cd gone; rmdir ../gone; fetch-pages ${server.origin}/1 -o out/`,
    );
    expect({ code, requests: server.requests.length }, stderr).toEqual({ code: 2, requests: 0 });
    expect(stderr).toMatch(/current folder/);
    expect(stderr).not.toMatch(/bug|\n {4}at /);
  });
});

describe('standard output', () => {
  test('that is closed is no harm to a run that writes elsewhere', async () => {
    const server = await work.serve(whole);
    const { code, stderr } = await work.shell(`fetch-pages ${server.origin}/1 -o out/ >&-`);
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/All 1 pages? (?:is|are) OK|The page is OK|1 page is OK/);
  });

  test('that is full ends with 3, for pages and for --summary', async () => {
    const server = await work.serve(whole);
    for (const options of ['-o -', '--format none --summary -']) {
      const { code, stderr } = await work.shell(`fetch-pages ${server.origin}/1 ${options} > /dev/full`);
      expect({ code, told: /full/.test(stderr) }, stderr).toEqual({ code: 3, told: true });
    }
  });
});

test.each([
  [3_600_000, 'forward'],
  [-3_600_000, 'back'],
])(
  'a clock that jumps by %i ms (%s) neither ends a wait nor makes one, and no time taken is negative',
  async (jumpMs) => {
    // As when NTP or a person sets it: the time of day jumps, the time that runs does not.
    work.write(
      'jump.mjs',
      `const { now } = Date;
    let offsetMs = 0;
    Date.now = () => now() + offsetMs;
    process.on('SIGUSR2', () => { offsetMs += ${jumpMs}; });`,
    );
    let refused = 0;
    const server = await work.serve(({ path, count }, { answer }) => {
      if (path === '/5' && count === 1) {
        refused = performance.now();
        run.signal('SIGUSR2');
        answer('', { status: 429, headers: { 'retry-after': '2' } });
      } else setTimeout(() => answer(), 20);
    });
    const argv = [`${server.origin}/[1-40]`, '-c', '2', '-o', 'out.ndjson', '--deadline', '50s', '-v'];
    const env = { NODE_OPTIONS: `--import=${work.path('jump.mjs')}` };
    const run = work.start(argv, { env });
    const { code, stderr } = await run.ended;
    expect(code, stderr).toBe(0);
    const next = server.requests.find(({ path, count }) => path === '/5' && count === 2);
    expect((next?.atMs ?? 0) - refused).toBeGreaterThan(1_800);
    expect((next?.atMs ?? 0) - refused).toBeLessThan(20_000);
    const records = work.records('out.ndjson');
    expect(records).toHaveLength(40);
    for (const { elapsedMs, waitedMs } of records) {
      expect(elapsedMs).toBeGreaterThanOrEqual(0);
      expect(elapsedMs).toBeLessThan(45_000);
      expect(waitedMs).toBeGreaterThanOrEqual(0);
    }
  },
);

describe('a list in a file', () => {
  const MANY = 300_000;
  /** Mostly duplicates: reading takes its time, fetching does not. */
  function writeLongList(origin: string): void {
    const fd = openSync(work.path('list.txt'), 'w');
    const block = Array.from({ length: 1_000 }, (_, n) => `${origin}/${n % 10}\n`).join('');
    for (let line = 0; line < MANY; line += 1_000) writeSync(fd, block);
    closeSync(fd);
  }

  test('that grows while it is read is read to where its end then is: no line is lost, and none is half', async () => {
    const server = await work.serve(({ path, count }, { answer }) => {
      if (path === '/0' && count === 1) {
        appendFileSync(
          work.path('list.txt'),
          Array.from({ length: 10 }, (_, n) => `${server.origin}/new-${n}\n`).join(''),
        );
      }
      answer();
    });
    writeLongList(server.origin);
    const { code, stderr } = await work.run(['list.txt', '-o', 'out.ndjson']);
    expect(code, stderr).toBe(0);
    // 10 more where the end was not reached yet when they came.
    expect([10, 20]).toContain(work.records('out.ndjson').length);
    const again = await work.run(['list.txt', '-o', 'out.ndjson']);
    expect(again.stderr).toMatch(/All 20 pages are OK/);
    expect(server.requests).toHaveLength(20);
  });

  test('that is removed while it is read is read to its end', async () => {
    const server = await work.serve(({ path, count }, { answer }) => {
      if (path === '/0' && count === 1) unlinkSync(work.path('list.txt'));
      answer();
    });
    writeLongList(server.origin);
    appendFileSync(work.path('list.txt'), `${server.origin}/last\n`);
    const { code, stderr } = await work.run(['list.txt', '-o', 'out.ndjson']);
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/All 11 pages are OK/);
    expect(server.count('/last')).toBe(1);
  });
});

test.each(['http', 'https'])(
  'SIGSTOP for longer than every timeout, then SIGCONT: every page is OK, and none was tried twice (%s)',
  async (scheme) => {
    const server = await work.serve(
      (_request, { begin }) => {
        // A body that takes a second, in pieces, so that some are in the middle of theirs whenever the process is stopped.
        const stream = begin({ 'content-length': 20_000 });
        let left = 20;
        const timer = setInterval(() => {
          if (stream.destroyed || left === 0) return clearInterval(timer);
          left -= 1;
          stream.write('x'.repeat(1_000));
          if (left === 0) stream.end();
        }, 50);
      },
      { tls: scheme === 'https' },
    );
    const limits = [
      '--response-timeout',
      '2s',
      '--stall-timeout',
      '2s',
      '--connect-timeout',
      '2s',
      '--max-time',
      '20s',
    ];
    const run = work.start([`${server.origin}/[1-60]`, '-k', '-o', 'out.ndjson', '-c', '10', ...limits]);
    await until(() => server.requests.length >= 12, 'some requests');
    run.signal('SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    run.signal('SIGCONT');
    const { code, stderr } = await run.ended;
    expect(code, stderr).toBe(0);
    const records = work.records('out.ndjson');
    expect(records).toHaveLength(60);
    // What came while the process stood still was read, before a timeout could be told.
    expect(records.filter(({ outcome, attempts }) => outcome !== 'ok' || attempts > 1)).toEqual([]);
  },
);
