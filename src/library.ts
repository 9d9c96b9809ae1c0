import { type Config, DEFAULTS } from './core/config.ts';
import { StoreError, UsageError } from './core/failure.ts';
import type { Input, InputItem } from './core/page.ts';
import type { Client, StoreSession } from './core/ports.ts';
import { rememberedRequest } from './core/remembered-request.ts';
import { Run } from './core/run.ts';
import { invalid, lineParser } from './input/parse-line.ts';
import { TempSpool } from './input/temp-spool.ts';
import { type FetchedPage, Handover } from './library-handover.ts';
import { configOf, type FetchPagesOptions } from './library-options.ts';
import { createClient } from './net/client.ts';
import { systemClock } from './system-clock.ts';

/** A request of the list, as in a line of JSON. */
export interface PageRequest {
  readonly url: string;
  /** Default: GET. */
  readonly method?: string;
  /** They go to the page's own origin, and nowhere else unless they tell no secret. */
  readonly headers?: Readonly<Record<string, string>>;
  /** A string is sent as it is, in UTF-8; an object or a list as JSON. Bytes cannot be sent. */
  readonly body?: string | object;
  /** The caller's name for it, handed back in the record. */
  readonly id?: string;
}

/** What a list may hold: a URL, or more than that. A string is always a URL, also where it begins with `#` or `{`. */
export type ListItem = string | URL | PageRequest;

/**
 * Fetches every page of a list and yields each once, in order of completion: the engine of the command, without its display.
 *
 * The list is read as it is needed. A consumer that takes its time slows the fetching down. Leaving the loop ends the run.
 *
 * @throws UsageError where an option is wrong or the input is empty; StoreError where the store fails; what the input throws. All of them
 * come from the iteration, none from the call
 */
export async function* fetchPages(
  input: Iterable<ListItem> | AsyncIterable<ListItem>,
  options: FetchPagesOptions = {},
): AsyncGenerator<FetchedPage, void, undefined> {
  refuseNoList(input);
  const config = configOf(options);
  const client = createClient(config.net);
  try {
    const store = await openStore(options, config);
    try {
      yield* fetchInto(store, { input, options, config, client });
    } finally {
      await store?.close();
    }
  } finally {
    await client.destroy();
  }
}

/** A string is an iterable too: of its letters. @throws UsageError */
function refuseNoList(input: unknown): void {
  const isList =
    typeof input === 'object' && input !== null && (Symbol.iterator in input || Symbol.asyncIterator in input);
  if (!isList) throw new UsageError('the first argument must be a list of URLs; of one it is fetchPages([url])');
}

async function openStore({ store }: FetchPagesOptions, config: Config): Promise<StoreSession | undefined> {
  return await store?.open({ mode: 'run', restart: false, request: rememberedRequest(config.request) });
}

interface Parts {
  readonly input: Iterable<ListItem> | AsyncIterable<ListItem>;
  readonly options: FetchPagesOptions;
  readonly config: Config;
  readonly client: Client;
}

async function* fetchInto(
  store: StoreSession | undefined,
  { input, options: { signal, onEvent }, config, client }: Parts,
): AsyncGenerator<FetchedPage, void, undefined> {
  const spool = new TempSpool();
  const handover = new Handover(config.pace.concurrency, store);
  const run = new Run({
    config,
    input: itemsOf(input),
    client,
    spool,
    store: handover,
    clock: systemClock,
    random: Math.random,
    listeners: onEvent === undefined ? [] : [onEvent],
  });
  const abort = (): void => run.stop('abort');
  signal?.addEventListener('abort', abort);
  const ended = concluded(run, store).then(
    () => handover.end(undefined),
    (error: unknown) => handover.end({ error }),
  );
  if (signal?.aborted === true) abort();
  try {
    yield* handover.pages();
  } finally {
    signal?.removeEventListener('abort', abort);
    run.stop('abort');
    handover.release();
    await client.destroy();
    await ended;
    spool.close();
  }
}

/** @throws StoreError where the store could not go on */
async function concluded(run: Run, store: StoreSession | undefined): Promise<void> {
  const verdict = await run.verdict();
  await store?.ended?.(verdict);
  if (verdict.storeFailure !== undefined) throw new StoreError(verdict.storeFailure);
}

async function* itemsOf(input: Iterable<ListItem> | AsyncIterable<ListItem>): Input {
  const parser = lineParser({ method: DEFAULTS.method });
  const itemOf = (request: ListItem, line: string): InputItem | undefined => {
    if (typeof request === 'string' || request instanceof URL) return parser.url(String(request), line);
    // JSON would make an object of its numbers.
    if (hasBytes(request)) return invalid(String(request.url), line, 'body is bytes; give it as a string');
    return parser.line(JSON.stringify(request), line);
  };
  let number = 0;
  for await (const request of input) {
    number += 1;
    const line = `input:${number}`;
    const item = itemOf(request, line);
    if (item !== undefined) yield [item];
  }
}

function hasBytes({ body }: PageRequest): boolean {
  return ArrayBuffer.isView(body) || body instanceof ArrayBuffer;
}
