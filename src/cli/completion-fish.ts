import { completionValue, flagsOf } from './completion-value.ts';
import type { OptionRow } from './option-rows/row.ts';

/** For fish 3. Operands are files, which is what fish offers where nothing else is said. */
export function fishCompletion(rows: readonly OptionRow[]): string {
  return `# fish completion of fetch-pages; fetch-pages --completion fish | source
function __fetch_pages_at_file
    set -l word (commandline -ct | string replace -r -- '^--[a-z]+=' '')
    string match -q -- '@*' $word
    and __fish_complete_path (string sub -s 2 -- $word) | string replace -r -- '^' '@'
end
${rows.map(lines).join('')}`;
}

function lines(row: OptionRow): string {
  const flags = flagsOf(row).map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
  const described = `complete -c fetch-pages ${flags.join(' ')} -d ${quoted(row.summary)}`;
  const value = completionValue(row);
  if (value.type === 'none') return `${described}\n`;
  if (value.type === 'file') return `${described} -rF\n`;
  if (value.type === 'at-file') return `${described} -xa '(__fetch_pages_at_file)'\n`;
  if (value.type === 'unknown') return `${described} -x\n`;
  const words = value.words.join(' ');
  if (!value.optional) return `${described} -xa '${words}'\n`;
  // -x would make the value a must.
  return `${described}\ncomplete -c fetch-pages -n '__fish_prev_arg_in ${flagsOf(row).join(' ')}' -fa '${words}'\n`;
}

/** In fish a backslash escapes within single quotes too. */
function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
