import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import type { AppServer } from '../support/app-server.ts';
import { until, useWorkspace } from '../support/workspace.ts';

const work = useWorkspace();
let server: AppServer;
beforeEach(async () => {
  server = await work.serve(({ path }, { answer }) => {
    if (path === '/wait') answer('', { status: 429, headers: { 'retry-after': '600' } });
    else answer('page', { status: path === '/missing' ? 404 : 200 });
  });
});

const run = async (...argv: readonly string[]) => (await work.run(argv)).code;

/** While the origin has asked for patience: then nothing is in flight that would have to land. */
async function signalled(signal: NodeJS.Signals): Promise<number> {
  const waiting = work.start([`${server.origin}/wait`, '-o', 'out/', '-v']);
  await until(() => waiting.stderr().includes('waits'), 'that it waits');
  waiting.signal(signal);
  return (await waiting.ended).code;
}

/** Every exit code there is, and one way to it; the details are in the tests beside this one. */
const WAYS: Readonly<Record<number, readonly [how: string, way: () => Promise<number>]>> = {
  0: ['every page is OK', () => run(`${server.origin}/ok`, '-o', 'out/')],
  1: ['a page is not OK', () => run(`${server.origin}/missing`, '-o', 'out/')],
  2: ['a wrong option', () => run(`${server.origin}/ok`, '--retry', 'often')],
  3: [
    'a folder that is no store',
    () => {
      work.write('out/theirs.txt', 'theirs');
      return run(`${server.origin}/ok`, '-o', 'out/');
    },
  ],
  4: ['stopped early', () => run(`${server.origin}/{missing,ok}`, '--fail-fast', '-c', '1', '-o', 'out/')],
  70: [
    'a bug: here somebody has broken the clock',
    async () => {
      work.write(
        'broken.mjs',
        `let calls = 0; performance.now = () => { if (++calls > 20) throw new TypeError(); return calls; };`,
      );
      const env = { NODE_OPTIONS: `--import=${work.path('broken.mjs')}` };
      return (await work.run([`${server.origin}/[1-9]`, '-o', 'out/'], { env })).code;
    },
  ],
  129: ['SIGHUP', () => signalled('SIGHUP')],
  130: ['SIGINT', () => signalled('SIGINT')],
  141: [
    'the reader of stdout went away',
    async () => (await work.shell(`fetch-pages '${server.origin}/[1-500]' -o - | head -n 1`)).code,
  ],
  143: ['SIGTERM', () => signalled('SIGTERM')],
};

test.each(Object.entries(WAYS).map(([code, [how, way]]) => [Number(code), how, way] as const))(
  '%i: %s',
  async (code, _how, way) => {
    expect(await way()).toBe(code);
  },
);

test('the README tells of these and of no others', () => {
  const readme = readFileSync(join(import.meta.dirname, '..', '..', 'README.md'), 'utf8');
  const [, section = ''] = /\n## Exit codes\n([\s\S]*?)\n## /.exec(readme) ?? [];
  const told = [...section.matchAll(/^\| ([\d, ]+) \|/gm)].flatMap(([, codes = '']) => codes.split(', ').map(Number));
  expect(told.toSorted((a, b) => a - b)).toEqual(Object.keys(WAYS).map(Number));
});
