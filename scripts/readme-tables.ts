// The tables of the README, docs/errors.md and docs/library.md, made from what the program itself reads: `node scripts/readme-tables.ts`.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ENVIRONMENT_MEANINGS, EXIT_MEANINGS, SIGNAL_MEANINGS } from '../src/cli/meanings.ts';
import { OPTION_ROWS } from '../src/cli/option-rows/all.ts';
import { GROUP_NAMES, OPTION_GROUPS, type OptionRow } from '../src/cli/option-rows/row.ts';
import { FAILURES, type FailureClass } from '../src/core/failure.ts';
import { FAILURE_ADVICE } from './failure-advice.ts';
import { libraryOptionsTable, libraryTypesTable } from './library-tables.ts';

const ROOT = join(import.meta.dirname, '..');
const ROWS: readonly OptionRow[] = OPTION_ROWS;

const TRIED_AGAIN = {
  free: 'yes, free 6 times',
  'shared-fate': 'yes, free 3 times, then alone over HTTP/1.1',
  transient: 'yes',
  host: 'yes',
  protocol: 'once, free, over HTTP/1.1',
  permanent: 'no',
  local: 'yes, free',
  aborted: 'by the next run: such a page has no record',
} as const satisfies Record<FailureClass, string>;

/** Group, option, meaning, default: a row an option, in the order of help. */
export function optionsTable(): string {
  const rows = OPTION_GROUPS.flatMap((group) =>
    ROWS.filter((row) => row.group === group).map((row, index) =>
      optionRow(row, index === 0 ? GROUP_NAMES[group] : ''),
    ),
  );
  return ['| | option | meaning | default |', '|---|---|---|---|', ...rows].join('\n');
}

/** Code, meaning, whether it is tried again; the answer with a status first, for it is the commonest. */
export function errorsTable(): string {
  const status = '| `HTTP_404`, … | answered whole, with a status that is not accepted | statuses of `--retry-on` |';
  const rows = Object.entries(FAILURES).map(
    ([code, [kind, meaning]]) => `| \`${code}\` | ${cell(meaning)} | ${TRIED_AGAIN[kind]} |`,
  );
  return ['| code | meaning | tried again |', '|---|---|---|', status, ...rows].join('\n');
}

/** For each failure what to do, under the headings of FAILURE_ADVICE. */
export function advice(): string {
  const sections = Object.entries(FAILURE_ADVICE).map(([heading, codes]) => {
    const items = Object.entries(codes).map(([code, what]) => {
      const [, meaning] = FAILURES[code as keyof typeof FAILURES];
      return `**\`${code}\`**: ${markup(meaning)}.\n${what}`;
    });
    return `### ${heading}\n\n${items.join('\n\n')}`;
  });
  return `${sections.join('\n\n')}\n`;
}

/** Code and meaning of every way in which the program ends. */
export function exitsTable(): string {
  const rows = EXIT_MEANINGS.map(([codes, meaning]) => `| ${codes.join(', ')} | ${cell(markup(meaning))} |`);
  return ['| code | meaning |', '|---:|---|', ...rows].join('\n');
}

export function environmentTable(): string {
  return namesTable('variable', ENVIRONMENT_MEANINGS);
}

export function signalsTable(): string {
  return namesTable('signal', SIGNAL_MEANINGS);
}

function namesTable(kind: string, meanings: readonly (readonly [names: readonly string[], meaning: string])[]): string {
  const rows = meanings.map(([names, meaning]) => {
    const spelled = names.map((name) => `\`${name}\``).join(', ');
    return `| ${spelled} | ${cell(markup(meaning))} |`;
  });
  return [`| ${kind} | meaning |`, '|---|---|', ...rows].join('\n');
}

/** What stands between `<!-- name -->` and `<!-- /name -->`, by name. */
const PARTS: Readonly<Record<string, () => string>> = {
  options: optionsTable,
  environment: environmentTable,
  exits: exitsTable,
  signals: signalsTable,
  errors: errorsTable,
  advice,
  'library-options': libraryOptionsTable,
  'library-types': libraryTypesTable,
};

/** Every file that has such parts. */
export const FILES_WITH_TABLES = ['README.md', 'docs/errors.md', 'docs/library.md'] as const;

/** The text with its parts as they are now. */
export function withTables(text: string): string {
  return text.replace(/<!-- ([\w-]+) -->\n[\s\S]*?<!-- \/\1 -->/g, (whole, name: string) => {
    const part = PARTS[name];
    return part === undefined ? whole : `<!-- ${name} -->\n${part()}\n<!-- /${name} -->`;
  });
}

function optionRow(
  { short, long, aliases = [], argument, summary, details, default: value }: OptionRow,
  group: string,
): string {
  const spelled = [short, long, ...aliases].filter((flag) => flag !== undefined);
  const flags = spelled.map((flag, index) => {
    const takes = argument !== undefined && index === spelled.length - 1 ? ` ${argument}` : '';
    return `\`${flag}${takes}\``;
  });
  const meaning = details === undefined ? summary : `${summary}. ${details}`;
  return `| ${group} | ${cell(flags.join(', '))} | ${cell(markup(meaning))} | ${cell(value ?? '')} |`;
}

/** Angle brackets would be taken for HTML, stars for emphasis; options of the text are marked as what they are. */
function markup(text: string): string {
  const escaped = text.replaceAll('<', '&lt;').replaceAll('*', '\\*');
  return escaped.replace(/(?<![\w-])--?[a-zA-Z][\w.-]*[\w]|(?<![\w-])-[a-zA-Z](?![\w-])/g, '`$&`');
}

/** A bar would end the cell. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

if (process.argv[1] === import.meta.filename) {
  for (const file of FILES_WITH_TABLES) {
    const path = join(ROOT, file);
    writeFileSync(path, withTables(readFileSync(path, 'utf8')));
  }
}
