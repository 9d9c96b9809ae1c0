import type { Readable } from 'node:stream';
import { UsageError } from '../core/failure.ts';
import type { Input, InputItem } from '../core/page.ts';
import { withoutUserinfo } from './invalid-text.ts';
import { type List, openList } from './open-list.ts';
import { invalid, isNothing, type LineParser, lineParser, trimLine } from './parse-line.ts';
import { type Line, readLines } from './read-lines.ts';
import { BrokenList, watchErrors } from './read-stream.ts';
import { parseUrlRanges, type UrlRanges } from './url-ranges.ts';

/** Where pages come from, as it was named. */
export type Source =
  | { readonly type: 'file'; readonly path: string }
  | { readonly type: 'stdin'; readonly stream: Readable }
  | { readonly type: 'url'; readonly text: string };

/** Where ranges and braces in a URL are expanded. A request in JSON is one page always. */
export type Expand = 'arguments' | 'everywhere' | 'nowhere';

export interface InputDefaults {
  /** The run's method (-X), for lines without their own. */
  readonly method: string;
  /** The run's data (-d), for lines without a body. */
  readonly body?: string | Uint8Array;
  readonly expand: Expand;
}

interface Argument {
  readonly name: string;
  readonly urls: () => Iterable<string>;
}

type Opened = { readonly argument: Argument } | { readonly list: List };

/** Most items of a batch, and characters of their URLs: what is read at once is bounded whatever the lines. */
const BATCH_ITEMS = 256;
const BATCH_CHARS = 2 ** 20;

/**
 * Opens every source before any is read, and gives their items in order. It can be walked once; ending the walk early closes all.
 * A list named twice is read twice, but standard input only once.
 *
 * @throws UsageError for a list that cannot be read, or a URL whose ranges cannot be.
 */
export async function openInput(sources: readonly Source[], defaults: InputDefaults): Promise<Input> {
  const opened: Opened[] = [];
  const streams = new Set<Readable>();
  let argumentCount = 0;
  try {
    for (const source of sources) {
      if (source.type === 'url') {
        argumentCount++;
        opened.push({ argument: openArgument(source.text, argumentCount, defaults.expand) });
        continue;
      }
      const list = source.type === 'file' ? await openList(source.path) : stdinList(source.stream);
      if (!streams.has(list.stream)) opened.push({ list });
      streams.add(list.stream);
      watchErrors(list.stream);
    }
  } catch (error) {
    closeAll(streams);
    throw error;
  }
  return closable(itemBatches(opened, defaults), () => closeAll(streams));
}

function stdinList(stream: Readable): List {
  return { name: 'stdin', stream, gzip: false };
}

function closeAll(streams: Iterable<Readable>): void {
  for (const stream of streams) stream.destroy();
}

/**
 * Unlike the generator's own, this `return` ends a read that is under way: nobody may have to wait for a silent pipe in order to stop.
 */
function closable(batches: AsyncGenerator<readonly InputItem[]>, close: () => void): Input {
  const done = { done: true, value: undefined } as const;
  let closed = false;
  return {
    [Symbol.asyncIterator]: () => ({
      next: async () => {
        if (closed) return done;
        const result = await batches.next();
        return closed ? done : result;
      },
      return: async () => {
        closed = true;
        close();
        await batches.return(undefined);
        return done;
      },
    }),
  };
}

function openArgument(text: string, number: number, expand: Expand): Argument {
  const ranges: UrlRanges = expand === 'nowhere' ? { ok: true, count: 1, urls: () => [text] } : parseUrlRanges(text);
  if (!ranges.ok) throw new UsageError(`${withoutUserinfo(text)}: ${ranges.why}; -g takes it as it stands`);
  return { name: `argument:${number}`, urls: ranges.urls };
}

async function* itemBatches(sources: readonly Opened[], defaults: InputDefaults): AsyncGenerator<readonly InputItem[]> {
  const parser = lineParser(defaults);
  let waiting: Argument[] = [];
  for (const source of sources) {
    if ('argument' in source) {
      waiting.push(source.argument);
      continue;
    }
    yield* inBatches(argumentItems(waiting, parser));
    waiting = [];
    yield* listBatches(source.list, parser, defaults.expand === 'everywhere');
  }
  yield* inBatches(argumentItems(waiting, parser));
}

async function* listBatches(list: List, parser: LineParser, expand: boolean): AsyncGenerator<readonly InputItem[]> {
  let number = 1;
  try {
    for await (const lines of readLines(list.stream, list.gzip)) {
      yield* inBatches(lineItems(lines, list.name, number, parser, expand));
      number += lines.length;
    }
  } catch (error) {
    if (!(error instanceof BrokenList)) throw error;
    yield [{ type: 'truncated', list: list.name, why: error.message }];
  } finally {
    list.stream.destroy();
  }
}

function* argumentItems(args: readonly Argument[], parser: LineParser): Generator<InputItem> {
  for (const { name, urls } of args) {
    for (const url of urls()) yield parser.url(url, name);
  }
}

function* lineItems(
  lines: readonly Line[],
  list: string,
  first: number,
  parser: LineParser,
  expand: boolean,
): Generator<InputItem> {
  let number = first;
  for (const line of lines) {
    // Joined, not added: a text in two parts takes JSON.stringify twice as long.
    const name = [list, number++].join(':');
    if (typeof line !== 'string') {
      if (!isNothing(trimLine(line.text)) || line.text === '') yield invalid(line.text, name, line.why);
    } else if (expand && mayHoldRanges(line)) {
      yield* expandedItems(line, name, parser);
    } else {
      const item = parser.line(line, name);
      if (item !== undefined) yield item;
    }
  }
}

function mayHoldRanges(line: string): boolean {
  const trimmed = trimLine(line);
  return /[[{\\]/.test(trimmed) && !isNothing(trimmed) && !trimmed.startsWith('{');
}

function* expandedItems(line: string, name: string, parser: LineParser): Generator<InputItem> {
  const ranges = parseUrlRanges(trimLine(line));
  if (!ranges.ok) {
    yield invalid(line, name, ranges.why);
    return;
  }
  for (const url of ranges.urls()) yield parser.url(url, name);
}

/** What is there goes out at once: a batch is never waited for to fill. */
function* inBatches(items: Iterable<InputItem>): Generator<readonly InputItem[]> {
  let batch: InputItem[] = [];
  let chars = 0;
  for (const item of items) {
    batch.push(item);
    if (item.type === 'page') chars += item.page.url.length;
    if (batch.length < BATCH_ITEMS && chars < BATCH_CHARS) continue;
    yield batch;
    batch = [];
    chars = 0;
  }
  if (batch.length > 0) yield batch;
}
