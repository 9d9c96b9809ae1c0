import type { Gauges, RunEvent } from '../core/event.ts';
import type { Page } from '../core/page.ts';
import { isOk, type PageRecord } from '../core/record.ts';
import { Causes } from './causes.ts';
import { Origins } from './origins.ts';
import { Shares } from './shares.ts';
import { Spread } from './spread.ts';
import { Timeline } from './timeline.ts';

/** What the answered exchanges of a page took until they began, and from then until their heads were there. */
interface Heads {
  connectMs: number;
  ms: number;
  /** An exchange brought no whole answer: how long it took is not known by itself. */
  isTorn: boolean;
}

/** Less is a turn of the event loop: there was a connection. */
const LEAST_CONNECT_MS = 1;

/** Milliseconds of all pages together. */
export interface TimeSpent {
  readonly waiting: number;
  readonly connecting: number;
  readonly firstByte: number;
  readonly body: number;
  /** Of pages with an exchange that brought no whole answer: that exchange, and the bodies of their other ones. */
  readonly torn: number;
}

/** All that a report tells of a run, folded from its events. Its size does not depend on the number of pages. */
export class History {
  readonly timeline = new Timeline();
  readonly okPages = this.timeline.column('sum');
  readonly badPages = this.timeline.column('sum');
  readonly bytes = this.timeline.column('sum');
  readonly inFlight = this.timeline.column('mean');
  /** Read, and not begun or waiting to be tried again. */
  readonly inLine = this.timeline.column('mean');
  readonly refusals = this.timeline.column('sum');
  readonly retries = this.timeline.column('sum');
  readonly origins = new Origins(this.timeline);
  readonly causes = new Causes();
  readonly contentTypes = new Shares();
  readonly whole = new Spread();
  readonly waiting = new Spread();
  /** Of pages that waited for a millisecond or more: less is the time between two steps of ours. */
  readonly waited = new Spread();
  /** Of requests for which there was no connection with room. */
  readonly connecting = new Spread();
  readonly firstByte = new Spread();
  readonly body = new Spread();
  readonly spent = { waiting: 0, connecting: 0, firstByte: 0, body: 0, torn: 0 } satisfies TimeSpent;
  /** Pages whose body time is not known. */
  tornPages = 0;
  readonly #heads = new WeakMap<Page, Heads>();
  #inLineMs = 0;
  #receivedBytes = 0;
  #sampledMs = 0;

  /** @param elapsedMs since the run's start */
  hear(event: RunEvent, elapsedMs: number): void {
    switch (event.type) {
      case 'attempt':
        this.#addAttempt(event, elapsedMs);
        return;
      case 'page':
        this.#addPage(event.record, event.page, elapsedMs);
        return;
      case 'origin-learned':
        this.origins.learned(event.origin, event.concurrency, event.ratePerSecond, elapsedMs);
        return;
      case 'origin-paused':
        this.origins.paused(event.origin, elapsedMs);
        return;
      case 'origin-resumed':
        this.origins.resumed(event.origin, elapsedMs);
        return;
      case 'origin-given-up':
        this.origins.givenUp(event.origin, event.failure.code, elapsedMs);
        return;
      default:
        return;
    }
  }

  sample(gauges: Gauges, elapsedMs: number): void {
    const bin = this.timeline.bin(elapsedMs);
    this.inFlight.add(bin, gauges.inFlight);
    this.inLine.add(bin, gauges.waiting);
    this.#inLineMs += gauges.waiting * (elapsedMs - this.#sampledMs);
    this.#addBytes(gauges.receivedBytes - this.#receivedBytes, elapsedMs);
    this.#receivedBytes = gauges.receivedBytes;
    this.#sampledMs = elapsedMs;
  }

  /** How long a page stood in line before its first request, by what looks at the run found (Little's law); undefined where none was asked for. */
  get meanInLineMs(): number | undefined {
    const pages = this.whole.count;
    return pages === 0 ? undefined : Math.max(0, this.#inLineMs - this.spent.waiting) / pages;
  }

  /** Evenly over the time since the last look: it does not fall into step with the bins. */
  #addBytes(bytes: number, elapsedMs: number): void {
    const { binMs } = this.timeline;
    const tookMs = elapsedMs - this.#sampledMs;
    for (let fromMs = this.#sampledMs; fromMs < elapsedMs; ) {
      const bin = this.timeline.bin(fromMs);
      const toMs = Math.min(elapsedMs, (bin + 1) * binMs);
      this.bytes.add(bin, (bytes * (toMs - fromMs)) / tookMs);
      fromMs = toMs;
    }
  }

  #addAttempt(event: Extract<RunEvent, { type: 'attempt' }>, elapsedMs: number): void {
    const { page, result, sequel } = event;
    this.origins.attempt(event, elapsedMs);
    const bin = this.timeline.bin(elapsedMs);
    if (sequel.type === 'again') (sequel.cost === 'refusal' ? this.refusals : this.retries).add(bin, 1);
    let heads = this.#heads.get(page);
    if (heads === undefined) {
      heads = { connectMs: 0, ms: 0, isTorn: false };
      this.#heads.set(page, heads);
    }
    if (result.type === 'failure') {
      heads.isTorn = true;
      return;
    }
    heads.connectMs += result.connectMs;
    if (result.connectMs >= LEAST_CONNECT_MS) this.connecting.add(result.connectMs);
    heads.ms += result.headMs;
    this.firstByte.add(result.headMs);
  }

  #addPage(record: PageRecord, page: Page | undefined, elapsedMs: number): void {
    const bin = this.timeline.bin(elapsedMs);
    (isOk(record.outcome) ? this.okPages : this.badPages).add(bin, 1);
    if (!isOk(record.outcome)) this.causes.add(record);
    if (record.bytes !== undefined) this.contentTypes.add(mediaType(record.contentType), record.bytes);
    if (page !== undefined && record.requests > 0) this.#addTimes(record, this.#heads.get(page));
  }

  #addTimes({ elapsedMs, waitedMs }: PageRecord, heads: Heads | undefined): void {
    this.whole.add(elapsedMs);
    this.waiting.add(waitedMs);
    if (waitedMs >= 1) this.waited.add(waitedMs);
    this.spent.waiting += waitedMs;
    const { connectMs, ms: headMs } = heads ?? { connectMs: 0, ms: 0 };
    this.spent.connecting += connectMs;
    this.spent.firstByte += headMs;
    // Each of them is rounded by itself.
    const restMs = Math.max(0, elapsedMs - waitedMs - connectMs - headMs);
    if (heads === undefined || heads.isTorn) {
      this.tornPages += 1;
      this.spent.torn += restMs;
      return;
    }
    this.body.add(restMs);
    this.spent.body += restMs;
  }
}

/** `text/html` of `Text/HTML; charset=utf-8` (RFC 9110 §8.3.1). */
function mediaType(contentType: string | undefined): string {
  const [type = ''] = (contentType ?? '').split(';', 1);
  return type.trim().toLowerCase().slice(0, 100) || 'no type told';
}
