import type { Cell } from './columns.ts';
import { sampleOf } from './figures.ts';
import { clockTime, count, countdown, counted, duration } from './format.ts';
import { most } from './most.ts';
import { sampleAt } from './samples.ts';
import type { ProgressState } from './state.ts';
import type { Theme } from './theme.ts';
import type { View } from './view.ts';

const WINDOW_MS = 60_000;
/** Fewer pages than these say nothing of how many fail. */
const LEAST_PAGES = 10;
/** No page and no byte for so long is worth a word: most servers answer sooner. */
const SILENT_MS = 10_000;
/** So many causes by name, where there is room. */
const CAUSES_TOLD = [3, 2, 1] as const;
const SIGN_COLUMNS = 2;
const GAP = 2;

/** What is wrong, and whether to worry: the worst first. */
export function healthCells(view: View): Cell[] {
  const { state, theme, columns } = view;
  const overcome = overcomeCells(state);
  const waits = allWaits(view);
  const news = [mostFail(view), waits, isSilent(view)].filter((cell) => cell !== undefined);
  const givenUp = givenUpCell(state, theme);
  const lost = givenUp === undefined ? [] : [givenUp];
  const others = [...news, ...lost, ...overcome].reduce((sum, { short }) => sum + short.length + GAP, 0);
  const notOk = notOkCell(state, columns - others - SIGN_COLUMNS, theme);
  const wrong = [...news, ...(notOk === undefined ? [] : [notOk]), ...lost];
  if (wrong.length > 0) {
    const warned = overcome.map((cell) => ({ ...cell, paint: theme.warn }));
    return marked(wrong[0] === waits ? '‖' : '!', [...wrong, ...warned]);
  }
  if (overcome.length > 0) {
    return marked('✓', [{ long: 'nothing is lost', short: 'nothing lost', rank: 0, paint: theme.ok }, ...overcome]);
  }
  const isNew = state.ok + state.alreadyStored === 0;
  if (isNew) return [{ long: 'no answer yet', short: 'no answer yet', rank: 0, paint: theme.dim }];
  return marked('✓', [{ long: 'all is well', short: 'all is well', rank: 0, paint: theme.ok }]);
}

/** With a sign in front, for those who see no colour. */
function marked(sign: string, [first, ...others]: readonly Cell[]): Cell[] {
  if (first === undefined) return [];
  return [{ ...first, long: `${sign} ${first.long}`, short: `${sign} ${first.short}` }, ...others];
}

/** Of the pages that came to their end in the last minute, most are not OK. */
function mostFail({ state, samples, gauges, moment, theme }: View): Cell | undefined {
  const now = sampleOf(state, gauges, moment);
  const before = sampleAt(samples, now, now.atMs - WINDOW_MS);
  const pages = Math.round(now.fetched - before.fetched);
  const failed = Math.round(now.failed - before.failed);
  if (pages < LEAST_PAGES || failed * 2 <= pages) return undefined;
  const share = `${count(failed)} of the last ${count(pages)}`;
  return { long: `most pages fail now: ${share}`, short: `${share} fail`, rank: 0, paint: theme.bad };
}

function allWaits({ samples, gauges, moment, theme }: View): Cell | undefined {
  if (samples.stillSinceMs === undefined || gauges.inFlight > 0) return undefined;
  const ends = gauges.origins.flatMap(({ paused, waiting }) =>
    paused === undefined || waiting === 0 ? [] : [paused.untilWall],
  );
  const [first] = most(ends, 1, (end) => -end);
  if (first === undefined || first <= moment.wallMs) return undefined;
  const time = countdown(first - moment.wallMs);
  const at = clockTime(first, moment.wallMs);
  return { long: `all waits, for ${time}, until ${at}`, short: `all waits: ${time}`, rank: 0, paint: theme.warn };
}

function isSilent({ samples, gauges, moment, theme }: View): Cell | undefined {
  const silentMs = moment.nowMs - samples.cameAtMs;
  if (silentMs < SILENT_MS || gauges.inFlight === 0) return undefined;
  const time = duration(Math.floor(silentMs / 1_000) * 1_000);
  return { long: `nothing has come in for ${time}`, short: `silent for ${time}`, rank: 0, paint: theme.warn };
}

/** @param room columns that the causes may use */
function notOkCell(state: ProgressState, room: number, theme: Theme): Cell | undefined {
  if (state.notOk === 0) return undefined;
  const short = `${count(state.notOk)} not OK`;
  const texts = CAUSES_TOLD.map((told) => `${short}: ${causesInWords(state, told)}`);
  const long = texts.find((text) => text.length <= room) ?? texts.at(-1) ?? short;
  return { long, short, rank: 1, paint: theme.bad };
}

/** `17 HTTP_404, 4 TRUNCATED, 2 HTTP_500, 3 others` */
function causesInWords({ causes, notOk }: ProgressState, mostTold: number): string {
  const shown = most(causes, mostTold, ([, pages]) => pages);
  const rest = notOk - shown.reduce((sum, [, pages]) => sum + pages, 0);
  const words = shown.map(([code, pages]) => `${count(pages)} ${code}`);
  if (rest > 0) words.push(counted(rest, 'other'));
  return words.join(', ');
}

function givenUpCell({ originsGivenUp }: ProgressState, theme: Theme): Cell | undefined {
  if (originsGivenUp === 0) return undefined;
  const long = `${counted(originsGivenUp, 'origin')} given up`;
  return { long, short: `${count(originsGivenUp)} given up`, rank: 2, paint: theme.bad };
}

/** What cost time, and no page. */
function overcomeCells({ refusals, retries }: ProgressState): Cell[] {
  const cells: Cell[] = [];
  if (refusals > 0) {
    const text = counted(refusals, 'refusal');
    cells.push({ long: `${text}, obeyed`, short: text, rank: 3 });
  }
  if (retries > 0) {
    const text = counted(retries, 'retry', 'retries');
    cells.push({ long: text, short: text, rank: 4 });
  }
  return cells;
}
