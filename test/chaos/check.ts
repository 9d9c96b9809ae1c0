import { createHash } from 'node:crypto';
import { plannedPage } from './pages.ts';
import { type StoredRecord, storedRecords } from './stored.ts';

export interface Listed {
  readonly url: string;
  readonly path: string;
}

/** What one invocation of the bin came to. */
export interface Invocation {
  /** Undefined where it was killed. */
  readonly code: number | undefined;
  readonly stderr: string;
  readonly peakRssMiB: number;
  readonly peakDescriptors: number;
  /** Paths of the pages that the store had as OK when it began. */
  readonly storedBefore: ReadonlySet<string>;
  /** Where the servers' log stood when it began, in bytes. */
  readonly logFrom: number;
}

export interface Evidence {
  readonly seed: number;
  /** The store. */
  readonly place: string;
  readonly list: readonly Listed[];
  readonly invocations: readonly Invocation[];
  /** The servers': a line a request, `? PATH`, and a line an answer that went out whole, `+ PATH`. */
  readonly log: string;
}

const MOST_RSS_MIB = 350;
const MOST_DESCRIPTORS = 400;
const TOLD_EACH = 3;

/** Holds what a run left against what the servers say and what the world was made to be. */
export function check(evidence: Evidence): { readonly failures: readonly string[]; readonly told: string } {
  const records = storedRecords(evidence.place);
  const tallied = tally(records);
  const failures = [
    ...outcomes(evidence, tallied),
    ...bodies(evidence, records),
    ...servedWhole(evidence, records),
    ...askedAgain(evidence),
    ...processes(evidence),
  ];
  const ok = [...tallied.values()].filter(({ ok }) => ok > 0).length;
  const asked = evidence.log.match(/^\?/gm)?.length ?? 0;
  return { failures, told: `${ok} OK, ${evidence.list.length - ok} not; ${asked} requests` };
}

interface Tallied {
  readonly ok: number;
  readonly last: StoredRecord;
}

function tally(records: readonly StoredRecord[]): ReadonlyMap<string, Tallied> {
  const tallied = new Map<string, Tallied>();
  for (const record of records) {
    const ok = (tallied.get(record.url)?.ok ?? 0) + (record.outcome === 'ok' ? 1 : 0);
    tallied.set(record.url, { ok, last: record });
  }
  return tallied;
}

/** Every page of the list has exactly one final outcome, and it is the one that its server made it have. */
function outcomes({ seed, list }: Evidence, tallied: ReadonlyMap<string, Tallied>): string[] {
  const wrong: string[] = [];
  for (const { url, path } of list) {
    const found = tallied.get(url);
    if (found === undefined) wrong.push(`${url} has no record`);
    else if (found.ok > 1) wrong.push(`${url} has ${found.ok} OK records`);
    else wrong.push(...wrongOutcome(seed, path, found));
  }
  if (tallied.size > list.length) wrong.push(`${tallied.size - list.length} records are of no page of the list`);
  return few(wrong);
}

function wrongOutcome(seed: number, path: string, { ok, last }: Tallied): string[] {
  const { status } = plannedPage(seed, path);
  const told = `${path} is ${last.outcome} (${last.error?.code ?? last.status})`;
  if (path.startsWith('/dead/')) return ok > 0 || last.outcome === 'failed' ? [told] : [];
  if (path.startsWith('/broken/')) return last.outcome === 'failed' || last.outcome === 'given-up' ? [] : [told];
  if (status === 404) return last.outcome === 'failed' && last.status === 404 ? [] : [told];
  return ok === 1 ? [] : [told];
}

/** What is stored equals what was served. */
function bodies({ seed }: Evidence, records: readonly StoredRecord[]): string[] {
  const wrong: string[] = [];
  for (const record of records) {
    if (record.outcome !== 'ok') continue;
    const { pathname } = new URL(record.url);
    const { body } = plannedPage(seed, pathname);
    if (record.body?.equals(body) !== true) wrong.push(`${pathname} is stored with another body`);
    else if (record.sha256 !== createHash('sha256').update(body).digest('hex'))
      wrong.push(`${pathname} has a wrong sha256`);
  }
  return few(wrong);
}

/** A page that is OK went out whole at least once. */
function servedWhole({ log }: Evidence, records: readonly StoredRecord[]): string[] {
  const whole = new Set(log.split('\n').flatMap((line) => (line.startsWith('+ ') ? [line.slice(2)] : [])));
  const wrong = records
    .filter(({ outcome, url }) => outcome === 'ok' && !whole.has(new URL(url).pathname))
    .map(({ url }) => `${url} is OK, and no server sent it whole`);
  return few(wrong);
}

/** What was recorded as OK is not asked for by the next run. */
function askedAgain({ log, invocations }: Evidence): string[] {
  const wrong: string[] = [];
  invocations.forEach(({ storedBefore, logFrom }, index) => {
    const until = invocations[index + 1]?.logFrom ?? log.length;
    for (const line of log.slice(logFrom, until).split('\n')) {
      const path = line.slice(2);
      if (line.startsWith('? ') && storedBefore.has(path)) wrong.push(`${path} was stored and asked for again`);
    }
  });
  return few(wrong);
}

function processes({ invocations }: Evidence): string[] {
  const last = invocations.at(-1);
  const wrong: string[] = [];
  if (last?.code !== 0 && last?.code !== 1)
    wrong.push(`the last run ended with ${last?.code ?? 'nothing'}: ${last?.stderr}`);
  for (const { code, stderr, peakRssMiB, peakDescriptors } of invocations) {
    if (code === 70 || /bug of its own|[Uu]nhandled|Warning:/.test(stderr)) wrong.push(stderr.slice(0, 2_000));
    if (peakRssMiB > MOST_RSS_MIB) wrong.push(`it took ${peakRssMiB.toFixed(0)} MiB`);
    if (peakDescriptors > MOST_DESCRIPTORS) wrong.push(`it had ${peakDescriptors} descriptors`);
  }
  return wrong;
}

function few(wrong: readonly string[]): string[] {
  if (wrong.length <= TOLD_EACH) return [...wrong];
  return [...wrong.slice(0, TOLD_EACH), `and ${wrong.length - TOLD_EACH} more like it`];
}
