import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import type { Gauges } from '../../src/core/event.ts';
import type { ProgressStream } from '../../src/progress/screen.ts';
import type { Progress, ProgressOptions } from '../../src/progress/terminal.ts';
import { createProgress } from '../../src/progress/terminal.ts';
import { failed, IDLE, kept, listed, page, pausedOrigin, verdict, WALL } from './events.ts';
import { FakeTerminal, type TerminalSize } from './fake-terminal.ts';

const SHOW = '\u001b[?25h';

class FakeStream implements ProgressStream {
  columns: number | undefined = 80;
  rows: number | undefined = 24;
  writableNeedDrain = false;
  failing = false;
  readonly writes: string[] = [];
  readonly #listeners: { event: string; listener: () => void }[] = [];

  write(text: string): boolean {
    if (this.failing) throw new Error('EPIPE');
    this.writes.push(text);
    return true;
  }

  on(event: string, listener: () => void): void {
    this.#listeners.push({ event, listener });
  }

  off(event: string, listener: () => void): void {
    const index = this.#listeners.findIndex((known) => known.event === event && known.listener === listener);
    if (index !== -1) this.#listeners.splice(index, 1);
  }

  emit(event: string): void {
    for (const known of [...this.#listeners]) if (known.event === event) known.listener();
  }

  listeners(event: string): number {
    return this.#listeners.filter((known) => known.event === event).length;
  }

  get text(): string {
    return this.writes.join('');
  }
}

interface Stage {
  readonly stream: FakeStream;
  readonly progress: Progress;
  /** Lets time pass. */
  pass(ms: number): void;
  readonly timers: () => number;
  screen(): string[];
  readonly terminal: () => FakeTerminal;
}

function stage(options: Partial<ProgressOptions> = {}, gauges: () => Gauges = () => IDLE): Stage {
  const stream = new FakeStream();
  let nowMs = 0;
  let timers: { everyMs: number; nextMs: number; tick: () => void }[] = [];
  const progress = createProgress({
    mode: 'bar',
    quiet: false,
    verbose: false,
    stream,
    color: false,
    gauges,
    clock: { now: () => nowMs, wall: () => WALL + nowMs },
    verdict: { place: 'pages/', again: 'fetch-pages urls.txt' },
    ticker: (everyMs, tick) => {
      const timer = { everyMs, nextMs: nowMs + everyMs, tick };
      timers.push(timer);
      return () => {
        timers = timers.filter((known) => known !== timer);
      };
    },
    ...options,
  });
  const terminal = (): FakeTerminal => {
    const fake = new FakeTerminal({ columns: stream.columns ?? 80, rows: stream.rows ?? 24 });
    fake.feed(stream.text);
    return fake;
  };
  return {
    stream,
    progress,
    pass(ms) {
      for (const end = nowMs + ms; nowMs < end; ) {
        nowMs++;
        for (const timer of timers) {
          if (timer.nextMs !== nowMs) continue;
          timer.nextMs += timer.everyMs;
          timer.tick();
        }
      }
    },
    timers: () => timers.length,
    terminal,
    screen: () => terminal().lines,
  };
}

const LIVE_HEAD = [
  `${'─'.repeat(74)}   0%`,
  '0 of 40 pages   0 pages/s   0 B/s',
  'no answer yet',
  '0 in flight   0 queued',
];

describe('the live view', () => {
  test('is drawn over, never below itself', () => {
    const { progress, pass, screen } = stage();
    progress.start();
    progress.listener(listed(40));
    pass(900);
    expect(screen()).toEqual(LIVE_HEAD);
    progress.listener(failed(7));
    pass(100);
    expect(screen().slice(-2)).toEqual([
      '0 in flight   0 queued   █   peak 1/s, last 1 s',
      `✗ HTTP_404  ${page(7).url}  answered 404`,
    ]);
  });

  test('is drawn at most ten times a second, however much happens', () => {
    const { progress, pass, stream } = stage({ verbose: true });
    progress.start();
    for (let ms = 0; ms < 5_000; ms++) {
      progress.listener(kept(ms));
      progress.listener(kept(ms));
      pass(1);
    }
    expect(stream.writes.length).toBeLessThanOrEqual(50);
    expect(stream.text.match(/\[200\]/g)?.length).toBe(10_000);
  });

  test('is one write a frame, and none where nothing has changed', () => {
    const { progress, pass, stream } = stage();
    progress.start();
    pass(100);
    expect(stream.writes.length).toBe(1);
    pass(800);
    expect(stream.writes.length).toBe(1);
  });

  test('leaves to others a hundred times what a frame took, where thousands of origins wait', () => {
    let nowMs = 0;
    let looks = 0;
    const clock = { now: () => nowMs, wall: () => WALL + nowMs };
    let tick = (): void => {};
    const ticker = (_everyMs: number, ticked: () => void) => {
      tick = ticked;
      return () => {};
    };
    const slow = (): Gauges => {
      looks++;
      nowMs += 10;
      return IDLE;
    };
    const { progress } = stage({ clock, ticker }, slow);
    progress.start();
    for (let frame = 0; frame < 600; frame++) {
      nowMs += 100;
      tick();
    }
    expect((looks * 10) / nowMs).toBeLessThan(0.011);
    expect(looks).toBeGreaterThan(50);
  });

  test('draws only what has changed, and all of it now and then', () => {
    const { progress, pass, stream, screen } = stage();
    progress.start();
    progress.listener(listed(40));
    progress.listener(failed(7));
    pass(100);
    const frames = Array.from({ length: 20 }, (_, number) => {
      progress.listener(kept(number));
      pass(100);
      return stream.writes.at(-1) ?? '';
    });
    const withBar = frames.filter((frame) => frame.includes(' of 40 pages'));
    expect(withBar).toHaveLength(20);
    expect(frames.filter((frame) => frame.includes('✓') || frame.includes('! 1 not OK')).length).toBeLessThan(5);
    expect(screen().some((line) => line.startsWith('! 1 not OK'))).toBe(true);
    expect(screen().at(-1)).toBe(`✗ HTTP_404  ${page(7).url}  answered 404`);
  });

  test('erases nothing that is written anew, also where messages pass', () => {
    const { progress, pass, stream } = stage();
    progress.start();
    progress.listener(listed(40));
    pass(100);
    progress.print('x'.repeat(80));
    progress.print('short');
    pass(100);
    const frame = stream.writes.at(-1) ?? '';
    expect(frame.match(/\u001b\[J/g)?.length).toBe(1);
    expect(frame.indexOf('\u001b[J')).toBeGreaterThan(frame.indexOf('queued'));
    // At the right edge an erasure would take the last character.
    expect(frame).toContain(`${'x'.repeat(80)}\nshort\u001b[K\n`);
  });

  test('leaves messages above it, whole and in order', () => {
    const { progress, pass, screen } = stage();
    progress.start();
    progress.listener(listed(40));
    pass(100);
    progress.print('first');
    progress.listener({ type: 'notice', code: 'STORE', message: 'a torn record was cut' });
    pass(100);
    progress.print('third');
    pass(100);
    expect(screen()).toEqual(['first', 'STORE  a torn record was cut', 'third', ...LIVE_HEAD]);
  });

  test('grows and shrinks with the origins that wait', () => {
    let origins: Gauges['origins'] = [];
    const { progress, pass, screen } = stage({}, () => ({ ...IDLE, origins }));
    progress.start();
    progress.listener(listed(40));
    pass(100);
    origins = [pausedOrigin(), pausedOrigin({ origin: 'https://b.example' })];
    pass(100);
    expect(screen().length).toBe(6);
    origins = [];
    pass(100);
    expect(screen()).toEqual(LIVE_HEAD);
  });

  test('skips frames while the stream has not swallowed the last', () => {
    const { progress, pass, stream } = stage();
    progress.start();
    stream.writableNeedDrain = true;
    pass(1_000);
    expect(stream.writes).toEqual([]);
  });

  test('counts the rows that a narrower window has made of its lines', () => {
    const { progress, pass, stream } = stage();
    progress.start();
    progress.listener(listed(40));
    pass(100);
    stream.columns = 40;
    stream.emit('resize');
    pass(100);
    // Three lines above the last one: 79 columns are two rows, the others fit.
    expect(stream.writes.at(-1)).toContain('\r\u001b[4A');
  });

  /** Lets a view with so many failures be drawn in windows of these sizes, one after the other. */
  function resized(sizes: readonly TerminalSize[], failures: number): FakeTerminal {
    const { progress, pass, stream } = stage({ color: true });
    const first = { columns: 80, rows: 60 };
    const terminal = new FakeTerminal(first);
    Object.assign(stream, first);
    progress.start();
    progress.listener(listed(40));
    progress.print('before');
    for (let number = 0; number < failures; number++) progress.listener(failed(number));
    const show = (): void => {
      pass(300);
      for (const text of stream.writes.splice(0)) terminal.feed(text);
    };
    show();
    for (const size of sizes) {
      terminal.resize(size);
      Object.assign(stream, size);
      stream.emit('resize');
      show();
    }
    return terminal;
  }

  const withRows = (terminal: FakeTerminal, text: string): number =>
    terminal.visibleRows.filter((row) => row.includes(text)).length;

  test('leaves no remains when the window is made narrower and wider while it runs', () => {
    const columns = fc.array(fc.integer({ min: 20, max: 200 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(columns, fc.nat(9), (widths, failures) => {
        const terminal = resized(
          widths.map((width) => ({ columns: width, rows: 60 })),
          failures,
        );
        expect(terminal.lines[0]).toBe('before');
        expect(withRows(terminal, 'in flight')).toBe(1);
        expect(withRows(terminal, '✗')).toBe(failures);
        expect(Math.max(...terminal.visibleRows.map(({ length }) => length))).toBeLessThanOrEqual(widths.at(-1) ?? 0);
      }),
    );
  });

  test('fills the window once where broken lines have pushed its top out of it', () => {
    const terminal = resized([{ columns: 20, rows: 14 }], 9);
    expect(withRows(terminal, 'in flight')).toBe(1);
    expect(terminal.visibleRows.length).toBeLessThanOrEqual(14);
  });

  test('of one row is one row', () => {
    const { progress, pass, stream, screen } = stage();
    Object.assign(stream, { columns: 30, rows: 1 });
    progress.start();
    progress.listener(listed(40));
    pass(500);
    expect(screen()).toEqual(['0 of 40 pages  0/s  0 B/s']);
  });

  test('is drawn anew after a resize, also where its lines stay the same', () => {
    const { progress, pass, stream } = stage();
    progress.start();
    pass(100);
    stream.rows = 30;
    stream.emit('resize');
    pass(100);
    expect(stream.writes.length).toBe(2);
  });

  test('a terminal that does not tell its size is taken for 80 by 24', () => {
    const { progress, pass, stream, screen } = stage();
    stream.columns = undefined;
    stream.rows = 0;
    progress.start();
    progress.listener(listed(40));
    pass(100);
    expect(screen()).toEqual(LIVE_HEAD);
  });
});

describe('the end', () => {
  test('leaves a clean screen, the cursor, and the verdict last', () => {
    const { progress, pass, stream, terminal, timers } = stage();
    progress.start();
    progress.listener(listed(40));
    pass(500);
    expect(terminal().cursorShown).toBe(false);
    progress.print('said last');
    progress.listener({ type: 'ended', verdict: verdict() });
    const { lines, cursorShown, wraps } = terminal();
    expect(lines).toEqual([
      'said last',
      '40 pages are stored in pages/; 1.2 MB in 12 s, 3.3 pages/s',
      'All 40 pages are OK.',
      '',
    ]);
    expect([cursorShown, wraps]).toEqual([true, true]);
    expect([timers(), stream.listeners('resize')]).toEqual([0, 0]);
  });

  test('in the middle of a run, and again: once is enough', () => {
    const { progress, pass, stream, screen, terminal } = stage();
    progress.start();
    pass(500);
    progress.stop();
    const writes = stream.writes.length;
    progress.stop();
    pass(1_000);
    expect(stream.writes.length).toBe(writes);
    expect(screen()).toEqual(['']);
    expect(terminal().cursorShown).toBe(true);
  });

  test('before the first frame: not a byte', () => {
    const { progress, stream } = stage();
    progress.start();
    progress.stop();
    expect(stream.writes).toEqual([]);
  });

  test('what is said after it is said at once', () => {
    const { progress, pass, stream } = stage();
    progress.start();
    pass(500);
    progress.stop();
    progress.print('bye');
    expect(stream.writes.at(-1)).toBe('bye\n');
  });
});

describe('where there is no terminal', () => {
  test('a line now and then, and no escape code', () => {
    const { progress, pass, stream } = stage({ mode: 'lines' });
    progress.start();
    progress.listener(listed(1_000));
    for (let second = 0; second < 25; second++) {
      progress.listener(kept(second));
      pass(1_000);
    }
    expect(stream.writes).toEqual([
      '10 of 1,000 pages, 100% OK, 1 pages/s, 0 B/s, 16 min 30 s left, 0 in flight\n',
      '20 of 1,000 pages, 100% OK, 1 pages/s, 0 B/s, 16 min 20 s left, 0 in flight\n',
    ]);
  });

  test('no progress at all, where none is wanted: but messages, and the verdict', () => {
    const { progress, pass, stream } = stage({ mode: 'none' });
    progress.start();
    progress.listener(failed(7));
    pass(60_000);
    expect(stream.writes).toEqual([`HTTP_404  ${page(7).url}  answered 404\n`]);
    progress.listener({ type: 'ended', verdict: verdict() });
    expect(stream.writes.at(-1)).toBe('All 40 pages are OK.\n');
  });
});

describe('quiet', () => {
  test.each(['bar', 'lines'] as const)('with --progress %s: not a byte, where all is OK', (mode) => {
    const { progress, pass, stream } = stage({ mode, quiet: true });
    progress.start();
    progress.listener(listed(40));
    progress.listener(kept(1));
    pass(60_000);
    progress.listener({ type: 'ended', verdict: verdict() });
    expect(stream.writes).toEqual([]);
  });

  test('what went wrong, and then the verdict', () => {
    const { progress, stream } = stage({ quiet: true });
    progress.start();
    progress.listener(failed(7));
    progress.listener({ type: 'ended', verdict: verdict({ ok: 39, notOk: 1 }) });
    expect(stream.writes[0]).toBe(`HTTP_404  ${page(7).url}  answered 404\n`);
    expect(stream.writes.at(-1)).toBe('39 of 40 pages are OK.\n');
  });
});

describe('a status line', () => {
  test.each([
    ['lines', false],
    ['none', false],
    ['bar', true],
  ] as const)('with --progress %s, quiet %s: at any time, with the speed of the last seconds', (mode, quiet) => {
    const { progress, pass, stream } = stage({ mode, quiet });
    progress.start();
    progress.listener(listed(1_000));
    for (let second = 0; second < 5; second++) {
      for (let number = 0; number < 10; number++) progress.listener(kept(second * 10 + number));
      pass(1_000);
    }
    stream.writes.splice(0);
    progress.status();
    expect(stream.writes).toEqual(['50 of 1,000 pages, 100% OK, 10 pages/s, 0 B/s, 95 s left, 0 in flight\n']);
  });

  test('goes by above the live view', () => {
    const { progress, pass, screen } = stage();
    progress.start();
    progress.listener(listed(40));
    pass(500);
    progress.status();
    pass(100);
    expect(screen()).toEqual(['0 of 40 pages, 0 pages/s, 0 B/s, 0 in flight', ...LIVE_HEAD]);
  });
});

describe('a terminal that is shared', () => {
  test('is given back while the process is stopped, and taken again where the cursor is then', () => {
    const { progress, pass, stream, terminal, screen } = stage();
    progress.start();
    progress.listener(listed(40));
    pass(500);
    progress.suspend();
    expect([terminal().cursorShown, screen()]).toEqual([true, ['']]);
    const writes = stream.writes.length;
    pass(300);
    expect(stream.writes.length).toBe(writes);
    stream.writes.push('[1]+  Stopped\n$ fg\n');
    progress.resume();
    pass(100);
    expect(screen()).toEqual(['[1]+  Stopped', '$ fg', ...LIVE_HEAD]);
    expect(terminal().cursorShown).toBe(false);
  });

  test('after a stop that came without a word, what stands there is left alone', () => {
    const { progress, pass, stream, screen } = stage();
    progress.start();
    progress.listener(listed(40));
    pass(500);
    stream.writes.push('\n[1]+  Stopped\n$ fg\n');
    progress.resume();
    pass(100);
    expect(screen().slice(-6)).toEqual(['[1]+  Stopped', '$ fg', ...LIVE_HEAD]);
  });

  test('shows no view while somebody else has it, but what has to be said', () => {
    let hasTerminal = false;
    const { progress, pass, screen, stream } = stage({ hasTerminal: () => hasTerminal });
    progress.start();
    progress.listener(listed(40));
    progress.listener({ type: 'notice', code: 'STORE', message: 'a torn record was cut' });
    pass(500);
    expect(stream.writes).toEqual(['STORE  a torn record was cut\n']);
    hasTerminal = true;
    pass(1_000);
    expect(screen().slice(0, 4)).toEqual(['STORE  a torn record was cut', ...LIVE_HEAD.slice(0, 3)]);
  });
});

describe('a stream that is gone', () => {
  test('by an exception: the run goes on', () => {
    const { progress, pass, stream } = stage();
    stream.failing = true;
    progress.start();
    pass(500);
    progress.print('anyone?');
    expect(() => progress.listener({ type: 'ended', verdict: verdict() })).not.toThrow();
  });

  test('by its error event: nothing more is written', () => {
    const { progress, pass, stream } = stage();
    progress.start();
    pass(100);
    stream.emit('error');
    progress.listener(listed(40));
    pass(500);
    progress.stop();
    expect(stream.writes.length).toBe(1);
  });
});

test('the timer that is used outside of tests does not keep a process alive, and draws', async () => {
  const setTimer = vi.spyOn(globalThis, 'setInterval');
  const stream = new FakeStream();
  const drawn = new Promise<void>((resolve) => {
    const write = stream.write.bind(stream);
    stream.write = (text) => {
      resolve();
      return write(text);
    };
  });
  const clock = { now: () => performance.now(), wall: () => Date.now() };
  const progress = createProgress({
    mode: 'bar',
    quiet: false,
    verbose: false,
    stream,
    color: false,
    gauges: () => IDLE,
    clock,
    verdict: { place: 'pages/' },
  });
  progress.start();
  const [timer] = setTimer.mock.results.map(({ value }) => value);
  setTimer.mockRestore();
  expect(timer?.hasRef()).toBe(false);
  await drawn;
  progress.stop();
  expect(stream.text.endsWith(SHOW)).toBe(true);
});
