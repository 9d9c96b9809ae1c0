import { describe, expect, test } from 'vitest';
import type { Gauges, RunEvent } from '../../src/core/event.ts';
import { clockTime } from '../../src/progress/format.ts';
import { firstSample } from '../../src/progress/samples.ts';
import { fold, initialState } from '../../src/progress/state.ts';
import { isLineDue, renderLine } from '../../src/progress/status-line.ts';
import { again, failed, IDLE, kept, listed, pausedOrigin, WALL } from './events.ts';

function line(events: readonly RunEvent[], gauges: Gauges = IDLE, nowMs = 10_000): string {
  return renderLine(events.reduce(fold, initialState()), firstSample(0), gauges, { nowMs, wallMs: WALL });
}

const pages = (many: number): RunEvent[] => Array.from({ length: many }, (_, index) => kept(index));

describe('the line', () => {
  test('of a run that goes well', () => {
    expect(line([listed(1_240), ...pages(1_030)], { ...IDLE, inFlight: 50, receivedBytes: 12_000_000 })).toBe(
      '1,030 of 1,240 pages, 100% OK, 103 pages/s, 1.2 MB/s, 3 s left, 50 in flight',
    );
  });

  test('while the list is read and an origin waits', () => {
    const paused = { reason: 'retry-after', status: 429, untilWall: WALL + 12_000 } as const;
    const gauges = { ...IDLE, inFlight: 1, origins: [pausedOrigin({ waiting: 42, paused })] };
    expect(line([listed(5_000, false), ...pages(998), failed(1), failed(2)], gauges)).toBe(
      '1,000 of ≥5,000 pages, 99.8% OK, 2 not OK, 100 pages/s, 0 B/s, ≥40 s left, 1 in flight, list still being read, ' +
        `42 waiting for api.example.com (429, Retry-After, 12 s, until ${clockTime(WALL + 12_000, WALL)})`,
    );
  });

  test('of several origins the one with the most pages behind it is named', () => {
    const origins = [pausedOrigin({ origin: 'https://a.example', waiting: 1 }), pausedOrigin({ waiting: 9 })];
    expect(line([listed(50)], { ...IDLE, inFlight: 1, origins })).toBe(
      '0 of 50 pages, 0 pages/s, 0 B/s, ≥41 s left, 1 in flight, ' +
        `9 waiting for api.example.com (429, Retry-After, 41 s, until ${clockTime(WALL + 41_000, WALL)}), 1 more origin waits`,
    );
  });

  test('tells what went wrong, and that the run is being stopped', () => {
    const events = [
      listed(9),
      again('try'),
      again('refusal'),
      again('refusal'),
      { type: 'stopping', reason: 'SIGINT' },
    ];
    expect(line(events as RunEvent[])).toBe(
      '0 of 9 pages, 0 pages/s, 0 B/s, 0 in flight, 2 refusals, 1 retry, stopping (Ctrl-C)',
    );
  });

  test('holds no control character of an origin', () => {
    const gauges = { ...IDLE, origins: [pausedOrigin({ origin: 'https://a\u001b[31m' })] };
    expect(line([listed(1)], gauges)).toContain('waiting for a\ufffd[31m (');
  });
});

describe('when a line is due', () => {
  const last = { atMs: 0, share: 0.19 };

  test.each([
    ['not at once', 900, 0.5, 0, false],
    ['after a second, where a tenth of the pages was passed', 1_000, 0.2, 0, true],
    ['not after a second within the same tenth', 1_000, 0.195, 0, false],
    ['after ten seconds whatever happened', 10_000, 0.19, 0, true],
    ['of a long run not so often', 10_000, 0.19, 700_000, false],
    ['but every minute', 60_000, 0.19, 700_000, true],
  ])('%s', (_, atMs, share, elapsedMs, due) => {
    expect(isLineDue(last, { atMs, share }, elapsedMs)).toBe(due);
  });
});
