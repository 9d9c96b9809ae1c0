import { bytes, count, duration } from '../progress/format.ts';
import { shownOrigin } from '../progress/wording.ts';
import type { History } from './history.ts';
import { NO_LIMIT, type OriginFigures } from './origins.ts';
import type { Spread } from './spread.ts';
import type { Column } from './timeline.ts';

/** Lines in a plot: more cannot be told apart by their colours. */
const MAX_LINES = 8;

export type Unit = 'count' | 'bytes' | 'percent';

export interface PlotLine {
  readonly label: string;
  /** One for each x; null where nothing is known. */
  readonly values: readonly (number | null)[];
}

/** A plot, as it is drawn and as its table is written. */
export interface PlotSpec {
  readonly id: string;
  readonly title: string;
  readonly note: string;
  readonly unit: Unit;
  /** `line` between points; `steps` and `bars` from each to the next. */
  readonly shape: 'line' | 'steps' | 'bars';
  /** Seconds since the run's start; the number of the bar where `bounds` are given. */
  readonly xs: readonly number[];
  /** Where each bar begins, and where the last one ends. */
  readonly bounds?: readonly string[];
  readonly lines: readonly PlotLine[];
}

/** Every plot of the run that has something to show. `elapsedMs` is its whole length: the last bin may have only begun. */
export function timePlots(history: History, origins: readonly OriginFigures[], elapsedMs: number): PlotSpec[] {
  const axis = axisOf(history, elapsedMs);
  const perSecond = (label: string, column: Column): PlotLine => ({ label, values: ratesOf(column, axis) });
  const level = (label: string, column: Column): PlotLine => ({ label, values: levelsOf(column, axis) });
  const { xs } = axis;
  const tracked = origins.filter(({ track }) => track !== undefined).slice(0, MAX_LINES);
  // A lone origin's figures are those of the run.
  const isLone = tracked.length === 1;
  const byOrigin = (make: (label: string, track: NonNullable<OriginFigures['track']>) => PlotLine): PlotLine[] =>
    tracked.flatMap(({ origin, track }) => (track === undefined ? [] : [make(shownOrigin(origin), track)]));
  const plots: PlotSpec[] = [
    {
      id: 'pages',
      title: 'Pages a second',
      note: 'Pages that became final: OK (fetched or unchanged) and not OK.',
      unit: 'count',
      shape: 'line',
      xs,
      lines: [perSecond('OK', history.okPages), perSecond('not OK', history.badPages)],
    },
    {
      id: 'bytes',
      title: 'Bytes a second',
      note: 'Bodies as they came over the wire, of tries that failed too.',
      unit: 'bytes',
      shape: 'line',
      xs,
      lines: [perSecond('received', history.bytes)],
    },
    {
      id: 'again',
      title: 'Refusals and retries a second',
      note: 'A refusal makes the whole origin wait; a retry is the page’s own.',
      unit: 'count',
      shape: 'line',
      xs,
      lines: [perSecond('refusals', history.refusals), perSecond('retries', history.retries)],
    },
    {
      id: 'in-flight',
      title: 'Requests in flight',
      note: 'The mean of looks at the run, of all origins together.',
      unit: 'count',
      shape: 'line',
      xs,
      lines: [level('in flight', history.inFlight)],
    },
    {
      id: 'in-line',
      title: 'Pages in line',
      note: 'Read and not begun yet, or waiting to be tried again: the mean of looks at the run.',
      unit: 'count',
      shape: 'line',
      xs,
      lines: [level('in line', history.inLine)],
    },
    {
      id: 'origin-answers',
      title: 'Answers a second, by origin',
      note: 'The origins that were asked most. Redirects and failures by status are answers; refusals are not.',
      unit: 'count',
      shape: 'line',
      xs,
      lines: isLone ? [] : byOrigin((label, track) => perSecond(label, track.answers)),
    },
    {
      id: 'origin-refusals',
      title: 'Refusals a second, by origin',
      note: 'Answers by which an origin asks for calm: 429, 503 with Retry-After, a quota that is used up.',
      unit: 'count',
      shape: 'line',
      xs,
      lines: isLone ? [] : byOrigin((label, track) => perSecond(label, track.refusals)),
    },
    {
      id: 'origin-concurrency',
      title: 'Learned concurrency, by origin',
      note: 'How many requests at once each origin was found to bear.',
      unit: 'count',
      shape: 'steps',
      xs,
      lines: byOrigin((label, track) => level(label, track.concurrency)),
    },
    {
      id: 'origin-rate',
      title: 'Learned requests a second, by origin',
      note: 'A gap is a time without a limit that was found.',
      unit: 'count',
      shape: 'steps',
      xs,
      lines: byOrigin((label, track) => level(label, track.rate)),
    },
  ];
  return plots.filter(({ lines }) => lines.some(({ values }) => values.some((value) => value !== null && value > 0)));
}

