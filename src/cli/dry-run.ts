import type { Config } from '../core/config.ts';
import { UsageError } from '../core/failure.ts';
import { Intake } from '../core/intake.ts';
import type { Input } from '../core/page.ts';
import { printable } from '../core/policy/sanitise.ts';
import type { StoreSession } from '../core/ports.ts';
import { NO_PAGE } from '../input/begun.ts';

/** What a list holds, counted without fetching any of it. */
export interface Plan {
  readonly pages: number;
  readonly duplicates: number;
  readonly invalid: readonly string[];
  readonly invalidCount: number;
  readonly truncated: readonly string[];
  readonly stored: number;
  /** Some list holds a page, of whichever shard. */
  readonly pageListed: boolean;
  /** Pages to fetch, by origin. */
  readonly origins: ReadonlyMap<string, number>;
}

/**
 * @param store what is stored; absent where the run would begin anew
 * @param refresh what is stored is asked for again
 * @throws UsageError where every line is blank or a comment
 */
export async function plan(
  input: Input,
  store: Pick<StoreSession, 'has'> | undefined,
  { shard, refresh }: Pick<Config, 'shard' | 'refresh'>,
): Promise<Plan> {
  const intake = new Intake(input, shard);
  const origins = new Map<string, number>();
  const invalid: string[] = [];
  const truncated: string[] = [];
  let [pages, duplicates, invalidCount, stored] = [0, 0, 0, 0];
  for await (const arrivals of intake.batches()) {
    for (const arrival of arrivals) {
      if (arrival.type === 'truncated') {
        truncated.push(`${arrival.list} broke off: ${arrival.why}`);
      } else if (arrival.type === 'duplicate') {
        duplicates += 1;
      } else if (arrival.type === 'invalid') {
        pages += 1;
        invalidCount += 1;
        if (invalid.length < MOST_TOLD) invalid.push(`${arrival.line}: ${arrival.why}`);
      } else {
        pages += 1;
        const isStored = store?.has(arrival.page) === true;
        if (isStored) stored += 1;
        if (!isStored || refresh) origins.set(arrival.page.origin, (origins.get(arrival.page.origin) ?? 0) + 1);
      }
    }
  }
  if (intake.met === 0) throw new UsageError(NO_PAGE);
  const pageListed = intake.firstPage !== undefined;
  return { pages, duplicates, invalid, invalidCount, truncated, stored, pageListed, origins };
}

/** The plan in lines, the largest origins first. */
export function planText(found: Plan, place: string): string {
  const toFetch = [...found.origins.values()].reduce((sum, pages) => sum + pages, 0);
  const origins = [...found.origins].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  const width = number(origins[0]?.[1] ?? 0).length;
  const lines = [
    ...found.truncated.map((why) => printable(why)),
    ...found.invalid.map((why) => printable(why)),
    ...rest(found.invalidCount - found.invalid.length, 'more line that is no page', 'more lines that are no pages'),
    `${counted(found.pages, 'page')} in the list${found.duplicates > 0 ? ` + ${counted(found.duplicates, 'duplicate')}` : ''}`,
    ...(found.invalidCount > 0 ? [`${number(found.invalidCount)} invalid`] : []),
    ...(found.stored > 0 ? [`${number(found.stored)} already stored in ${printable(place)}`] : []),
    `${number(toFetch)} to fetch${origins.length > 0 ? ` from ${counted(origins.length, 'origin')}:` : ''}`,
    ...origins.slice(0, MOST_TOLD).map(([origin, pages]) => `  ${number(pages).padStart(width)}  ${printable(origin)}`),
    ...rest(origins.length - MOST_TOLD, 'more origin', 'more origins'),
  ];
  return `${lines.join('\n')}\n`;
}

const MOST_TOLD = 20;

function rest(more: number, one: string, many: string): string[] {
  return more > 0 ? [`  and ${number(more)} ${more === 1 ? one : many}`] : [];
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}

function counted(value: number, noun: string): string {
  return `${number(value)} ${noun}${value === 1 ? '' : 's'}`;
}
