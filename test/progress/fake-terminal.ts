export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

interface Row {
  text: string;
  /** It goes on in the next row: the line was broken at the edge. */
  wraps: boolean;
}

const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';

/**
 * What a terminal makes of what is written to it, as far as this program goes: relative moves, erasing, lines that are broken at the edge and
 * broken anew when the window is resized. The cursor cannot leave the window upwards; the window is the last `rows` rows.
 */
export class FakeTerminal {
  #size: TerminalSize;
  #rows: Row[] = [{ text: '', wraps: false }];
  #row = 0;
  #column = 0;
  /** Rows that have left the window at its top come back only where it becomes higher. */
  #top = 0;
  cursorShown = true;
  wraps = true;

  constructor(size: TerminalSize) {
    this.#size = size;
  }

  /** All that was ever there, as it was written. */
  get lines(): string[] {
    const lines: string[] = [];
    let line = '';
    for (const { text, wraps } of this.#rows) {
      line += text;
      if (wraps) continue;
      lines.push(line);
      line = '';
    }
    return lines;
  }

  get visibleRows(): string[] {
    return this.#rows.slice(this.#top).map(({ text }) => text);
  }

  feed(text: string): void {
    for (const [token] of text.matchAll(/\u001b\[[?\d;]*[A-Za-z]|[\s\S]/gu)) this.#take(token);
  }

  /** Breaks lines anew, and keeps the cursor at its character. */
  resize(size: TerminalSize): void {
    this.#size = size;
    const rows: Row[] = [];
    let cursor = { row: 0, column: 0 };
    let line = '';
    let cursorIn = -1;
    this.#rows.forEach(({ text, wraps }, index) => {
      if (index === this.#row) cursorIn = line.length + this.#column;
      line += text;
      if (wraps) return;
      if (cursorIn >= 0) {
        cursor = { row: rows.length + Math.floor(cursorIn / size.columns), column: cursorIn % size.columns };
      }
      for (let at = 0; at === 0 || at < line.length; at += size.columns) {
        rows.push({ text: line.slice(at, at + size.columns), wraps: at + size.columns < line.length });
      }
      line = '';
      cursorIn = -1;
    });
    this.#rows = rows;
    this.#row = cursor.row;
    this.#column = cursor.column;
    // A window that became lower loses empty rows below the cursor first.
    while (this.#rows.length - 1 > this.#row && this.#rows.at(-1)?.text === '') this.#rows.pop();
    this.#top = Math.max(0, this.#rows.length - size.rows);
  }

  #take(token: string): void {
    const row = this.#current();
    if (token === '\n') this.#nextRow();
    else if (token === '\r') this.#column = 0;
    else if (token === '\u001b[K') this.#eraseLineEnd(row);
    else if (token === '\u001b[J') this.#eraseBelow(row);
    else if (token === HIDE_CURSOR || token === SHOW_CURSOR) this.cursorShown = token === SHOW_CURSOR;
    else if (token === '\u001b[?7l' || token === '\u001b[?7h') this.wraps = token.endsWith('h');
    else if (/^\u001b\[\d+A$/.test(token)) this.#row = Math.max(this.#top, this.#row - Number(token.slice(2, -1)));
    else if (!token.startsWith('\u001b')) this.#write(token);
  }

  #current(): Row {
    const row = this.#rows[this.#row] ?? { text: '', wraps: false };
    this.#rows[this.#row] = row;
    return row;
  }

  #eraseLineEnd(row: Row): void {
    row.text = row.text.slice(0, this.#column);
    row.wraps = false;
  }

  #eraseBelow(row: Row): void {
    this.#eraseLineEnd(row);
    this.#rows.length = this.#row + 1;
  }

  #nextRow(): void {
    this.#row++;
    this.#column = 0;
    this.#current();
    this.#top = Math.max(this.#top, this.#rows.length - this.#size.rows);
  }

  #write(character: string): void {
    const { columns } = this.#size;
    if (this.#column >= columns) {
      if (!this.wraps) this.#column = columns - 1;
      else {
        this.#current().wraps = true;
        this.#nextRow();
      }
    }
    const row = this.#current();
    row.text = row.text.slice(0, this.#column).padEnd(this.#column) + character + row.text.slice(this.#column + 1);
    this.#column++;
  }
}
