import type { Cell } from './columns.ts';
import { sampleOf } from './figures.ts';
import { clockTime, count, countdown, counted, duration } from './format.ts';
import { most } from './most.ts';
import { sampleAt } from './samples.ts';
import type { ProgressState } from './state.ts';
import type { View } from './view.ts';

const WINDOW_MS = 60_000;
/** Fewer pages than these say nothing of how many fail. */
const LEAST_PAGES = 10;
/** No page and no byte for so long is worth a word: most servers answer sooner. */
const SILENT_MS = 10_000;
const MAX_CAUSES = 3;

/** What is wrong, and whether to worry: the worst first. */
export function healthCells(view: View): Cell[] {
  const { state, theme } = view;
  const waits = allWaits(view);
  const news = [mostFail(view), waits, isSilent(view)].filter((cell) => cell !== undefined);
  const wrong = [...news, ...lostCells(view)];
  const overcome = overcomeCells(state);
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

function lostCells({ state, theme }: View): Cell[] {
  const { notOk, originsGivenUp } = state;
  const cells: Cell[] = [];
  if (notOk > 0) {
    const verb = notOk === 1 ? 'is' : 'are';
    const long = `${counted(notOk, 'page')} ${verb} not OK: ${causesInWords(state)}`;
    cells.push({ long, short: `${count(notOk)} not OK`, rank: 1, paint: theme.bad });
  }
  if (originsGivenUp > 0) {
    const long = `${counted(originsGivenUp, 'origin')} given up`;
    cells.push({ long, short: `${count(originsGivenUp)} given up`, rank: 2, paint: theme.bad });
  }
  return cells;
}

/** `17 HTTP_404, 4 TRUNCATED, 2 HTTP_500, 3 others` */
function causesInWords({ causes, notOk }: ProgressState): string {
  const shown = most(causes, MAX_CAUSES, ([, pages]) => pages);
  const rest = notOk - shown.reduce((sum, [, pages]) => sum + pages, 0);
  const words = shown.map(([code, pages]) => `${count(pages)} ${code}`);
  if (rest > 0) words.push(counted(rest, 'other'));
  return words.join(', ');
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
