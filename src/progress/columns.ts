import { textWidth } from './text-width.ts';
import type { Paint } from './theme.ts';

const ELLIPSIS = '…';
/** Made when a text is first cut: its tables take 10 ms. */
let segmenter: Intl.Segmenter | undefined;

/** Cuts the end off a text that is wider than so many columns. */
export function cutEnd(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text;
  if (columns < 1) return '';
  return takeColumns(graphemes(text), columns - 1).join('') + ELLIPSIS;
}

/** Takes the middle out of a text that is wider than so many columns: of a URL, the host and the last name tell the most. */
export function cutMiddle(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text;
  if (columns < 1) return '';
  const all = graphemes(text);
  const headColumns = Math.floor((columns - 1) / 2);
  const head = takeColumns(all, headColumns).join('');
  const tail = takeColumns(all.toReversed(), columns - 1 - headColumns)
    .toReversed()
    .join('');
  return head + ELLIPSIS + tail;
}

function graphemes(text: string): string[] {
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

function takeColumns(all: readonly string[], columns: number): string[] {
  const taken: string[] = [];
  let used = 0;
  for (const grapheme of all) {
    used += textWidth(grapheme);
    if (used > columns) break;
    taken.push(grapheme);
  }
  return taken;
}

/** A piece of a line, in one look. */
export interface Span {
  readonly text: string;
  readonly paint?: Paint;
}

/** The first of these lines that fits, else the last one with its end cut off. */
export function firstThatFits(candidates: readonly (readonly Span[])[], columns: number): string {
  for (const spans of candidates) {
    if (textWidth(spans.map(({ text }) => text).join('')) <= columns) return paintSpans(spans);
  }
  return paintSpans(cutSpans(candidates.at(-1) ?? [], columns));
}

function paintSpans(spans: readonly Span[]): string {
  return spans.map(({ text, paint }) => (paint === undefined || text === '' ? text : paint(text))).join('');
}

function cutSpans(spans: readonly Span[], columns: number): Span[] {
  const cut: Span[] = [];
  let left = columns;
  for (const span of spans) {
    const width = textWidth(span.text);
    if (width > left) return [...cut, { ...span, text: cutEnd(span.text, left) }];
    cut.push(span);
    left -= width;
  }
  return cut;
}

/** A fact of a line of facts. Those of the highest rank are the first to go where there is no room. */
export interface Cell {
  readonly long: string;
  readonly short: string;
  readonly rank: number;
  readonly paint?: Paint;
}

/** As many facts as fit, in their order: spread out, else closer, else the less important ones in short words, else without those. */
export function fitCells(cells: readonly Cell[], columns: number): string {
  const byRank = cells.toSorted((a, b) => a.rank - b.rank);
  const candidates = [spread(cells, cells, 3), spread(cells, cells, 2)];
  for (let long = cells.length - 1; long >= 0; long--) candidates.push(spread(cells, byRank.slice(0, long), 2));
  for (let kept = cells.length; kept > 0; kept--) {
    const chosen = new Set(byRank.slice(0, kept));
    const inOrder = cells.filter((cell) => chosen.has(cell));
    candidates.push(spread(inOrder, [], 2), spread(inOrder, [], 1));
  }
  return firstThatFits(candidates, columns);
}

/** `long`: those that are written in long words. */
function spread(cells: readonly Cell[], long: readonly Cell[], gap: number): Span[] {
  return cells.flatMap((cell, index): Span[] => {
    const text = long.includes(cell) ? cell.long : cell.short;
    const span = cell.paint === undefined ? { text } : { text, paint: cell.paint };
    return index === 0 ? [span] : [{ text: ' '.repeat(gap) }, span];
  });
}
