import { describe, expect, test, vi } from 'vitest';
import type { Gauges } from '../../src/core/event.ts';
import type { ProgressStream } from '../../src/progress/screen.ts';
import type { Progress, ProgressOptions } from '../../src/progress/terminal.ts';
import { createProgress } from '../../src/progress/terminal.ts';
import { failed, IDLE, kept, listed, page, pausedOrigin, verdict, WALL } from './events.ts';

const HIDE = '\u001b[?25l';
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

/**
 * What a terminal makes of what is written to it, as far as this program goes: lines without wrapping, relative moves, erasing.
 * The cursor cannot leave the window upwards; the window is the last `rows` lines.
 */
class FakeTerminal {
  readonly #rows: number;
  lines: string[] = [''];
  #row = 0;
  #column = 0;
  cursorShown = true;
  wraps = true;

  constructor(rows: number) {
    this.#rows = rows;
  }

  feed(text: string): void {
    for (const [token] of text.matchAll(/\u001b\[\??\d*[A-Za-z]|[\s\S]/gu)) this.#take(token);
  }

  #take(token: string): void {
    const line = this.lines[this.#row] ?? '';
    if (token === '\n') this.#newLine();
    else if (token === '\r') this.#column = 0;
    else if (token === '\u001b[K') this.lines[this.#row] = line.slice(0, this.#column);
    else if (token === '\u001b[J') this.lines = [...this.lines.slice(0, this.#row), line.slice(0, this.#column)];
    else if (token === HIDE || token === SHOW) this.cursorShown = token === SHOW;
    else if (token === '\u001b[?7l' || token === '\u001b[?7h') this.wraps = token.endsWith('h');
    else if (/^\u001b\[\d+A$/.test(token))
      this.#row = Math.max(this.lines.length - this.#rows, 0, this.#row - Number(token.slice(2, -1)));
    else if (!token.startsWith('\u001b')) {
      this.lines[this.#row] = line.slice(0, this.#column).padEnd(this.#column) + token + line.slice(this.#column + 1);
      this.#column++;
    }
  }

  #newLine(): void {
    this.#row++;
    this.#column = 0;
    this.lines[this.#row] ??= '';
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
    const fake = new FakeTerminal(stream.rows ?? 24);
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

const LIVE_HEAD = [`${'─'.repeat(74)}   0%`, '0 of 40 pages   0 pages/s   0 B/s   – left', '0 in flight   0 queued'];

describe('the live view', () => {
  test('is drawn over, never below itself', () => {
    const { progress, pass, screen } = stage();
    progress.start();
    progress.listener(listed(40));
    pass(1_000);
    expect(screen()).toEqual(LIVE_HEAD);
    progress.listener(failed(7));
    pass(100);
    expect(screen().slice(2)).toEqual(['0 in flight   0 queued', `✗ HTTP_404  ${page(7).url}  answered 404`]);
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
    pass(2_000);
    expect(stream.writes.length).toBe(1);
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
    expect(screen().length).toBe(5);
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
    // Two lines above the last one: 79 columns are two rows, 44 columns are two.
    expect(stream.writes.at(-1)).toContain('\r\u001b[4A');
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
      '10 of 1,000 pages, 100% OK, 1 pages/s, 16 min 30 s left\n',
      '20 of 1,000 pages, 100% OK, 1 pages/s, 16 min 20 s left\n',
    ]);
  });

  test('no progress at all, where none is wanted: but messages, and the verdict', () => {
    const { progress, pass, stream, timers } = stage({ mode: 'none' });
    progress.start();
    progress.listener(failed(7));
    pass(60_000);
    expect(timers()).toBe(0);
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
