import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
let widthOf: ((text: string) => number) | undefined;

/** ASCII, and the signs that the display itself is drawn with: each takes one column. */
const NARROW = /^[\x20-\x7e…–×─━╸▁-█≥‖›✓✗]*$/;
/** What chalk writes. */
const COLOURS = /\u001b\[\d+m/g;

/** Columns that a line takes on a terminal. What counts the wide ones is loaded when there are any: that takes as long as the rest of the display. */
export function textWidth(text: string): number {
  const plain = text.includes('\u001b') ? text.replace(COLOURS, '') : text;
  if (NARROW.test(plain)) return plain.length;
  widthOf ??= (require('string-width') as { readonly default: (text: string) => number }).default;
  return widthOf(plain);
}
