import type { Gauges, OriginGauge, RunEvent, Verdict } from '../../src/core/event.ts';
import type { FailureCode, StatusCode } from '../../src/core/failure.ts';
import type { Page } from '../../src/core/page.ts';
import type { Outcome, PageRecord } from '../../src/core/record.ts';
import type { Sample } from '../../src/progress/samples.ts';

/** 2026-11-23T12:00:00Z */
export const WALL = 1_795_435_200_000;

export const ORIGIN = 'https://api.example.com';

export function page(number: number): Page {
  return {
    url: `${ORIGIN}/items/${number}`,
    origin: ORIGIN,
    method: 'GET',
    headers: [],
    line: `urls.txt:${number}`,
    hashHigh: 0,
    hashLow: number,
    keyed: false,
  };
}

export function record(number: number, outcome: Outcome = 'ok', changes: Partial<PageRecord> = {}): PageRecord {
  const { url, method, line } = page(number);
  return {
    url,
    method,
    line,
    outcome,
    fetchedAt: '2026-11-23T12:00:00.000Z',
    ...(outcome === 'ok' ? { status: 200 } : {}),
    attempts: 1,
    requests: 1,
    elapsedMs: 10,
    waitedMs: 0,
    ...changes,
  };
}

export const kept = (number: number): RunEvent => ({ type: 'page', record: record(number) });

export function failed(
  number: number,
  code: FailureCode | StatusCode = 'HTTP_404',
  message = 'answered 404',
): RunEvent {
  const status = code.startsWith('HTTP_') ? { status: Number(code.slice(5)) } : {};
  const outcome = code.startsWith('HTTP_') ? 'failed' : 'error';
  return { type: 'page', record: record(number, outcome, { ...status, error: { code, message } }) };
}

export function invalid(line: string, text: string, why: string): RunEvent {
  const error = { code: 'INVALID_LINE', message: why } as const;
  return { type: 'page', record: record(0, 'invalid', { url: text, line, error, attempts: 0, requests: 0 }) };
}

/** Page 1 is asked again after an answer that did not do. */
export function again(cost: 'try' | 'free' | 'refusal', status = 503): RunEvent {
  return {
    type: 'attempt',
    page: page(1),
    url: page(1).url,
    number: 1,
    result: { type: 'answer', status, httpVersion: '2', wireBytes: 0, connectMs: 0, headMs: 5 },
    sequel: { type: 'again', cost, afterMs: 0 },
  };
}

export const listed = (pages: number, done = true): RunEvent => ({ type: 'listed', pages, done });

export const IDLE: Gauges = { inFlight: 0, waiting: 0, receivedBytes: 0, origins: [] };

export const BUSY: Gauges = { ...IDLE, inFlight: 10 };

/** A look at a run that has kept so many pages of 1 kB since its start. */
export const sampleAt = (second: number, fetched: number): Sample => ({
  atMs: second * 1_000,
  fetched,
  failed: 0,
  receivedBytes: fetched * 1_000,
});

export function pausedOrigin(changes: Partial<OriginGauge> = {}): OriginGauge {
  return {
    origin: ORIGIN,
    waiting: 312,
    inFlight: 0,
    concurrency: 10,
    answers: 0,
    paused: { reason: 'retry-after', status: 429, untilWall: WALL + 41_000 },
    ...changes,
  };
}

export function verdict(changes: Partial<Verdict> = {}): Verdict {
  return {
    pages: 40,
    ok: 40,
    alreadyStored: 0,
    unchanged: 0,
    invalid: 0,
    duplicates: 0,
    notOk: 0,
    unfinished: 0,
    listRead: true,
    listTruncated: false,
    failures: [],
    attempts: 40,
    requests: 40,
    retries: 0,
    refusals: 0,
    wireBytes: 1_200_000,
    bytes: 4_000_000,
    elapsedMs: 12_000,
    waitedMs: 0,
    ...changes,
  };
}
