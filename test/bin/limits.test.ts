import { describe, expect, test } from 'vitest';
import type { AppServer } from '../support/app-server.ts';
import { startScriptedServer } from '../support/h1-server.ts';
import { byPath, useWorkspace } from '../support/workspace.ts';

const work = useWorkspace();

describe('times', () => {
  test('a head that does not come, a body that stalls, drips or takes too long: each has its code', async () => {
    const server = await work.serve((request, { begin }) => {
      if (request.path === '/silent') return;
      const stream = begin({ 'content-length': 5_000 }, 'a');
      if (request.path === '/stalls') return;
      const timer = setInterval(() => (stream.destroyed ? clearInterval(timer) : stream.write('a')), 50);
    });
    const urls = ['/silent', '/stalls', '/drips'].map((path) => server.origin + path);
    const { code } = await work.run([
      ...urls,
      '--response-timeout',
      '400ms',
      '--stall-timeout',
      '500ms',
      '--retry',
      '0',
      '-o',
      'out.ndjson',
    ]);
    expect(code).toBe(1);
    const records = byPath(work.records('out.ndjson'));
    expect(records['/silent']).toMatchObject({ outcome: 'error', error: { code: 'RESPONSE_TIMEOUT' }, attempts: 1 });
    expect(records['/stalls']).toMatchObject({ outcome: 'error', error: { code: 'STALLED' } });
    expect(records['/drips']).toMatchObject({ outcome: 'error', error: { code: 'STALLED' } });
  });

  test('-m ends an attempt, and the next one may do', async () => {
    const server = await work.serve((request, { answer }) => {
      if (request.count > 1) answer('at last');
    });
    const { code } = await work.run([`${server.origin}/`, '-m', '500ms', '-o', 'out.ndjson']);
    expect(code).toBe(0);
    expect(work.records('out.ndjson')[0]).toMatchObject({ outcome: 'ok' });
    expect(work.records('out.ndjson')[0]?.attempts).toBeGreaterThan(1);
    const never = await work.serve(() => {});
    await work.run([`${never.origin}/`, '-m', '300ms', '--retry', '1', '-o', 'never.ndjson']);
    expect(work.records('never.ndjson')[0]).toMatchObject({
      outcome: 'error',
      error: { code: 'MAX_TIME' },
      attempts: 2,
    });
  });

  test('--connect-timeout: a server that accepts and never shakes hands', async () => {
    const server = await startScriptedServer(() => {});
    try {
      const url = server.origin.replace('http', 'https');
      await work.run([url, '--connect-timeout', '300ms', '--retry', '0', '-o', 'out.ndjson', '--patience', '1s']);
      expect(work.records('out.ndjson')[0]?.error?.code).toBe('CONNECT_TIMEOUT');
    } finally {
      await server.close();
    }
  });

  test('--deadline stops the run with 4, and the rerun goes on from there', async () => {
    let slow = true;
    const server = await work.serve((request, { answer }) => {
      if (!slow || request.path === '/1') answer('page');
    });
    const argv = [1, 2, 3].map((number) => `${server.origin}/${number}`);
    const { code, stderr } = await work.run([...argv, '--deadline', '2s', '-o', 'out/']);
    expect(code).toBe(4);
    expect(stderr).toMatch(/Stopped early \(--deadline\)/);
    expect(stderr).toMatch(/1 of 3 pages is OK\.\n$/);
    slow = false;
    const again = await work.run([...argv, '-o', 'out/']);
    expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining('All 3 pages are OK (1 already stored') });
    expect(server.count('/1')).toBe(1);
  }, 20_000);
});

