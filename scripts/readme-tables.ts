// The README's tables of options and of error codes, made from the rows that the program itself reads: `node scripts/readme-tables.ts`.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OPTION_ROWS } from '../src/cli/option-rows/all.ts';
import { OPTION_GROUPS, type OptionGroup, type OptionRow } from '../src/cli/option-rows/row.ts';
import { FAILURES, type FailureClass } from '../src/core/failure.ts';

const README = join(import.meta.dirname, '..', 'README.md');
const ROWS: readonly OptionRow[] = OPTION_ROWS;

const GROUP_NAMES = {
  input: 'Input',
  request: 'Request',
  pace: 'Pace',
  retry: 'Retry',
  time: 'Time',
  limits: 'Limits',
  store: 'Store',
  verdict: 'Verdict',
  display: 'Display',
  about: 'About',
} as const satisfies Record<OptionGroup, string>;

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

/** The text with both tables as they are now. */
export function withTables(readme: string): string {
  return between(between(readme, 'options', optionsTable()), 'errors', errorsTable());
}

function between(readme: string, name: string, table: string): string {
  const [begin, end] = [`<!-- ${name} -->\n`, `<!-- /${name} -->`];
  const [before, rest] = readme.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error(`the README has no place for its ${name}`);
  return `${before}${begin}${table}\n${end}${after}`;
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

if (process.argv[1] === import.meta.filename) writeFileSync(README, withTables(readFileSync(README, 'utf8')));
