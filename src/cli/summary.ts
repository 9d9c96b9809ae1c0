import type { StoreFormat } from '../core/config.ts';
import type { FailureGroup, StopReason, Verdict } from '../core/event.ts';
import { AsideFile } from './aside-file.ts';

/**
 * `--summary`: the verdict for programs. Fields keep their names and meanings as long as `version` is 1; new ones may come.
 * `summary.schema.json` and `docs/summary.md` describe every field. Counts are of distinct pages; times of day are ISO 8601 in UTC.
 */
export interface Summary {
  readonly version: 1;
  /** Of fetch-pages. */
  readonly program: string;
  readonly exitCode: number;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly elapsedSeconds: number;
  /** Waits of all pages together. */
  readonly waitedSeconds: number;
  /** Absent where the run ended by itself. */
  readonly stopped?: StopReason;
  /** The store's last words, where it stopped the run. */
  readonly storeFailure?: string;
  readonly list: {
    /** False where the run was stopped before the end of the lists. */
    readonly read: boolean;
    /** True where a list broke in the middle. */
    readonly truncated: boolean;
    readonly duplicates: number;
  };
  readonly pages: {
    /** Invalid ones and those already stored included; duplicates not. */
    readonly total: number;
    readonly ok: number;
    readonly notOk: number;
    /** Read from a list, but without an outcome when the run was stopped. */
    readonly unfinished: number;
    /** Of `ok`: stored by an earlier run. */
    readonly alreadyStored: number;
    /** Of `ok`: asked again and still what is stored. */
    readonly unchanged: number;
    /** Of `notOk`: lines that are no pages. */
    readonly invalid: number;
  };
  /** Pages that are not OK, by cause. */
  readonly failures: readonly FailureGroup[];
  readonly traffic: {
    readonly attempts: number;
    readonly requests: number;
    readonly retries: number;
    readonly refusals: number;
    /** Of bodies, as they came. */
    readonly wireBytes: number;
    /** Of bodies, decoded. */
    readonly bytes: number;
  };
  readonly store: {
    readonly format: StoreFormat;
    /** As it was written: `pages/`, `stdout`, `nowhere`. */
    readonly place: string;
  };
}

/** What the verdict does not say. */
export interface SummaryFacts {
  readonly program: string;
  readonly exitCode: number;
  /** Milliseconds of the epoch. */
  readonly startedWall: number;
  readonly endedWall: number;
  readonly format: StoreFormat;
  readonly place: string;
}

export function summarise(verdict: Verdict, facts: SummaryFacts): Summary {
  return {
    version: 1,
    program: facts.program,
    exitCode: facts.exitCode,
    startedAt: new Date(facts.startedWall).toISOString(),
    endedAt: new Date(facts.endedWall).toISOString(),
    elapsedSeconds: verdict.elapsedMs / 1_000,
    waitedSeconds: verdict.waitedMs / 1_000,
    ...(verdict.stopped === undefined ? {} : { stopped: verdict.stopped }),
    ...(verdict.storeFailure === undefined ? {} : { storeFailure: verdict.storeFailure }),
    list: { read: verdict.listRead, truncated: verdict.listTruncated, duplicates: verdict.duplicates },
    pages: {
      total: verdict.pages,
      ok: verdict.ok,
      notOk: verdict.notOk,
      unfinished: verdict.unfinished,
      alreadyStored: verdict.alreadyStored,
      unchanged: verdict.unchanged,
      invalid: verdict.invalid,
    },
    failures: verdict.failures,
    traffic: {
      attempts: verdict.attempts,
      requests: verdict.requests,
      retries: verdict.retries,
      refusals: verdict.refusals,
      wireBytes: verdict.wireBytes,
      bytes: verdict.bytes,
    },
    store: { format: facts.format, place: facts.place },
  };
}

/** One JSON object on several lines, its end included. */
export function summaryText(summary: Summary): string {
  return `${JSON.stringify(summary, null, 2)}\n`;
}

/** Written beside its place and renamed. @throws StoreError */
export function writeSummary(path: string, summary: Summary): void {
  const file = new AsideFile('--summary', path, 0o666);
  file.append(summaryText(summary));
  file.commit();
}
