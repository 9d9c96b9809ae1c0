import type { Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { LIMITS } from '../core/config.ts';
import { type Failure, failure } from '../core/failure.ts';
import { type Coding, isZlibFormat } from './content-coding.ts';
import { GzipMembers } from './gzip-members.ts';

/** Where decoded bytes go. */
export interface DecoderOutput {
  /** Takes a decoded chunk; false asks for a pause until `resume`. */
  onDecoded(chunk: Buffer): boolean;
  /** The body is decoded to its end; more wire bytes would be trailing garbage. */
  onDecodedEnd(): void;
  onDecodeFailure(failure: Failure): void;
  /** Wire bytes pile up: hold the response until `onDecoderDrained`. */
  onDecoderFull(): void;
  onDecoderDrained(): void;
}

/** Coded bodies up to this size are decoded in one go at their end: a stream costs ten times as much as a page of 1 kB. */
const SYNC_CODED_BYTES = 64 * 1024;
/** ... unless they decode to more than this. */
const SYNC_DECODED_BYTES = 1024 * 1024;

function decodeSync(coding: Coding, bytes: Buffer): Buffer {
  const options = { maxOutputLength: SYNC_DECODED_BYTES };
  switch (coding) {
    case 'gzip':
      return zlib.gunzipSync(bytes, options);
    case 'br':
      return zlib.brotliDecompressSync(bytes, options);
    case 'zstd':
      return zlib.zstdDecompressSync(bytes, options);
    case 'deflate':
      return isZlibFormat(bytes.readUInt8(0), bytes[1])
        ? zlib.inflateSync(bytes, options)
        : zlib.inflateRawSync(bytes, options);
  }
}

function createStage(coding: Coding, first: Buffer | undefined): Transform {
  switch (coding) {
    case 'gzip':
      return new GzipMembers();
    case 'br':
      return zlib.createBrotliDecompress();
    case 'zstd':
      return zlib.createZstdDecompress();
    case 'deflate': {
      // An inner stage has seen no byte yet: there zlib's format is taken for granted, as the standard has it.
      const zlibFormat = first === undefined || first[0] === undefined || isZlibFormat(first[0], first[1]);
      return zlibFormat ? zlib.createInflate() : zlib.createInflateRaw();
    }
  }
}

function decodeFailure(error: NodeJS.ErrnoException): Failure {
  return error.code === 'Z_BUF_ERROR'
    ? failure('TRUNCATED', 'the compressed data ends too early', error)
    : failure('CORRUPT_BODY', error.message, error);
}

/** Undoes the content codings of one body, with every stage's output bounded. Outermost coding first. */
export class BodyDecoder {
  readonly #codings: readonly Coding[];
  readonly #output: DecoderOutput;
  #wireBytes = 0;
  #collected: Buffer[] | undefined = [];
  #stages: Transform[] = [];
  #full = false;
  /** Decoded to the end, failed or destroyed: whatever still comes is dropped. */
  #over = false;

  constructor(codings: readonly Coding[], output: DecoderOutput) {
    this.#codings = codings;
    this.#output = output;
  }

  write(chunk: Buffer): void {
    this.#wireBytes += chunk.length;
    if (this.#over) return;
    if (this.#collected === undefined) {
      this.#feed(chunk);
      return;
    }
    this.#collected.push(chunk);
    if (this.#wireBytes > SYNC_CODED_BYTES) this.#beginStream();
  }

  /** The wire has given everything. */
  end(): void {
    if (this.#over) return;
    if (this.#collected === undefined) {
      this.#stages[0]?.end();
      return;
    }
    if (this.#wireBytes === 0) {
      this.#finish();
      return;
    }
    const whole = this.#decodeWhole(this.#collected);
    if (whole === undefined) {
      this.#beginStream();
      this.#stages[0]?.end();
      return;
    }
    if (whole.length > 0) this.#output.onDecoded(whole);
    this.#finish();
  }

  /** The output can take more. */
  resume(): void {
    this.#stages.at(-1)?.resume();
  }

  destroy(): void {
    this.#over = true;
    this.#collected = undefined;
    for (const stage of this.#stages) stage.destroy();
  }

  /** Undefined where something is unusual (large, cut, corrupt, garbage behind it): the stages then find out what. */
  #decodeWhole(parts: readonly Buffer[]): Buffer | undefined {
    const [only] = parts;
    let bytes = parts.length === 1 && only !== undefined ? only : Buffer.concat(parts);
    try {
      for (const coding of this.#codings) {
        if (bytes.length === 0) return undefined;
        bytes = decodeSync(coding, bytes);
      }
      return bytes;
    } catch {
      return undefined;
    }
  }

  #beginStream(): void {
    const collected = this.#collected ?? [];
    this.#collected = undefined;
    const start = Buffer.concat(collected);
    this.#stages = this.#codings.map((coding, index) => createStage(coding, index === 0 ? start : undefined));
    this.#stages.forEach((stage, index) => {
      const next = this.#stages[index + 1];
      let outputBytes = 0;
      stage.on('error', (error) => this.#fail(decodeFailure(error)));
      stage.on('data', (chunk: Buffer) => {
        outputBytes += chunk.length;
        if (this.#over || this.#isBomb(outputBytes)) return;
        if (next === undefined && !this.#output.onDecoded(chunk)) stage.pause();
      });
      if (next !== undefined) stage.pipe(next);
      else stage.on('end', () => this.#finish());
    });
    this.#stages[0]?.on('drain', () => {
      if (!this.#full) return;
      this.#full = false;
      this.#output.onDecoderDrained();
    });
    this.#feed(start);
  }

  #feed(chunk: Buffer): void {
    const first = this.#stages[0];
    if (first === undefined || first.write(chunk) || this.#full) return;
    this.#full = true;
    this.#output.onDecoderFull();
  }

  #isBomb(outputBytes: number): boolean {
    if (outputBytes <= LIMITS.bombBytes || outputBytes <= LIMITS.bombRatio * this.#wireBytes) return false;
    this.#fail(failure('DECOMPRESSION_BOMB', `${outputBytes} bytes of ${this.#wireBytes} on the wire`));
    return true;
  }

  #fail(reason: Failure): void {
    if (this.#over) return;
    this.destroy();
    this.#output.onDecodeFailure(reason);
  }

  #finish(): void {
    if (this.#over) return;
    this.destroy();
    // A stage that has come to its end leaves trailing garbage standing, which would hold the response for ever.
    if (this.#full) this.#output.onDecoderDrained();
    this.#full = false;
    this.#output.onDecodedEnd();
  }
}
