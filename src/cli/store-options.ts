import { basename, extname, resolve } from 'node:path';
import { DEFAULTS, STORE_FORMATS, type StoreFormat } from '../core/config.ts';
import { UsageError } from '../core/failure.ts';
import type { TypedOptions } from './option-rows/all.ts';
import { choiceOf } from './option-values.ts';
import { quoted, wrongValue } from './wrong-value.ts';

/** Where pages go. */
export interface StoreChoice {
  readonly format: StoreFormat;
  /** Absolute; absent for stdout and `none`. */
  readonly path?: string;
  /** As a user writes it: `pages/`, `out.ndjson`, `stdout`, `nowhere`. */
  readonly place: string;
  /** Absolute: where the index of a web archive goes. */
  readonly cdxj?: string;
  /** False where it is the default: neither -o nor --format was given. */
  readonly outputGiven: boolean;
}

/** What a path ends in, in any case, and what is kept there. */
const ENDINGS: readonly (readonly [format: StoreFormat, pattern: RegExp])[] = [
  ['ndjson', /\.(?:ndjson|jsonl)$/i],
  ['sqlite', /\.(?:db|sqlite)$/i],
  ['warc', /\.warc(?:\.gz)?$/i],
];
/** Where pages go without -o. */
const DEFAULT_OUTPUTS: Readonly<Record<Exclude<StoreFormat, 'none'>, string>> = {
  files: DEFAULTS.output,
  ndjson: 'pages.ndjson',
  sqlite: 'pages.db',
  warc: 'pages.warc.gz',
};

/** -o and --format: an ending says what a path is, and the format where the ending does not. @throws UsageError */
export function resolveStore(typed: TypedOptions, cwd: string): StoreChoice {
  const format = choiceOf(typed, 'format', STORE_FORMATS);
  const output = typed.output;
  const outputGiven = output !== undefined || format !== undefined;
  if (format === 'none') {
    if (output !== undefined) {
      throw new UsageError('--format none keeps nothing, so it cannot be given together with --output; leave one out');
    }
    resolveCdxj(typed, format, undefined, cwd);
    return { format, place: 'nowhere', outputGiven };
  }
  const written = output ?? DEFAULT_OUTPUTS[format ?? 'files'];
  const chosen = formatOf(written, format);
  if (written === '-') {
    resolveCdxj(typed, chosen, undefined, cwd);
    return { format: chosen, place: 'stdout', outputGiven };
  }
  const place = chosen === 'files' && !written.endsWith('/') ? `${written}/` : written;
  const path = resolve(cwd, written);
  return { format: chosen, path, place, outputGiven, ...resolveCdxj(typed, chosen, path, cwd) };
}

/** @throws UsageError where there is no archive that it could be the index of */
function resolveCdxj({ cdxj }: TypedOptions, format: StoreFormat, path: string | undefined, cwd: string) {
  if (cdxj === undefined) return undefined;
  if (format !== 'warc') {
    throw new UsageError('--cdxj is the index of a web archive; keep one with -o pages.warc.gz, or leave --cdxj out');
  }
  const target = resolve(cwd, cdxj);
  if (cdxj === '' || cdxj.endsWith('/') || target === path) {
    throw wrongValue('--cdxj', cdxj, 'is no file of its own; write pages.cdxj');
  }
  return { cdxj: target };
}

function formatOf(output: string, format: StoreFormat | undefined): StoreFormat {
  const said = formatOfEnding(output);
  if (said === 'unknown') {
    if (format !== undefined) return format;
    const ending = extname(output);
    throw wrongValue(
      '--output',
      output,
      `ends in ${quoted(ending)}, which says nothing; a final / makes it a folder of files, --format ndjson one file`,
    );
  }
  if (said === undefined) return format ?? 'files';
  if (format !== undefined && format !== said) {
    throw new UsageError(
      `--format ${format} and --output ${quoted(output)} disagree: by its ${output === '-' ? 'name' : 'ending'} it is ${said}; leave out --format or choose another path`,
    );
  }
  return said;
}

/** What the ending of a path says; undefined where there is none. */
function formatOfEnding(output: string): StoreFormat | 'unknown' | undefined {
  if (output === '')
    throw wrongValue('--output', output, 'is not a path; name a folder, a file.ndjson, or - for stdout');
  if (output.includes('\0')) throw wrongValue('--output', output, 'is not a path; it holds a NUL');
  if (output === '-') return 'ndjson';
  if (output.endsWith('/')) return 'files';
  const name = basename(output);
  const ending = extname(name).toLowerCase();
  if (name === '.' || name === '..' || ending === '') return undefined;
  return ENDINGS.find(([, pattern]) => pattern.test(name))?.[0] ?? 'unknown';
}
