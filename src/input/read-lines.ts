import { isAscii, isUtf8 } from 'node:buffer';
import type { Readable } from 'node:stream';
import { decompress } from './decompress.ts';
import { drain } from './read-stream.ts';

/** A line that cannot even be read. */
interface BadLine {
  readonly why: string;
  readonly text: string;
}

export type Line = string | BadLine;

/** Longest line, in bytes. */
export const MAX_LINE_BYTES = 2 ** 20;

export const UTF_16 = 'the list is in UTF-16: convert it with iconv -f UTF-16 -t UTF-8';

/** So much of a line that is not held is shown. */
const SHOWN_BYTES = 8_000;

const LF = 0x0a;
const CR = 0x0d;

/**
 * Yields the lines of a list in order, without gaps, as soon as they are there: the n-th of all is line n.
 * A list in UTF-16 is refused as one bad line.
 *
 * @throws BrokenList where the list breaks; its torn last line is not delivered.
 */
export async function* readLines(stream: Readable, gzipByName: boolean): AsyncGenerator<readonly Line[]> {
  const splitter = new LineSplitter();
  for await (const chunk of decompress(drain(stream), gzipByName)) {
    const lines = splitter.push(chunk);
    if (lines.length > 0) yield lines;
    if (splitter.refused) return;
  }
  yield splitter.end();
}

/** Cuts bytes into lines at LF, CRLF or CR. Holds at most the longest line, however long the line is. */
export class LineSplitter {
  /** True once the list turned out to be in UTF-16: what follows is not read. */
  refused = false;
  #held = Buffer.alloc(1024);
  #heldBytes = 0;
  /** The line that is held turned out too long: only its beginning is kept. */
  #overlong = false;
  /** The last byte was a CR: an LF that follows belongs to it. */
  #afterCr = false;
  #first = true;

  push(chunk: Buffer): readonly Line[] {
    const start = this.#afterCr && chunk[0] === LF ? 1 : 0;
    const last = Math.max(chunk.lastIndexOf(LF), chunk.lastIndexOf(CR));
    if (chunk.length > 0) this.#afterCr = chunk.at(-1) === CR;
    if (last < start) {
      this.#hold(chunk.subarray(start));
      return [];
    }
    const lines = this.#finish(chunk.subarray(start, last + 1));
    this.#hold(chunk.subarray(last + 1));
    return lines;
  }

  /** The last line, where nothing ends it. */
  end(): readonly Line[] {
    return this.#heldBytes > 0 ? this.#finish(Buffer.alloc(0)) : [];
  }

  /** `bytes` is empty or ends with a line's end. */
  #finish(bytes: Buffer): readonly Line[] {
    const held = this.#held.subarray(0, this.#heldBytes);
    let lines: Line[];
    if (this.#overlong) {
      const end = lineEnd(bytes, 0);
      lines = [overlongLine(held), ...decodeLines(bytes.subarray(afterEnd(bytes, end)))];
    } else {
      lines = decodeLines(held.length === 0 ? bytes : Buffer.concat([held, bytes]));
    }
    if (this.#first) {
      this.#first = false;
      if (isUtf16(held.length === 0 ? bytes : held, bytes)) {
        this.refused = true;
        lines = [{ why: UTF_16, text: '' }];
      }
    }
    this.#heldBytes = 0;
    this.#overlong = false;
    return lines;
  }

  #hold(bytes: Buffer): void {
    if (this.#overlong || bytes.length === 0) return;
    const length = this.#heldBytes + bytes.length;
    if (length > MAX_LINE_BYTES) {
      this.#overlong = true;
      const room = Math.max(0, SHOWN_BYTES - this.#heldBytes);
      this.#append(bytes.subarray(0, room));
      this.#heldBytes = Math.min(this.#heldBytes, SHOWN_BYTES);
      return;
    }
    this.#append(bytes);
  }

  #append(bytes: Buffer): void {
    const length = this.#heldBytes + bytes.length;
    if (length > this.#held.length) {
      const larger = Buffer.alloc(Math.max(length, this.#held.length * 2));
      this.#held.copy(larger, 0, 0, this.#heldBytes);
      this.#held = larger;
    }
    this.#held.set(bytes, this.#heldBytes);
    this.#heldBytes = length;
  }
}

/** The byte order mark of UTF-16, which no UTF-8 begins with. `held` may be one byte of it. */
export function isUtf16(head: Uint8Array, rest: Uint8Array = head): boolean {
  const second = head.length > 1 ? head[1] : rest[0];
  return (head[0] === 0xfe && second === 0xff) || (head[0] === 0xff && second === 0xfe);
}

function decodeLines(block: Buffer): Line[] {
  if (block.length > MAX_LINE_BYTES || !isUtf8(block)) return decodeOneByOne(block);
  const text = block.toString(isAscii(block) ? 'latin1' : 'utf8');
  const lines = text.includes('\r') ? text.split(/\r\n?|\n/) : text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

function decodeOneByOne(block: Buffer): Line[] {
  const lines: Line[] = [];
  for (let start = 0; start < block.length; ) {
    const end = lineEnd(block, start);
    lines.push(decodeLine(block.subarray(start, end)));
    start = afterEnd(block, end);
  }
  return lines;
}

function decodeLine(bytes: Buffer): Line {
  if (bytes.length > MAX_LINE_BYTES) return overlongLine(bytes);
  const text = bytes.toString('utf8');
  return isUtf8(bytes) ? text : { why: 'not valid UTF-8', text };
}

function overlongLine(bytes: Buffer): BadLine {
  return { why: 'longer than 1 MiB', text: bytes.toString('utf8', 0, SHOWN_BYTES) };
}

function lineEnd(bytes: Buffer, start: number): number {
  let at = start;
  while (at < bytes.length && bytes[at] !== LF && bytes[at] !== CR) at++;
  return at;
}

function afterEnd(bytes: Buffer, end: number): number {
  return bytes[end] === CR && bytes[end + 1] === LF ? end + 2 : end + 1;
}
