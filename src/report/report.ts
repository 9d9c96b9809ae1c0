import type { Gauges, Verdict } from '../core/event.ts';
import { printable } from '../core/policy/sanitise.ts';
import type { Clock, Listener } from '../core/ports.ts';
import { duration } from '../progress/format.ts';
import { createTheme } from '../progress/theme.ts';
import { isAllOk, type VerdictContext, verdictFacts, verdictSentence } from '../progress/verdict.ts';
import { documentHtml } from './document.ts';
import { History } from './history.ts';
import { type PlotAssets, readPlotAssets } from './plot-script.ts';
import { spreadPlot, timePlots } from './plots.ts';
import { causesSection, originsSection, pagesSection, plotsSection, timesSection, typesSection } from './sections.ts';

/** Rows of the tables of origins and content types. */
const TABLE_ROWS = 20;
/** How often the run is looked at, at most and at least. */
const SAMPLE_MS = { shortest: 250, longest: 1_000 } as const;

export interface ReportOptions {
  readonly gauges: () => Gauges;
  readonly clock: Clock;
}

/** What the events do not say. */
export interface ReportFacts {
  /** Of fetch-pages. */
  readonly version: string;
  readonly exitCode: number;
  /** Milliseconds of the epoch. */
  readonly startedWall: number;
  readonly endedWall: number;
  readonly verdict: VerdictContext;
}

/** A run, watched for its report. */
export interface Report {
  /** Feed it every event of the run. Its memory does not grow with their number. */
  readonly listener: Listener;
  /** From now on the run is looked at until `stop`. */
  start(): void;
  /** Safe to call at any time, and again. */
  stop(): void;
  /** One page that needs nothing else: no network, no other file. */
  html(verdict: Verdict, facts: ReportFacts): string;
}

export function createReport({ gauges, clock }: ReportOptions): Report {
  const assets = readPlotAssets();
  const history = new History();
  let startedAt = clock.now();
  let endedAt: number | undefined;
  let cancel: (() => void) | undefined;
  const elapsedMs = (): number => (endedAt ?? clock.now()) - startedAt;
  const look = (): void => {
    history.sample(gauges(), elapsedMs());
    const pauseMs = Math.min(SAMPLE_MS.longest, Math.max(SAMPLE_MS.shortest, history.timeline.binMs));
    cancel = clock.timer(pauseMs, look);
  };
  const stop = (): void => {
    if (cancel === undefined) return;
    cancel();
    cancel = undefined;
    history.sample(gauges(), elapsedMs());
    endedAt = clock.now();
  };
  return {
    listener: (event) => {
      history.hear(event, elapsedMs());
      if (event.type === 'ended') stop();
    },
    start: () => {
      startedAt = clock.now();
      look();
    },
    stop,
    html: (verdict, facts) => reportHtml(history, verdict, facts, elapsedMs(), assets),
  };
}

function reportHtml(
  history: History,
  verdict: Verdict,
  facts: ReportFacts,
  elapsedMs: number,
  assets: PlotAssets,
): string {
  const context = facts.verdict;
  const { origins } = history;
  const plots = timePlots(history, origins.read(TABLE_ROWS, 'requests', elapsedMs).top, elapsedMs);
  const spread = spreadPlot(history);
  const parts = {
    title: verdictSentence(verdict, context),
    isGood: isAllOk(verdict),
    about: [
      `${time(facts.startedWall)} to ${time(facts.endedWall)}, ${duration(verdict.elapsedMs)}. ${placeText(context.place)} Exit code ${facts.exitCode}.`,
    ],
    sections: [
      pagesSection(verdict, verdictFacts(verdict, context, createTheme(false))),
      causesSection(history.causes, verdict.failures, allFailures(context)),
      timesSection(history, spread),
      plotsSection(plots),
      originsSection(origins.read(TABLE_ROWS, 'wireBytes', elapsedMs)),
      typesSection(history.contentTypes.read(TABLE_ROWS)),
    ],
    plots: spread === undefined ? plots : [spread, ...plots],
    footer: `fetch-pages ${facts.version}. Plots by uPlot, © Leon Sorokin, MIT licence. This file loads nothing.`,
  };
  return documentHtml(parts, assets);
}

function allFailures({ failedFile, place }: VerdictContext): string {
  if (failedFile !== undefined) return `${failedFile} lists all of them`;
  return place === 'nowhere' ? '--failed FILE lists all of them' : 'the records of the store name all of them';
}

function placeText(place: string): string {
  return place === 'nowhere' ? 'Nothing was kept.' : `Pages went to ${printable(place, 500)}.`;
}

/** `2026-11-23 12:00:00 UTC` */
function time(wallMs: number): string {
  return `${new Date(wallMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
