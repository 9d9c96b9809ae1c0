import { INPUT_ROWS } from './input.ts';
import { REQUEST_ROWS } from './request.ts';
import { ABOUT_ROWS, DISPLAY_ROWS, STORE_ROWS, VERDICT_ROWS } from './result.ts';
import { LIMITS_ROWS, PACE_ROWS, RETRY_ROWS, TIME_ROWS } from './run.ts';

/** Every option of the program, in the order of help. */
export const OPTION_ROWS = [
  ...INPUT_ROWS,
  ...REQUEST_ROWS,
  ...PACE_ROWS,
  ...RETRY_ROWS,
  ...TIME_ROWS,
  ...LIMITS_ROWS,
  ...STORE_ROWS,
  ...VERDICT_ROWS,
  ...DISPLAY_ROWS,
  ...ABOUT_ROWS,
] as const;

type Row = (typeof OPTION_ROWS)[number];
type ValueOf<R extends Row> = R['kind'] extends 'flag'
  ? true
  : R['repeatable'] extends true
    ? readonly string[]
    : string;

export type OptionKey = Row['key'];

/** The options as they were typed: nothing is read, checked or filled in; absent where not given. */
export type TypedOptions = { readonly [R in Row as R['key']]?: ValueOf<R> };

/** Keys of the options of which one value counts. */
export type ValueKey = Extract<Row, { repeatable: false; argument: string }>['key'];

const LONG_FLAGS: Readonly<Record<string, string>> = Object.fromEntries(OPTION_ROWS.map((row) => [row.key, row.long]));

/** `--concurrency` of `concurrency`: how messages name an option. */
export function longFlag(key: OptionKey): string {
  return LONG_FLAGS[key] ?? key;
}
