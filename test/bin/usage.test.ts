import { beforeEach, describe, expect, test } from 'vitest';
import type { AppServer } from '../support/app-server.ts';
import { useWorkspace } from '../support/workspace.ts';

const work = useWorkspace();
let server: AppServer;
beforeEach(async () => {
  server = await work.serve((_request, { answer }) => answer());
});

describe('what is wrong ends with 2, names the option and what would do, and nothing was fetched or made', () => {
  test.each([
    [['--no-such-option'], '--no-such-option'],
    [['--concurency', '5'], '--concurrency'],
    [['-c', '0'], '--concurrency'],
    [['-c', '1.5'], '--concurrency'],
    [['-c', '-5'], '--concurrency'],
    [['-c'], '--concurrency'],
    [['--per-origin', 'x'], '--per-origin'],
    [['--rate', 'fast'], '--rate'],
    [['--rate', '0/s'], '--rate'],
    [['--limit-rate', '0'], '--limit-rate'],
    [['--retry', '-1'], '--retry'],
    [['--retry-on', '99'], '--retry-on'],
    [['--accept', '300-200'], '--accept'],
    [['-m', '0'], '--max-time'],
    [['-m', '5 parsecs'], '--max-time'],
    [['--deadline', ''], '--deadline'],
    [['--connect-timeout', '9999h'], '--connect-timeout'],
    [['--max-filesize', '1X'], '--max-filesize'],
    [['--max-redirs', '-1'], '--max-redirs'],
    [['--max-failures', '0'], '--max-failures'],
    [['--max-failures', '101%'], '--max-failures'],
    [['--color', 'pink'], '--color'],
    [['--progress', 'pie'], '--progress'],
    [['--resolve', 'x'], '--resolve'],
    [['--resolve', 'x:1:not-an-address'], '--resolve'],
    [['--proxy', 'ftp://x'], '--proxy'],
    [['--cacert', 'missing.pem'], '--cacert'],
    [['--cert', 'missing.pem'], '--cert'],
    [['--key', 'key.pem'], '--cert'],
    [['-H', '@missing.txt'], '--header'],
    [['-H', 'no colon'], '--header'],
    [['-H', 'Host: x'], 'Host'],
    [['-d', '@missing.txt'], '--data'],
    [['-d', 'x', '--json', '{}'], '--json'],
    [['-d', 'x', '-I'], '--head'],
    [['-X', 'GE T'], '--request'],
    [['-X', 'CONNECT'], '--request'],
    [['-A', 'x\u0100'], '--user-agent'],
    [['--credentials-to', 'example.com/x'], '--credentials-to'],
    [['-q', '-v'], '--verbose'],
    [['--expand', '-g'], '--globoff'],
    [['-o', '-', '--summary', '-'], '--summary'],
    [['--failed', '-'], '--failed'],
    [['--report', '-'], '--report'],
    [['--failed', 'x', '--report', 'x'], '--report'],
    [['--failed', 'x', '--summary', 'x'], '--summary'],
    [['--restart=yes'], '--restart'],
    [['--demo'], '--demo'],
    [['--completion', 'tcsh'], '--completion'],
    [['--completion'], '--completion'],
    [['-o', '--failed'], '--output'],
    [[''], 'list'],
  ])('%j', async (argv, named) => {
    const { code, stdout, stderr } = await work.run([`${server.origin}/`, ...argv]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(named);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(server.connections).toBe(0);
    expect(work.files()).toEqual([]);
  });

  test('a file that is no certificate', async () => {
    work.write('none.pem', 'nothing');
    for (const option of ['--cacert', '--cert']) {
      const { code, stderr } = await work.run([`${server.origin}/`, option, 'none.pem', '-o', 'out/']);
      expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining(option) });
    }
    expect(work.files()).toEqual(['none.pem']);
  });

  test('standard input that is asked for twice', async () => {
    for (const argv of [
      ['-', '-'],
      ['-', '-i', '-'],
      ['-', '-d', '@-'],
      ['-d', '@-'],
    ]) {
      expect(await work.run(argv, { input: `${server.origin}/\n` })).toMatchObject({ code: 2 });
    }
    expect(server.connections).toBe(0);
  });
});

