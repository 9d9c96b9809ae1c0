import { describe, expect, test } from 'vitest';
import type { Gauges, RunEvent } from '../../src/core/event.ts';
import { clockTime } from '../../src/progress/format.ts';
import { renderLive } from '../../src/progress/render.ts';
import { firstSample, takeSample } from '../../src/progress/samples.ts';
import { fold, initialState } from '../../src/progress/state.ts';
import { createTheme } from '../../src/progress/theme.ts';
import { again, failed, IDLE, kept, listed, ORIGIN, page, pausedOrigin, WALL } from './events.ts';

const BUSY: Gauges = { ...IDLE, inFlight: 9 };

/** What is said of a run of 30 s, all of whose events came at its beginning or, where `late`, at its end. */
function told(events: readonly RunEvent[], gauges: Gauges = BUSY, columns = 160, late = true): string | undefined {
  const state = [listed(500), ...events].reduce(fold, initialState());
  const failedPages = state.notOk - state.invalid;
  const done = { fetched: state.ok + failedPages, failed: failedPages, receivedBytes: 0 };
  let samples = firstSample(0);
  for (let second = 1; second <= 30; second++) {
    const came = second === 30 || !late ? done : { fetched: 0, failed: 0, receivedBytes: second };
    samples = takeSample(samples, { atMs: second * 1_000, ...came }, gauges);
  }
  const moment = { nowMs: 30_000, wallMs: WALL };
  return renderLive(state, samples, gauges, moment, { columns, rows: 24 }, createTheme(false))[columns < 72 ? 3 : 2];
}

const keptPages = (many: number): RunEvent[] => Array.from({ length: many }, (_, index) => kept(index));
const REFUSED: readonly RunEvent[] = [again('refusal', 429), again('refusal', 429), again('try', 429)];

describe('there is nothing to worry about', () => {
  test.each<[string, readonly RunEvent[], string]>([
    ['nothing has come yet', [], 'no answer yet'],
    ['pages come', keptPages(3), '✓ all is well'],
    ['what is stored needs no answer', [{ type: 'already-stored', page: page(1) }], '✓ all is well'],
    [
      'refusals and retries cost time only',
      [...keptPages(3), ...REFUSED],
      '✓ nothing is lost   2 refusals, obeyed   1 retry',
    ],
  ])('%s', (_, events, expected) => {
    expect(told(events)).toBe(expected);
  });
});

describe('something is wrong', () => {
  const failures = [failed(1), failed(2), failed(3, 'TRUNCATED', 'cut'), failed(4, 'HTTP_410'), failed(5, 'HTTP_500')];

  test('pages are not OK: how many for which cause', () => {
    expect(told([...keptPages(30), ...failures, ...REFUSED])).toBe(
      '! 5 not OK: 2 HTTP_404, 1 TRUNCATED, 1 HTTP_410, 1 other   2 refusals, obeyed   1 retry',
    );
  });

  test('fewer causes by name where there is less room', () => {
    expect(told([...keptPages(30), ...failures, ...REFUSED], BUSY, 72)).toBe(
      '! 5 not OK: 2 HTTP_404, 1 TRUNCATED, 2 others  2 refusals  1 retry',
    );
  });

  test('in short where there is no room', () => {
    expect(told([...keptPages(30), ...failures, ...REFUSED], BUSY, 40)).toBe('! 5 not OK  2 refusals  1 retry');
  });

  test('most pages of the last minute are not OK', () => {
    expect(told([...keptPages(4), ...Array.from({ length: 45 }, (_, number) => failed(number))])).toBe(
      '! most pages fail now: 45 of the last 49   45 not OK: 45 HTTP_404',
    );
  });

  test('but not where they are few', () => {
    expect(told([failed(1), failed(2)])).toBe('! 2 not OK: 2 HTTP_404');
  });

  test('an origin is given up', () => {
    const failure = { code: 'ORIGIN_SILENT', message: 'it answers 502' } as const;
    expect(told([kept(1), { type: 'origin-given-up', origin: ORIGIN, failure }])).toBe('! 1 origin given up');
  });

  test('nothing has come in for a while, though much is in flight', () => {
    expect(told(keptPages(3), BUSY, 160, false)).toBe('! nothing has come in for 29 s');
    expect(told(keptPages(3), IDLE, 160, false)).toBe('✓ all is well');
  });
});

test('all that is left waits: for how long', () => {
  const far = pausedOrigin({ origin: 'https://far.example', paused: { reason: 'quota', untilWall: WALL + 90_000 } });
  const gauges = { ...IDLE, origins: [far, pausedOrigin()] };
  expect(told([...keptPages(3), ...REFUSED], gauges)).toBe(
    `‖ all waits, for 41 s, until ${clockTime(WALL + 41_000, WALL)}   2 refusals, obeyed   1 retry`,
  );
  expect(told(keptPages(3), { ...gauges, inFlight: 1 })).toBe('✓ all is well');
});
