import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '..', '..');

/** The documents of which every command is run. */
export const DOCUMENTS: Readonly<Record<string, string>> = Object.fromEntries(
  [
    'README.md',
    'docs/tutorial.md',
    'docs/recipes.md',
    'docs/coming-from.md',
    'docs/errors.md',
    'docs/stores.md',
    'docs/sqlite.md',
    'docs/warc.md',
    'docs/library.md',
  ].map((name) => [name, readFileSync(join(ROOT, name), 'utf8')]),
);

/**
 * A fenced block of a document. Its first word is its language, the others say what the test does with it:
 *
 * - `sh name=N`, with `exits=C` where it does not end with 0: it is run, in a folder of its own; with `after=M`, where M has been run
 *   before. `shell` is not run: it installs something or needs a checkout.
 * - `text of=N`: lines that N prints. `text file=F`: a file that stands in the folder of every command.
 * - Of `yaml name=N` the step `run: |` is run.
 * - `makefile name=N` is run by make. `ts name=N` is compiled and run.
 */
export interface Fence {
  readonly document: string;
  readonly language: string;
  readonly facts: Readonly<Record<string, string>>;
  readonly text: string;
}

export const FENCES: readonly Fence[] = Object.entries(DOCUMENTS).flatMap(([document, markdown]) =>
  [...markdown.matchAll(/^```(\w+)([^\n]*)\n([\s\S]*?)^```$/gm)].map(([, language = '', info = '', text = '']) => ({
    document,
    language,
    facts: Object.fromEntries([...info.matchAll(/(\w+)=(\S+)/g)].map(([, name, value]) => [name, value])),
    text,
  })),
);

export function fencesOf(language: string, fact: string): readonly Fence[] {
  return FENCES.filter((fence) => fence.language === language && fence.facts[fact] !== undefined);
}

/** What a command runs, with what has to be run before it. */
export function scriptOf({ facts, text }: Fence): string {
  const before = FENCES.find((fence) => fence.facts.name !== undefined && fence.facts.name === facts.after);
  if (facts.after !== undefined && before === undefined) throw new Error(`no command is named ${facts.after}`);
  return before === undefined ? text : `${scriptOf(before)}${text}`;
}

/** The cells of a table's rows, by its first line; `\|` is a bar within a cell. */
export function tableBelow(document: string, head: string): readonly (readonly string[])[] {
  const markdown = DOCUMENTS[document] ?? '';
  const begin = markdown.indexOf(`${head}\n`);
  if (begin < 0) throw new Error(`${document} has no table ${head}`);
  const table = markdown.slice(begin).split('\n\n', 1)[0] ?? '';
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
