/** In the order in which help tells them. */
export const OPTION_GROUPS = [
  'input',
  'request',
  'pace',
  'retry',
  'time',
  'limits',
  'store',
  'verdict',
  'display',
  'about',
] as const;
export type OptionGroup = (typeof OPTION_GROUPS)[number];

export const GROUP_NAMES = {
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

/** What a value is: how it is read, what a wrong one is answered with, and what a shell could complete. */
type OptionKind =
  | 'flag'
  | 'count'
  | 'duration'
  | 'size'
  | 'rate'
  | 'statuses'
  | 'shard'
  | 'failure-limit'
  | 'choice'
  | 'path'
  | 'url'
  | 'text';

/** One option: everything that the parser, the help, a man page or a completion has to know of it. Pure data. */
export interface OptionRow {
  /** Its name in `TypedOptions`. */
  readonly key: string;
  /** `-c` */
  readonly short?: string;
  /** `--concurrency` */
  readonly long: string;
  /** Other spellings that mean the same. */
  readonly aliases?: readonly string[];
  readonly kind: OptionKind;
  /** `<n>` or, where it may be left out, `[all]`. Absent for a flag. */
  readonly argument?: string;
  /** All values of kind `choice`; of another kind, words that a shell may offer. */
  readonly choices?: readonly string[];
  readonly group: OptionGroup;
  /** True where every one that is given counts; else the last one does. */
  readonly repeatable: boolean;
  /** True where the short help tells it: on one line, so its summary has at most 43 characters. */
  readonly common: boolean;
  /** One line. */
  readonly summary: string;
  /** Units, interactions, what it does at its edges: for `--help all` and the manual. */
  readonly details?: string;
  /** As a user would write it. Absent where nothing is the default. */
  readonly default?: string;
}

/** What most rows begin with. */
export const FLAG = { kind: 'flag', repeatable: false } as const;
export const ONCE = { repeatable: false } as const;
export const EACH = { repeatable: true } as const;
export const COMMON = { common: true } as const;
export const RARER = { common: false } as const;
