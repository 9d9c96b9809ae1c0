import { textWidth } from './text-width.ts';

/** What the display is written to: a terminal, a pipe, a file. Its size is read anew for every frame. */
export interface ProgressStream {
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
  /** True while it has not swallowed what it was given. */
  readonly writableNeedDrain?: boolean | undefined;
  write(text: string): unknown;
  on(event: 'resize' | 'error', listener: () => void): unknown;
  off(event: 'resize' | 'error', listener: () => void): unknown;
}

/** Of a terminal that does not tell. */
const DEFAULT_SIZE = { columns: 80, rows: 24 } as const;

/** Frames from one that is drawn whole to the next. */
const WHOLE_EVERY = 10;

/** ECMA-48 and DEC private modes; a terminal that does not know a mode ignores it. */
const ERASE_LINE_END = '\u001b[K';
const ERASE_BELOW = '\u001b[J';
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
/** A line that the terminal thinks wider than we do is clipped, not wrapped: our count of lines stays right. */
const NO_WRAP = '\u001b[?7l';
const WRAP = '\u001b[?7h';
/** Synchronized output: the terminal shows the frame as a whole. */
const BEGIN_FRAME = '\u001b[?2026h';
const END_FRAME = '\u001b[?2026l';

/**
 * Lines that stay at the bottom of a terminal and are drawn over, with text that scrolls by above them.
 *
 * Between two frames the cursor is parked at the start of the last line: what the terminal echoes there (`^C`) is drawn over by the next frame,
 * and when a narrower window breaks lines anew, it is known where it went.
 */
export class Screen {
  readonly #stream: ProgressStream;
  /** The lines that stand on the terminal, and how wide that was. */
  #drawn: readonly string[] = [];
  #drawnColumns = 0;
  #framesSinceWhole = 0;
  #lastFrame = '';
  #cursorHidden = false;
  #broken = false;

  constructor(stream: ProgressStream) {
    this.#stream = stream;
    // For good: a write that has been handed over may still fail after the last one.
    stream.on('error', () => {
      this.#broken = true;
    });
  }

  /** What a line may use. A column is left free: in the last one terminals disagree on where the cursor is. */
  get size(): { readonly columns: number; readonly rows: number } {
    return { columns: Math.max(1, this.#columns - 1), rows: this.#stream.rows || DEFAULT_SIZE.rows };
  }

  get #columns(): number {
    return this.#stream.columns || DEFAULT_SIZE.columns;
  }

  /** True while drawing would only pile up frames that nobody has seen. */
  get isBusy(): boolean {
    return this.#stream.writableNeedDrain === true;
  }

  /** Draws a frame in one write: text that scrolls by, and below it the lines that stay. What stands there already is not drawn twice. */
  draw(scrolling: readonly string[], lines: readonly string[]): void {
    const frame = lines.join('\n');
    if (scrolling.length === 0 && frame === this.#lastFrame && this.#drawn.length > 0) return;
    if (scrolling.length === 0 && lines.length === 0 && this.#drawn.length === 0) return;
    const up = this.#toTop();
    const passing = scrolling.map((line) => `${line}${this.#eraseAfter(line)}\n`).join('');
    const isSame = this.#isSame(scrolling, lines);
    const staying = lines.map((line, row) => (isSame(line, row) ? '' : line + ERASE_LINE_END)).join('\n');
    this.#write(BEGIN_FRAME + HIDE_CURSOR + up + passing + NO_WRAP + staying + WRAP + eraseRest(lines) + END_FRAME);
    this.#cursorHidden = true;
    this.#drawn = lines;
    this.#drawnColumns = this.#columns;
    this.#lastFrame = frame;
  }

  /**
   * Which lines need not be drawn, because they stand there already. All are drawn where rows may have moved, and now and then, so that what
   * somebody else wrote over them heals; the last one always, for what is typed is echoed there.
   */
  #isSame(scrolling: readonly string[], lines: readonly string[]): (line: string, row: number) => boolean {
    const before = this.#drawn;
    const stands = scrolling.length === 0 && lines.length === before.length && this.#columns === this.#drawnColumns;
    this.#framesSinceWhole = stands && this.#lastFrame !== '' ? this.#framesSinceWhole + 1 : 0;
    if (this.#framesSinceWhole % WHOLE_EVERY === 0) return () => false;
    return (line, row) => row < lines.length - 1 && line === before[row];
  }

  /** Forgets what stands there, so that the next frame is drawn whole. */
  redraw(): void {
    this.#lastFrame = '';
  }

  /** Leaves what stands there to whoever has the terminal now: the next frame is drawn where the cursor is then. */
  forget(): void {
    this.#drawn = [];
    this.#lastFrame = '';
  }

  /** Writes a line where nothing stays at the bottom. */
  print(line: string): void {
    this.#write(`${line}\n`);
  }

  /** Takes the lines away, writes what was still to scroll by, and gives the cursor back. Safe to call at any time, and again. */
  clear(scrolling: readonly string[]): void {
    const erase = this.#drawn.length === 0 ? '' : this.#toTop() + ERASE_BELOW;
    const text = erase + scrolling.map((line) => `${line}\n`).join('') + (this.#cursorHidden ? SHOW_CURSOR : '');
    this.#drawn = [];
    this.#lastFrame = '';
    this.#cursorHidden = false;
    if (text !== '') this.#write(text);
  }

  /** From the parked cursor to the start of the first line, counting the rows that a narrower window has made of each. */
  #toTop(): string {
    const columns = this.#columns;
    const lines = this.#drawn.slice(0, -1);
    const rowsOf = (line: string): number => Math.max(1, Math.ceil(textWidth(line) / columns));
    const isNarrower = columns < this.#drawnColumns;
    const above = isNarrower ? lines.reduce((rows, line) => rows + rowsOf(line), 0) : lines.length;
    const up = Math.min(above, this.size.rows - 1);
    return up === 0 ? '\r' : `\r\u001b[${up}A`;
  }

  /** Of a line that may be broken over several rows, what stood behind its end. At the edge there is nothing, and erasing there takes the last character. */
  #eraseAfter(line: string): string {
    const width = textWidth(line);
    return width > 0 && width % this.#columns === 0 ? '' : ERASE_LINE_END;
  }

  #write(text: string): void {
    if (this.#broken) return;
    try {
      this.#stream.write(text);
    } catch {
      // A display that is gone is no reason to end a run.
      this.#broken = true;
    }
  }
}

/** Below the last line nothing may be left; then the cursor goes to that line's start. */
function eraseRest(lines: readonly string[]): string {
  return lines.length === 0 ? `\r${ERASE_BELOW}` : `${ERASE_BELOW}\r`;
}