describe('help and version', () => {
  test('go to stdout with 0, whatever else is said', async () => {
    const short = await work.run(['--help']);
    expect(short).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('Usage: fetch-pages') });
    expect(await work.run(['-h'])).toEqual(short);
    expect(await work.run(['--no-such-option', '--help'])).toEqual(short);
    const all = await work.run(['--help', 'all']);
    expect(all.code).toBe(0);
    expect(all.stdout.length).toBeGreaterThan(2 * short.stdout.length);
    for (const option of ['--credentials-to', '--block-private', '--max-failures', '--shard'])
      expect(all.stdout).toContain(option);
    expect(Math.max(...all.stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    const version = await work.run(['-V']);
    expect(version).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(/^fetch-pages \d+\.\d+\.\d+\n$/),
    });
    expect(await work.run(['--version'])).toEqual(version);
  });

  test('and a reader that goes away early is no error to speak of', async () => {
    expect((await work.shell('fetch-pages --help all | head -1')).stderr).toBe('');
    expect((await work.shell('fetch-pages --version | true')).stderr).toBe('');
    expect(await work.shell('fetch-pages --version >&-')).toMatchObject({ stderr: '' });
  });

  test('whole, to a reader that is slow', async () => {
    const { stdout } = await work.shell('fetch-pages --help all | { sleep 1; cat; }');
    expect(stdout).toBe((await work.run(['--help', 'all'])).stdout);
  });
});

describe('a bug of ours', () => {
  /** A preload that breaks something that the program relies on. */
  function broken(code: string): { env: Record<string, string> } {
    work.write('broken.mjs', code);
    return { env: { NODE_OPTIONS: `--import=${work.path('broken.mjs')}` } };
  }

  test('that is thrown in the run ends with 70, and is told as one, with what to report', async () => {
    const options = broken(`const { hrtime } = process; let calls = 0;
      performance.now = () => { calls += 1; if (calls > 20) throw new TypeError('a canary of a bug'); return Number(hrtime.bigint()) / 1e6; };`);
    const { code, stdout, stderr } = await work.run([`${server.origin}/[1-9]`, '-o', 'out/'], options);
    expect(stderr).toMatch(/bug of its own/);
    expect({ code, stdout }).toEqual({ code: 70, stdout: '' });
    expect(stderr).toContain('TypeError: a canary of a bug');
    expect(stderr).toMatch(/\/issues/);
    expect(stderr).toMatch(/fetch-pages \d+\.\d+\.\d+/);
    expect(stderr).toMatch(/Node\.js v\d+/);
  });

  test('that nobody waits for does, too', async () => {
    for (const code of [
      "setTimeout(() => { throw new Error('a canary of a bug'); }, 700);",
      "setTimeout(() => { Promise.reject(new Error('a canary of a bug')); }, 700);",
    ]) {
      const slow = await work.serve(() => {});
      const options = broken(code);
      const { code: exit, stderr } = await work.run([`${slow.origin}/[1-9]`, '-o', 'out/'], options);
      expect({ exit, stderr }).toMatchObject({ exit: 70, stderr: expect.stringContaining('Error: a canary of a bug') });
    }
    expect(await work.run([`${server.origin}/[1-9]`, '-o', 'out/'])).toMatchObject({ code: 0 });
  });
});

test('--demo needs no network, ends well and leaves nothing behind', async () => {
  const { code, stdout, stderr } = await work.run(['--demo']);
  expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
  expect(stderr).toMatch(/pages are OK\.\n$/);
  expect(work.files()).toEqual([]);
}, 40_000);