describe('pace', () => {
  test('-c and --per-origin bound what is in flight', async () => {
    let inFlight = 0;
    const most = { all: 0 };
    const slowly = () =>
      work.serve((_request, { answer }) => {
        inFlight += 1;
        most.all = Math.max(most.all, inFlight);
        setTimeout(() => {
          inFlight -= 1;
          answer();
        }, 30);
      });
    const [one, two] = [await slowly(), await slowly()];
    await work.run([`${one.origin}/[1-30]`, `${two.origin}/[1-30]`, '-c', '3', '--no-adapt', '-o', 'a/']);
    expect(most.all).toBe(3);
    most.all = 0;
    await work.run([`${one.origin}/[1-30]`, '--per-origin', '2', '--no-adapt', '-o', 'b/']);
    expect(most.all).toBe(2);
  });

  test('--rate spaces the starts evenly', async () => {
    const server = await work.serve((_request, { answer }) => answer());
    await work.run([`${server.origin}/[1-20]`, '--rate', '20/s', '-o', 'out/']);
    const times = server.requests.map(({ atMs }) => atMs);
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThan(800);
  });

  test('--limit-rate holds the whole run back', async () => {
    const server = await work.serve((_request, { answer }) => answer(Buffer.alloc(100_000)));
    const startedAt = performance.now();
    const { code } = await work.run([`${server.origin}/[1-4]`, '--limit-rate', '200k', '-o', 'out/']);
    expect(code).toBe(0);
    expect(performance.now() - startedAt).toBeGreaterThan(1_200);
  });

  test('Retry-After pauses the origin, uses up no try, and --retry 0 obeys too', async () => {
    const refusedUntil = { atMs: 0 };
    const server: AppServer = await work.serve((_request, { answer }) => {
      refusedUntil.atMs ||= performance.now() + 900;
      if (performance.now() < refusedUntil.atMs) answer('', { status: 429, headers: { 'retry-after': '1' } });
      else answer();
    });
    const { code, stderr } = await work.run([`${server.origin}/[1-40]`, '--retry', '0', '-o', 'out.ndjson', '-v']);
    expect(code).toBe(0);
    expect(stderr).toMatch(/429, waits \S+ (?:s|ms) \(Retry-After\)/);
    expect(server.requests.length).toBeLessThan(110);
    expect(work.records('out.ndjson').every(({ attempts }) => attempts === 1)).toBe(true);
  });

  test('an origin that asks for longer than --max-wait is given up at once, with the time to come back', async () => {
    const server = await work.serve((_request, { answer }) =>
      answer('', { status: 429, headers: { 'retry-after': '7200' } }),
    );
    const other = await work.serve((_request, { answer }) => answer());
    const { code, stderr } = await work.run([`${server.origin}/[1-100]`, `${other.origin}/[1-5]`, '-o', 'out.ndjson']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/ORIGIN_ASKS_TOO_LONG .*come back in (?:2 h|1 h 59)/);
    const records = work.records('out.ndjson');
    expect(records.filter(({ outcome }) => outcome === 'given-up')).toHaveLength(100);
    expect(records.filter(({ outcome }) => outcome === 'ok')).toHaveLength(5);
    expect(server.requests.length).toBeLessThan(60);
  });

  test('an origin where nobody answers is given up after --patience', async () => {
    const server = await work.serve(() => {});
    await server.close();
    const { code } = await work.run([`${server.origin}/[1-30]`, '--patience', '1s', '-o', 'out.ndjson']);
    expect(code).toBe(1);
    const records = work.records('out.ndjson');
    expect(records).toHaveLength(30);
    for (const { outcome, error } of records) expect([outcome, error?.code]).toEqual(expect.arrayContaining([outcome]));
    expect(records.some(({ outcome }) => outcome === 'given-up')).toBe(true);
  });
});

describe('sizes', () => {
  test('--max-filesize: a body that is larger is refused, by its length and by its bytes', async () => {
    const server = await work.serve((request, { begin, answer }) => {
      if (request.path === '/told') return answer(Buffer.alloc(2_000));
      if (request.path === '/small') return answer(Buffer.alloc(1_000));
      begin({}, Buffer.alloc(2_000)).end();
    });
    const urls = ['/told', '/small', '/untold'].map((path) => server.origin + path);
    const { code } = await work.run([...urls, '--max-filesize', '1k', '-o', 'out/']);
    expect(code).toBe(1);
    const records = byPath(work.records('out/'));
    expect(records['/told']).toMatchObject({ outcome: 'error', error: { code: 'TOO_LARGE' }, attempts: 1 });
    expect(records['/untold']).toMatchObject({ outcome: 'error', error: { code: 'TOO_LARGE' }, attempts: 1 });
    expect(records['/small']).toMatchObject({ outcome: 'ok', bytes: 1_000 });
  });

  test('NDJSON holds bodies in memory: 16M unless more is allowed', async () => {
    const server = await work.serve((_request, { answer }) => answer(Buffer.alloc(17 * 2 ** 20, 'a')));
    const { code, stderr } = await work.run([`${server.origin}/`, '-o', 'out.ndjson']);
    expect(code).toBe(1);
    expect(work.records('out.ndjson')[0]).toMatchObject({ error: { code: 'TOO_LARGE' } });
    expect(stderr).toContain('--max-filesize');
    expect(await work.run([`${server.origin}/`, '--max-filesize', '20M', '-o', 'out.ndjson'])).toMatchObject({
      code: 0,
    });
  });

  test('a page of 40 MB goes to its file in pieces', async () => {
    const server = await work.serve((_request, { answer }) => answer(Buffer.alloc(40 * 2 ** 20, 'a')));
    expect(await work.run([`${server.origin}/`, '-o', 'out/'])).toMatchObject({ code: 0 });
    expect(work.records('out/')[0]).toMatchObject({ outcome: 'ok', bytes: 40 * 2 ** 20, complete: 'content-length' });
  });
});
