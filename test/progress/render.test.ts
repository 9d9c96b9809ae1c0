import fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, test } from 'vitest';
import type { Gauges, OriginGauge, RunEvent } from '../../src/core/event.ts';
import { clockTime } from '../../src/progress/format.ts';
import { renderLive } from '../../src/progress/render.ts';
import { firstSample } from '../../src/progress/samples.ts';
import { fold, initialState } from '../../src/progress/state.ts';
import { createTheme } from '../../src/progress/theme.ts';
import { failed, IDLE, kept, listed, ORIGIN, page, pausedOrigin, WALL } from './events.ts';

const PLAIN = createTheme(false);

interface Scene {
  readonly events?: readonly RunEvent[];
  readonly gauges?: Gauges;
  readonly columns?: number;
  readonly rows?: number;
  readonly color?: boolean;
}

/** Twelve seconds into a run. */
function draw({ events = [], gauges = IDLE, columns = 80, rows = 24, color = false }: Scene): string[] {
  const state = events.reduce(fold, initialState());
  const theme = color ? createTheme(true) : PLAIN;
  const samples = { ...firstSample(0), cameAtMs: 12_000 };
  return renderLive(state, samples, gauges, { nowMs: 12_000, wallMs: WALL }, { columns, rows }, theme);
}

const keptPages = (many: number): RunEvent[] => Array.from({ length: many }, (_, index) => kept(index));

const EVENTS: readonly RunEvent[] = [
  listed(5_000),
  ...keptPages(1_238),
  failed(17),
  failed(18, 'STREAM_RESET', 'the server reset the stream: INTERNAL_ERROR'),
  {
    type: 'attempt',
    page: page(1),
    url: page(1).url,
    number: 1,
    result: { type: 'answer', status: 429, httpVersion: '2', wireBytes: 0, connectMs: 0, headMs: 5 },
    sequel: { type: 'again', cost: 'refusal', afterMs: 0 },
  },
];

const GAUGES: Gauges = {
  inFlight: 50,
  waiting: 3_710,
  receivedBytes: 14_400_000,
  origins: [
    pausedOrigin(),
    { origin: 'https://b.example', waiting: 7, inFlight: 3, concurrency: 4, answers: 90, ratePerSecond: 12 },
  ],
};

const UNTIL = clockTime(WALL + 41_000, WALL);

describe('the same moment at several widths', () => {
  test('200 columns', () => {
    expect(draw({ events: EVENTS, gauges: GAUGES, columns: 200 })).toEqual([
      `${'━'.repeat(23)}×╸${'─'.repeat(75)}  24%`,
      '1,240 of 5,000 pages   99.8% OK   103 pages/s   1.2 MB/s   ≥41 s left',
      '! 2 not OK: 1 HTTP_404, 1 STREAM_RESET   1 refusal, obeyed',
      '50 in flight   3,710 queued   ████████████   peak 103/s, last 12 s',
      `‖ api.example.com: 429, waits 41 s (Retry-After), until ${UNTIL}, 312 pages behind it`,
      '› b.example:       learned 12/s, 7 pages behind it',
      '✗ HTTP_404      https://api.example.com/items/17  answered 404',
      '✗ STREAM_RESET  https://api.example.com/items/18  the server reset the stream: INTERNAL_ERROR',
    ]);
  });

  test('80 columns', () => {
    expect(draw({ events: EVENTS, gauges: GAUGES, columns: 80 }).slice(1)).toEqual([
      '1,240 of 5,000 pages   99.8% OK   103 pages/s   1.2 MB/s   ≥41 s left',
      '! 2 not OK: 1 HTTP_404, 1 STREAM_RESET   1 refusal, obeyed',
      '50 in flight   3,710 queued   ████████████   peak 103/s, last 12 s',
      '‖ api.example.com: 429, waits 41 s (Retry-After), 312 pages behind it',
      '› b.example:       learned 12/s, 7 pages behind it',
      '✗ HTTP_404      https://api.example.com/items/17  answered 404',
      '✗ STREAM_RESET  https://api.example.com/items/18  the server reset the stream…',
    ]);
  });

  test('40 columns: numbers on two lines, facts in short', () => {
    expect(draw({ events: EVENTS, gauges: GAUGES, columns: 40 })).toEqual([
      '━━━━━━━×╸──────────────────────────  24%',
      '1,240 of 5,000 pages   99.8% OK',
      '103 pages/s   1.2 MB/s   ≥41 s left',
      '! 2 not OK  1 refusal',
      '50 in flight   3,710 queued',
      '████████████   peak 103/s, last 12 s',
      '‖ api.example.com: 429, waits 41 s',
      '› b.example:       learned 12/s, 7 pages',
      '✗ HTTP_404      https://api…com/items/17',
      '✗ STREAM_RESET  https://api…com/items/18',
    ]);
  });

  test('20 columns: what matters most', () => {
    expect(draw({ events: EVENTS, gauges: GAUGES, columns: 20 })).toEqual([
      '━━×╸───────────  24%',
      '1,240/5,000 99.8% OK',
      '103/s  ≥41 s left',
      '! 2 not OK 1 refusal',
      '50 in flight',
      '████████  peak 103/s',
      '‖ api.e…le.com: 41 s',
      '› b.example: 12/s',
      '✗ HTTP_404    ht…/17',
      '✗ STREAM_RE…  ht…/18',
    ]);
  });
});

