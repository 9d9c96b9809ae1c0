import { join, resolve } from 'node:path';
import { type Config, DEFAULTS, type RetryConfig, type StoreFormat, type VerdictConfig } from '../core/config.ts';
import { UsageError } from '../core/failure.ts';
import type { Expand } from '../input/open-input.ts';
import type { About } from './about.ts';
import { givenOptions } from './given-options.ts';
import { resolveNet } from './network-options.ts';
import type { TypedOptions } from './option-rows/all.ts';
import { COLOR_CHOICES, type ColorChoice, PROGRESS_CHOICES, type ProgressChoice } from './option-rows/result.ts';
import {
  choiceOf,
  countOf,
  durationOf,
  failureLimitOf,
  fileOf,
  rateOf,
  refuseTogether,
  shardOf,
  statusesOf,
} from './option-values.ts';
import { resolveRequest } from './request-options.ts';
import { resolveStore, type StoreChoice } from './store-options.ts';
import { OptionFiles, StandardInput, type Surroundings } from './surroundings.ts';
import { quoted, wrongValue } from './wrong-value.ts';

/** Where pages are listed. Paths are as they were typed. */
type SourceSpec =
  | { readonly type: 'file'; readonly path: string }
  | { readonly type: 'stdin' }
  | { readonly type: 'url'; readonly text: string };

interface DisplayChoice {
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly progress: ProgressChoice;
  readonly color: ColorChoice;
}

/** A command line, understood: nothing in it has to be checked again. */
export interface Invocation {
  readonly about: About;
  readonly config: Config;
  /** In the order in which they are read; empty with `demo` only. */
  readonly sources: readonly SourceSpec[];
  readonly expand: Expand;
  readonly store: StoreChoice;
  readonly dryRun: boolean;
  readonly demo: boolean;
  /** --failed, as typed. */
  readonly failedFile?: string;
  /** --report, as typed. */
  readonly reportFile?: string;
  /** --summary, as typed; `-` is stdout. */
  readonly summary?: string;
  readonly display: DisplayChoice;
  /** For a store that keeps a list of runs; secrets aside. */
  readonly givenOptions: Readonly<Record<string, unknown>>;
  /** To be told before the run, a sentence each. */
  readonly notices: readonly string[];
}

/** `no-input`: nothing was named, and standard input is a terminal. */
export type Resolution = { readonly type: 'run'; readonly invocation: Invocation } | { readonly type: 'no-input' };

/** How a run is to be made of what was typed. */
export interface ResolveOptions extends Surroundings {
  /** Defaults of --max-filesize in bytes, of the formats that hold bodies in memory. */
  readonly maxBodyBytes: Partial<Readonly<Record<StoreFormat, number>>>;
}

/**
 * Gives every word of a command line its meaning, fills in the defaults, and refuses what cannot be meant. Reads the files that options
 * name (`@file`, certificates), touches nothing.
 *
 * @throws UsageError that names the option, the value and what would do; a value that may be a secret is not shown
 */
export function resolveConfig(
  typed: TypedOptions,
  operands: readonly string[],
  surroundings: ResolveOptions,
): Resolution {
  const stdin = new StandardInput();
  const files = new OptionFiles(surroundings.readFile, stdin);
  refuseContradictions(typed);
  const store = resolveStore(typed, surroundings.cwd);
  const named = namedSources(typed, operands, stdin);
  const config = buildConfig(typed, files, store, surroundings);
  const display = resolveDisplay(typed);
  const results = resolveResults(typed, store, operands, surroundings.cwd);
  const sources = typed.demo || named.length > 0 ? named : unnamedSource(stdin, surroundings.stdinIsTerminal);
  if (sources === undefined) return { type: 'no-input' };
  const dryRun = typed.dryRun === true;
  const demo = typed.demo === true;
  const tellStore = !surroundings.stdoutIsTerminal && !store.outputGiven && !dryRun && !demo;
  const invocation: Invocation = {
    about: { version: surroundings.version, homepage: surroundings.homepage },
    config,
    sources,
    expand: typed.globoff ? 'nowhere' : typed.expand ? 'everywhere' : 'arguments',
    store,
    dryRun,
    demo,
    ...results,
    display,
    givenOptions: givenOptions(typed),
    notices: tellStore ? [`Pages go to ${store.place}; -o - writes them to stdout.`] : [],
  };
  return { type: 'run', invocation };
}

function refuseContradictions(typed: TypedOptions): void {
  refuseTogether(typed, 'expand', 'globoff', 'one asks for ranges everywhere, the other nowhere');
  refuseTogether(typed, 'refresh', 'restart', 'one asks again for what is stored, the other removes it');
  refuseTogether(typed, 'quiet', 'verbose', 'one asks for less, the other for more');
  if (typed.summary === '-' && typed.output === '-') {
    throw new UsageError(
      '--summary - and --output - cannot be given together: stdout takes one of them; name a file for the other',
    );
  }
}

