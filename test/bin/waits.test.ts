import { expect, test } from 'vitest';
import { byPath, useWorkspace } from '../support/workspace.ts';

const work = useWorkspace();

test('records and summary carry the waits and the refusals', async () => {
  let refusedAtMs = 0;
  const server = await work.serve((request, { answer }) => {
    if (request.path === '/3') refusedAtMs ||= performance.now();
    const isRefused = request.path === '/3' && performance.now() - refusedAtMs < 900;
    answer('page', isRefused ? { status: 429, headers: { 'retry-after': '1' } } : {});
  });
  const argv = [`${server.origin}/[1-5]`, '-c', '1', '-o', 'out.ndjson', '--summary', 'summary.json'];
  expect(await work.run(argv)).toMatchObject({ code: 0 });
  const records = byPath(work.records('out.ndjson'));
  const summary = JSON.parse(work.read('summary.json'));
  // A refusal is the origin's: it is a request more, and no attempt.
  expect(records['/3']).toMatchObject({ outcome: 'ok', attempts: 1, requests: 2 });
  expect(records['/3']?.waitedMs).toBeGreaterThanOrEqual(1_000);
  expect(records['/3']?.elapsedMs).toBeGreaterThanOrEqual(records['/3']?.waitedMs ?? 0);
  expect(records['/1']?.waitedMs).toBeLessThan(1_000);
  expect(summary.waitedSeconds).toBeGreaterThanOrEqual(1);
  expect(summary.traffic).toMatchObject({ attempts: 5, requests: 6, retries: 0, refusals: 1 });
});

test('an origin that falls silent for --patience is given up, with what to do next; the next run asks for the rest alone', async () => {
  let isSilent = false;
  const server = await work.serve((request, { answer }) => {
    if (request.path === '/3') isSilent = true;
    if (isSilent) answer('', { status: 500 });
    else answer('page');
  });
  const argv = [`${server.origin}/[1-30]`, '-c', '1', '-o', 'out.ndjson', '--patience', '1s'];
  const { code, stderr } = await work.run([...argv, '--failed', 'rest.txt']);
  expect(code).toBe(1);
  const { host } = new URL(server.origin);
  expect(stderr).toContain('ORIGIN_SILENT');
  expect(stderr).toMatch(new RegExp(`${host} is given up: .*; run the same command again later, or raise --patience`));
  const left = work.records('out.ndjson').filter(({ outcome }) => outcome !== 'ok');
  expect(left).toHaveLength(28);
  expect(left.filter(({ outcome }) => outcome === 'given-up').length).toBeGreaterThan(20);
  expect(left.find(({ outcome }) => outcome === 'given-up')?.error).toMatchObject({ code: 'ORIGIN_SILENT' });
  isSilent = false;
  const before = server.requests.length;
  // Page 3 brings the silence about: it is left out now.
  expect(await work.run([`${server.origin}/[1-2]`, `${server.origin}/[4-30]`, '-o', 'out.ndjson'])).toMatchObject({
    code: 0,
  });
  expect(server.requests.length - before).toBe(27);
});

test('--rate: no second has more starts, hops and retries and refused requests included', async () => {
  const server = await work.serve((request, { answer }) => {
    const number = Number(request.path.slice(1));
    if (request.path.startsWith('/to')) answer('page');
    else if (number % 5 === 0) answer('', { status: 302, headers: { location: `/to${number}` } });
    else if (number % 7 === 0 && request.count === 1) answer('', { status: 500 });
    else if (number === 33 && request.count === 1) answer('', { status: 429, headers: { 'retry-after': '0' } });
    else answer('page');
  });
  expect(await work.run([`${server.origin}/[1-60]`, '--rate', '25/s', '-o', 'out.ndjson'])).toMatchObject({ code: 0 });
  const times = server.requests.map(({ atMs }) => atMs);
  expect(times.length).toBe(60 + 12 + 7 + 1);
  const inASecond = times.map((from) => times.filter((at) => at >= from && at < from + 1_000).length);
  // The server's clock is read when the server gets round to it: what was held up arrives together.
  expect(Math.max(...inASecond)).toBeLessThanOrEqual(30);
  expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThan(((times.length - 1) * 1_000) / 25 - 200);
});
