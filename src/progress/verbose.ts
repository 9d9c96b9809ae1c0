import type { RunEvent } from '../core/event.ts';
import type { PageRecord } from '../core/record.ts';
import { isOk } from '../core/record.ts';
import { clockTime, countdown, counted, duration, fixedDown } from './format.ts';
import type { Pause, ProgressState } from './state.ts';
import { donePages, totalPages } from './state.ts';
import type { Theme } from './theme.ts';
import { learnedRate, pauseReason, shownMessage, shownOrigin, shownUrl } from './wording.ts';

/**
 * The line that --verbose has for an event, if any; `state` holds the event already.
 * A page's last attempt is told when the page is kept, so that its count is right and what is told is true.
 */
export function verboseLine(event: RunEvent, state: ProgressState, wallMs: number, theme: Theme): string | undefined {
  switch (event.type) {
    case 'attempt':
      return attemptLine(event, state, wallMs, theme);
    case 'page':
      return event.record.outcome === 'invalid' ? undefined : pageLine(event.record, state, theme);
    case 'duplicate':
      return theme.dim(`${shownUrl(event.line)}: listed before, fetched once: ${shownUrl(event.url)}`);
    case 'origin-paused':
      return theme.warn(
        ` ${shownOrigin(event.origin)}: ${statusOf(event)}${pausedFor(event, wallMs)}${pausedUntil(event, wallMs)}`,
      );
    case 'origin-resumed':
      return theme.dim(` ${shownOrigin(event.origin)} is asked again`);
    case 'origin-learned':
      return theme.dim(` ${shownOrigin(event.origin)}: ${learned(event)}`);
    default:
      return undefined;
  }
}

/** The line of an origin that is given up: told with or without --verbose. */
export function givenUpLine(event: RunEvent & { type: 'origin-given-up' }, wallMs: number, theme: Theme): string {
  const { code, message } = event.failure;
  const line = `${theme.bad(code)}  ${shownOrigin(event.origin)} is given up: ${shownMessage(message)}`;
  if (event.comeBackWall === undefined) return line + wayOut(code);
  const inTime = countdown(event.comeBackWall - wallMs);
  return `${line}; come back in ${inTime}, at ${clockTime(event.comeBackWall, wallMs)}${wayOut(code)}`;
}

/** What can be done about it. */
function wayOut(code: string): string {
  if (code === 'ORIGIN_SILENT') return '; run the same command again later, or raise --patience';
  return code === 'ORIGIN_ASKS_TOO_LONG' ? ', with the same command; or raise --max-wait' : '';
}

function attemptLine(
  event: RunEvent & { type: 'attempt' },
  state: ProgressState,
  wallMs: number,
  theme: Theme,
): string | undefined {
  const { result, sequel } = event;
  if (sequel.type === 'done') return undefined;
  const what = result.type === 'answer' ? String(result.status) : result.failure.code;
  if (sequel.type === 'hop') {
    return `${bracket(what, theme.dim)}  ${place(state)} ${shownUrl(event.url)}  goes on to ${shownUrl(sequel.to)}`;
  }
  const why = result.type === 'failure' ? `${shownMessage(result.failure.message)}; ` : '';
  const next =
    sequel.cost === 'refusal'
      ? refused(event, state.pauses.get(new URL(event.url).origin), wallMs)
      : `${sequel.cost === 'free' ? 'sent' : 'tried'} again ${inTime(sequel.afterMs)}`;
  return `${bracket(what, theme.warn)}  ${place(state)} ${shownUrl(event.url)}  ${theme.warn(why + next)}`;
}

function refused(event: RunEvent & { type: 'attempt' }, pause: Pause | undefined, wallMs: number): string {
  if (pause === undefined)
    return `refused; asked again ${inTime(event.sequel.type === 'again' ? event.sequel.afterMs : 0)}`;
  return `origin ${pausedFor(pause, wallMs)}`;
}

function inTime(afterMs: number): string {
  return afterMs <= 0 ? 'at once' : `in ${duration(afterMs)}`;
}

function statusOf(pause: Pause): string {
  return pause.status === undefined ? '' : `${pause.status}, `;
}

/** `waits 1 s (Retry-After)` */
function pausedFor(pause: Pause, wallMs: number): string {
  return `waits ${duration(pause.untilWall - wallMs)} (${pauseReason(pause)})`;
}

/** Of a wait that is long enough to look at a clock. */
function pausedUntil(pause: Pause, wallMs: number): string {
  return pause.untilWall - wallMs < LONG_WAIT_MS ? '' : `, until ${clockTime(pause.untilWall, wallMs)}`;
}

const LONG_WAIT_MS = 10_000;

function learned(event: RunEvent & { type: 'origin-learned' }): string {
  const atOnce = `at most ${counted(event.concurrency, 'request')} at a time`;
  if (event.ratePerSecond === undefined) return atOnce;
  return `${learnedRate(event.ratePerSecond)}, ${atOnce}`;
}

function pageLine(record: PageRecord, state: ProgressState, theme: Theme): string {
  const { status, error, outcome } = record;
  const ok = isOk(outcome);
  const what = ok || error === undefined || error.code.startsWith('HTTP_') ? String(status ?? outcome) : error.code;
  const line = `${bracket(what, ok ? theme.ok : theme.bad)}  ${place(state)} ${shownUrl(record.url)}`;
  if (ok) return outcome === 'unchanged' ? `${line}  unchanged` : line;
  const tries = record.attempts > 1 ? `; not OK after ${counted(record.attempts, 'try', 'tries')}` : '';
  return `${line}  ${theme.bad(shownMessage(error?.message ?? outcome) + tries)}`;
}

function bracket(text: string, paint: Theme['ok']): string {
  return ` [${paint(text)}]`;
}

/** `[ 12/40 (30.00%) ]`; no share of a total that is not known. */
function place(state: ProgressState): string {
  const done = donePages(state);
  const total = totalPages(state);
  if (!state.listRead || total === 0) return `[ ${done}/≥${total} ]`;
  return `[ ${done}/${total} (${fixedDown((done / total) * 100, 2)}%) ]`;
}
