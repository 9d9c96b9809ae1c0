/** A part of a line: text, which is written as UTF-8, or bytes. */
export type Piece = string | Uint8Array;

/** Bytes of UTF-8 for a unit of UTF-16, at most. */
const MOST_UTF8_BYTES = 3;
/** More than this is not kept for the next time. */
const KEPT_BYTES = 2 ** 20;
const FIRST_BYTES = 64 * 2 ** 10;

/**
 * Puts small pieces together in one buffer, which is used again: hundreds of buffers for one write cost more than to make one of them. So
 * what `join` returns holds only until it is called again.
 */
export class PieceJoiner {
  readonly #smallBytes: number;
  #buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  /** Where what is in the buffer ends, and where the part of it begins that is in no result yet. */
  #end = 0;
  #begin = 0;

  /** @param smallBytes what is larger has a buffer of its own in the result; text counted in characters */
  constructor(smallBytes: number) {
    this.#smallBytes = smallBytes;
  }

  /** The same bytes in the same order, in few buffers. */
  join(pieces: readonly Piece[]): Uint8Array[] {
    if (this.#buffer.length > KEPT_BYTES) this.#buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
    this.#begin = 0;
    this.#end = 0;
    const joined: Uint8Array[] = [];
    for (const piece of pieces) {
      if (piece.length > this.#smallBytes) {
        this.#flush(joined);
        joined.push(typeof piece === 'string' ? Buffer.from(piece) : piece);
      } else {
        this.#add(piece, joined);
      }
    }
    this.#flush(joined);
    return joined;
  }

  #add(piece: Piece, joined: Uint8Array[]): void {
    const mostBytes = typeof piece === 'string' ? piece.length * MOST_UTF8_BYTES : piece.length;
    if (this.#end + mostBytes > this.#buffer.length) this.#grow(mostBytes, joined);
    if (typeof piece === 'string') {
      this.#end += this.#buffer.write(piece, this.#end, 'utf8');
    } else {
      this.#buffer.set(piece, this.#end);
      this.#end += piece.length;
    }
  }

  /** A new buffer: what is in the old one is in the result already. */
  #grow(mostBytes: number, joined: Uint8Array[]): void {
    this.#flush(joined);
    this.#buffer = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, mostBytes));
    this.#begin = 0;
    this.#end = 0;
  }

  #flush(joined: Uint8Array[]): void {
    if (this.#end > this.#begin) joined.push(this.#buffer.subarray(this.#begin, this.#end));
    this.#begin = this.#end;
  }
}
