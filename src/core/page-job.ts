import type { Page } from './page.ts';
import { hashText } from './page-key.ts';
import type { Answer, Head, TrailStep } from './ports.ts';
import type { Outcome, PageRecord, RecordError, Redirect, Validators } from './record.ts';

/** A page on its way: where it is now, and what it has used up. */
export class PageJob {
  readonly page: Page;
  /** Tries begun. */
  attempts = 0;
  requests = 0;
  freeRepeats = 0;
  sharedFates = 0;
  refusals = 0;
  /** Good answers of its origin when it was first refused: have siblings got through since? */
  goodAtFirstRefusal = 0;
  /** The origin that last refused it: refusals of another say nothing of this one. */
  refusedBy: string | undefined;
  http1Only = false;
  /** The origin that it could not speak HTTP/2 with. */
  disagreedWith: string | undefined;
  /** The request in hand: the page's own, or that of a redirect's hop. */
  url: string;
  origin: string;
  method: string;
  keepBody = true;
  /** A credential or custom header went with it at some hop of this try. */
  carriedSecret = false;
  redirects: Redirect[] = [];
  /** What the store holds of the page; undefined until it was asked (--refresh). */
  stored: Validators | undefined;
  /** The fields that make the request in hand conditional on what is stored. */
  condition: Readonly<Record<string, string>> | undefined;
  /** For a store that archives: the answers of this try. */
  trail: TrailStep[] = [];
  firstStartedAt: number | undefined;
  inExchangesMs = 0;

  constructor(page: Page) {
    this.page = page;
    this.url = page.url;
    this.origin = page.origin;
    this.method = page.method;
  }

  /** The next request begins a try: not a hop, not a repeat that costs none. */
  atStartOfTry = true;

  follow(url: string, origin: string, method: string, keepBody: boolean, status: number): void {
    this.redirects.push({ url: this.url, status });
    this.url = url;
    this.origin = origin;
    this.method = method;
    this.keepBody = this.keepBody && keepBody;
  }

  /**
   * The next try begins at the page's own URL; but where a redirect turned its method (a POST into a GET), at that hop: the server has
   * processed what came before, and must not be made to do it again.
   */
  beginAnew(): void {
    if (this.method !== this.page.method) return;
    this.url = this.page.url;
    this.origin = this.page.origin;
    this.method = this.page.method;
    this.keepBody = true;
    this.carriedSecret = false;
    this.redirects = [];
    this.trail = [];
  }
}

/** What a final page's record says beside what the job knows. */
export interface Ending {
  readonly outcome: Outcome;
  readonly error?: RecordError;
  readonly head?: Head;
  readonly answer?: Answer;
  readonly sha256?: string;
}

/** @param wallMs epoch milliseconds */
export function recordOf(job: PageJob, ending: Ending, now: number, wallMs: number): PageRecord {
  const { page } = job;
  const { head, answer, sha256 } = ending;
  const elapsedMs = job.firstStartedAt === undefined ? 0 : now - job.firstStartedAt;
  const waitedMs = round(Math.max(0, elapsedMs - job.inExchangesMs));
  const contentType = head?.headers['content-type']?.[0];
  const isKnownByUrl = !page.keyed && page.id === undefined && job.redirects.length === 0;
  // Most pages are like this, and one literal costs a tenth of what is put together from parts.
  if (isKnownByUrl && ending.error === undefined && head && answer && contentType !== undefined && sha256) {
    return {
      url: page.url,
      method: page.method,
      line: page.line,
      outcome: ending.outcome,
      fetchedAt: isoTime(wallMs),
      status: head.status,
      finalUrl: job.url,
      attempts: job.attempts,
      requests: job.requests,
      httpVersion: head.httpVersion,
      contentType,
      headers: head.headers,
      complete: answer.complete,
      bytes: answer.bytes,
      sha256,
      elapsedMs: round(elapsedMs),
      waitedMs,
    };
  }
  return {
    url: page.url,
    method: page.method,
    ...(page.keyed ? { key: hashText(page) } : undefined),
    line: page.line,
    ...(page.id === undefined ? undefined : { id: page.id }),
    outcome: ending.outcome,
    fetchedAt: isoTime(wallMs),
    ...(head === undefined ? undefined : { status: head.status }),
    ...(ending.error === undefined ? undefined : { error: ending.error }),
    ...(head === undefined ? undefined : { finalUrl: job.url }),
    ...(job.redirects.length === 0 ? undefined : { redirects: job.redirects }),
    attempts: job.attempts,
    requests: job.requests,
    ...(head === undefined ? undefined : { httpVersion: head.httpVersion }),
    ...(contentType === undefined ? undefined : { contentType }),
    ...(head === undefined ? undefined : { headers: head.headers }),
    ...(answer === undefined ? undefined : { complete: answer.complete, bytes: answer.bytes }),
    ...(sha256 === undefined ? undefined : { sha256 }),
    elapsedMs: round(elapsedMs),
    waitedMs,
  };
}

let lastSecond = Number.NaN;
let lastIsoSecond = '';

/** Thousands of pages end in a second, and the text costs as much as all else of a record. */
function isoTime(wallMs: number): string {
  const second = Math.floor(wallMs / 1000);
  if (second !== lastSecond) {
    lastIsoSecond = new Date(second * 1000).toISOString().slice(0, -'000Z'.length);
    lastSecond = second;
  }
  // Joined, not added: a text in two parts takes JSON.stringify twice as long.
  return [lastIsoSecond, `${String(Math.floor(wallMs) - second * 1000).padStart(3, '0')}Z`].join('');
}

/** The record of a line that is no page. */
export function invalidRecord(line: string, text: string, why: string, wallMs: number): PageRecord {
  return {
    url: text,
    method: '',
    line,
    outcome: 'invalid',
    fetchedAt: isoTime(wallMs),
    error: { code: 'INVALID_LINE', message: why },
    attempts: 0,
    requests: 0,
    elapsedMs: 0,
    waitedMs: 0,
  };
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
