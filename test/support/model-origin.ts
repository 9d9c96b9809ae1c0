import { failure } from '../../src/core/failure.ts';
import type { BodySink, Client, Clock, Exchange, Head, WireRequest } from '../../src/core/ports.ts';

/** What a modelled origin answers. */
export interface Reply {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly latencyMs: number;
  /** What its SETTINGS said last. */
  readonly maxStreams?: number;
}

export type Break = {
  readonly fail: Parameters<typeof failure>[0];
  readonly sent?: boolean;
  readonly latencyMs: number;
};

/** Decides at the time of arrival: `oneWayMs` after the start. `inFlight` are those that have arrived and are not answered. */
export type OriginModel = (request: WireRequest, arrivalMs: number, inFlight: number) => Reply | Break;

export interface Seen {
  readonly url: string;
  readonly origin: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly startedAt: number;
  readonly http1Only: boolean;
}

/** A client in virtual time whose origins are models. Logs what was asked of them. */
export class ModelClient implements Client {
  readonly seen: Seen[] = [];
  readonly refused: Seen[] = [];
  peakInFlight = 0;
  receivedBytes = 0;
  readonly #clock: Clock;
  readonly #model: OriginModel;
  readonly #oneWayMs: number;
  readonly #inFlight = new Map<string, number>();
  #total = 0;
  readonly #abort = new Set<() => void>();

  /** @param oneWayMs what the network takes to and from every origin, beside the latency that its model gives */
  constructor(clock: Clock, model: OriginModel, oneWayMs = 0) {
    this.#clock = clock;
    this.#model = model;
    this.#oneWayMs = oneWayMs;
  }

  async exchange(request: WireRequest, onHead: (head: Head) => BodySink | undefined): Promise<Exchange> {
    const startedAt = this.#clock.now();
    const { url, origin, method, headers, http1Only } = request;
    const seen: Seen = { url, origin, method, headers, startedAt, http1Only };
    this.seen.push(seen);
    this.#countAll(1);
    const { reply, isAborted } = await this.#serve(request);
    this.#countAll(-1);
    if (isAborted) return { ok: false, failure: failure('ABORTED'), sent: true };
    const settings =
      'maxStreams' in reply && reply.maxStreams !== undefined ? { maxStreams: reply.maxStreams } : undefined;
    if ('fail' in reply) return { ok: false, failure: failure(reply.fail), sent: reply.sent ?? true };
    if (reply.status === 429 || reply.status === 503) this.refused.push(seen);
    const lists: Record<string, string[]> = Object.create(null);
    for (const [name, value] of Object.entries(reply.headers ?? {})) lists[name] = [value];
    const head: Head = { status: reply.status, headers: lists, httpVersion: '2' };
    const sink = onHead(head);
    const body = Buffer.from(reply.body ?? '');
    if (sink !== undefined && body.length > 0) await sink.write(body);
    this.receivedBytes += body.length;
    const bytes = sink === undefined ? 0 : body.length;
    const headMs = this.#clock.now() - startedAt;
    return { ok: true, head, complete: 'h2-end', bytes, wireBytes: body.length, connectMs: 0, headMs, ...settings };
  }

  /** There, by the server's time, and back. */
  async #serve(request: WireRequest) {
    if (this.#oneWayMs > 0) await this.#wait(this.#oneWayMs);
    const { origin } = request;
    this.#count(origin, 1);
    const reply = this.#model(request, this.#clock.now(), this.#inFlight.get(origin) ?? 0);
    const isAborted = await this.#wait(reply.latencyMs);
    this.#count(origin, -1);
    if (this.#oneWayMs > 0) await this.#wait(this.#oneWayMs);
    return { reply, isAborted };
  }

  async destroy(): Promise<void> {
    for (const abort of this.#abort) abort();
  }

  #wait(delayMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const done = (isAborted: boolean) => {
        this.#abort.delete(abort);
        cancel();
        resolve(isAborted);
      };
      const abort = () => done(true);
      const cancel = this.#clock.timer(delayMs, () => done(false));
      this.#abort.add(abort);
    });
  }

  #count(origin: string, change: number): void {
    this.#inFlight.set(origin, (this.#inFlight.get(origin) ?? 0) + change);
  }

  #countAll(change: number): void {
    this.#total += change;
    this.peakInFlight = Math.max(this.peakInFlight, this.#total);
  }
}
