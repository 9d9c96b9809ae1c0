import type { Gauges, OriginGauge } from '../core/event.ts';
import type { Cell, Span } from './columns.ts';
import { cutEnd, cutMiddle, firstThatFits, fitCells } from './columns.ts';
import type { Figures, Moment } from './figures.ts';
import { figuresOf } from './figures.ts';
import { bytes, count, counted, duration, percent } from './format.ts';
import type { Samples } from './samples.ts';
import type { Pause, ProgressState, ShownFailure } from './state.ts';
import { textWidth } from './text-width.ts';
import type { Paint, Theme } from './theme.ts';
import {
  pageRate,
  pauseReason,
  pauseTime,
  requestRate,
  shortPauseTime,
  shownMessage,
  shownOrigin,
  shownUrl,
  stoppingTexts,
} from './wording.ts';

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

const LIVE_SPEED_WINDOW_MS = 5_000;
/** From here on numbers and speeds stand on one line. */
const WIDE_COLUMNS = 72;
const MAX_BAR_COLUMNS = 100;
const MAX_ORIGINS = 10;
/** Behind a URL of a few columns a message would only be in the way. */
const MIN_ROOM_FOR_MESSAGE = 50;
const MESSAGE_SHARE = 0.45;

/**
 * The live view: at most `rows - 1` lines, none wider than `columns`. How far, how fast, how long still; who makes us wait; what went wrong last.
 * The fewer rows there are, the more of it is left out, from the least important on.
 */
export function renderLive(
  state: ProgressState,
  samples: Samples,
  gauges: Gauges,
  moment: Moment,
  size: Size,
  theme: Theme,
): string[] {
  const limit = size.rows - 1;
  if (limit < 1) return [];
  const figures = figuresOf(state, samples, gauges, moment, LIVE_SPEED_WINDOW_MS);
  const head = headLines(state, figures, gauges, size.columns, limit, theme);
  const room = limit - head.length;
  const waits = waitingOrigins(gauges);
  const failureRows = Math.min(
    state.lastFailures.length,
    Math.max(room - Math.min(waits.length, MAX_ORIGINS), Math.floor(room * 0.4)),
  );
  const originRows = Math.min(waits.length, MAX_ORIGINS, room - failureRows);
  const failures = failureRows === 0 ? [] : state.lastFailures.slice(-failureRows);
  return [
    ...head,
    ...originLines(waits, originRows, moment.wallMs, size.columns, theme),
    ...failureLines(failures, size.columns, theme),
  ];
}

function headLines(
  state: ProgressState,
  figures: Figures,
  gauges: Gauges,
  columns: number,
  limit: number,
  theme: Theme,
): string[] {
  const far = farCells(figures, theme);
  const fast = fastCells(figures, theme);
  const bar = barLine(figures, columns, theme);
  const work = fitCells(workCells(state, gauges, theme), columns);
  const stopping = stoppingLines(state, gauges, columns, theme);
  if (limit === 1) return [fitCells([...far, ...fast], columns)];
  if (columns >= WIDE_COLUMNS) return [bar, fitCells([...far, ...fast], columns), ...stopping, work].slice(0, limit);
  const numbers = [fitCells(far, columns), fitCells(fast, columns)];
  return limit === 2 ? numbers : [bar, ...numbers, ...stopping, work].slice(0, limit);
}

/** The sign in front of a total that may still grow. */
function least(figures: Figures): string {
  return figures.listRead ? '' : '≥';
}

function farCells(figures: Figures, theme: Theme): Cell[] {
  const { done, total, ok, notOk } = figures;
  const sign = least(figures);
  const noun = total === 1 ? 'page' : 'pages';
  const pages: Cell = {
    long: `${count(done)} of ${sign}${count(total)} ${noun}`,
    short: `${count(done)}/${sign}${count(total)}`,
    rank: 0,
    paint: theme.strong,
  };
  if (done === 0) return [pages];
  const share = `${percent(ok, done)}`;
  return [pages, { long: `${share} OK`, short: `${share} OK`, rank: 2, paint: notOk === 0 ? theme.ok : theme.bad }];
}

function fastCells(figures: Figures, theme: Theme): Cell[] {
  const { pagesPerSecond, bytesPerSecond, leftMs } = figures;
  const speed = `${bytes(bytesPerSecond)}/s`;
  const left = leftMs === undefined ? '–' : `${least(figures)}${duration(wholeSeconds(leftMs))}`;
  return [
    { ...pageRate(pagesPerSecond), rank: 3 },
    { long: speed, short: speed, rank: 4 },
    { long: `${left} left`, short: `${left} left`, rank: 1, paint: theme.strong },
  ];
}

/** Tenths of a second would only flicker. */
function wholeSeconds(ms: number): number {
  return Math.ceil(ms / 1_000) * 1_000;
}

function workCells(state: ProgressState, gauges: Gauges, theme: Theme): Cell[] {
  const cells: Cell[] = [
    { long: `${count(gauges.inFlight)} in flight`, short: `${count(gauges.inFlight)} in flight`, rank: 0 },
    { long: `${count(gauges.waiting)} queued`, short: `${count(gauges.waiting)} queued`, rank: 3, paint: theme.dim },
  ];
  if (state.retries > 0) cells.push(workCell(counted(state.retries, 'retry', 'retries'), 2, theme));
  if (state.refusals > 0) cells.push(workCell(counted(state.refusals, 'refusal'), 1, theme));
  if (state.alreadyStored > 0) {
    const stored = `${count(state.alreadyStored)} already stored`;
    cells.push({ long: stored, short: stored, rank: 4, paint: theme.dim });
  }
  return cells;
}

