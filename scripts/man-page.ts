// The manual page fetch-pages(1), in the macros of man(7), made from what the program itself reads: `node scripts/man-page.ts` writes it into dist.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ENVIRONMENT_MEANINGS, EXIT_MEANINGS, SIGNAL_MEANINGS } from '../src/cli/meanings.ts';
import { OPTION_ROWS } from '../src/cli/option-rows/all.ts';
import { GROUP_NAMES, OPTION_GROUPS, type OptionRow } from '../src/cli/option-rows/row.ts';
import { FAILURES } from '../src/core/failure.ts';

const ROOT = join(import.meta.dirname, '..');
const ROWS: readonly OptionRow[] = OPTION_ROWS;

/** Commands and what they do. The tests run them. */
export const EXAMPLES: readonly (readonly [does: string, command: string])[] = [
  ['Every page of a list, each as a file below pages/:', 'fetch-pages urls.txt'],
  [
    'The second page and so on of an API, as JSON, into jq(1); 10 requests a second at most:',
    "fetch-pages --rate 10/s -o - 'https://api.example.com/items?page=[2-5]' | jq -c '.body.items[]'",
  ],
  ['A header for all pages, kept out of the list of processes:', 'fetch-pages -H @headers.txt urls.txt -o items.db'],
  [
    'A link check: nothing is kept, and what is broken is written as a list:',
    'grep -rhoE \'https?://[^][ <>"()`]*[^][ <>"()`.,:;!?*]\' docs | fetch-pages --format none --failed broken.txt',
  ],
  ['What has changed since the last run:', 'fetch-pages --refresh urls.txt -o pages/'],
];

const FILES: readonly (readonly [name: string, meaning: string])[] = [
  ['pages/', 'where pages go when --output does not say otherwise. It holds a folder for each host.'],
  [
    'pages/manifest.ndjson',
    'a record of each page: one JSON object a line. What a folder of pages holds is what its manifest says.',
  ],
  [
    'pages.ndjson, pages.db, pages.warc.gz',
    'where pages go with --format ndjson, sqlite or warc and no --output. Each is one file with all pages.',
  ],
];

/** The page as roff source. */
export function manPage({ version, homepage }: { readonly version: string; readonly homepage: string }): string {
  return [
    '.\\" Made by scripts/man-page.ts.',
    `.TH FETCH\\-PAGES 1 "" "fetch\\-pages ${escaped(version)}" "User Commands"`,
    // Lines end where words end: commands and options are read better so.
    '.ad l',
    '.nh',
    '.SH NAME',
    'fetch\\-pages \\- fetch a list of URLs, all of them',
    '.SH SYNOPSIS',
    '.B fetch\\-pages',
    '.RI [ options ]',
    '.RI [ list \\ |\\  URL \\ |\\ \\-]...',
    '.SH DESCRIPTION',
    ...DESCRIPTION.flatMap((paragraph) => ['.PP', text(paragraph)]),
    '.SH OPTIONS',
    text(
      'Times take ms, s, m and h; a bare number is seconds. Sizes take k, M and G, each 1,024 of the one before. Options and lists may be mixed; after -- all are lists and URLs.',
    ),
    ...OPTION_GROUPS.flatMap((group) => [
      `.SS ${GROUP_NAMES[group]}`,
      ...ROWS.filter((row) => row.group === group).flatMap(option),
    ]),
    '.SH EXIT STATUS',
    'The first that applies:',
    ...EXIT_MEANINGS.flatMap(([codes, meaning]) => defined(bold(codes.join(', ')), `${meaning}.`)),
    '.SH FAILURES',
    text(
      'A page that is not OK has a record with one of these codes, or HTTP_ and the status that it was answered with, such as HTTP_404.',
    ),
    ...Object.entries(FAILURES).flatMap(([code, [, meaning]]) => defined(bold(code), `${meaning}.`)),
    '.SH SIGNALS',
    ...SIGNAL_MEANINGS.flatMap(([names, meaning]) => defined(names.map(bold).join(', '), meaning)),
    '.SH ENVIRONMENT',
    ...ENVIRONMENT_MEANINGS.flatMap(([names, meaning]) => defined(names.map(bold).join(', '), meaning)),
    '.SH FILES',
    ...FILES.flatMap(([name, meaning]) => defined(italic(name), meaning)),
    '.SH EXAMPLES',
    ...EXAMPLES.flatMap(([does, command]) => ['.PP', text(does), '.PP', '.nf', '.RS', text(command), '.RE', '.fi']),
    '.SH SEE ALSO',
    '.BR curl (1),',
    '.BR jq (1)',
    '.PP',
    text('A tutorial, recipes for shells, what each failure means and what to do, how stores are laid out:'),
    '.br',
    text(homepage),
    '',
  ].join('\n');
}

const DESCRIPTION: readonly string[] = [
  'Fetches every page of a list, keeps a page only when it arrived whole, and tells at the end, in one sentence and in its exit status, whether all of them are there. A run that was stopped, however it was, goes on where it stopped when the same command is run again.',
  'An argument that begins with http:// or https:// is a URL, and may hold the ranges of curl, such as [1-50] or {a,b}; - is standard input; any other is a list: UTF-8, a page a line, .gz too. Blank lines and lines that begin with # are skipped. A line that begins with { is a request in JSON: url, method, headers, body, id, file. Without an argument the list comes from standard input, unless that is a terminal.',
  'What a server asks for is done: a refusal (429, or 503 with Retry-After) makes all requests to that origin wait as long as was told, and how much it bears is learned.',
  'Pages go where --output says, data to standard output, and everything else to standard error.',
];

function option({ short, long, aliases = [], argument, summary, details, default: value }: OptionRow): string[] {
  const flags = [short, long, ...aliases].filter((flag) => flag !== undefined).map(bold);
  const term = flags.join(', ') + (argument === undefined ? '' : ` ${italic(argument.replace(/^<|>$/g, ''))}`);
  const paragraphs = [summary, ...(details === undefined ? [] : [details.replace(/\.$/, '')])];
  const meaning = `${paragraphs.join('. ')}.${value === undefined ? '' : ` Default: ${value}.`}`;
  return defined(term, meaning);
}

/** @param term in roff already */
function defined(term: string, meaning: string): string[] {
  return ['.TP', term, text(meaning)];
}

function bold(words: string): string {
  return `\\fB${escaped(words)}\\fR`;
}

function italic(words: string): string {
  return `\\fI${escaped(words)}\\fR`;
}

/** One line of text that is no request. */
function text(words: string): string {
  const line = escaped(words);
  return /^[.']/.test(line) ? `\\&${line}` : line;
}

/** Characters that roff would take for something else, or print as a typographer does (groff_char(7)): commands must survive copying. */
function escaped(words: string): string {
  const names: Readonly<Record<string, string>> = {
    '\\': '\\e',
    '-': '\\-',
    "'": '\\(aq',
    '"': '\\(dq',
    '`': '\\(ga',
    '^': '\\(ha',
    '~': '\\(ti',
  };
  return words.replace(/[\\\-'"`^~]/g, (character) => names[character] ?? character);
}

if (process.argv[1] === import.meta.filename) {
  writeFileSync(
    join(ROOT, 'dist', 'fetch-pages.1'),
    manPage(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))),
  );
}
