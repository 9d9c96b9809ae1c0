import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { until, useWorkspace } from '../support/workspace.ts';

const work = useWorkspace();
const PAGES = 3_000;
const KILLS = 10;
const IN_FLIGHT = 20;

/** A body that is its page's own, so that none can stand in for another. */
function bodyOf(path: string): string {
  return `${path} `.repeat(200);
}

/** The same instants in every run of the test: `Math.random` would make a failure hard to come back to. */
function* fractions(): Generator<number, never> {
  for (let state = 42; ; ) {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    yield state / 2 ** 31;
  }
}

test.each(['out/', 'out.ndjson', 'out.db'])(
  'killed ten times at any instant, a run into %s has every page once in the end, and little was fetched twice',
  async (output) => {
    const server = await work.serve(({ path }, { answer }) => {
      setTimeout(() => answer(bodyOf(path), { headers: { 'content-type': 'text/plain' } }), 2);
    });
    work.write(
      'list.txt',
      Array.from({ length: PAGES }, (_, index) => `${server.origin}/${index}`),
    );
    const argv = ['list.txt', '-o', output, '-c', `${IN_FLIGHT}`];
    const fraction = fractions();

    for (let kill = 1; kill <= KILLS; kill += 1) {
      const before = server.requests.length;
      const run = work.start(argv);
      // From the first request on, somewhere within a twelfth of the whole; now and then before any.
      const requests = kill % 5 === 0 ? 0 : 1 + Math.floor(fraction.next().value * (PAGES / 6));
      await until(() => server.requests.length >= before + requests || run.child.exitCode !== null, 'requests');
      await new Promise((resolve) => setTimeout(resolve, fraction.next().value * 20));
      run.signal('SIGKILL');
      await run.ended;
    }
    const { code, stderr } = await work.run(argv);
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining(`All 3,000 pages are OK`) });

    const ok = work.records(output).filter(({ outcome }) => outcome === 'ok');
    expect(ok).toHaveLength(PAGES);
    expect(new Set(ok.map(({ url }) => url)).size).toBe(PAGES);
    const named = new Set<string>();
    for (const { url, file, body, sha256, bytes } of ok) {
      const expected = bodyOf(new URL(url).pathname);
      const found = file === undefined ? body : work.read(`${output}${file}`);
      if (file !== undefined) named.add(file);
      if (found !== expected) throw new Error(`${url} is not whole`);
      expect(sha256).toBe(createHash('sha256').update(expected).digest('hex'));
      expect(bytes).toBe(expected.length);
    }
    if (output.endsWith('/')) {
      expect(named.size).toBe(PAGES);
      const others = work.files(output).filter((name) => !named.has(name));
      expect(others.every((name) => name === 'manifest.ndjson' || name.startsWith('.fetch-pages'))).toBe(true);
    }

    const twice = server.requests.length - new Set(server.requests.map(({ path }) => path)).size;
    // What was in flight or waited for the disk when a kill came, and no more.
    expect(twice).toBeLessThanOrEqual(KILLS * IN_FLIGHT * 3);
  },
  60_000,
);
