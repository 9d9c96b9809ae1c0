import type { OptionRow } from './option-rows/row.ts';

/**
 * What a shell can offer for an option's value.
 *
 * - `none`: the option takes no value.
 * - `words`: one of `OptionRow.choices`; `optional` where the value may be left out.
 * - `file`: any file or folder. `at-file`: one after an `@`, as in `-H @headers.txt`; without it nothing.
 * - `unknown`: a value of which nothing can be guessed.
 */
export type CompletionValue =
  | { readonly type: 'none' }
  | { readonly type: 'file' }
  | { readonly type: 'at-file' }
  | { readonly type: 'unknown' }
  | { readonly type: 'words'; readonly words: readonly string[]; readonly optional: boolean };

export function completionValue({ argument, choices, kind }: OptionRow): CompletionValue {
  if (argument === undefined) return { type: 'none' };
  if (choices !== undefined) return { type: 'words', words: choices, optional: argument.startsWith('[') };
  if (kind === 'path') return { type: 'file' };
  return { type: argument.includes('|@') ? 'at-file' : 'unknown' };
}

/** Every spelling of an option: `-c`, `--concurrency`, aliases. */
export function flagsOf({ short, long, aliases = [] }: OptionRow): readonly string[] {
  return [...(short === undefined ? [] : [short]), long, ...aliases];
}

/** As one word of bash, zsh and every POSIX shell. */
export function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
