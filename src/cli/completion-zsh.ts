import { completionValue, flagsOf, shellQuoted } from './completion-value.ts';
import type { OptionRow } from './option-rows/row.ts';

/**
 * For zsh's completion system: to be evaluated after `compinit`, or kept as a file `_fetch-pages` in a folder of `fpath`, whose first line
 * and last lines are for that (zshcompsys(1)).
 */
export function zshCompletion(rows: readonly OptionRow[]): string {
  return `#compdef fetch-pages
# zsh completion of fetch-pages; eval "$(fetch-pages --completion zsh)" after compinit
_fetch_pages_at_file() {
  compset -P '@' && _files
}
_fetch_pages() {
  _arguments -s -S \\
${rows.map((row) => `    ${specification(row)} \\\n`).join('')}    '*:list or URL:_files'
}
if [[ \${funcstack[1]} == _fetch-pages ]]; then
  _fetch_pages "$@"
else
  compdef _fetch_pages fetch-pages
fi
`;
}

/** One of _arguments' (zshcompsys(1)): what excludes it, its spellings, its summary, its value. */
function specification(row: OptionRow): string {
  const flags = flagsOf(row);
  const value = completionValue(row);
  const before = row.repeatable ? '*' : `(${flags.join(' ')})`;
  const after = `[${escaped(row.summary)}]${valuePart(row)}`;
  // Where a value must follow, `-c5` and `--concurrency=5` are understood as well.
  const joined = value.type === 'none' || (value.type === 'words' && value.optional) ? ['', ''] : ['+', '='];
  const spelled = flags.map((flag) => flag + (joined[flag.startsWith('--') ? 1 : 0] ?? ''));
  if (spelled.length === 1) return shellQuoted(before + spelled.join() + after);
  return `${shellQuoted(before)}{${spelled.join(',')}}${shellQuoted(after)}`;
}

function valuePart(row: OptionRow): string {
  const value = completionValue(row);
  const name = escaped((row.argument ?? '').replace(/^[<[]|[>\]]$/g, ''));
  if (value.type === 'none') return '';
  if (value.type === 'file') return `:${name}:_files`;
  if (value.type === 'at-file') return `:${name}:_fetch_pages_at_file`;
  if (value.type === 'words') return `${value.optional ? '::' : ':'}${name}:(${value.words.join(' ')})`;
  return `:${name}: `;
}

/** What ends an explanation or a message in a specification. */
function escaped(text: string): string {
  return text.replace(/[\\[\]:]/g, '\\$&');
}
