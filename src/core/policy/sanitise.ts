/**
 * What a terminal could take for a command, or a reader for another text than is there:
 * C0, DEL and C1 (ECMA-48), bidi controls (Unicode TR 9, "Trojan Source"), line and paragraph separators, lone surrogates.
 */
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]|\p{Surrogate}/u;
const EVERY_UNPRINTABLE = new RegExp(UNPRINTABLE, 'gu');

const REPLACEMENT = '\ufffd';
const ELLIPSIS = '…';

/** A grapheme may hold any number of combining marks: so many code units a grapheme are looked at, on average, and no more. */
const UNITS_PER_GRAPHEME = 16;

/** Made when it is first needed: loading its tables takes a third of the program's start. */
let segmenter: Intl.Segmenter | undefined;

/**
 * Makes text of a server or a list fit to be shown: on one line, without control characters, at most `maxLength` graphemes long.
 *
 * Tab, line feed and carriage return become a space, everything else that is not printable becomes U+FFFD, so that
 * a reader sees that something stood there. What is cut ends in an ellipsis, which counts. Default: nothing is cut.
 */
export function printable(text: string, maxLength = Number.POSITIVE_INFINITY): string {
  const maxUnits = maxLength * UNITS_PER_GRAPHEME;
  const bounded = text.length > maxUnits ? text.slice(0, maxUnits) : text;
  const clean = UNPRINTABLE.test(bounded) ? bounded.replaceAll(EVERY_UNPRINTABLE, replacement) : bounded;
  return text.length <= maxLength ? clean : cutGraphemes(clean, maxLength, bounded.length < text.length);
}

function replacement(character: string): string {
  return character === '\t' || character === '\n' || character === '\r' ? ' ' : REPLACEMENT;
}

/** `torn`: the text goes on behind its end, which may stand in the middle of a grapheme. */
function cutGraphemes(text: string, maxLength: number, torn: boolean): string {
  if (maxLength < 1) return '';
  let graphemes = 0;
  let lastStart = 0;
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  for (const { index } of segmenter.segment(text)) {
    graphemes++;
    if (graphemes > maxLength) return text.slice(0, lastStart) + ELLIPSIS;
    lastStart = index;
  }
  return torn ? text.slice(0, lastStart) + ELLIPSIS : text;
}
