import type { Gauges, RunEvent, Verdict } from '../core/event.ts';
import type { Clock, Listener } from '../core/ports.ts';
import type { Moment } from './figures.ts';
import { sampleOf } from './figures.ts';
import type { Messages } from './messages.ts';
import { createMessages } from './messages.ts';
import { renderLive } from './render.ts';
import type { Samples } from './samples.ts';
import { firstSample, takeSample } from './samples.ts';
import type { ProgressStream } from './screen.ts';
import { Screen } from './screen.ts';
import type { ProgressState } from './state.ts';
import { donePages, fold, initialState, totalPages } from './state.ts';
import type { LineMark } from './status-line.ts';
import { isLineDue, renderLine } from './status-line.ts';
import type { Theme } from './theme.ts';
import { createTheme } from './theme.ts';
import type { VerdictContext } from './verdict.ts';
import { isAllOk, renderVerdict } from './verdict.ts';

/** `bar`: a live view; `lines`: a line now and then; `none`: neither. */
export type ProgressMode = 'bar' | 'lines' | 'none';

/** Calls `tick` every so often until the function it returns is called. Must not keep the process alive. */
type Ticker = (everyMs: number, tick: () => void) => () => void;

export interface ProgressOptions {
  readonly mode: ProgressMode;
  /** Only what went wrong, and the verdict only if not every page is OK. No live view, no status lines. */
  readonly quiet: boolean;
  /** A line an attempt. */
  readonly verbose: boolean;
  readonly stream: ProgressStream;
  readonly color: boolean;
  readonly gauges: () => Gauges;
  readonly clock: Pick<Clock, 'now' | 'wall'>;
  /** False while somebody else has the terminal, as after `bg`: then no frame is drawn. Default: always true. */
  readonly hasTerminal?: () => boolean;
  readonly verdict: VerdictContext;
  /** Default: `setInterval`, unref'd. */
  readonly ticker?: Ticker;
}

/** The display of one run. */
export interface Progress {
  /** Feed it every event of the run. `ended` takes the live view away and tells the verdict. */
  readonly listener: Listener;
  start(): void;
  /** Takes the live view away and gives the cursor back; messages still come through. Safe to call at any time, and again. */
  stop(): void;
  /** Prints the state of the run in a line, in every mode. */
  status(): void;
  /** Gives the terminal back for as long as the process is stopped; `resume` draws anew, where the cursor is then. */
  suspend(): void;
  resume(): void;
  /** Prints a line (above the live view, where there is one). The caller answers for control characters in it. */
  print(line: string): void;
}

/** Ten frames a second at most: faster than anybody reads. */
const FRAME_MS = 100;
/** After a frame, so many times the time that it took are left to others: thousands of origins that wait take their time to count. */
const REST_PER_FRAME = 100;
const LONGEST_REST_MS = 3_000;
const LINE_TICK_MS = 1_000;
/** Asking is not free, and nobody is put into the background without being stopped first. */
const ASK_TERMINAL_EVERY_MS = 1_000;

const unrefTicker: Ticker = (everyMs, tick) => {
  const timer = setInterval(tick, everyMs);
  timer.unref();
  return () => clearInterval(timer);
};

export function createProgress(options: ProgressOptions): Progress {
  const display = new Display(options);
  return {
    listener: (event) => display.hear(event),
    start: () => display.start(),
    stop: () => display.stop(),
    status: () => display.status(),
    suspend: () => display.suspend(),
    resume: () => display.resume(),
    print: (line) => display.print(line),
  };
}

class Display {
  readonly #options: ProgressOptions;
  readonly #live: boolean;
  readonly #theme: Theme;
  readonly #screen: Screen;
  readonly #messages: Messages;
  readonly #onResize = (): void => this.#screen.redraw();
  #state: ProgressState = initialState();
  #samples: Samples;
  #startedAtMs: number;
  #lastLine: LineMark;
  /** Printed since the last frame. */
  #scrolling: string[] = [];
  #stopTicker: (() => void) | undefined;
  #isSuspended = false;
  #lastFrameTookMs = 0;
  #nextFrameAtMs = Number.NEGATIVE_INFINITY;
  #hadTerminal = true;
  #askTerminalAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: ProgressOptions) {
    const { mode, quiet, verbose, stream, clock, verdict } = options;
    this.#options = options;
    this.#live = mode === 'bar' && !quiet;
    this.#theme = createTheme(options.color);
    this.#screen = new Screen(stream);
    const { failedFile } = verdict;
    const kinds = { quiet, verbose, live: this.#live };
    this.#messages = createMessages(failedFile === undefined ? kinds : { ...kinds, failedFile }, this.#theme);
    this.#startedAtMs = clock.now();
    this.#samples = firstSample(this.#startedAtMs);
    this.#lastLine = { atMs: this.#startedAtMs, share: 0 };
  }