function workCell(text: string, rank: number, theme: Theme): Cell {
  return { long: text, short: text, rank, paint: theme.warn };
}

function stoppingLines(state: ProgressState, gauges: Gauges, columns: number, theme: Theme): string[] {
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

/** Those with pages behind them: paused ones first, then by how many pages wait. */
function waitingOrigins(gauges: Gauges): OriginGauge[] {
  return gauges.origins
    .filter((origin) => origin.paused !== undefined || (origin.ratePerSecond !== undefined && origin.waiting > 0))
    .sort((a, b) => Number(b.paused !== undefined) - Number(a.paused !== undefined) || b.waiting - a.waiting);
}

function originLines(
  waits: readonly OriginGauge[],
  rows: number,
  wallMs: number,
  columns: number,
  theme: Theme,
): string[] {
  if (rows === 0) return [];
  if (waits.length <= rows) return waits.map((origin) => originLine(origin, wallMs, columns, theme));
  const shown = waits.slice(0, rows - 1);
  const others = waits.slice(rows - 1);
  const behind = others.reduce((sum, origin) => sum + origin.waiting, 0);
  const more = `${shown.length === 0 ? '' : 'and '}${counted(others.length, `${shown.length === 0 ? '' : 'more '}origin`)}`;
  const verb = others.length === 1 ? 'waits' : 'wait';
  const summary = firstThatFits(
    [
      [
        {
          text: `‖ ${more} ${verb}, ${counted(behind, 'page')} behind ${others.length === 1 ? 'it' : 'them'}`,
          paint: theme.dim,
        },
      ],
      [{ text: `‖ ${more} ${verb}`, paint: theme.dim }],
    ],
    columns,
  );
  return [...shown.map((origin) => originLine(origin, wallMs, columns, theme)), summary];
}

function originLine(gauge: OriginGauge, wallMs: number, columns: number, theme: Theme): string {
  const host = shownOrigin(gauge.origin);
  const { sign, paint, tails } =
    gauge.paused === undefined ? pacedWords(gauge, theme) : pausedWords(gauge.paused, wallMs, theme);
  const last = tails.at(-1) ?? '';
  const behind = `, ${counted(gauge.waiting, 'page')} behind it`;
  const hostColumns = Math.max(4, columns - sign.length - last.length);
  const candidates = [`${tails[0]}${behind}`, ...tails].map((tail) => hostSpans(sign, host, tail, paint));
  return firstThatFits([...candidates, hostSpans(sign, cutMiddle(host, hostColumns), last, paint)], columns);
}

interface OriginWords {
  readonly sign: string;
  readonly paint: Paint;
  /** What stands behind the host, from the longest to the shortest. */
  readonly tails: readonly string[];
}

function pacedWords(gauge: OriginGauge, theme: Theme): OriginWords {
  const { long, short } = requestRate(gauge.ratePerSecond ?? 0);
  return { sign: '› ', paint: theme.dim, tails: [`: paced at ${long}`, `: ${long}`, `: ${short}`] };
}

function pausedWords(pause: Pause, wallMs: number, theme: Theme): OriginWords {
  const time = pauseTime(pause, wallMs);
  const facts = pause.status === undefined ? `: ${time}` : `: ${pause.status}, ${time}`;
  return {
    sign: '‖ ',
    paint: theme.warn,
    tails: [`${facts} (${pauseReason(pause)})`, facts, `: ${time}`, `: ${shortPauseTime(pause, wallMs)}`],
  };
}

function hostSpans(sign: string, host: string, tail: string, paint: Paint): Span[] {
  return [{ text: sign, paint }, { text: host }, { text: tail, paint }];
}

/** The codes one below the other, as much of each URL as there is room for, and the message where the URL leaves some. */
function failureLines(failures: readonly ShownFailure[], columns: number, theme: Theme): string[] {
  const longest = Math.max(0, ...failures.map(({ code }) => code.length));
  const codeColumns = columns < 40 ? Math.min(longest, Math.floor(columns / 2)) : longest;
  return failures.map((failure) => failureLine(failure, codeColumns, columns, theme));
}

function failureLine(failure: ShownFailure, codeColumns: number, columns: number, theme: Theme): string {
  const url = shownUrl(failure.url);
  const message = shownMessage(failure.message);
  const head: Span[] = [{ text: `✗ ${cutEnd(failure.code, codeColumns).padEnd(codeColumns)}  `, paint: theme.bad }];
  const room = columns - codeColumns - 4;
  const messageColumns = room < MIN_ROOM_FOR_MESSAGE ? 0 : Math.floor(room * MESSAGE_SHARE);
  const tail = messageColumns === 0 ? '' : `  ${cutEnd(message, messageColumns)}`;
  const cutUrl = cutMiddle(url, Math.max(1, room - textWidth(tail)));
  return firstThatFits(
    [
      [...head, { text: url }, { text: `  ${message}`, paint: theme.dim }],
      [...head, { text: cutUrl }, { text: tail, paint: theme.dim }],
    ],
    columns,
  );
}