describe('the same moment at several heights', () => {
  const heights = (rows: number): string[] => draw({ events: EVENTS, gauges: GAUGES, rows });

  test.each([
    [1, ['1,240 of 5,000 pages']],
    [2, ['1,240 of 5,000 pages']],
    [3, ['1,240 of', '! 2 not OK']],
    [4, ['1,240 of', '! 2 not', '‖ 2 origins wait or are paced, 319 pages behind them']],
    [5, ['1,240 of', '! 2 not', '‖ 2 origins wait or are paced', '✗ STREAM_RESET']],
    [6, ['━', '1,240 of', '! 2 not', '‖ 2 origins wait', '✗ STREAM_RESET']],
    [7, ['━', '1,240 of', '! 2 not', '50 in flight', '‖ 2 origins', '✗ STREAM_RESET']],
    [9, ['━', '1,240 of', '! 2 not', '50 in flight', '‖ api.example.com', '› b.example', '✗ HTTP_404', '✗ STREAM']],
  ])('%d rows leave one free, and the least important out', (rows, starts) => {
    const lines = heights(rows);
    expect(lines.map((line, index) => line.slice(0, starts[index]?.length))).toEqual(starts);
  });

  test('as many failures as there is height for, the last ones', () => {
    const events = Array.from({ length: 150 }, (_, number) => failed(number));
    const lines = draw({ events, rows: 60 });
    expect(lines.length).toBe(59);
    expect(lines.at(-1)).toContain(page(149).url);
    expect(lines.filter((line) => line.startsWith('✗')).length).toBe(55);
  });
});

describe('what is not known yet', () => {
  test('the list is still being read: the total is at least that, and no share of it is drawn', () => {
    const lines = draw({ events: [listed(5_000, false), ...keptPages(1_200)], columns: 60 });
    expect(lines).toEqual([
      `${'─'.repeat(38)} list still being read`,
      '1,200 of ≥5,000 pages   100% OK',
      '100 pages/s   0 B/s   ≥38 s left',
      '✓ all is well',
      '0 in flight   0 queued',
      '████████████   peak 100/s, last 12 s',
    ]);
  });

  test('before the first page nobody knows how long it will take, and nothing is OK or not', () => {
    expect(draw({ events: [listed(1)] }).slice(1, 3)).toEqual(['0 of 1 page   0 pages/s   0 B/s', 'no answer yet']);
  });
});

describe('who makes us wait', () => {
  const waiting = (gauge: Partial<OriginGauge>, columns = 120): string | undefined =>
    draw({ gauges: { ...IDLE, origins: [pausedOrigin(gauge)] }, columns }).at(-1);
  const soon = clockTime(WALL + 1_500, WALL);

  test.each([
    ['nothing told', { reason: 'refused', status: 429 }, `429, waits 2 s (no time told, backing off), until ${soon}`],
    ['its quota is used up', { reason: 'quota' }, `waits 2 s (its rate limit is used up), until ${soon}`],
    ['nobody answers', { reason: 'down' }, `waits 2 s (nobody answers), until ${soon}`],
  ] as const)('%s', (_, pause, words) => {
    const line = waiting({ waiting: 1, paused: { ...pause, untilWall: WALL + 1_500 } });
    expect(line).toBe(`‖ api.example.com: ${words}, 1 page behind it`);
  });

  test('and what was learned of it, where there is room', () => {
    const facts = `‖ api.example.com: 429, waits 41 s (Retry-After), until ${UNTIL}, 312 pages behind it`;
    expect(waiting({ ratePerSecond: 42 })).toBe(`${facts}, learned 42/s`);
    expect(waiting({ ratePerSecond: 42 }, 90)).toBe(facts);
  });

  test('when the time has come, it says so', () => {
    const line = waiting({ paused: { reason: 'retry-after', status: 503, untilWall: WALL } });
    expect(line).toBe('‖ api.example.com: 503, is tried again (Retry-After), 312 pages behind it');
  });

  test('not those that nothing hangs on', () => {
    expect(waiting({ waiting: 0 })).not.toContain('api.example.com');
  });

  test('many origins: those with the most pages behind them, as many as fit, and how many more', () => {
    const origins = Array.from({ length: 40 }, (_, index) =>
      pausedOrigin({ origin: `https://h${index}.example`, waiting: index + 1 }),
    );
    const lines = draw({ gauges: { ...IDLE, origins } });
    expect(lines.length).toBe(23);
    expect(lines.find((line) => line.startsWith('‖ h'))).toContain('h39.example');
    expect(lines.at(-1)).toBe('‖ and 22 more origins wait, 253 pages behind them');
  });

  test('many origins that are only slow', () => {
    const origins = Array.from({ length: 40 }, (_, index) => {
      const { paused: _paused, ...gauge } = pausedOrigin({ origin: `https://h${index}.example`, ratePerSecond: 2 });
      return gauge;
    });
    expect(draw({ gauges: { ...IDLE, origins }, rows: 9 }).slice(-2)).toEqual([
      '› h2.example: learned 2/s, 312 pages behind it',
      '› and 37 more origins are paced, 11,544 pages behind them',
    ]);
  });

  test('hosts of several lengths are one column', () => {
    const origins = ['https://a.example', 'https://long.example'].map((origin) => pausedOrigin({ origin }));
    const starts = draw({ gauges: { ...IDLE, origins } })
      .slice(-2)
      .map((line) => line.indexOf('429'));
    expect(starts).toEqual([16, 16]);
  });
});

