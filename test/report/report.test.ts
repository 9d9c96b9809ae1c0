import { describe, expect, test } from 'vitest';
import type { Gauges, RunEvent, Verdict } from '../../src/core/event.ts';
import type { Page } from '../../src/core/page.ts';
import { History } from '../../src/report/history.ts';
import { createReport } from '../../src/report/report.ts';
import { failed, IDLE, invalid, ORIGIN, page, record, verdict, WALL } from '../progress/events.ts';
import { FakeClock } from '../support/fake-clock.ts';

const answered = (
  of: Page,
  headMs: number,
  changes: Partial<Extract<RunEvent, { type: 'attempt' }>> = {},
  connectMs = 0,
): RunEvent => ({
  type: 'attempt',
  page: of,
  url: of.url,
  number: 1,
  result: { type: 'answer', status: 200, httpVersion: '2', wireBytes: 100, connectMs, headMs },
  sequel: { type: 'done' },
  ...changes,
});
const FACTS = {
  version: '1.2.3',
  exitCode: 1,
  startedWall: WALL,
  endedWall: WALL + 12_000,
  verdict: { place: 'pages/' },
};

function htmlOf(
  events: readonly RunEvent[],
  of: Verdict,
  context: Partial<(typeof FACTS)['verdict'] & { failedFile: string }> = {},
): string {
  const report = createReport({ gauges: () => IDLE, clock: new FakeClock() });
  report.start();
  for (const event of events) report.listener(event);
  report.stop();
  return report.html(of, { ...FACTS, verdict: { ...FACTS.verdict, ...context } });
}

describe('where the time goes', () => {
  test('what is not waiting and not before the head is the body', () => {
    const history = new History();
    const one = page(1);
    history.hear(answered(one, 30), 0);
    history.hear({ type: 'page', page: one, record: record(1, 'ok', { elapsedMs: 100, waitedMs: 20 }) }, 100);
    expect(history.spent).toEqual({ waiting: 20, connecting: 0, firstByte: 30, body: 50, torn: 0 });
    expect(history.tornPages).toBe(0);
  });

  test('connecting is no part of the first byte, nor of the body', () => {
    const history = new History();
    const [one, two] = [page(1), page(2)];
    history.hear(answered(one, 30, {}, 40), 0);
    history.hear(answered(two, 10, {}, 0.2), 0);
    history.hear({ type: 'page', page: one, record: record(1, 'ok', { elapsedMs: 100, waitedMs: 20 }) }, 100);
    expect(history.spent).toEqual({ waiting: 20, connecting: 40, firstByte: 30, body: 10, torn: 0 });
    expect([history.connecting.count, history.connecting.mostMs]).toEqual([1, 40]);
  });

  test('in line: pages that wait, over time, for each that was asked for; what they waited for later is told already', () => {
    const history = new History();
    history.sample({ ...IDLE, waiting: 10 }, 0);
    history.sample({ ...IDLE, waiting: 10 }, 100);
    history.sample({ ...IDLE, waiting: 0 }, 200);
    expect(history.meanInLineMs).toBeUndefined();
    for (let number = 0; number < 4; number++) {
      const ended = record(number, 'ok', { elapsedMs: 100, waitedMs: 50 });
      history.hear({ type: 'page', page: page(number), record: ended }, 200);
    }
    // 10 pages for 100 ms, of which 4 waited for 50 ms between their tries.
    expect(history.meanInLineMs).toBe((10 * 100 - 4 * 50) / 4);
  });

  test('a page with a try that brought no whole answer is told apart', () => {
    const history = new History();
    const one = page(1);
    const broken = { type: 'failure', failure: { code: 'TRUNCATED', message: 'cut' } } as const;
    history.hear(answered(one, 0, { result: broken, sequel: { type: 'again', cost: 'try', afterMs: 10 } }), 0);
    history.hear(answered(one, 30), 50);
    history.hear(
      { type: 'page', page: one, record: record(1, 'ok', { elapsedMs: 100, waitedMs: 10, requests: 2 }) },
      100,
    );
    expect(history.spent).toEqual({ waiting: 10, connecting: 0, firstByte: 30, body: 0, torn: 60 });
    expect(history.tornPages).toBe(1);
    expect(history.body.count).toBe(0);
  });

  test('what is between two steps of ours is no wait', () => {
    const history = new History();
    for (const [number, waitedMs] of [0.3, 0.9, 1, 40].entries()) {
      history.hear(
        { type: 'page', page: page(number), record: record(number, 'ok', { elapsedMs: 50, waitedMs }) },
        100,
      );
    }
    expect(history.waiting.count).toBe(4);
    expect(history.waited.count).toBe(2);
  });

  test('lines that are no pages, and pages that were never asked for, took none', () => {
    const history = new History();
    history.hear(invalid('a:1', 'nonsense', 'not a URL'), 0);
    history.hear({ type: 'page', page: page(1), record: record(1, 'given-up', { requests: 0, elapsedMs: 0 }) }, 0);
    expect(history.whole.count).toBe(0);
  });
});

