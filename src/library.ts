import { DEFAULTS } from './core/config.ts';
import type { Input, InputItem, Page } from './core/page.ts';
import type { Body, StoreSession } from './core/ports.ts';
import type { PageRecord } from './core/record.ts';
import { Run } from './core/run.ts';
import { lineParser } from './input/parse-line.ts';
import { TempSpool } from './input/temp-spool.ts';
import { configOf, type FetchPagesOptions } from './library-options.ts';
import { createClient } from './net/client.ts';
import { systemClock } from './system-clock.ts';

/** A request of the list, as in a line of JSON. */
export interface PageRequest {
  readonly url: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The caller's name for it, handed back in the record. */
  readonly id?: string;
}

/** What a list may hold: a URL, or more than that. A string is always a URL, also where it begins with `#` or `{`. */
type ListItem = string | URL | PageRequest;

/** A page's record, with its decoded body where it is OK. */
export type FetchedPage = PageRecord & { readonly body?: Buffer };

/**
 * Fetches every page of a list and yields each once, in order of completion: the engine of the command, without its stores and its display.
 *
 * A consumer that takes its time slows the fetching down. Leaving the loop ends the run.
 *
 * @throws UsageError where an option is wrong or the input is empty; what the input throws
 */
export async function* fetchPages(
  input: Iterable<ListItem> | AsyncIterable<ListItem>,
  options: FetchPagesOptions = {},
): AsyncGenerator<FetchedPage, void, undefined> {
  const config = configOf(options);
  const client = createClient(config.net);
  const spool = new TempSpool();
  const handover = new Handover(config.pace.concurrency);
  const run = new Run({
    config,
    input: itemsOf(input),
    client,
    spool,
    store: handover,
    clock: systemClock,
    random: Math.random,
    listeners: options.onEvent === undefined ? [] : [options.onEvent],
  });
  const abort = (): void => run.stop('abort');
  options.signal?.addEventListener('abort', abort);
  const ended = run.verdict().then(
    () => handover.end(undefined),
    (error: unknown) => handover.end({ error }),
  );
  if (options.signal?.aborted === true) abort();
  try {
    yield* handover.pages();
  } finally {
    options.signal?.removeEventListener('abort', abort);
    run.stop('abort');
    handover.release();
    spool.close();
    await client.destroy();
    await ended;
  }
}

/** A store that keeps nothing: it hands each page to whoever iterates, and counts it as kept when it was taken. */
class Handover implements StoreSession {
  readonly stored = { pages: 0 };
  readonly notices: readonly string[] = [];
  readonly #waiting: { readonly page: FetchedPage; readonly taken: () => void }[] = [];
  #wake: (() => void) | undefined;
  #ended: { readonly failure: { readonly error: unknown } | undefined } | undefined;
  #released = false;
  readonly #ahead: number;

  /** @param ahead pages that count as kept before they are taken */
  constructor(ahead: number) {
    this.#ahead = ahead;
  }

  has(_page: Page): boolean {
    return false;
  }

  async keep(_page: Page, record: PageRecord, body: Body | undefined): Promise<PageRecord> {
    const chunks = body !== undefined && 'chunks' in body ? body.chunks : undefined;
    await this.#put(chunks === undefined ? record : { ...record, body: Buffer.concat(chunks) });
    return record;
  }

  note(record: PageRecord): Promise<void> {
    return this.#put(record);
  }

  async close(): Promise<void> {}

  /** The run is over: the iteration ends once all is taken. */
  end(failure: { readonly error: unknown } | undefined): void {
    this.#ended = { failure };
    this.#wake?.();
  }

  /** Nobody takes any more. */
  release(): void {
    this.#released = true;
    for (const { taken } of this.#waiting.splice(0)) taken();
  }

  async *pages(): AsyncGenerator<FetchedPage, void, undefined> {
    for (;;) {
      const next = this.#waiting.shift();
      if (next !== undefined) {
        next.taken();
        yield next.page;
      } else if (this.#ended !== undefined) {
        if (this.#ended.failure !== undefined) throw this.#ended.failure.error;
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  #put(page: FetchedPage): Promise<void> {
    if (this.#released) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ page, taken: resolve });
    if (this.#waiting.length <= this.#ahead) resolve();
    this.#wake?.();
    return promise;
  }
}

async function* itemsOf(input: Iterable<ListItem> | AsyncIterable<ListItem>): Input {
  const parser = lineParser({ method: DEFAULTS.method });
  let number = 0;
  for await (const request of input) {
    number += 1;
    const line = `input:${number}`;
    const isUrl = typeof request === 'string' || request instanceof URL;
    const item: InputItem | undefined = isUrl
      ? parser.url(String(request), line)
      : parser.line(JSON.stringify(request), line);
    if (item !== undefined) yield [item];
  }
}
