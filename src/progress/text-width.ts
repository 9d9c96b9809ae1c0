import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
let widthOf: ((text: string) => number) | undefined;

/** Columns that a line takes on a terminal. What counts the wide ones is loaded when there are any: that takes as long as the rest of the display. */
export function textWidth(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  widthOf ??= (require('string-width') as { readonly default: (text: string) => number }).default;
  return widthOf(text);
}