test('the run is looked at as it goes, in step with the bins, and no longer when it has ended', async () => {
  const clock = new FakeClock();
  let receivedBytes = 0;
  let looks = 0;
  const gauges = (): Gauges => {
    looks += 1;
    receivedBytes += 1_000;
    return { ...IDLE, inFlight: 7, receivedBytes };
  };
  const report = createReport({ gauges, clock });
  report.start();
  await clock.run(new Promise<void>((resolve) => clock.timer(300_000, resolve)));
  report.listener({ type: 'ended', verdict: verdict() });
  const seen = looks;
  expect(seen).toBeGreaterThan(300);
  expect(seen).toBeLessThan(600);
  report.stop();
  expect(looks).toBe(seen);
  const [, json = ''] =
    /<script type="application\/json" id="plots">(.*?)<\/script>/.exec(report.html(verdict(), FACTS)) ?? [];
  const plots: readonly { id: string; lines: readonly { values: readonly number[] }[] }[] = JSON.parse(json);
  const inFlight = plots.find(({ id }) => id === 'in-flight')?.lines[0]?.values ?? [];
  expect(inFlight.length).toBeLessThanOrEqual(240);
  expect(new Set(inFlight)).toEqual(new Set([7]));
  await expect(clock.run(new Promise(() => undefined))).rejects.toThrow('nothing is left');
});

describe('the page', () => {
  test('says whether all is there', () => {
    const good = htmlOf([], verdict());
    expect(good).toContain('<h1>All 40 pages are OK.</h1>');
    expect(good).toContain('Pages went to pages/. Exit code 1.');
    const bad = htmlOf([], verdict({ ok: 30, notOk: 8, unfinished: 2, stopped: 'deadline' }));
    expect(bad).toContain('<h1 class="bad">30 of 40 pages are OK.</h1>');
    expect(bad).toContain('<strong>2</strong> without an outcome');
    expect(bad).toContain('Stopped early');
  });

  test('lists what failed by cause, the first of each, and where the rest is', () => {
    const events = [
      failed(1),
      failed(2),
      failed(3, 'STALLED', 'no body'),
      ...Array.from({ length: 150 }, (_, n) => failed(n + 10)),
    ];
    const html = htmlOf(events, verdict({ ok: 0, notOk: 153 }), { failedFile: 'rest.txt' });
    expect(html).toContain('<code>HTTP_404</code> <strong>152 pages</strong>');
    expect(html).toContain('and 52 more');
    expect(html).toContain('rest.txt lists all of them');
    expect(html).toContain(`<a href="${ORIGIN}/items/3" rel="noreferrer noopener">${ORIGIN}/items/3</a>`);
    expect(html).toContain('urls.txt:3');
  });

  test('makes a link only of what a click would do again', () => {
    const post = record(1, 'failed', { method: 'POST', status: 500, error: { code: 'HTTP_500', message: 'no' } });
    const html = htmlOf(
      [{ type: 'page', record: post }, invalid('a:1', 'javascript:alert(1)', 'is not fetched')],
      verdict({ ok: 0, notOk: 2 }),
    );
    expect(html).not.toContain('<a href="http');
    expect(html).not.toContain('href="javascript');
    expect(html).toContain(`POST ${ORIGIN}/items/1`);
  });

  test('is no larger for what servers and lists may hold, and takes none of it for HTML', () => {
    const evil = `"'><script>alert(1)</script><img src=x onerror=alert(1)>\u202e\u001b`;
    const events: RunEvent[] = [];
    for (let number = 0; number < 30_000; number++) {
      const origin = `https://o${number % 2_000}.example`;
      const of = { ...page(number), url: `${origin}/${evil.repeat(30)}`, origin };
      const error = { code: `HTTP_${400 + (number % 200)}`, message: evil.repeat(50) } as const;
      events.push(answered(of, number % 5_000));
      const contentType = `${evil}${number}`;
      const wrong = { url: of.url, line: `${evil}:1`, error, contentType, bytes: 10, elapsedMs: number };
      events.push({ type: 'page', page: of, record: record(number, 'failed', wrong) });
      events.push({ type: 'origin-learned', origin, concurrency: number % 50, ratePerSecond: number % 70 });
    }
    const html = htmlOf(events, verdict({ ok: 0, notOk: 30_000 }), { place: evil });
    expect(Buffer.byteLength(html)).toBeLessThan(2_000_000);
    expect(html.match(/<script/g)).toHaveLength(2);
    expect(html.match(/<\/script/g)).toHaveLength(2);
    expect(html).not.toContain('<img');
    expect(html).not.toMatch(/[\u202e\u001b]/);
  });

  test('forbids itself the network, and has every plot in figures too', () => {
    const html = htmlOf([answered(page(1), 5), { type: 'page', page: page(1), record: record(1) }], verdict());
    expect(html).toMatch(
      /content="default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; img-src data:;/,
    );
    expect(html.match(/<(?:script|link|img|iframe)[^>]*(?:src|href)="(?!data:)/g)).toBeNull();
    const plots = html.match(/class="plot"/g) ?? [];
    expect(plots.length).toBeGreaterThan(1);
    expect(html.match(/role="img" aria-label="[^"]{20,}"/g)).toHaveLength(plots.length);
    expect(html.match(/: the figures as a table<\/summary>/g)).toHaveLength(plots.length);
  });
});