function buildConfig(typed: TypedOptions, files: OptionFiles, store: StoreChoice, options: ResolveOptions): Config {
  const userAgent = `fetch-pages/${options.version} (+${options.homepage})`;
  const concurrency = countOf(typed, 'concurrency', 1) ?? DEFAULTS.concurrency;
  const perOrigin = countOf(typed, 'perOrigin', 1) ?? DEFAULTS.perOrigin;
  const maxBodyBytes = options.maxBodyBytes[store.format] ?? DEFAULTS.maxBodyBytes;
  const ratePerSecond = rateOf(typed, 'rate');
  const shard = shardOf(typed);
  const deadlineMs = durationOf(typed, 'deadline', 1);
  return {
    request: resolveRequest(typed, files, userAgent),
    net: resolveNet(typed, files, options.environment, { concurrency, perOrigin, maxBodyBytes }),
    pace: {
      concurrency,
      perOrigin,
      ...(ratePerSecond === undefined ? {} : { ratePerSecond }),
      adapt: typed.noAdapt !== true,
    },
    retry: resolveRetry(typed),
    verdict: resolveVerdict(typed),
    maxRedirects: countOf(typed, 'maxRedirs', 0) ?? DEFAULTS.maxRedirects,
    ...(shard === undefined ? {} : { shard }),
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
    restart: typed.restart === true,
    refresh: resolveRefresh(typed, store),
  };
}

function resolveRefresh(typed: TypedOptions, store: StoreChoice): boolean {
  if (typed.refresh !== true) return false;
  if (store.path === undefined) {
    throw new UsageError(
      `--refresh asks again for what a store holds, and ${store.place} holds nothing; name one with -o`,
    );
  }
  return true;
}

function resolveRetry(typed: TypedOptions): RetryConfig {
  return {
    retries: countOf(typed, 'retry', 0) ?? DEFAULTS.retries,
    statuses: statusesOf(typed, 'retryOn') ?? DEFAULTS.retryOn,
    allMethods: typed.retryAllMethods === true,
    patienceMs: durationOf(typed, 'patience', 1) ?? DEFAULTS.patienceMs,
    maxWaitMs: durationOf(typed, 'maxWait', 0) ?? DEFAULTS.maxWaitMs,
  };
}

function resolveVerdict(typed: TypedOptions): VerdictConfig {
  const accept = statusesOf(typed, 'accept');
  const maxFailures = failureLimitOf(typed);
  return {
    ...(accept === undefined ? {} : { accept }),
    failFast: typed.failFast === true,
    ...(maxFailures === undefined ? {} : { maxFailures }),
  };
}

function resolveDisplay(typed: TypedOptions): DisplayChoice {
  return {
    quiet: typed.quiet === true,
    verbose: typed.verbose === true,
    progress: choiceOf(typed, 'progress', PROGRESS_CHOICES) ?? 'auto',
    color: choiceOf(typed, 'color', COLOR_CHOICES) ?? 'auto',
  };
}

/** --failed may be one of the lists: it is renamed into place when they have been read. No other two files may be one, devices aside. */
function resolveResults(
  typed: TypedOptions,
  store: StoreChoice,
  operands: readonly string[],
  cwd: string,
): Pick<Invocation, 'failedFile' | 'reportFile' | 'summary'> {
  const failedFile = fileOf(typed, 'failed', 'is no file');
  const reportFile = fileOf(typed, 'report', 'is no file');
  const summary = fileOf(typed, 'summary', 'is stdout');
  const lists = [...operands, ...(typed.inputFile ?? [])].filter((word) => !isUrl(word) && word !== '-');
  const places = new Map<string, string>();
  const claim = (path: string, what: string): void => {
    if (path.startsWith('/dev/')) return;
    const other = places.get(path);
    if (other !== undefined)
      throw new UsageError(`${what} and ${other} are the same file, ${quoted(path)}; name another`);
    places.set(path, what);
  };
  if (store.path !== undefined) {
    claim(store.path, '--output');
    if (store.format === 'files') claim(join(store.path, 'manifest.ndjson'), "the store's manifest");
  }
  if (failedFile !== undefined) claim(resolve(cwd, failedFile), '--failed');
  if (reportFile !== undefined) claim(resolve(cwd, reportFile), '--report');
  if (summary !== undefined && summary !== '-') claim(resolve(cwd, summary), '--summary');
  for (const list of lists) {
    const what = places.get(resolve(cwd, list));
    if (what === '--report' || what === '--summary' || (what === '--output' && store.format === 'ndjson')) {
      throw new UsageError(`${what} would write over the list ${quoted(list)}; name another file`);
    }
  }
  return {
    ...(failedFile === undefined ? {} : { failedFile }),
    ...(reportFile === undefined ? {} : { reportFile }),
    ...(summary === undefined ? {} : { summary }),
  };
}

function isUrl(word: string): boolean {
  return /^https?:\/\//i.test(word);
}

/** Lists and URLs in the order of the operands, then those of -i. */
function namedSources(typed: TypedOptions, operands: readonly string[], stdin: StandardInput): readonly SourceSpec[] {
  const named = [
    ...operands.map((word) => sourceOf(word, isUrl(word), 'the list -', stdin)),
    ...(typed.inputFile ?? []).map((word) => sourceOf(word, false, '--input-file -', stdin)),
  ];
  if (typed.demo && named.length > 0) throw new UsageError('--demo brings its own pages; leave out lists and URLs');
  return named;
}

/** Standard input, where nothing is named and it is not a terminal. */
function unnamedSource(stdin: StandardInput, stdinIsTerminal: boolean): readonly SourceSpec[] | undefined {
  if (stdin.taken) throw new UsageError('there is no list: standard input went into the request; name a list or a URL');
  return stdinIsTerminal ? undefined : [{ type: 'stdin' }];
}

function sourceOf(word: string, url: boolean, reader: string, stdin: StandardInput): SourceSpec {
  if (word === '') throw wrongValue('list', word, 'is not a list; name a file, a URL, or - for standard input');
  if (url) return { type: 'url', text: word };
  if (word !== '-') return { type: 'file', path: word };
  stdin.take(reader);
  return { type: 'stdin' };
}
