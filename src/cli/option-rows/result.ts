import { DEFAULTS, STORE_FORMATS } from '../../core/config.ts';
import { formatStatuses } from '../quantities.ts';
import { COMMON, FLAG, ONCE, type OptionRow, RARER } from './row.ts';

export const PROGRESS_CHOICES = ['auto', 'bar', 'lines', 'none'] as const;
export const COLOR_CHOICES = ['auto', 'always', 'never'] as const;
export const COMPLETION_SHELLS = ['bash', 'zsh', 'fish'] as const;
export type ProgressChoice = (typeof PROGRESS_CHOICES)[number];
export type ColorChoice = (typeof COLOR_CHOICES)[number];
export type CompletionShell = (typeof COMPLETION_SHELLS)[number];

export const STORE_ROWS = [
  {
    ...ONCE,
    ...COMMON,
    key: 'output',
    short: '-o',
    long: '--output',
    kind: 'path',
    argument: '<path>',
    group: 'store',
    summary: 'folder/, .ndjson, .db or .warc.gz',
    details:
      '- is NDJSON on stdout. No ending or a final / keeps files in a folder, .ndjson and .jsonl a record a line, .db and .sqlite an SQLite database, .warc and .warc.gz a web archive. A run continues what its store already has.',
    default: DEFAULTS.output,
  },
  {
    ...ONCE,
    ...RARER,
    key: 'format',
    long: '--format',
    kind: 'choice',
    argument: `<${STORE_FORMATS.join('|')}>`,
    choices: STORE_FORMATS,
    group: 'store',
    summary: 'for a path whose ending does not say; none keeps nothing',
    details:
      'Without -o, ndjson goes to pages.ndjson, sqlite to pages.db, warc to pages.warc.gz. Against an ending that says otherwise: exit code 2.',
    default: 'by the ending',
  },
  {
    ...ONCE,
    ...RARER,
    key: 'cdxj',
    long: '--cdxj',
    kind: 'path',
    argument: '<file>',
    group: 'store',
    summary: 'write the index of the .warc.gz that replay tools read (CDXJ)',
    details: 'At the end of the run, of the whole archive, which is read for it.',
  },
  {
    ...FLAG,
    ...RARER,
    key: 'refresh',
    long: '--refresh',
    group: 'store',
    summary: 'ask again for what is stored, with its ETag and Last-Modified',
    details: 'An answer 304 is unchanged, and OK. An answer that is not OK takes no stored body away.',
  },
  {
    ...FLAG,
    ...RARER,
    key: 'restart',
    long: '--restart',
    group: 'store',
    summary: "begin anew: removes what this store's own manifest names, nothing else",
  },
] as const satisfies readonly OptionRow[];

export const VERDICT_ROWS = [
  {
    ...ONCE,
    ...COMMON,
    key: 'accept',
    long: '--accept',
    kind: 'statuses',
    argument: '<statuses>',
    group: 'verdict',
    summary: 'what counts as OK, such as 200,204,300-399',
    details: 'Wins over --retry-on.',
    default: `${formatStatuses(DEFAULTS.acceptSafe)}; ${formatStatuses(DEFAULTS.acceptUnsafe)} unless GET or HEAD`,
  },
  {
    ...FLAG,
    ...RARER,
    key: 'failFast',
    long: '--fail-fast',
    group: 'verdict',
    summary: 'stop at the first page that is not OK (exit code 4)',
  },
  {
    ...ONCE,
    ...RARER,
    key: 'maxFailures',
    long: '--max-failures',
    kind: 'failure-limit',
    argument: '<n|p%>',
    group: 'verdict',
    summary: 'stop once so many pages are not OK (exit code 4)',
    details: 'A percentage counts from 100 pages on.',
  },
  {
    ...ONCE,
    ...COMMON,
    key: 'failed',
    long: '--failed',
    kind: 'path',
    argument: '<file>',
    group: 'verdict',
    summary: 'write what is not OK as a list to feed back',
    details:
      'Invalid lines are comments in it. Written aside and renamed at the end, so it may be one of the lists; mode 0600, as it keeps the headers and credentials of its lines.',
  },
  {
    ...ONCE,
    ...RARER,
    key: 'summary',
    long: '--summary',
    kind: 'path',
    argument: '<file|->',
    group: 'verdict',
    summary: 'write the verdict as one JSON object; - is stdout',
    details: '--summary - and -o - are not for one run.',
  },
  {
    ...ONCE,
    ...RARER,
    key: 'report',
    long: '--report',
    kind: 'path',
    argument: '<file.html>',
    group: 'verdict',
    summary: 'write the run as one page with plots, for a browser',
    details: 'The page loads nothing. Written aside and renamed at the end.',
  },
] as const satisfies readonly OptionRow[];

export const DISPLAY_ROWS = [
  {
    ...FLAG,
    ...COMMON,
    key: 'quiet',
    short: '-q',
    long: '--quiet',
    aliases: ['-s', '--silent'],
    group: 'display',
    summary: 'only what went wrong',
    details: 'Not with --verbose.',
  },
  {
    ...FLAG,
    ...COMMON,
    key: 'verbose',
    short: '-v',
    long: '--verbose',
    group: 'display',
    summary: 'a line an attempt',
    details: 'Not with --quiet.',
  },
  {
    ...ONCE,
    ...RARER,
    key: 'progress',
    long: '--progress',
    kind: 'choice',
    argument: `<${PROGRESS_CHOICES.join('|')}>`,
    choices: PROGRESS_CHOICES,
    group: 'display',
    summary: 'a live view, a line now and then, or nothing',
    details:
      'auto is the live view on a terminal (not with TERM=dumb), else lines. SIGUSR1 asks for a line in every mode.',
    default: 'auto',
  },
  {
    ...ONCE,
    ...RARER,
    key: 'color',
    long: '--color',
    kind: 'choice',
    argument: `<${COLOR_CHOICES.join('|')}>`,
    choices: COLOR_CHOICES,
    group: 'display',
    summary: 'colours: on a terminal, always or never',
    details: 'auto heeds FORCE_COLOR, NO_COLOR and TERM=dumb, in this order.',
    default: 'auto',
  },
] as const satisfies readonly OptionRow[];

export const ABOUT_ROWS = [
  {
    ...FLAG,
    ...COMMON,
    key: 'demo',
    long: '--demo',
    group: 'about',
    summary: 'see it work, without a network',
    details: 'Fetches from an embedded API on loopback; takes no list.',
  },
  {
    ...ONCE,
    ...COMMON,
    key: 'help',
    short: '-h',
    long: '--help',
    kind: 'text',
    argument: '[all]',
    choices: ['all'],
    group: 'about',
    summary: 'this help; --help all tells every option',
  },
  {
    ...FLAG,
    ...COMMON,
    key: 'version',
    short: '-V',
    long: '--version',
    group: 'about',
    summary: 'the version',
  },
  {
    ...ONCE,
    ...RARER,
    key: 'completion',
    long: '--completion',
    kind: 'choice',
    argument: `<${COMPLETION_SHELLS.join('|')}>`,
    choices: COMPLETION_SHELLS,
    group: 'about',
    summary: 'print what makes that shell complete these options',
    details:
      'For bash and zsh: eval "$(fetch-pages --completion bash)" in the file that the shell reads when it starts. For fish: fetch-pages --completion fish | source.',
  },
] as const satisfies readonly OptionRow[];
