import type { FailureCode, StatusCode } from './failure.ts';

/** What a server said of the version that is stored, to ask again with (RFC 9110 §8.8): both as they came. */
export interface Validators {
  /** Whose version they name: where the answer came from, after redirects. */
  readonly url: string;
  readonly etag?: string;
  readonly lastModified?: string;
}

/** What became of a page. */
export type Outcome =
  /** Answered whole, with a status that is accepted. */
  | 'ok'
  /** Asked again (`--refresh`) and still what is stored. */
  | 'unchanged'
  /** Answered whole, with a status that is not accepted. */
  | 'failed'
  /** Never answered whole. */
  | 'error'
  /** The line is no page. */
  | 'invalid'
  /** Its origin was given up. */
  | 'given-up'
  /** `--block-private` forbids its address. */
  | 'blocked';

/**
 * How it is known that a body arrived whole.
 *
 * - `content-length`, `chunked`: the framing of HTTP/1.1 said so (RFC 9112 §6), or the length of HTTP/2.
 * - `h2-end`: END_STREAM (RFC 9113 §8.1).
 * - `decoded`: the content coding carries its own end and check (gzip, br, zstd, deflate).
 * - `close-delimited`: only by the connection's end without an error; it cannot be told from a cut.
 */
export type Completeness = 'content-length' | 'chunked' | 'h2-end' | 'decoded' | 'close-delimited';

/** The version of HTTP that an answer came over. */
export type HttpVersion = '1.1' | '2';

/** Response headers: lower-case name to the list of its values, in order of arrival. Nothing is inherited in it. */
export type ResponseHeaders = Readonly<Record<string, readonly string[]>>;

/** A hop that led on: where it was asked, and with which status it answered. */
export interface Redirect {
  readonly url: string;
  readonly status: number;
}

/** Why a page is not OK. */
export interface RecordError {
  readonly code: FailureCode | StatusCode;
  readonly message: string;
}

/**
 * A page and what became of it: the one schema that every store, the summary and the library share.
 * Fields are written in this order; readers of a store rely on `url` to `fetchedAt` standing first.
 */
export interface PageRecord {
  /** Normalised, no userinfo, no fragment. For an invalid line its text, cut at 2,000 characters. */
  readonly url: string;
  readonly method: string;
  /** 16 hex digits, first 64 bits of SHA-256 of the page's key; present where URL and method alone do not name the page. */
  readonly key?: string;
  /** `list:number` */
  readonly line: string;
  readonly id?: string;
  readonly outcome: Outcome;
  /** ISO 8601, UTC: when the last answer (or failure) was in. */
  readonly fetchedAt: string;
  readonly status?: number;
  /** Present unless the outcome is `ok` or `unchanged`. */
  readonly error?: RecordError;
  readonly finalUrl?: string;
  readonly redirects?: readonly Redirect[];
  /** Tries at the page, hops included in each. */
  readonly attempts: number;
  /** Requests sent in all: hops, free repeats and refused ones included. */
  readonly requests: number;
  readonly httpVersion?: HttpVersion;
  readonly contentType?: string;
  readonly headers?: ResponseHeaders;
  readonly complete?: Completeness;
  /** Of the decoded body. */
  readonly bytes?: number;
  /** Hex, of the decoded body. */
  readonly sha256?: string;
  /** Relative to the store's folder, `/` between parts. */
  readonly file?: string;
  /** From the first request's start to the end, waits included. */
  readonly elapsedMs: number;
  /** Of that, waits for backoff, pace and pauses of the origin. */
  readonly waitedMs: number;
}

export function isOk(outcome: Outcome): boolean {
  return outcome === 'ok' || outcome === 'unchanged';
}
