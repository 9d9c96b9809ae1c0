import type { Gauges, OriginGauge } from '../core/event.ts';
import type { Span } from './columns.ts';
import { cutMiddle, firstThatFits } from './columns.ts';
import { clockTime, count, counted } from './format.ts';
import { most } from './most.ts';
import type { Pause } from './state.ts';
import { textWidth } from './text-width.ts';
import type { Paint, Theme } from './theme.ts';
import type { View } from './view.ts';
import { learnedRate, pauseReason, pauseTime, shortPauseTime, shownOrigin } from './wording.ts';

/** Those with pages behind them that are not asked as quickly as could be. */
export function waitingOrigins(gauges: Gauges): readonly OriginGauge[] {
  return gauges.origins.filter(
    ({ paused, ratePerSecond, waiting }) => waiting > 0 && (paused !== undefined || ratePerSecond !== undefined),
  );
}

const PAUSED = '‖ ';
const PACED = '› ';

/** Before all origins that are only slow, whatever hangs on these. */
const WEIGHT_OF_PAUSE = 1e12;
/** Hosts are set in a column where the widest takes no more of a line than that. */
const HOST_SHARE = 0.4;

/** In `rows` lines: paused ones first, by how many pages wait behind them; what finds no room is counted in the last line. */
export function originLines(waits: readonly OriginGauge[], rows: number, view: View): string[] {
  if (rows < 1) return [];
  const isAll = waits.length <= rows;
  const shown = most(waits, isAll ? rows : rows - 1, weight);
  const hosts = shown.map(({ origin }) => shownOrigin(origin));
  const widest = Math.max(0, ...hosts.map(textWidth));
  const hostColumns = widest <= view.columns * HOST_SHARE ? widest : 0;
  const lines = shown.map((gauge, index) => originLine(gauge, hosts[index] ?? '', hostColumns, view));
  return isAll ? lines : [...lines, othersLine(waits, shown, view)];
}

function weight({ paused, waiting }: OriginGauge): number {
  return paused === undefined ? waiting : waiting + WEIGHT_OF_PAUSE;
}

function othersLine(waits: readonly OriginGauge[], shown: readonly OriginGauge[], { columns, theme }: View): string {
  const isShown = new Set(shown);
  const others = waits.filter((gauge) => !isShown.has(gauge));
  const behind = others.reduce((sum, { waiting }) => sum + waiting, 0);
  const isOne = others.length === 1;
  const who = shown.length === 0 ? counted(others.length, 'origin') : `and ${counted(others.length, 'more origin')}`;
  const paused = others.filter((gauge) => gauge.paused !== undefined).length;
  const wait = isOne ? 'waits' : 'wait';
  const isSlow = isOne ? 'is paced' : 'are paced';
  const what = paused === others.length ? wait : paused === 0 ? isSlow : `${wait} or ${isSlow}`;
  const texts = [`${who} ${what}, ${counted(behind, 'page')} behind ${isOne ? 'it' : 'them'}`, `${who} ${what}`];
  texts.push(`${count(others.length)}${shown.length === 0 ? '' : ' more'} ${what}`);
  const sign = paused === 0 ? PACED : PAUSED;
  return firstThatFits(
    texts.map((text) => [{ text: sign + text, paint: theme.dim }]),
    columns,
  );
}

function originLine(gauge: OriginGauge, host: string, hostColumns: number, view: View): string {
  const { columns, moment, theme } = view;
  const { sign, paint, tails } =
    gauge.paused === undefined ? pacedWords(gauge, theme) : pausedWords(gauge, gauge.paused, moment.wallMs, theme);
  const aligned = ' '.repeat(Math.max(0, hostColumns - textWidth(host)));
  const line = (name: string, tail: string): Span[] => [
    { text: sign, paint },
    { text: `${name}:` },
    { text: tail, paint },
  ];
  const last = tails.at(-1) ?? '';
  const cut = cutMiddle(host, Math.max(4, columns - sign.length - 1 - last.length));
  return firstThatFits([...tails.map((tail) => line(host, aligned + tail)), line(cut, last)], columns);
}

interface OriginWords {
  readonly sign: string;
  readonly paint: Paint;
  /** What stands behind the host, from the longest to the shortest. */
  readonly tails: readonly string[];
}

function pacedWords({ ratePerSecond, waiting }: OriginGauge, theme: Theme): OriginWords {
  const learned = learnedRate(ratePerSecond ?? 0);
  return {
    sign: PACED,
    paint: theme.dim,
    tails: [
      ` ${learned}, ${counted(waiting, 'page')} behind it`,
      ` ${learned}, ${counted(waiting, 'page')}`,
      ` ${learned}`,
      ` ${learned.replace('learned ', '')}`,
    ],
  };
}

function pausedWords({ ratePerSecond, waiting }: OriginGauge, pause: Pause, wallMs: number, theme: Theme): OriginWords {
  const time = pauseTime(pause, wallMs);
  const status = pause.status === undefined ? '' : ` ${pause.status},`;
  const facts = `${status} ${time}`;
  const why = `${facts} (${pauseReason(pause)})`;
  const until = pause.untilWall > wallMs ? `, until ${clockTime(pause.untilWall, wallMs)}` : '';
  const pages = `, ${counted(waiting, 'page')}`;
  const behind = `${pages} behind it`;
  const learned = ratePerSecond === undefined ? '' : `, ${learnedRate(ratePerSecond)}`;
  return {
    sign: PAUSED,
    paint: theme.warn,
    tails: [
      why + until + behind + learned,
      why + until + behind,
      why + behind,
      why + pages,
      facts + pages,
      facts,
      ` ${time}`,
      ` ${shortPauseTime(pause, wallMs)}`,
    ],
  };
}
