import { ENVIRONMENT_MEANINGS, EXIT_MEANINGS, SIGNAL_MEANINGS } from './meanings.ts';
import { OPTION_ROWS } from './option-rows/all.ts';
import { GROUP_NAMES, OPTION_GROUPS, type OptionGroup, type OptionRow } from './option-rows/row.ts';

/** A terminal that nobody has made larger: 80 columns, and 24 rows with the prompt that follows. */
const WIDTH = 80;
const TEXT_COLUMN = 30;
const GROUP_WIDTH = 9;
const COMMON_TEXT_COLUMN = 37;

const USAGE = `Usage: fetch-pages [options] [list | URL | -]...

  fetch-pages urls.txt                            all pages of a list, to pages/
  fetch-pages -o - 'https://example.com/[1-50]'   JSON on stdout, a page a line
`;

const UNITS: Readonly<Partial<Record<OptionGroup, string>>> = {
  time: ' (ms, s, m, h; a bare number is seconds)',
  limits: ' (bytes; k, M, G)',
};

/** The help: the common options on one screen, or all of them with their details. No line is longer than 80 characters. */
export function helpText(extent: 'common' | 'all'): string {
  const rows: readonly OptionRow[] = OPTION_ROWS;
  return extent === 'all' ? allHelp(rows) : commonHelp(rows.filter((row) => row.common));
}

/** A line an option, its group at the margin. A default that has no room is told by `--help all`. */
function commonHelp(rows: readonly OptionRow[]): string {
  const lines = rows.map((row, index) => {
    const group = row.group === rows[index - 1]?.group ? '' : GROUP_NAMES[row.group];
    const head = group.padEnd(GROUP_WIDTH) + spelled({ ...row, aliases: [] });
    const text = sentence(row);
    const fits = COMMON_TEXT_COLUMN + text.length <= WIDTH;
    return `${head.padEnd(COMMON_TEXT_COLUMN)}${fits ? text : row.summary}\n`;
  });
  return `${USAGE}\n${lines.join('')}`;
}

function allHelp(rows: readonly OptionRow[]): string {
  const groups = OPTION_GROUPS.map((group) => {
    const members = rows.filter((row) => row.group === group);
    const lines = members.map((row) => optionLines(row, [sentence(row), ...(row.details ? [row.details] : [])]));
    return `${GROUP_NAMES[group]}${UNITS[group] ?? ''}\n${lines.join('')}`;
  });
  const exitCodes = EXIT_MEANINGS.map(([codes, meaning]) => defined(codes.join(', '), [meaning]));
  const signals = SIGNAL_MEANINGS.map(([names, meaning]) => defined(names.join(', '), [meaning]));
  const environment = ENVIRONMENT_MEANINGS.map(([names, meaning]) => defined(names.join(', '), [meaning]));
  const sections = [
    ...groups,
    `Exit codes, the first that applies\n${exitCodes.join('')}`,
    `Signals\n${signals.join('')}`,
  ];
  return `${USAGE}\n${sections.join('\n')}\nEnvironment\n${environment.join('')}`;
}

function sentence(row: OptionRow): string {
  return row.default === undefined ? row.summary : `${row.summary} (${row.default})`;
}

/** `-c, --concurrency <n>`; without a short spelling, its place is left free. */
function spelled({ short, long, aliases = [], argument }: OptionRow): string {
  const flags = [long, ...aliases].join(', ');
  return `${short === undefined ? '    ' : `${short}, `}${flags}${argument === undefined ? '' : ` ${argument}`}`;
}

function optionLines(row: OptionRow, paragraphs: readonly string[]): string {
  return defined(spelled(row), paragraphs);
}

/** A term and what it means, beside it where the term is short. */
function defined(term: string, paragraphs: readonly string[]): string {
  const [first = '', ...rest] = paragraphs.flatMap((paragraph) => wrap(paragraph, WIDTH - TEXT_COLUMN));
  const indent = ' '.repeat(TEXT_COLUMN);
  const fits = 2 + term.length < TEXT_COLUMN - 1;
  const head = fits ? `  ${term}`.padEnd(TEXT_COLUMN) + first : `  ${term}\n${indent}${first}`;
  return `${[head, ...rest.map((line) => indent + line)].join('\n')}\n`;
}

/** Breaks at spaces; a word that is longer than the width stands alone. */
function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
