import type { FailureGroup, Verdict } from '../core/event.ts';
import { bytes, count, counted, duration } from './format.ts';
import type { Theme } from './theme.ts';
import { pageRate, STOP_REASONS, shownMessage, shownUrl } from './wording.ts';

/** What a verdict needs to know beside the run: where things are, and what can be typed next. */
export interface VerdictContext {
  /** The store's own word: `pages/`, `pages.ndjson`; `stdout`, and `nowhere` where nothing is kept. */
  readonly place: string;
  /** The command that tries the rest again; absent where there is none, as when the list came from standard input. */
  readonly again?: string;
  /** The file of --failed. */
  readonly failedFile?: string;
  /** `2/4`, where this run is one of several. */
  readonly shard?: string;
}

const MAX_GROUPS = 10;
const MAX_EXAMPLES = 3;

/** The last lines of a run; the very last is the sentence with the count. None where the reader of stdout went away: that run ends quietly. */
export function renderVerdict(verdict: Verdict, context: VerdictContext, theme: Theme): string[] {
  if (verdict.stopped === 'reader-gone') return [];
  const lines = [
    ...groupLines(verdict.failures, theme),
    ...(verdict.failures.length === 0 ? [] : ['']),
    ...verdictFacts(verdict, context, theme),
    ...againLines(verdict, context, theme),
  ];
  const sentence = verdictSentence(verdict, context);
  return [...lines, isAllOk(verdict) ? theme.ok(sentence) : theme.bad(sentence)];
}

/** How many pages are OK. */
export function verdictSentence(verdict: Verdict, context: VerdictContext): string {
  return isAllOk(verdict) ? allOk(verdict, context) : someOk(verdict);
}

/** What became of the list, how many pages are stored where, and what it took. */
export function verdictFacts(verdict: Verdict, context: VerdictContext, theme: Theme): string[] {
  return [...listLines(verdict, theme), ...storedLines(verdict, context, theme)];
}

/** Every page of the whole list is OK. */
export function isAllOk(verdict: Verdict): boolean {
  const { pages, ok, listRead, listTruncated, storeFailure } = verdict;
  return ok === pages && listRead && !listTruncated && storeFailure === undefined;
}

function allOk(verdict: Verdict, context: VerdictContext): string {
  const { pages } = verdict;
  if (pages === 0) {
    return context.shard === undefined
      ? 'There was no page to fetch.'
      : `There was no page to fetch: none of the list belongs to shard ${context.shard}.`;
  }
  const sentence = pages === 1 ? 'The 1 page is OK' : `All ${count(pages)} pages are OK`;
  const details = okDetails(verdict);
  return details.length === 0 ? `${sentence}.` : `${sentence} (${details.join('; ')}).`;
}

/** What is good to know of pages that are OK, in the verdict's brackets. */
function okDetails(verdict: Verdict): string[] {
  const details: string[] = [];
  if (verdict.alreadyStored > 0) details.push(`${count(verdict.alreadyStored)} already stored${newest(verdict)}`);
  if (verdict.unchanged > 0) details.push(`${count(verdict.unchanged)} unchanged`);
  return details;
}

/** The day alone: ISO 8601 begins with it. */
function newest(verdict: Verdict): string {
  return verdict.storedNewest === undefined ? '' : `, newest ${shownMessage(verdict.storedNewest.slice(0, 10))}`;
}

function someOk(verdict: Verdict): string {
  const { ok, pages, listRead, listTruncated } = verdict;
  const sign = listRead && !listTruncated ? '' : '≥';
  return `${count(ok)} of ${sign}${counted(pages, 'page')} ${ok === 1 || pages === 1 ? 'is' : 'are'} OK.`;
}

function groupLines(groups: readonly FailureGroup[], theme: Theme): string[] {
  const sorted = [...groups].sort((a, b) => b.pages - a.pages);
  const shown = sorted.slice(0, MAX_GROUPS);
  const width = Math.max(0, ...shown.map((group) => counted(group.pages, 'page').length));
  const lines = shown.flatMap((group) => groupOf(group, width, theme));
  const others = sorted.slice(MAX_GROUPS);
  if (others.length === 0) return lines;
  const pages = others.reduce((sum, group) => sum + group.pages, 0);
  return [...lines, `and ${counted(pages, 'page')} for ${counted(others.length, 'other cause')}`];
}

