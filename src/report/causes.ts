import type { PageRecord } from '../core/record.ts';
import { escapeHtml } from './escape.ts';

/** Kinds of failure that are told apart. There are few codes, but a server may answer with any status. */
const MAX_CAUSES = 60;
const MAX_EXAMPLES = 100;
/** Every cause has so many, also when `MAX_SHOWN_LENGTH` is used up. */
const MIN_EXAMPLES = 3;
/** Of all examples together as they stand in the report, so that URLs of any length keep it small. */
const MAX_SHOWN_LENGTH = 500_000;
/** A longer URL is shown without its end, and is no link. */
export const MAX_URL_LENGTH = 400;
export const MAX_MESSAGE_LENGTH = 200;

export interface Example {
  readonly url: string;
  readonly method: string;
  readonly line: string;
  readonly message: string;
  readonly attempts: number;
  readonly isPage: boolean;
}

export interface Cause {
  readonly code: string;
  readonly pages: number;
  readonly examples: readonly Example[];
}

/** Pages that are not OK, by code, with the first of each. */
export class Causes {
  readonly #causes = new Map<string, { pages: number; examples: Example[] }>();
  #shownLength = 0;
  #otherPages = 0;

  add(record: PageRecord): void {
    const code = record.error?.code ?? record.outcome;
    let cause = this.#causes.get(code);
    if (cause === undefined) {
      if (this.#causes.size >= MAX_CAUSES) {
        this.#otherPages += 1;
        return;
      }
      cause = { pages: 0, examples: [] };
      this.#causes.set(code, cause);
    }
    cause.pages += 1;
    if (cause.examples.length >= MAX_EXAMPLES) return;
    if (cause.examples.length >= MIN_EXAMPLES && this.#shownLength >= MAX_SHOWN_LENGTH) return;
    const example = exampleOf(record);
    cause.examples.push(example);
    this.#shownLength += escapeHtml(example.url).length * 2 + escapeHtml(example.message + example.line).length;
  }

  /** The largest first. */
  read(): readonly Cause[] {
    const causes = [...this.#causes].map(([code, { pages, examples }]) => ({ code, pages, examples }));
    return causes.sort((a, b) => b.pages - a.pages || (a.code < b.code ? -1 : 1));
  }

  /** Pages of causes that came after the first 60. */
  get otherPages(): number {
    return this.#otherPages;
  }
}

/** Cut a little behind what is shown: enough to see that there is more. */
function exampleOf({ url, method, line, error, attempts, outcome }: PageRecord): Example {
  return {
    url: url.slice(0, MAX_URL_LENGTH + 1),
    method: method.slice(0, 20),
    line: line.slice(0, MAX_MESSAGE_LENGTH + 1),
    message: (error?.message ?? '').slice(0, MAX_MESSAGE_LENGTH + 1),
    attempts,
    isPage: outcome !== 'invalid',
  };
}
