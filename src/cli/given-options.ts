import { OPTION_ROWS, type OptionKey, type TypedOptions } from './option-rows/all.ts';
import type { OptionRow } from './option-rows/row.ts';

/** Of the options whose values are texts or URLs, those that hold no secret. Of every other one it is told only that it was given. */
const TOLD_TEXTS: readonly OptionKey[] = ['request', 'userAgent', 'resolve'];
const WITH_USERINFO = /:\/\/[^/?#]*@/;
const ROWS: readonly OptionRow[] = OPTION_ROWS;

/**
 * The options that were given, by their long names without the dashes, for a store that keeps a list of runs: `true` for a flag, the text as it
 * was typed, or `"given"` where that may be a secret (-u, -H, -b, -d and their like).
 */
export function givenOptions(typed: TypedOptions): Readonly<Record<string, unknown>> {
  const given: Record<string, unknown> = {};
  for (const row of ROWS) {
    const value = typed[row.key as OptionKey];
    if (value !== undefined) given[row.long.replace(/^--/, '')] = isTold(row, value) ? value : 'given';
  }
  return given;
}

function isTold(row: OptionRow, value: true | string | readonly string[]): boolean {
  if (value === true) return true;
  const isText = row.kind === 'text' || row.kind === 'url';
  if (isText && !TOLD_TEXTS.some((key) => key === row.key)) return false;
  return !(typeof value === 'string' ? [value] : value).some((text) => WITH_USERINFO.test(text));
}