function groupOf(group: FailureGroup, width: number, theme: Theme): string[] {
  const size = counted(group.pages, 'page').padStart(width);
  const head = `${theme.strong(size)}  ${theme.bad(shownMessage(group.code))}  ${shownMessage(group.message)}`;
  const examples = group.examples.slice(0, MAX_EXAMPLES);
  const indent = ' '.repeat(width + 2);
  const lines = [head, ...examples.map((example) => indent + shownUrl(example))];
  const others = group.pages - examples.length;
  return others > 0 && examples.length > 0 ? [...lines, indent + theme.dim(`and ${count(others)} more`)] : lines;
}

/** What became of the list: duplicates, and how far it was read. */
function listLines(verdict: Verdict, theme: Theme): string[] {
  const lines: string[] = [];
  if (verdict.duplicates > 0) {
    const why = verdict.duplicates === 1 ? 'a page that is listed again is' : 'pages that are listed again are';
    lines.push(theme.dim(`+ ${counted(verdict.duplicates, 'duplicate')}: ${why} fetched once`));
  }
  if (verdict.listTruncated) {
    lines.push(
      `${theme.bad('LIST_TRUNCATED')}  a list broke off before its end: it may hold more pages than were read`,
    );
  }
  if (verdict.storeFailure !== undefined) {
    lines.push(`${theme.bad('The store failed:')} ${shownMessage(verdict.storeFailure)}`);
  }
  if (verdict.stopped !== undefined) lines.push(theme.warn(stoppedLine(verdict, STOP_REASONS[verdict.stopped])));
  return lines;
}

function stoppedLine(verdict: Verdict, why: string): string {
  const read = verdict.listRead
    ? 'the list was read to its end'
    : `the list was read as far as page ${count(verdict.pages)}, and there is more of it`;
  const unfinished =
    verdict.unfinished === 0
      ? ''
      : `; ${counted(verdict.unfinished, 'page')} of it ${verdict.unfinished === 1 ? 'has' : 'have'} no outcome yet`;
  return `Stopped early (${why}): ${read}${unfinished}.`;
}

/** How many are stored where, and what it took. */
function storedLines(verdict: Verdict, context: VerdictContext, theme: Theme): string[] {
  const fetched = verdict.ok - verdict.alreadyStored;
  const place = shownUrl(context.place);
  const stored = context.place === 'stdout' ? fetched : verdict.ok;
  const where = context.place === 'stdout' ? 'went to stdout' : `${stored === 1 ? 'is' : 'are'} stored in ${place}`;
  const before =
    verdict.alreadyStored > 0 && fetched > 0 && context.place !== 'stdout' ? `, ${count(fetched)} of them new` : '';
  const sentence = context.place === 'nowhere' ? [] : [`${counted(stored, 'page')} ${where}${before}`];
  const parts = [...sentence, ...effort(verdict)];
  return parts.length === 0 ? [] : [theme.dim(parts.join('; '))];
}

/** `1.2 MB in 12 s, 83 pages/s, 3 retries` */
function effort(verdict: Verdict): string[] {
  if (verdict.requests === 0) return [];
  const facts = [`${bytes(verdict.wireBytes)} in ${duration(verdict.elapsedMs)}`];
  const final = verdict.ok + verdict.notOk - verdict.invalid - verdict.alreadyStored;
  if (verdict.elapsedMs > 0) facts.push(pageRate((final / verdict.elapsedMs) * 1_000).long);
  if (verdict.retries > 0) facts.push(counted(verdict.retries, 'retry', 'retries'));
  if (verdict.refusals > 0) facts.push(counted(verdict.refusals, 'refusal'));
  return [facts.join(', ')];
}

function againLines(verdict: Verdict, context: VerdictContext, theme: Theme): string[] {
  if (isAllOk(verdict)) return [];
  const lines: string[] = [];
  if (context.failedFile !== undefined && verdict.notOk > 0) {
    const those =
      verdict.notOk === 1 ? 'The 1 page that is not OK stands' : `The ${count(verdict.notOk)} that are not OK stand`;
    lines.push(`${those} in ${theme.strong(shownUrl(context.failedFile))}`);
  }
  if (context.again === undefined) return lines;
  return [...lines, `${againIntro(verdict, context)} ${theme.strong(shownMessage(context.again))}`];
}

function againIntro(verdict: Verdict, { place }: VerdictContext): string {
  const { notOk, invalid, ok, pages, listRead } = verdict;
  if (invalid > 0 && notOk === invalid && ok + notOk === pages && listRead) return 'When those lines are mended:';
  // What keeps nothing has no rest: it begins anew.
  return place === 'nowhere' || place === 'stdout' ? 'To try all of them again:' : 'To try the rest again:';
}
