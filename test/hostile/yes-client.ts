import type { Answer, Client, Head, OnHead, WireRequest } from '../../src/core/ports.ts';

/** Answers every request with 200 and a little text, without a network: for what is bad before or behind it. */
export class YesClient implements Client {
  readonly asked: WireRequest[] = [];
  readonly receivedBytes = 0;
  readonly #headers: Readonly<Record<string, readonly string[]>>;
  readonly #body: Buffer;

  constructor(body: string | Buffer = 'yes', headers: Readonly<Record<string, readonly string[]>> = {}) {
    this.#body = Buffer.from(body);
    this.#headers = { 'content-type': ['text/plain'], ...headers };
  }

  async exchange(request: WireRequest, onHead: OnHead): Promise<Answer> {
    this.asked.push(request);
    const head: Head = { status: 200, headers: this.#headers, httpVersion: '1.1' };
    const sink = onHead(head);
    if (sink !== undefined && 'write' in sink) await sink.write(this.#body);
    const bytes = this.#body.length;
    return { ok: true, head, complete: 'content-length', bytes, wireBytes: bytes, connectMs: 0, headMs: 1 };
  }

  async destroy(): Promise<void> {}
}
