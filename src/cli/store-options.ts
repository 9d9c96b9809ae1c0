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
  /** False where it is the default: neither -o nor --format was given. */
  readonly outputGiven: boolean;
}

const NDJSON_ENDINGS = ['.ndjson', '.jsonl'];
const KEPT = 'this version keeps files, ndjson or none';
const LATER_ENDING = /\.(?:db|sqlite|warc|warc\.gz)$/i;
const LATER_FORMATS = ['sqlite', 'warc'];
const NDJSON_OUTPUT = 'pages.ndjson';

/** -o and --format: an ending says what a path is, and the format where the ending does not. @throws UsageError */
export function resolveStore(typed: TypedOptions, cwd: string): StoreChoice {
  if (typed.format !== undefined && LATER_FORMATS.includes(typed.format)) {
    throw wrongValue('--format', typed.format, `is not kept: ${KEPT}`);
  }
  const format = choiceOf(typed, 'format', STORE_FORMATS);
  const output = typed.output;
  const outputGiven = output !== undefined || format !== undefined;
  if (format === 'none') {
    if (output !== undefined) {
      throw new UsageError('--format none keeps nothing, so it cannot be given together with --output; leave one out');
    }
    return { format, place: 'nowhere', outputGiven };
  }
  const written = output ?? (format === 'ndjson' ? NDJSON_OUTPUT : DEFAULTS.output);
  const chosen = formatOf(written, format);
  if (written === '-') return { format: chosen, place: 'stdout', outputGiven };
  const place = chosen === 'files' && !written.endsWith('/') ? `${written}/` : written;
  return { format: chosen, path: resolve(cwd, written), place, outputGiven };
}

function formatOf(output: string, format: Exclude<StoreFormat, 'none'> | undefined): StoreFormat {
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
function formatOfEnding(output: string): 'files' | 'ndjson' | 'unknown' | undefined {
  if (output === '')
    throw wrongValue('--output', output, 'is not a path; name a folder, a file.ndjson, or - for stdout');
  if (output.includes('\0')) throw wrongValue('--output', output, 'is not a path; it holds a NUL');
  if (output === '-') return 'ndjson';
  if (output.endsWith('/')) return 'files';
  if (LATER_ENDING.test(output)) {
    throw wrongValue('--output', output, `cannot be written: ${KEPT}; end it in / or .ndjson`);
  }
  const name = basename(output);
  const ending = extname(name).toLowerCase();
  if (name === '.' || name === '..' || ending === '') return undefined;
  return NDJSON_ENDINGS.includes(ending) ? 'ndjson' : 'unknown';
}
