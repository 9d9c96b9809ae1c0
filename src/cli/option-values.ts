import type { ShardConfig, StatusSet, VerdictConfig } from '../core/config.ts';
import { UsageError } from '../core/failure.ts';
import { longFlag, type OptionKey, type TypedOptions, type ValueKey } from './option-rows/all.ts';
import {
  formatDuration,
  parseCount,
  parseDuration,
  parseFailureLimit,
  parseRate,
  parseShard,
  parseSize,
  parseStatuses,
} from './quantities.ts';
import { wrongValue } from './wrong-value.ts';

/** Longer ones a timer of Node's would take for 1 ms. */
const MAX_TIMER_MS = 2 ** 31 - 1;

type Keyed = Pick<TypedOptions, ValueKey>;

function read<Value>(
  typed: Keyed,
  key: ValueKey,
  parse: (text: string) => Value | undefined,
  advice: string,
): Value | undefined {
  const text = typed[key];
  if (text === undefined) return undefined;
  const value = parse(text);
  if (value === undefined) throw wrongValue(longFlag(key), text, advice);
  return value;
}

/** A whole number of at least `least`; undefined where the option was not given, as with all of these. */
export function countOf(typed: Keyed, key: ValueKey, least: number): number | undefined {
  const advice = `is not a whole number of at least ${least}; write it in digits, such as ${Math.max(least, 10)}`;
  return read(typed, key, (text) => atLeast(parseCount(text), least), advice);
}

/** Milliseconds, at least `leastMs`. */
export function durationOf(typed: Keyed, key: ValueKey, leastMs: number): number | undefined {
  const bound = leastMs === 0 ? '' : `, at least ${formatDuration(leastMs)}`;
  const advice = `is not a time; write it as 500ms, 30s, 10m or 1h${bound}`;
  return read(typed, key, (text) => atLeast(parseDuration(text), leastMs), advice);
}

/** Milliseconds, from 1 to what a timer can wait. */
export function timeoutOf(typed: Keyed, key: ValueKey): number | undefined {
  const timeoutMs = durationOf(typed, key, 1);
  if (timeoutMs !== undefined && timeoutMs > MAX_TIMER_MS) {
    throw wrongValue(longFlag(key), typed[key] ?? '', 'is too long for a timeout; 596h is the longest');
  }
  return timeoutMs;
}

/** Bytes, at least 1. */
export function sizeOf(typed: Keyed, key: ValueKey): number | undefined {
  const advice = 'is not a size; write it as 900, 64k, 10M or 1.5G, at least 1';
  return read(typed, key, (text) => atLeast(parseSize(text), 1), advice);
}

/** Per second. */
export function rateOf(typed: Keyed, key: ValueKey): number | undefined {
  return read(typed, key, parseRate, 'is not a rate; write it as 10/s, 600/m or 1000/h');
}

export function statusesOf(typed: Keyed, key: ValueKey): StatusSet | undefined {
  return read(typed, key, parseStatuses, 'is not a list of statuses; write it as 200,204,300-399');
}

export function shardOf(typed: Keyed): ShardConfig | undefined {
  return read(typed, 'shard', parseShard, 'is not a shard; write it as k/n with 1 <= k <= n, such as 2/8');
}

export function failureLimitOf(typed: Keyed): VerdictConfig['maxFailures'] {
  const advice = 'is not a limit; write it as a count from 1 on, such as 50, or a share, such as 5%';
  return read(typed, 'maxFailures', parseFailureLimit, advice);
}

/** One of the choices that the option's row names. */
export function choiceOf<Choice extends string>(
  typed: Keyed,
  key: ValueKey,
  choices: readonly Choice[],
): Choice | undefined {
  const advice = `is not known; write ${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`;
  return read(typed, key, (text) => choices.find((choice) => choice === text), advice);
}

/** The name of a file; `-` where that means stdout. */
export function fileOf(typed: Keyed, key: ValueKey, dash: 'is stdout' | 'is no file'): string | undefined {
  const advice = dash === 'is stdout' ? 'is not a file; name one, or - for stdout' : 'is not a file; name one';
  const isFile = (text: string): boolean =>
    text !== '' && !text.includes('\0') && (text !== '-' || dash === 'is stdout');
  return read(typed, key, (text) => (isFile(text) ? text : undefined), advice);
}

function atLeast(value: number | undefined, least: number): number | undefined {
  return value !== undefined && value >= least ? value : undefined;
}

/** Two options that cannot both be meant. */
export function refuseTogether(typed: TypedOptions, first: OptionKey, second: OptionKey, why: string): void {
  if (typed[first] === undefined || typed[second] === undefined) return;
  throw new UsageError(`${longFlag(first)} and ${longFlag(second)} cannot be given together: ${why}`);
}
