import { describe, expect, test } from 'vitest';
import { failure } from '../../src/core/failure.ts';
import { Causes } from '../../src/report/causes.ts';
import { escapeHtml, scriptJson, shownText } from '../../src/report/escape.ts';
import { Origins } from '../../src/report/origins.ts';
import { Shares } from '../../src/report/shares.ts';
import { Timeline } from '../../src/report/timeline.ts';
import { page, record } from '../progress/events.ts';

describe('text of others stays text', () => {
  test('in HTML', () => {
    expect(escapeHtml(`<a href="x" b='y'>&amp;`)).toBe('&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;amp;');
    expect(shownText('a\u202egpj.exe\u001b[31m<', 100)).toBe('a\ufffdgpj.exe\ufffd[31m&lt;');
  });

  test('in JSON within a script element', () => {
    const value = { text: '</script><!--<script>\u2028&' };
    const json = scriptJson(value);
    expect(json).not.toMatch(/[<>&\u2028]/);
    expect(JSON.parse(json)).toEqual(value);
  });
});

describe('memory is bounded', () => {
  test('of causes: codes, URLs of each, and their length', () => {
    const causes = new Causes();
    const url = `https://a.example/${'&'.repeat(5_000)}`;
    for (let status = 400; status < 600; status++) {
      for (let number = 0; number < 150; number++) {
        const error = { code: `HTTP_${status}`, message: 'no'.repeat(1_000) } as const;
        causes.add(record(number, 'failed', { url, status, error }));
      }
    }
    const read = causes.read();
    expect(read).toHaveLength(60);
    expect(causes.otherPages).toBe(140 * 150);
    for (const { pages, examples } of read) {
      expect(pages).toBe(150);
      expect(examples.length).toBeGreaterThanOrEqual(3);
      expect(examples.length).toBeLessThanOrEqual(100);
    }
    const shown = read.flatMap(({ examples }) => examples.map((example) => escapeHtml(example.url + example.message)));
    expect(shown.join('').length).toBeLessThan(1_000_000);
  });

  test('of content types: the small ones are put together, and nothing is lost', () => {
    const shares = new Shares();
    shares.add('text/html', 1_000_000);
    for (let number = 0; number < 5_000; number++) shares.add(`x/${number}`, 1);
    const { top, others, isRough } = shares.read(3);
    expect(top).toHaveLength(3);
    expect(top[0]).toEqual({ name: 'text/html', pages: 1, bytes: 1_000_000 });
    expect(others).toEqual({ names: 4_998, pages: 4_998, bytes: 4_998 });
    expect(isRough).toBe(true);
  });

  test('of origins: the most asked and those that sent most stay, and are drawn', () => {
    const timeline = new Timeline();
    const origins = new Origins(timeline);
    const ask = (origin: string, wireBytes: number, elapsedMs = 0): void => {
      const result = { type: 'answer', status: 200, httpVersion: '2', wireBytes, connectMs: 0, headMs: 1 } as const;
      const url = `${origin}/1`;
      origins.attempt({ type: 'attempt', page: page(1), url, number: 1, result, sequel: { type: 'done' } }, elapsedMs);
    };
    ask('https://large.example', 1e9);
    for (let number = 0; number < 3_000; number++) ask(`https://${number}.example`, 1);
    for (let number = 0; number < 100; number++) ask('https://late.example', 1, 1_000);
    const [byRequests] = origins.read(5, 'requests', 1_000).top;
    expect(byRequests).toMatchObject({ origin: 'https://late.example', requests: 100 });
    expect(byRequests?.track).toBeDefined();
    const read = origins.read(1, 'wireBytes', 1_000);
    expect(read.top[0]).toMatchObject({ origin: 'https://large.example', requests: 1, wireBytes: 1e9 });
    expect(read.others.requests).toBe(3_100);
    expect(read.isRough).toBe(true);
  });
});

test('an origin’s pauses are added up, the one that goes on too; what it learned is kept from before it is tracked', () => {
  const timeline = new Timeline();
  const origins = new Origins(timeline);
  const name = 'https://a.example';
  origins.learned(name, 4, 2.5, 0);
  origins.paused(name, 100);
  origins.paused(name, 150);
  origins.resumed(name, 300);
  origins.resumed(name, 350);
  origins.paused(name, 1_000);
  origins.attempt(
    {
      type: 'attempt',
      page: page(1),
      url: `${name}/?q`,
      number: 1,
      result: { type: 'failure', failure: failure('STALLED') },
      sequel: { type: 'again', cost: 'refusal', afterMs: 0 },
    },
    1_100,
  );
  const [read] = origins.read(1, 'requests', 1_500).top;
  expect(read).toMatchObject({
    pausedMs: 700,
    requests: 1,
    refusals: 1,
    failures: 1,
    concurrency: 4,
    ratePerSecond: 2.5,
  });
  expect(read?.track?.concurrency.read(timeline.bins).at(-1)).toBe(4);
  origins.givenUp(name, 'ORIGIN_SILENT', 2_000);
  expect(origins.read(1, 'requests', 9_000).top[0]).toMatchObject({ pausedMs: 1_200, givenUp: 'ORIGIN_SILENT' });
});