  start(): void {
    const { mode, quiet, stream, clock, ticker = unrefTicker } = this.#options;
    if (this.#stopTicker !== undefined) return;
    this.#startedAtMs = clock.now();
    this.#samples = firstSample(this.#startedAtMs);
    this.#lastLine = { atMs: this.#startedAtMs, share: 0 };
    if (this.#live) {
      stream.on('resize', this.#onResize);
      this.#stopTicker = ticker(FRAME_MS, () => this.#tick());
      return;
    }
    const isSilent = mode === 'none' || quiet;
    // Also where nothing is shown: whoever asks for the state of the run wants to know how fast it is.
    this.#stopTicker = ticker(LINE_TICK_MS, isSilent ? () => void this.#look() : () => this.#printLineIfDue());
  }

  stop(): void {
    this.#stopTicker?.();
    this.#stopTicker = undefined;
    this.#options.stream.off('resize', this.#onResize);
    this.#screen.clear(this.#scrolling);
    this.#scrolling = [];
  }

  status(): void {
    const { gauges, moment } = this.#look();
    this.print(renderLine(this.#state, this.#samples, gauges, moment));
  }

  suspend(): void {
    this.#isSuspended = true;
    this.#screen.clear(this.#scrolling);
    this.#scrolling = [];
  }

  resume(): void {
    // Stopped without a word: what stands there now, and where the cursor is, nobody knows.
    if (!this.#isSuspended) this.#screen.forget();
    this.#isSuspended = false;
    this.#askTerminalAtMs = Number.NEGATIVE_INFINITY;
  }

  print(line: string): void {
    // While frames are drawn, lines go with the next one: a write for each would be a redraw for each.
    if (this.#live && this.#stopTicker !== undefined) this.#scrolling.push(line);
    else this.#screen.print(line);
  }

  hear(event: RunEvent): void {
    this.#state = fold(this.#state, event);
    for (const line of this.#messages(event, this.#state, this.#options.clock.wall())) this.print(line);
    if (event.type === 'ended') this.#tellVerdict(event.verdict);
  }

  #tellVerdict(verdict: Verdict): void {
    this.stop();
    if (this.#options.quiet && isAllOk(verdict)) return;
    for (const line of renderVerdict(verdict, this.#options.verdict, this.#theme)) this.#screen.print(line);
  }

  /** Looks at the run, and remembers what it saw: speeds are made of that. */
  #look(): { readonly gauges: Gauges; readonly moment: Moment } {
    const { clock } = this.#options;
    const gauges = this.#options.gauges();
    const moment = { nowMs: clock.now(), wallMs: clock.wall() };
    this.#samples = takeSample(this.#samples, sampleOf(this.#state, gauges, moment), gauges);
    return { gauges, moment };
  }

  #tick(): void {
    if (this.#isSuspended) return;
    const { clock } = this.#options;
    const beganAtMs = clock.now();
    if (beganAtMs < this.#nextFrameAtMs) return;
    if (this.#hasTerminal(beganAtMs)) this.#drawFrame();
    else this.#goOnWithoutTerminal();
    const tookMs = clock.now() - beganAtMs;
    // One frame alone may have been held up by others on this machine.
    const costMs = Math.min(tookMs, this.#lastFrameTookMs);
    this.#lastFrameTookMs = tookMs;
    this.#nextFrameAtMs = beganAtMs + Math.min(LONGEST_REST_MS, costMs * REST_PER_FRAME);
  }

  #hasTerminal(nowMs: number): boolean {
    const { hasTerminal } = this.#options;
    if (hasTerminal === undefined) return true;
    if (nowMs >= this.#askTerminalAtMs) {
      this.#askTerminalAtMs = nowMs + ASK_TERMINAL_EVERY_MS;
      this.#hadTerminal = hasTerminal();
    }
    return this.#hadTerminal;
  }

  #goOnWithoutTerminal(): void {
    this.#look();
    this.#screen.clear(this.#scrolling);
    this.#scrolling = [];
  }

  #drawFrame(): void {
    const { gauges, moment } = this.#look();
    if (this.#screen.isBusy && this.#scrolling.length === 0) return;
    const lines = renderLive(this.#state, this.#samples, gauges, moment, this.#screen.size, this.#theme);
    this.#screen.draw(this.#scrolling, lines);
    this.#scrolling = [];
  }

  #printLineIfDue(): void {
    const { gauges, moment } = this.#look();
    const share = this.#state.listRead ? donePages(this.#state) / Math.max(1, totalPages(this.#state)) : 0;
    const elapsedMs = moment.nowMs - this.#startedAtMs;
    if (!isLineDue(this.#lastLine, { atMs: moment.nowMs, share }, elapsedMs)) return;
    this.#lastLine = { atMs: moment.nowMs, share };
    this.#screen.print(renderLine(this.#state, this.#samples, gauges, moment));
  }
}
