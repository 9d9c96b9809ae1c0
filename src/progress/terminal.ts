import type { Gauges, RunEvent, Verdict } from '../core/event.ts';
import type { Clock, Listener } from '../core/ports.ts';
import type { Moment } from './figures.ts';
import { fetchedPages } from './figures.ts';
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
  /** Prints a line (above the live view, where there is one). The caller answers for control characters in it. */
  print(line: string): void;
}

/** Ten frames a second at most: faster than anybody reads. */
const FRAME_MS = 100;
const LINE_TICK_MS = 1_000;

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
    if (this.#stopTicker !== undefined || mode === 'none' || quiet) return;
    this.#startedAtMs = clock.now();
    this.#samples = firstSample(this.#startedAtMs);
    this.#lastLine = { atMs: this.#startedAtMs, share: 0 };
    if (this.#live) stream.on('resize', this.#onResize);
    const tick = this.#live ? () => this.#drawFrame() : () => this.#printLineIfDue();
    this.#stopTicker = ticker(this.#live ? FRAME_MS : LINE_TICK_MS, tick);
  }

  stop(): void {
    this.#stopTicker?.();
    this.#stopTicker = undefined;
    this.#options.stream.off('resize', this.#onResize);
    this.#screen.clear(this.#scrolling);
    this.#scrolling = [];
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
    const fetched = fetchedPages(this.#state);
    this.#samples = takeSample(
      this.#samples,
      { atMs: moment.nowMs, fetched, receivedBytes: gauges.receivedBytes },
      gauges,
    );
    return { gauges, moment };
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
