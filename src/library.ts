import type { Config, StatusSet } from './core/config.ts';
import { DEFAULTS } from './core/config.ts';
import { UsageError } from './core/failure.ts';
import type { Input, InputItem, Page } from './core/page.ts';
import type { Body, Listener, StoreSession } from './core/ports.ts';
import type { PageRecord } from './core/record.ts';
import { Run } from './core/run.ts';
import { lineParser } from './input/parse-line.ts';
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

/** A page's record, with its decoded body where it is OK. */
export type FetchedPage = PageRecord & { readonly body?: Buffer };

/** Every option is optional; milliseconds, bytes and counts throughout. */
export interface FetchPagesOptions {
  /** Most requests in flight. Default: 100. */
  readonly concurrency?: number;
  /** Most requests in flight to one origin; how many really are is learned. Default: 50. */
  readonly perOrigin?: number;
  /** Most requests started per second and origin, evenly spaced. Default: what the origin bears is learned. */
  readonly ratePerSecond?: number;
  /** Tries of a page after the first. Default: 5. */
  readonly retries?: number;
  /** Statuses that are OK, ranges with both ends included. Default: 200; 200 to 299 for methods other than GET and HEAD. */
  readonly accept?: StatusSet;
  /** For every page, to the first page's origin and those of `credentialsTo` only, but for headers that tell no secret. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly credentialsTo?: readonly string[];
  /** Default: `fetch-pages (library)`. */
  readonly userAgent?: string;
  /** Most bytes of a body, decoded. Default: 16 MiB, for the page is handed over whole. */
  readonly maxBodyBytes?: number;
  /** Redirects followed for a page. Default: 10. */
  readonly maxRedirects?: number;
  /** An origin from which nothing good came for so long is given up. Default: 10 minutes. */
  readonly patienceMs?: number;
  /** An origin that asks to be left alone for longer is given up. Default: 1 hour. */
  readonly maxWaitMs?: number;
  /** PEM of the certificate authorities to trust instead of the built-in ones. */
  readonly ca?: string;
  /** Ends the run: what is in flight gets 5 s to land, and the iteration ends after it. */
  readonly signal?: AbortSignal;
  /** Watches the run. What it throws is ignored. */
  readonly onEvent?: Listener;
}

/**
 * Fetches every page of a list and yields each once, in order of completion: the engine of the command, without its stores and its display.
 *
 * A consumer that takes its time slows the fetching down. Leaving the loop ends the run.
 *
 * @throws UsageError where the input holds no page
 */
export async function* fetchPages(
  input: Iterable<string | PageRequest> | AsyncIterable<string | PageRequest>,
  options: FetchPagesOptions = {},
): AsyncGenerator<FetchedPage, void, undefined> {
  const config = configOf(options);
  const client = createClient(config.net);
  const handover = new Handover(config.pace.concurrency);
  const run = new Run({
    config,
    input: itemsOf(input),
    client,
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

async function* itemsOf(input: Iterable<string | PageRequest> | AsyncIterable<string | PageRequest>): Input {
  const parser = lineParser({ method: DEFAULTS.method });
  let number = 0;
  for await (const request of input) {
    number += 1;
    const line = `input:${number}`;
    const item: InputItem | undefined =
      typeof request === 'string' ? parser.url(request, line) : parser.line(JSON.stringify(request), line);
    if (item !== undefined) yield [item];
  }
}

function configOf(options: FetchPagesOptions): Config {
  const concurrency = atLeastOne('concurrency', options.concurrency ?? DEFAULTS.concurrency);
  const perOrigin = atLeastOne('perOrigin', options.perOrigin ?? DEFAULTS.perOrigin);
  const { ratePerSecond, accept, ca } = options;
  return {
    request: {
      method: DEFAULTS.method,
      userAgent: options.userAgent ?? 'fetch-pages (library)',
      headers: Object.entries(options.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value] as const),
      credentialsTo: (options.credentialsTo ?? []).map((origin) => new URL(origin).origin),
    },
    net: {
      connectTimeoutMs: DEFAULTS.connectTimeoutMs,
      responseTimeoutMs: DEFAULTS.responseTimeoutMs,
      stallTimeoutMs: DEFAULTS.stallTimeoutMs,
      maxBodyBytes: options.maxBodyBytes ?? 16 * 2 ** 20,
      perOrigin,
      concurrency,
      http1Only: false,
      blockPrivate: false,
      insecure: false,
      ...(ca === undefined ? undefined : { ca }),
      resolve: [],
      noProxy: [],
    },
    pace: { concurrency, perOrigin, adapt: true, ...(ratePerSecond === undefined ? undefined : { ratePerSecond }) },
    retry: {
      retries: options.retries ?? DEFAULTS.retries,
      statuses: DEFAULTS.retryOn,
      allMethods: false,
      patienceMs: options.patienceMs ?? DEFAULTS.patienceMs,
      maxWaitMs: options.maxWaitMs ?? DEFAULTS.maxWaitMs,
    },
    verdict: { failFast: false, ...(accept === undefined ? undefined : { accept }) },
    maxRedirects: options.maxRedirects ?? DEFAULTS.maxRedirects,
    restart: false,
  };
}

function atLeastOne(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 1) return value;
  throw new UsageError(`${name} must be a whole number from 1 on, not ${value}`);
}
