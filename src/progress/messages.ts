import type { RunEvent } from '../core/event.ts';
import { isOk } from '../core/record.ts';
import { count } from './format.ts';
import type { ProgressState } from './state.ts';
import { shownFailure } from './state.ts';
import type { Theme } from './theme.ts';
import { givenUpLine, verboseLine } from './verbose.ts';
import { shownMessage, shownUrl, stoppingTexts } from './wording.ts';

export interface MessageOptions {
  /** Only what went wrong. */
  readonly quiet: boolean;
  /** A line an attempt. */
  readonly verbose: boolean;
  /** A live view shows the last failures and that the run is being stopped: these need no lines of their own. */
  readonly live: boolean;
  /** The file of --failed, for where all failures can be read. */
  readonly failedFile?: string;
}

/** What scrolls by while a run goes on: the lines that an event is worth, if any. `state` holds the event already. */
export type Messages = (event: RunEvent, state: ProgressState, wallMs: number) => readonly string[];

/** Lines of one kind: enough to see what goes wrong, too few to bury it. Who asks for only the failures, or for everything, gets more of them. */
const MAX_LINES = 20;
const MAX_LINES_ASKED_FOR = 1_000;
/** Distinct notices are few; this bounds a mistake. */
const MAX_NOTICES = 1_000;

type Kind = 'failures' | 'invalid' | 'origins' | 'ids';

const KIND_NAMES = {
  failures: 'pages that are not OK',
  invalid: 'lines that are no pages',
  origins: 'origins that are given up',
  ids: 'duplicates with other ids',
} as const satisfies Record<Kind, string>;

/** What most of a million events are worth; one array for all of them. */
const NOTHING: readonly string[] = [];

export function createMessages(options: MessageOptions, theme: Theme): Messages {
  const told = new Map<Kind, number>();
  const notices = new Set<string>();
  const maxLines = options.quiet || options.verbose ? MAX_LINES_ASKED_FOR : MAX_LINES;

  function bounded(kind: Kind, line: () => string): readonly string[] {
    const before = told.get(kind) ?? 0;
    if (before > maxLines) return NOTHING;
    told.set(kind, before + 1);
    return before < maxLines ? [line()] : [theme.dim(`(${moreOf(kind, maxLines, options.failedFile)})`)];
  }

  function notice(event: RunEvent & { type: 'notice' }): readonly string[] {
    const key = `${event.code} ${event.message}`;
    if (notices.has(key) || notices.size >= MAX_NOTICES) return NOTHING;
    notices.add(key);
    return [`${theme.warn(event.code)}  ${shownMessage(event.message)}`];
  }

  function page(event: RunEvent & { type: 'page' }): readonly string[] {
    const { record } = event;
    if (isOk(record.outcome)) return NOTHING;
    if (record.outcome === 'invalid') {
      const why = shownMessage(record.error?.message ?? '');
      return bounded('invalid', () => `${theme.bad(`${shownUrl(record.line)}:`)} ${why}`);
    }
    if (options.verbose || (options.live && !options.quiet)) return NOTHING;
    const { code, url, message } = shownFailure(record);
    return bounded('failures', () => `${theme.bad(code)}  ${shownUrl(url)}  ${shownMessage(message)}`);
  }

  function wrong(event: RunEvent, wallMs: number): readonly string[] {
    if (event.type === 'notice') return notice(event);
    if (event.type === 'page') return page(event);
    if (event.type === 'origin-given-up') return bounded('origins', () => givenUpLine(event, wallMs, theme));
    return NOTHING;
  }

  function worthKnowing(event: RunEvent): readonly string[] {
    if (event.type === 'stopping') {
      const unseen = !options.live && event.reason !== 'reader-gone';
      return unseen ? [theme.warn(stoppingTexts(event.reason, 'what is in flight gets')[0])] : NOTHING;
    }
    if (event.type !== 'duplicate' || !event.idsDiffer || options.verbose) return NOTHING;
    return bounded('ids', () => `${shownUrl(event.line)}: listed before with another id: ${shownUrl(event.url)}`);
  }

  return (event, state, wallMs) => {
    const lines = wrong(event, wallMs);
    if (options.quiet) return lines;
    const more = worthKnowing(event);
    const line = options.verbose ? verboseLine(event, state, wallMs, theme) : undefined;
    if (more.length === 0 && line === undefined) return lines;
    return [...lines, ...more, ...(line === undefined ? NOTHING : [line])];
  };
}

function moreOf(kind: Kind, maxLines: number, failedFile: string | undefined): string {
  const where =
    failedFile === undefined || kind === 'ids' || kind === 'origins'
      ? ''
      : `; ${shownUrl(failedFile)} will have them all`;
  return `only the first ${count(maxLines)} ${KIND_NAMES[kind]} are told here${where}`;
}