test('while it is being stopped, it says why, and what can be done', () => {
  const events: RunEvent[] = [listed(9), { type: 'stopping', reason: 'SIGINT' }];
  const told = (columns: number) => draw({ events, gauges: { ...IDLE, inFlight: 1 }, columns })[2];
  expect(told(100)).toBe('stopping (Ctrl-C): 1 request in flight gets 5 s to land; Ctrl-C again ends at once');
  expect(told(80)).toBe('stopping (Ctrl-C): 1 request in flight gets 5 s to land');
});

test('colour adds nothing but colour', () => {
  const painted = draw({ events: EVENTS, gauges: GAUGES, color: true });
  expect(painted.join('')).toContain('\u001b[3');
  expect(painted.map((line) => line.replaceAll(/\u001b\[\d+m/g, ''))).toEqual(draw({ events: EVENTS, gauges: GAUGES }));
});

describe('whatever a server or a list says', () => {
  const nasty = fc
    .array(
      fc.oneof(
        fc.constantFrom(
          '\u001b[2J',
          '\u009b3A',
          '\r\n',
          '\u202e',
          '古',
          '👨‍👩‍👧‍👦',
          'e\u0301',
          '🇩🇪',
          '\u0600',
          '👍🏽',
          '\ufe0f',
          '\u200d',
          'ﾞ',
        ),
        fc.webUrl({ withQueryParameters: true }),
        fc.string({ unit: 'binary' }),
      ),
      { maxLength: 12 },
    )
    .map((parts) => parts.join(''));
  const scene = fc.record({
    columns: fc.integer({ min: 1, max: 300 }),
    rows: fc.integer({ min: 1, max: 100 }),
    color: fc.boolean(),
    listed: fc.tuple(fc.nat(100_000_000), fc.boolean()),
    ok: fc.nat(30),
    messages: fc.array(fc.tuple(nasty, nasty), { maxLength: 30 }),
    origins: fc.array(fc.tuple(nasty, fc.nat(9_999_999), fc.integer({ min: -5_000, max: 400_000_000 }), fc.boolean()), {
      maxLength: 20,
    }),
    receivedBytes: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
    stopping: fc.boolean(),
  });

  test('no line is wider than the terminal, no view higher, and no control character gets through', () => {
    fc.assert(
      fc.property(
        scene,
        ({ columns, rows, color, listed: [pages, done], ok, messages, origins, receivedBytes, stopping }) => {
          const failures = messages.map(([url, message], index): RunEvent => {
            const event = failed(index, 'TRUNCATED', message);
            return event.type === 'page' ? { ...event, record: { ...event.record, url } } : event;
          });
          const stop: RunEvent[] = stopping ? [{ type: 'stopping', reason: 'SIGINT' }] : [];
          const gauges = {
            inFlight: 5,
            waiting: 12_345,
            receivedBytes,
            origins: origins.map(([origin, waiting, inMs, paced]) =>
              paced
                ? { origin, waiting, inFlight: 0, concurrency: 1, answers: 9, ratePerSecond: 0.25 }
                : pausedOrigin({ origin, waiting, paused: { reason: 'refused', status: 429, untilWall: WALL + inMs } }),
            ),
          };
          const events = [listed(pages, done), ...keptPages(ok), ...failures, ...stop];
          const painted = draw({ events, gauges, columns, rows, color });
          expect(painted.length).toBeGreaterThan(0);
          expect(painted.length).toBeLessThanOrEqual(Math.max(1, rows - 1));
          for (const line of painted.map((text) => text.replaceAll(/\u001b\[\d+m/g, ''))) {
            expect(stringWidth(line)).toBeLessThanOrEqual(columns);
            expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

test('an origin is shown without its scheme', () => {
  expect(draw({ gauges: { ...IDLE, origins: [pausedOrigin({ origin: ORIGIN })] } }).at(-1)).toMatch(
    /^‖ api\.example\.com:/,
  );
});
