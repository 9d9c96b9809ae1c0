import { LIMITS } from '../core/config.ts';
import type { StopReason } from '../core/event.ts';
import { printable } from '../core/policy/sanitise.ts';
import { clockTime, countdown, duration, rate } from './format.ts';
import type { Pause } from './state.ts';

/** Longer than any URL that somebody wants to read. */
const MAX_URL = 500;
const MAX_MESSAGE = 300;

export function shownUrl(url: string): string {
  return printable(url, MAX_URL);
}

export function shownMessage(message: string): string {
  return printable(message, MAX_MESSAGE);
}

/** `api.example.com:8443`: the scheme says nothing that a reader of a wait needs. */
export function shownOrigin(origin: string): string {
  return shownUrl(origin.replace(/^https?:\/\//, ''));
}

const PAUSE_REASONS = {
  'retry-after': 'Retry-After',
  refused: 'no time told, backing off',
  quota: 'its rate limit is used up',
  down: 'nobody answers',
} as const satisfies Record<Pause['reason'], string>;

const SHORT_PAUSE_REASONS = {
  'retry-after': 'Retry-After',
  refused: 'backing off',
  quota: 'rate limit',
  down: 'no answer',
} as const satisfies Record<Pause['reason'], string>;

export function pauseReason(pause: Pause): string {
  return PAUSE_REASONS[pause.reason];
}

/** `429, Retry-After, 12 s, until 14:05:10` */
export function pauseFacts(pause: Pause, wallMs: number): string {
  const leftMs = pause.untilWall - wallMs;
  const facts = [SHORT_PAUSE_REASONS[pause.reason], countdown(leftMs)];
  if (leftMs > 0) facts.push(`until ${clockTime(pause.untilWall, wallMs)}`);
  return (pause.status === undefined ? facts : [String(pause.status), ...facts]).join(', ');
}

/** `waits 41 s`; when the time has come, one request goes first. */
export function pauseTime(pause: Pause, wallMs: number): string {
  const leftMs = pause.untilWall - wallMs;
  return leftMs > 0 ? `waits ${countdown(leftMs)}` : 'is tried again';
}

/** `41 s` */
export function shortPauseTime(pause: Pause, wallMs: number): string {
  const leftMs = pause.untilWall - wallMs;
  return leftMs > 0 ? countdown(leftMs) : 'now';
}

/** `103 pages/s`, or in short `103/s`. */
export function pageRate(pagesPerSecond: number): { readonly long: string; readonly short: string } {
  const { value, per } = rate(pagesPerSecond);
  return { long: `${value} pages/${per}`, short: `${value}/${per}` };
}

/** `learned 42/s`: requests, of which an origin bears so many. */
export function learnedRate(requestsPerSecond: number): string {
  const { value, per } = rate(requestsPerSecond);
  return `learned ${value}/${per}`;
}

/** What is told when a run is stopped, with what can still be done about it: from the longest to the shortest. */
export function stoppingTexts(reason: StopReason, inFlight: string): readonly [string, ...string[]] {
  const short = `stopping (${STOP_REASONS[reason]})`;
  // Where nothing can be kept any more, nothing is waited for.
  if (reason === 'store' || reason === 'reader-gone') return [short, 'stopping'];
  const text = `${short}: ${inFlight} ${duration(LIMITS.graceMs)} to land`;
  const again = reason === 'SIGINT' ? '; Ctrl-C again ends at once' : '';
  return [text + again, text, short, 'stopping'];
}

/** Why a run is stopped, as one would say it to the one who did. */
export const STOP_REASONS = {
  SIGINT: 'Ctrl-C',
  SIGTERM: 'SIGTERM',
  SIGHUP: 'SIGHUP',
  deadline: '--deadline',
  'fail-fast': '--fail-fast',
  'max-failures': '--max-failures',
  'reader-gone': 'the reader of stdout went away',
  store: 'the store failed',
  abort: 'aborted',
} as const satisfies Record<StopReason, string>;
