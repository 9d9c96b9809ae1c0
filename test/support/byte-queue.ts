/** Bytes as they come in, taken out by those who wait for them. */
export class ByteQueue {
  #bytes: Buffer = Buffer.alloc(0);
  #ended = false;
  #wake: (() => void) | undefined;

  push(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    this.#wake?.();
  }

  /** The peer sends no more. */
  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** The next `count` bytes; undefined where the peer ended before. */
  async take(count: number): Promise<Buffer | undefined> {
    while (this.#bytes.length < count) {
      if (this.#ended) return undefined;
      await this.#more();
    }
    return this.#cut(count);
  }

  /** Everything up to and with `mark`; undefined where the peer ended before. */
  async takeThrough(mark: string): Promise<Buffer | undefined> {
    for (let at = this.#bytes.indexOf(mark); ; at = this.#bytes.indexOf(mark)) {
      if (at !== -1) return this.#cut(at + mark.length);
      if (this.#ended) return undefined;
      await this.#more();
    }
  }

  #cut(count: number): Buffer {
    const taken = this.#bytes.subarray(0, count);
    this.#bytes = this.#bytes.subarray(count);
    return taken;
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined;
        resolve();
      };
    });
  }
}
