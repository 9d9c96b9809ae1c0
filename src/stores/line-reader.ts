import { readSync } from 'node:fs';
import { readAt } from './file-io.ts';
import { FETCHED_AT } from './record-line.ts';

const CHUNK_BYTES = 2 ** 20;
/** What is kept of a line that is too long to hold. The head of a record is far smaller, unless its URL is not. */
const HEAD_BYTES = 64 * 1024;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const NONE = Number.POSITIVE_INFINITY;

/**
 * A line of a log, to be read before the next one: there is one such object a log and one buffer behind it, because a million of them
 * cost more time and memory than all the rest.
 */
export interface LogLine {
  /** From 1. */
  readonly number: number;
  /** Where it begins in the file. */
  readonly start: number;
  /** Its newline not counted. */
  readonly bytes: number;
  /** The line is `data` from `from` to `to`; of one that is too long to hold, that is its first bytes. */
  readonly data: Buffer;
  readonly from: number;
  readonly to: number;
  /** Where in `data` the first `fetchedAt` of the line stands; -1 for none. */
  readonly mark: number;
  /** More than one `fetchedAt`: two records run into one another, or a body that holds such a field. */
  readonly suspicious: boolean;
  /** Of the line, a carriage return at its end not counted; 0 where it is empty. */
  readonly lastByte: number;
  /** False for what stands behind the last newline. */
  readonly terminated: boolean;
}

/** Reads a log line by line in big chunks. A line of any length takes no more memory than a chunk. */
export async function readLines(fd: number, onLine: (line: LogLine) => void, from = 0): Promise<void> {
  const reader = new LineReader(onLine, from);
  while (reader.push(await readAt(fd, reader.room, reader.position)));
  reader.finish();
}

/** The whole text of a line, read again from the file where it was too long to hold. */
export function lineText(fd: number, line: LogLine): string {
  if (line.to - line.from === line.bytes) return line.data.toString('utf8', line.from, line.to);
  const whole = Buffer.allocUnsafe(line.bytes);
  let filled = 0;
  while (filled < whole.length) {
    const bytes = readSync(fd, whole, filled, whole.length - filled, line.start + filled);
    if (bytes === 0) break;
    filled += bytes;
  }
  return whole.toString('utf8', 0, filled);
}

/** The beginning of a line that did not fit into a chunk. */
interface LongLine {
  readonly start: number;
  readonly head: Buffer;
  marks: number;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

class LineReader {
  readonly #onLine: (line: LogLine) => void;
  readonly #buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  readonly #line: Mutable<LogLine> = {
    number: 0,
    start: 0,
    bytes: 0,
    data: this.#buffer,
    from: 0,
    to: 0,
    mark: -1,
    suspicious: false,
    lastByte: 0,
    terminated: true,
  };
  /** Bytes at the front of the buffer that belong to a line whose end has not been read. */
  #filled = 0;
  /** Where the front of the buffer stands in the file. */
  #offset: number;
  /** Where in the buffer the next mark stands, not before where it was looked for last; `NONE` when there is no more. */
  #mark = 0;
  #long: LongLine | undefined;

  constructor(onLine: (line: LogLine) => void, from: number) {
    this.#onLine = onLine;
    this.#offset = from;
  }

  get room(): Buffer {
    return this.#buffer.subarray(this.#filled);
  }

  get position(): number {
    return this.#offset + this.#filled;
  }

  /** Takes in what was read into `room`. False at the end of the file. */
  push(bytes: number): boolean {
    if (bytes === 0) return false;
    const end = this.#filled + bytes;
    const data = this.#buffer.subarray(0, end);
    let from = 0;
    this.#findMark(data, 0);
    let newline = data.indexOf(NEWLINE, this.#filled);
    while (newline !== -1) {
      this.#emit(data, from, newline, true);
      from = newline + 1;
      newline = data.indexOf(NEWLINE, from);
    }
    this.#carry(data, from);
    return true;
  }

  finish(): void {
    if (this.#filled === 0 && this.#long === undefined) return;
    const data = this.#buffer.subarray(0, this.#filled);
    this.#findMark(data, 0);
    this.#emit(data, 0, this.#filled, false);
  }

  #emit(data: Buffer, from: number, to: number, terminated: boolean): void {
    const long = this.#long;
    const line = this.#line;
    const first = this.#mark < to ? this.#mark : -1;
    const marks = this.#countMarks(data, to);
    line.number += 1;
    line.start = long?.start ?? this.#offset + from;
    line.bytes = this.#offset + to - line.start;
    line.data = long?.head ?? data;
    line.from = long === undefined ? from : 0;
    line.to = long?.head.length ?? to;
    line.mark = long === undefined ? first : long.head.indexOf(FETCHED_AT);
    line.suspicious = marks + (long?.marks ?? 0) > 1;
    const last = data[to - 1] === RETURN ? to - 2 : to - 1;
    line.lastByte = last >= from ? (data[last] ?? 0) : 0;
    line.terminated = terminated;
    this.#long = undefined;
    this.#onLine(line);
  }

  /** Moves the line that has begun to the front; of one that fills the buffer only what a mark across the cut needs. */
  #carry(data: Buffer, from: number): void {
    let keepFrom = from;
    if (this.#long !== undefined || data.length - from === this.#buffer.length) {
      this.#long ??= {
        start: this.#offset + from,
        head: Buffer.from(data.subarray(from, from + HEAD_BYTES)),
        marks: 0,
      };
      this.#long.marks += this.#countMarks(data, data.length);
      keepFrom = Math.max(from, data.length - (FETCHED_AT.length - 1));
    }
    data.copy(this.#buffer, 0, keepFrom);
    this.#filled = data.length - keepFrom;
    this.#offset += keepFrom;
  }

  /** Counts the marks before `to` and goes on to the first one behind it. */
  #countMarks(data: Buffer, to: number): number {
    let marks = 0;
    while (this.#mark < to) {
      marks += 1;
      this.#findMark(data, this.#mark + 1);
    }
    return marks;
  }

  #findMark(data: Buffer, from: number): void {
    const mark = data.indexOf(FETCHED_AT, from);
    this.#mark = mark === -1 ? NONE : mark;
  }
}
