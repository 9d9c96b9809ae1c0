import { type Failure, failure } from '../core/failure.ts';
import type { BodySink } from '../core/ports.ts';
import { BodyDecoder, type DecoderOutput } from './body-decoder.ts';
import type { Coding } from './content-coding.ts';

/** The exchange that a body belongs to. */
export interface BodyOwner {
  holdForBody(): void;
  releaseForBody(): void;
  /** The sink has taken everything, and the coding is complete. */
  onBodyDone(): void;
  onBodyFailure(failure: Failure): void;
  onSinkRejection(reason: unknown): void;
}

/** A coded body may be a little larger than what it decodes to: headers, and incompressible data. */
function codedLimit(maxBodyBytes: number): number {
  return maxBodyBytes + Math.ceil(maxBodyBytes / 64) + 64 * 1024;
}

/** What the sink is to be given: decoded bytes, or bytes as they came. */
interface Piece {
  readonly chunk: Buffer;
  readonly asItCame: boolean;
}

/** The way of one body from the wire through its codings and bounds into the sink, with back-pressure. */
export class BodyFlow implements DecoderOutput {
  readonly #owner: BodyOwner;
  readonly #sink: BodySink;
  readonly #maxBodyBytes: number;
  readonly #maxWireBytes: number;
  readonly #decoder: BodyDecoder | undefined;
  #wireBytes = 0;
  #bytes = 0;
  /** A write's promise is not kept yet. */
  #writing = false;
  /** Chunks that undici still delivered after it was asked to pause: at most what the socket had buffered. */
  readonly #backlog: Piece[] = [];
  #decoderFull = false;
  /** undici delivered the last byte. */
  #wireEnded = false;
  /** The decoder gave its last byte; true from the start where there is none. */
  #decodedEnded: boolean;
  #over = false;

  constructor(owner: BodyOwner, sink: BodySink, codings: readonly Coding[], maxBodyBytes: number) {
    this.#owner = owner;
    this.#sink = sink;
    this.#maxBodyBytes = maxBodyBytes;
    this.#maxWireBytes = codings.length === 0 ? maxBodyBytes : codedLimit(maxBodyBytes);
    this.#decoder = codings.length === 0 ? undefined : new BodyDecoder(codings, this);
    this.#decodedEnded = this.#decoder === undefined;
  }

  /** Decoded bytes that the sink was given. */
  get bytes(): number {
    return this.#bytes;
  }

  /** True where a content coding proved the body's end. An empty body with a coding proves nothing. */
  get decoded(): boolean {
    return this.#decoder !== undefined && this.#wireBytes > 0;
  }

  /** Why a body of this length on the wire need not be begun. */
  refuse(declaredBytes: number): Failure | undefined {
    return declaredBytes > this.#maxWireBytes ? this.#tooLarge(`content-length ${declaredBytes}`) : undefined;
  }

  write(chunk: Buffer): void {
    // undici gives an empty chunk when it resumes with nothing to read: a sink that makes it pause again would keep both at it for ever.
    if (this.#over || chunk.length === 0) return;
    this.#wireBytes += chunk.length;
    if (this.#wireBytes > this.#maxWireBytes) {
      this.#fail(this.#tooLarge());
      return;
    }
    if (this.#sink.writeWire !== undefined) this.#offer(chunk, true);
    if (this.#decoder !== undefined) this.#decoder.write(chunk);
    else this.onDecoded(chunk);
  }

  end(): void {
    if (this.#over) return;
    this.#wireEnded = true;
    if (this.#decodedEnded) this.#finishIfIdle();
    else this.#decoder?.end();
  }

  destroy(): void {
    this.#over = true;
    this.#backlog.length = 0;
    this.#decoder?.destroy();
  }

  onDecoded(chunk: Buffer): boolean {
    if (this.#over) return false;
    this.#bytes += chunk.length;
    if (this.#bytes > this.#maxBodyBytes) {
      this.#fail(this.#tooLarge());
      return false;
    }
    this.#offer(chunk, false);
    return !this.#writing;
  }

  onDecodedEnd(): void {
    this.#decodedEnded = true;
    this.#finishIfIdle();
  }

  onDecodeFailure(reason: Failure): void {
    this.#fail(reason);
  }

  onDecoderFull(): void {
    this.#decoderFull = true;
    if (!this.#writing) this.#owner.holdForBody();
  }

  onDecoderDrained(): void {
    this.#decoderFull = false;
    if (!this.#writing && !this.#over) this.#owner.releaseForBody();
  }

  #offer(chunk: Buffer, asItCame: boolean): void {
    if (this.#writing) this.#backlog.push({ chunk, asItCame });
    else this.#give(chunk, asItCame);
  }

  #give(chunk: Buffer, asItCame: boolean): void {
    let kept: ReturnType<BodySink['write']>;
    try {
      kept = asItCame ? this.#sink.writeWire?.(chunk) : this.#sink.write(chunk);
    } catch (reason) {
      this.#reject(reason);
      return;
    }
    if (kept === undefined) return;
    this.#writing = true;
    if (!this.#decoderFull) this.#owner.holdForBody();
    kept.then(
      () => this.#onKept(),
      (reason: unknown) => this.#reject(reason),
    );
  }

  #onKept(): void {
    this.#writing = false;
    if (this.#over) return;
    while (this.#backlog.length > 0 && !this.#writing) {
      const piece = this.#backlog.shift();
      if (piece !== undefined) this.#give(piece.chunk, piece.asItCame);
    }
    if (this.#writing || this.#over) return;
    if (!this.#decoderFull) this.#owner.releaseForBody();
    this.#decoder?.resume();
    this.#finishIfIdle();
  }

  #reject(reason: unknown): void {
    if (this.#over) return;
    this.destroy();
    this.#owner.onSinkRejection(reason);
  }

  #finishIfIdle(): void {
    if (this.#over || !this.#wireEnded || !this.#decodedEnded || this.#writing || this.#backlog.length > 0) return;
    this.#over = true;
    this.#owner.onBodyDone();
  }

  #tooLarge(detail?: string): Failure {
    return failure('TOO_LARGE', detail ?? `more than ${this.#maxBodyBytes} bytes`);
  }

  #fail(reason: Failure): void {
    if (this.#over) return;
    this.destroy();
    this.#owner.onBodyFailure(reason);
  }
}
