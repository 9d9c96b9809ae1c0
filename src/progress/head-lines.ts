import type { Cell } from './columns.ts';
import { firstThatFits, fitCells } from './columns.ts';
import type { Figures } from './figures.ts';
import { sampleOf } from './figures.ts';
import { bytes, count, counted, duration, percent } from './format.ts';
import { healthCells } from './health.ts';
import { sparkline, trendOf } from './sparkline.ts';
import type { Theme } from './theme.ts';
import type { View } from './view.ts';
import { pageRate, stoppingTexts } from './wording.ts';

/** From here on what is told of numbers and speeds stands on one line, and so does what is told of the work. */
const WIDE_COLUMNS = 72;
const MAX_BAR_COLUMNS = 100;

/** A line, and how important it is: where there is no room, those of the highest rank are left out. */
interface Ranked {
  readonly line: string;
  readonly rank: number;
}

/** The lines of this rank, and of those before it, stay also where what comes below them would find no room. */
const ESSENTIAL = 3;

/** At most `limit` lines; fewer where `below` more lines are wanted below them. */
export function headLines(view: View, limit: number, below: number): string[] {
  const { columns, figures, theme } = view;
  const far = farCells(figures, theme);
  const fast = fastCells(figures, theme);
  if (limit === 1) return [fitCells([...far, ...fast], columns)];
  const isWide = columns >= WIDE_COLUMNS;
  const numbers = isWide ? [[...far, ...fast]] : [far, fast];
  const work = workCells(view);
  const trend = trendCells(view, isWide ? columns - widthOf(work) : columns);
  const lines: Ranked[] = [
    { line: barLine(figures, columns, theme), rank: 4 },
    ...numbers.map((cells, rank) => ({ line: fitCells(cells, columns), rank })),
    ...stoppingLines(view).map((line) => ({ line, rank: 2 })),
    { line: fitCells(healthCells(view), columns), rank: 3 },
    ...(isWide ? [[...work, ...trend]] : [work, trend])
      .filter(({ length }) => length > 0)
      .map((cells, index) => ({ line: fitCells(cells, columns), rank: 5 + index })),
  ];
  const essential = lines.filter(({ rank }) => rank <= ESSENTIAL).length;
  return mostImportant(lines, Math.max(Math.min(limit, essential), limit - below));
}

function mostImportant(lines: readonly Ranked[], limit: number): string[] {
  const byRank = lines.toSorted((a, b) => a.rank - b.rank);
  const kept = new Set(byRank.slice(0, limit));
  return lines.filter((line) => kept.has(line)).map(({ line }) => line);
}

/** The sign in front of a total that may still grow. */
function least(isLeast: boolean): string {
  return isLeast ? '≥' : '';
}

function farCells(figures: Figures, theme: Theme): Cell[] {
  const { done, total, ok, notOk, listRead } = figures;
  const sign = least(!listRead);
  const noun = total === 1 ? 'page' : 'pages';
  const pages: Cell = {
    long: `${count(done)} of ${sign}${count(total)} ${noun}`,
    short: `${count(done)}/${sign}${count(total)}`,
    rank: 0,
    paint: theme.strong,
  };
  if (done === 0) return [pages];
  const share = `${percent(ok, done)} OK`;
  return [pages, { long: share, short: share, rank: 2, paint: notOk === 0 ? theme.ok : theme.bad }];
}

function fastCells(figures: Figures, theme: Theme): Cell[] {
  const { pagesPerSecond, bytesPerSecond, leftMs, leftIsLeast } = figures;
  const speed = `${bytes(bytesPerSecond)}/s`;
  const cells: Cell[] = [
    { ...pageRate(pagesPerSecond), rank: 3 },
    { long: speed, short: speed, rank: 4 },
  ];
  if (leftMs === undefined) return cells;
  const left = `${least(leftIsLeast)}${duration(wholeSeconds(leftMs))} left`;
  return [...cells, { long: left, short: left, rank: 1, paint: theme.strong }];
}

/** Tenths of a second would only flicker. */
function wholeSeconds(ms: number): number {
  return Math.ceil(ms / 1_000) * 1_000;
}

function workCells({ gauges, state, theme }: View): Cell[] {
  const flight = `${count(gauges.inFlight)} in flight`;
  const queued = `${count(gauges.waiting)} queued`;
  const cells: Cell[] = [
    { long: flight, short: flight, rank: 0 },
    { long: queued, short: queued, rank: 1, paint: theme.dim },
  ];
  if (state.alreadyStored > 0) {
    const stored = `${count(state.alreadyStored)} already stored`;
    cells.push({ long: stored, short: stored, rank: 4, paint: theme.dim });
  }
  return cells;
}

const GAP = 3;

function widthOf(cells: readonly Cell[]): number {
  return cells.reduce((sum, { long }) => sum + long.length + GAP, 0);
}

/** The last minute as a row of blocks, as long as there is room for, and the highest of them in words. */
function trendCells({ state, samples, gauges, moment, theme }: View, columns: number): Cell[] {
  const now = sampleOf(state, gauges, moment);
  const { of, perSecond, overMs } = trendOf(
    samples,
    now,
    Math.max(LEAST_TREND_COLUMNS, columns - TREND_WORDS_COLUMNS - GAP),
  );
  if (perSecond.length === 0) return [];
  const blocks = sparkline(perSecond);
  const highest = Math.max(...perSecond);
  const peak = `peak ${of === 'pages' ? pageRate(highest).short : `${bytes(highest)}/s`}`;
  const time = overMs >= 60_000 ? 'last minute' : `last ${duration(overMs)}`;
  return [
    { long: blocks, short: blocks, rank: 2, paint: theme.trend },
    { long: `${peak}, ${time}`, short: peak, rank: 3, paint: theme.dim },
  ];
}

const LEAST_TREND_COLUMNS = 10;
const TREND_WORDS_COLUMNS = 'peak 1,234/s, last minute'.length;

function stoppingLines({ state, gauges, columns, theme }: View): string[] {
  if (state.stopping === undefined) return [];
  const flight = `${counted(gauges.inFlight, 'request')} in flight ${gauges.inFlight === 1 ? 'gets' : 'get'}`;
  return [
    firstThatFits(
      stoppingTexts(state.stopping, flight).map((text) => [{ text, paint: theme.warn }]),
      columns,
    ),
  ];
}

/** Green for OK, red for not OK, and the way that is still to go. While the list is being read nobody knows how long that is. */
function barLine(figures: Figures, columns: number, theme: Theme): string {
  const { done, total, notOk, listRead } = figures;
  if (!listRead || total === 0) {
    const label = columns < 40 ? ' …' : ' list still being read';
    const width = Math.min(MAX_BAR_COLUMNS, Math.max(0, columns - label.length));
    return firstThatFits([[{ text: '─'.repeat(width) + label, paint: theme.dim }]], columns);
  }
  const label = percent(done, total, 0).padStart(5);
  const width = Math.min(MAX_BAR_COLUMNS, Math.max(0, columns - label.length));
  const halves = Math.floor((done / total) * width * 2);
  const filled = Math.floor(halves / 2);
  const bad = notOk === 0 ? 0 : Math.min(filled, Math.max(1, Math.round((notOk / total) * width)));
  const half = halves % 2 === 1 ? '╸' : '';
  return firstThatFits(
    [
      [
        { text: '━'.repeat(filled - bad), paint: theme.ok },
        { text: '×'.repeat(bad), paint: theme.bad },
        { text: half, paint: theme.ok },
        { text: '─'.repeat(width - filled - half.length), paint: theme.dim },
        { text: label },
      ],
    ],
    columns,
  );
}
