import { bashCompletion } from './completion-bash.ts';
import { fishCompletion } from './completion-fish.ts';
import { zshCompletion } from './completion-zsh.ts';
import { OPTION_ROWS } from './option-rows/all.ts';
import type { CompletionShell } from './option-rows/result.ts';
import type { OptionRow } from './option-rows/row.ts';

const SCRIPTS: Readonly<Record<CompletionShell, (rows: readonly OptionRow[]) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

/** What a shell reads to complete this program's options, their choices and files: the text of a script, made from the option rows. */
export function completionScript(shell: CompletionShell): string {
  return SCRIPTS[shell](OPTION_ROWS);
}
