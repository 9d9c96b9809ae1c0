import { completionValue, flagsOf } from './completion-value.ts';
import type { OptionRow } from './option-rows/row.ts';

/**
 * For bash, without the package bash-completion, and with nothing that 3.2 (that of macOS) cannot read.
 *
 * Files are left to readline (`-o default`): it knows of spaces, `~` and folders. Where a value is no file, that is switched off for the moment, which
 * bash 3.2 cannot do: there files are offered. `=`, `@` and `=@` are words of their own in `COMP_WORDS`; but readline takes an `@` for part of the word
 * that it replaces.
 */
export function bashCompletion(rows: readonly OptionRow[]): string {
  const all = rows.flatMap((row) => flagsOf(row)).join(' ');
  return `# bash completion of fetch-pages; eval "$(fetch-pages --completion bash)"
_fetch_pages_at_file() {
  local file
  [[ $1 == @* ]] || return
  while IFS= read -r file; do
    [[ -d $file ]] && file+=/
    COMPREPLY+=("@$(printf %q "$file")")
  done < <(compgen -f -- "\${1#@}")
  [[ \${COMPREPLY[*]} == */ ]] && compopt -o nospace 2>/dev/null
}
_fetch_pages() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} words='' index
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    [[ \${COMP_WORDS[index]} == -- ]] && return
  done
  case $current in
  =) current='' ;;
  =@) current=@ ;;
  esac
  case $previous in
  =) previous=\${COMP_WORDS[COMP_CWORD - 2]} ;;
  @ | =@)
    previous=\${COMP_WORDS[COMP_CWORD - 2]}
    current=@$current
    ;;
  esac
  case $previous in
${cases(rows)}  *)
    [[ $current == -* ]] || return
    words='${all}'
    ;;
  esac
  [[ -z $words ]] || COMPREPLY=($(compgen -W "$words" -- "$current"))
  ((\${#COMPREPLY[@]} > 0)) || compopt +o default 2>/dev/null
  return 0
}
complete -o default -F _fetch_pages fetch-pages
`;
}

/** What the word before says of the word that is completed: a pattern of `case` for all options whose values are alike. */
function cases(rows: readonly OptionRow[]): string {
  const flagsByCommand = new Map<string, string[]>();
  for (const row of rows) {
    const command = commandOf(row);
    if (command !== undefined) flagsByCommand.set(command, [...(flagsByCommand.get(command) ?? []), ...flagsOf(row)]);
  }
  return [...flagsByCommand].map(([command, flags]) => `  ${flags.join(' | ')}) ${command}\n`).join('');
}

function commandOf(row: OptionRow): string | undefined {
  const value = completionValue(row);
  switch (value.type) {
    case 'none':
      return undefined;
    case 'file':
      return 'return ;;';
    case 'at-file':
      return '_fetch_pages_at_file "$current" ;;';
    case 'words':
      return `words='${value.words.join(' ')}' ;;`;
    case 'unknown':
      return ';;';
  }
}
