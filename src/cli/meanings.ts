/** What each exit code means, the first that applies first: for the help, the man page and the README. Options stand in it as they are typed. */
export const EXIT_MEANINGS: readonly (readonly [codes: readonly number[], meaning: string])[] = [
  [[2], 'wrong options, an unreadable list, no page in any list; nothing was fetched'],
  [
    [3],
    'the store failed: disk full, not writable, in use by another run; what was stored is whole. Also where --failed, --report or --summary could not be written',
  ],
  [[129, 130, 143], 'SIGHUP, SIGINT (Ctrl-C), SIGTERM: the verdict so far was told; a second one ends at once'],
  [[141], 'the reader of stdout went away, as head does'],
  [[4], 'stopped early by --deadline, --fail-fast or --max-failures'],
  [[1], 'the run ended, and some page is not OK'],
  [[0], 'every page is OK'],
  [[70], 'a bug of fetch-pages, told as one'],
];

/** The signals that are heeded. */
export const SIGNAL_MEANINGS: readonly (readonly [names: readonly string[], meaning: string])[] = [
  [
    ['SIGUSR1'],
    'prints the state of the run in a line on standard error, at any time and in every mode, --quiet included. Not on Windows.',
  ],
  [
    ['SIGINT', 'SIGTERM', 'SIGHUP'],
    'end the run: what is in flight gets 5 s to land, and the verdict so far is told. A second one ends it at once.',
  ],
  [
    ['SIGTSTP', 'SIGCONT'],
    'Ctrl-Z takes the live view away and stops; fg brings it back. A job in the background shows none.',
  ],
];

/** The variables of the surroundings that are heeded. */
export const ENVIRONMENT_MEANINGS: readonly (readonly [names: readonly string[], meaning: string])[] = [
  [
    ['http_proxy', 'https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY', 'no_proxy', 'NO_PROXY'],
    'as in curl. HTTP_PROXY in capitals is not read, because a web server may have set it from a request.',
  ],
  [['NO_COLOR', 'FORCE_COLOR', 'TERM'], 'see --color.'],
  [['NODE_EXTRA_CA_CERTS'], 'a file of certificates (PEM) to trust besides the usual ones. It is read by Node.js.'],
  [['TMPDIR'], 'where lines wait for a slow origin, and compiled code for the next start (/tmp).'],
];
