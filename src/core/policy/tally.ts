import type { FailureGroup, RunEvent, StopReason, Verdict } from '../event.ts';
import { FAILURES, type FailureCode } from '../failure.ts';
import { isOk, type PageRecord } from '../record.ts';

/** Counts of a run, folded from its events. Nothing in it grows with the list: failures are grouped by cause, with a few examples each. */
export class Tally {
  #listedPages = 0;
  #listRead = false;
  #listTruncated = false;
  #ok = 0;
  #alreadyStored = 0;
  #unchanged = 0;
  #invalid = 0;
  #duplicates = 0;
  #notOk = 0;
  #attempts = 0;
  #requests = 0;
  #retries = 0;
  #refusals = 0;
  #wireBytes = 0;
  #bytes = 0;
  #waitedMs = 0;
  #storedNewest: string | undefined;
  readonly #groups = new Map<string, { message: string; pages: number; examples: string[] }>();

  /** Final pages that are not OK; lines that are no pages aside. */
  get failed(): number {
    return this.#notOk - this.#invalid;
  }

  /** Final pages. */
  get settled(): number {
    return this.#ok + this.#notOk;
  }

  add(event: RunEvent): void {
    switch (event.type) {
      case 'started':
        this.#storedNewest = event.storedNewest;
        return;
      case 'listed':
        this.#listedPages = event.pages;
        this.#listRead = event.done;
        return;
      case 'notice':
        if (event.code === 'LIST_TRUNCATED') this.#listTruncated = true;
        return;
      case 'duplicate':
        this.#duplicates += 1;
        return;
      case 'already-stored':
        this.#ok += 1;
        this.#alreadyStored += 1;
        return;
      case 'attempt':
        this.#addAttempt(event);
        return;
      case 'page':
        this.#addRecord(event.record);
        return;
      default:
        return;
    }
  }

  verdict(elapsedMs: number, stopped: StopReason | undefined, storeFailure: string | undefined): Verdict {
    return {
      pages: this.#listedPages,
      ok: this.#ok,
      alreadyStored: this.#alreadyStored,
      unchanged: this.#unchanged,
      invalid: this.#invalid,
      duplicates: this.#duplicates,
      notOk: this.#notOk,
      unfinished: this.#listedPages - this.settled,
      listRead: this.#listRead,
      listTruncated: this.#listTruncated,
      ...(stopped === undefined ? undefined : { stopped }),
      ...(storeFailure === undefined ? undefined : { storeFailure }),
      ...(this.#storedNewest === undefined ? undefined : { storedNewest: this.#storedNewest }),
      failures: this.#failureGroups(),
      attempts: this.#attempts,
      requests: this.#requests,
      retries: this.#retries,
      refusals: this.#refusals,
      wireBytes: this.#wireBytes,
      bytes: this.#bytes,
      elapsedMs: Math.round(elapsedMs),
      waitedMs: Math.round(this.#waitedMs),
    };
  }

  #addAttempt(event: Extract<RunEvent, { type: 'attempt' }>): void {
    if (event.result.type === 'answer') this.#wireBytes += event.result.wireBytes;
    if (event.sequel.type !== 'again') return;
    if (event.sequel.cost === 'refusal') this.#refusals += 1;
    else this.#retries += 1;
  }

  #addRecord(record: PageRecord): void {
    this.#attempts += record.attempts;
    this.#requests += record.requests;
    this.#waitedMs += record.waitedMs;
    if (isOk(record.outcome)) {
      this.#ok += 1;
      this.#bytes += record.bytes ?? 0;
      if (record.outcome === 'unchanged') this.#unchanged += 1;
      return;
    }
    this.#notOk += 1;
    if (record.outcome === 'invalid') this.#invalid += 1;
    const code = record.error?.code ?? record.outcome;
    let group = this.#groups.get(code);
    if (group === undefined) {
      group = { message: meaningOf(record), pages: 0, examples: [] };
      this.#groups.set(code, group);
    }
    group.pages += 1;
    if (group.examples.length < EXAMPLES) {
      group.examples.push(record.outcome === 'invalid' ? `${record.line}: ${record.error?.message ?? ''}` : record.url);
    }
  }

  /** The largest group first. */
  #failureGroups(): FailureGroup[] {
    const groups = [...this.#groups].map(([code, { message, pages, examples }]) => ({
      code,
      message,
      pages,
      examples,
    }));
    return groups.sort((a, b) => b.pages - a.pages || (a.code < b.code ? -1 : 1));
  }
}

/** What the pages of a group have in common; the details of each are in its own record. */
function meaningOf({ error, outcome }: PageRecord): string {
  if (error === undefined) return outcome;
  return error.code in FAILURES ? FAILURES[error.code as FailureCode][1] : error.message;
}

const EXAMPLES = 3;
