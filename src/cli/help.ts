import { OPTION_ROWS } from './option-rows/all.ts';
import { OPTION_GROUPS, type OptionGroup, type OptionRow } from './option-rows/row.ts';

const WIDTH = 96;
const TEXT_COLUMN = 30;

const USAGE = `Usage: fetch-pages [options] [list | URL | -]...

  fetch-pages urls.txt                            every page of a list, into pages/
  fetch-pages -o - 'https://example.com/[1-50]'   as JSON, a page a line, on stdout
`;

const TITLES: Readonly<Record<OptionGroup, string>> = {
  input: 'Input',
  request: 'Request',
  pace: 'Pace',
  retry: 'Retry',
  time: 'Time (ms, s, m, h; a bare number is seconds)',
  limits: 'Limits (bytes; k, M, G)',
  store: 'Store',
  verdict: 'Verdict',
  display: 'Display',
  about: 'About',
};

const EXIT_CODES = `Exit codes
  0 every page is OK · 1 some page is not · 2 wrong options, an unreadable or empty list
  3 the store failed · 4 stopped by --deadline, --fail-fast or --max-failures
  129, 130, 143 a signal · 141 the reader of stdout went away · 70 a bug

Environment
  http_proxy, https_proxy, HTTPS_PROXY, all_proxy, ALL_PROXY, no_proxy, NO_PROXY: as in curl.
  HTTP_PROXY in capitals is not read, because a web server may have set it from a request.
  NO_COLOR, FORCE_COLOR, TERM: see --color.
`;

/** The help: the common options on one screen, or all of them with their details. No line is longer than 100 characters. */
export function helpText(extent: 'common' | 'all'): string {
  const rows: readonly OptionRow[] = OPTION_ROWS;
  return extent === 'all' ? allHelp(rows) : commonHelp(rows.filter((row) => row.common));
}

function commonHelp(rows: readonly OptionRow[]): string {
  return `${USAGE}\n${rows.map((row) => optionLines(row, [sentence(row)])).join('')}`;
}

function allHelp(rows: readonly OptionRow[]): string {
  const groups = OPTION_GROUPS.map((group) => {
    const members = rows.filter((row) => row.group === group);
    const lines = members.map((row) => optionLines(row, [sentence(row), ...(row.details ? [row.details] : [])]));
    return `${TITLES[group]}\n${lines.join('')}`;
  });
  return `${USAGE}\n${groups.join('\n')}\n${EXIT_CODES}`;
}

function sentence(row: OptionRow): string {
  return row.default === undefined ? row.summary : `${row.summary} (${row.default})`;
}

function optionLines(row: OptionRow, paragraphs: readonly string[]): string {
  const spelled = [row.short, row.long, ...(row.aliases ?? [])].filter((flag) => flag !== undefined).join(', ');
  const flags = `  ${row.short === undefined ? '    ' : ''}${spelled}${row.argument === undefined ? '' : ` ${row.argument}`}`;
  const text = paragraphs.flatMap((paragraph) => wrap(paragraph, WIDTH - TEXT_COLUMN));
  const [first = '', ...rest] = text;
  const indent = ' '.repeat(TEXT_COLUMN);
  const head = flags.length < TEXT_COLUMN - 1 ? flags.padEnd(TEXT_COLUMN) + first : `${flags}\n${indent}${first}`;
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