/** How times are spread; undefined where none was taken. */
export function spreadPlot({ connecting, firstByte, body, waited, whole }: History): PlotSpec | undefined {
  const spreads: readonly [label: string, spread: Spread, total: number][] = [
    ['to the first byte', firstByte, firstByte.count],
    ['body', body, body.count],
    ['connecting', connecting, firstByte.count],
    ['waiting', waited, whole.count],
  ];
  const all = spreads.flatMap(([label, spread, total]) =>
    spread.count === 0 ? [] : [{ label, total, bars: spread.bars() }],
  );
  const grid = all[0]?.bars ?? [];
  const used = grid.map((_, index) => all.some(({ bars }) => (bars[index]?.count ?? 0) > 0));
  const begin = used.indexOf(true);
  if (begin < 0) return undefined;
  const end = used.lastIndexOf(true) + 1;
  return {
    id: 'spread',
    title: 'How times are spread',
    note: 'The share of answers (to the first byte, connecting) and of pages (the others) that took so long; waits and connecting of less than 1 ms are left out. Two bars double the time.',
    unit: 'percent',
    shape: 'bars',
    xs: grid.slice(begin, end).map((_, index) => index),
    bounds: [...grid.slice(begin, end).map(({ fromMs }) => bound(fromMs)), bound(grid[end - 1]?.toMs ?? 0)],
    lines: all.map(({ label, total, bars }) => ({
      label,
      values: bars.slice(begin, end).map((bar) => round((bar.count / total) * 100)),
    })),
  };
}

/** `12`, `3.4`, `1.2 MB`, `34%` */
export function figure(value: number, unit: Unit): string {
  if (unit === 'bytes') return bytes(value);
  const text = value >= 99.95 || Number.isInteger(value) ? count(Math.round(value)) : String(round(value));
  return unit === 'percent' ? `${text}%` : text;
}

/** `0.7 ms`, `23 ms`, `1.4 s`, `2 min 11 s`: two digits at least. */
export function fineDuration(ms: number): string {
  return ms < 995 ? `${Number(ms.toPrecision(2))} ms` : duration(ms);
}

interface Axis {
  readonly xs: readonly number[];
  /** Of each bin, seconds. */
  readonly widths: readonly number[];
}

function axisOf({ timeline: { bins, binMs } }: History, elapsedMs: number): Axis {
  const starts = Array.from({ length: bins }, (_, bin) => bin * binMs);
  const widths = starts.map((startMs) => {
    const isCut = elapsedMs > startMs && elapsedMs < startMs + binMs;
    return (isCut ? Math.max(elapsedMs - startMs, binMs / 4) : binMs) / 1_000;
  });
  return { xs: starts.map((startMs) => startMs / 1_000), widths };
}

function ratesOf(column: Column, { widths }: Axis): (number | null)[] {
  return column.read(widths.length).map((sum, bin) => round((sum ?? 0) / (widths[bin] ?? 1)));
}

function levelsOf(column: Column, { widths }: Axis): (number | null)[] {
  return column.read(widths.length).map((value) => (value === undefined || value === NO_LIMIT ? null : round(value)));
}

function bound(ms: number): string {
  return ms === 0 ? '0' : fineDuration(ms);
}

/** Three digits are more than a plot shows. */
function round(value: number): number {
  if (value >= 1_000) return Math.round(value);
  return Number(value.toPrecision(3));
}
