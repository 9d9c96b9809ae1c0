import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '..', '..');
export const README = readFileSync(join(ROOT, 'README.md'), 'utf8');

/**
 * A fenced block of the README. Its first word is its language, the others say what the test does with it:
 *
 * - `sh name=N`, with `exits=C` where it does not end with 0: it is run. `shell` is not: it installs something or needs a checkout.
 * - `text of=N`: lines that N prints. `text file=F`: a file that stands in the folder of every command.
 * - `makefile name=N` is run by make. `ts name=N` is compiled and run.
 */
export interface Fence {
  readonly language: string;
  readonly facts: Readonly<Record<string, string>>;
  readonly text: string;
}

export const FENCES: readonly Fence[] = [...README.matchAll(/^```(\w+)([^\n]*)\n([\s\S]*?)^```$/gm)].map(
  ([, language = '', info = '', text = '']) => ({
    language,
    facts: Object.fromEntries([...info.matchAll(/(\w+)=(\S+)/g)].map(([, name, value]) => [name, value])),
    text,
  }),
);

/** The cells of a table's rows, by its first line; `\|` is a bar within a cell. */
export function tableBelow(head: string): readonly (readonly string[])[] {
  const begin = README.indexOf(`${head}\n`);
  if (begin < 0) throw new Error(`the README has no table ${head}`);
  const table = README.slice(begin).split('\n\n', 1)[0] ?? '';
  return table
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((text) => text.trim().replaceAll('\\|', '|')),
    );
}

/** What stands between backticks. */
export function codes(text: string): readonly string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
}
