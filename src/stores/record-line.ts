import { hashKey, pageKey } from '../core/page-key.ts';
import type { PageRecord } from '../core/record.ts';

/**
 * What resuming needs of a record. These fields stand first in every line that is written here, so they can be read without the rest.
 */
export interface RecordHead {
  readonly url: string;
  readonly method: string;
  readonly key?: string;
  readonly line: string;
  readonly outcome: string;
  readonly fetchedAt: string;
}

const BEGIN = Buffer.from('{"url":"');
/** Inside a string its quotes would be escaped, so in a line that is whole it stands once, unless a body has such a field itself. */
export const FETCHED_AT = Buffer.from('","fetchedAt":"');
const QUOTE = 0x22;
const KEY = /^[0-9a-f]{16}$/;

/**
 * A record as JSON, on one line, with the fields of `RecordHead` first whatever their order in memory. Field by field into one literal, which
 * V8 writes three times as fast as what rest and spread make. And twice as fast where it meets plain objects and flat texts only, which is
 * why the headers, whose object inherits nothing, are copied into one.
 */
export function recordJson(record: PageRecord): string {
  const fields: { readonly [Field in keyof Required<PageRecord>]: PageRecord[Field] } = {
    url: record.url,
    method: record.method,
    key: record.key,
    line: record.line,
    id: record.id,
    outcome: record.outcome,
    fetchedAt: record.fetchedAt,
    status: record.status,
    error: record.error,
    finalUrl: record.finalUrl,
    redirects: record.redirects,
    attempts: record.attempts,
    requests: record.requests,
    httpVersion: record.httpVersion,
    contentType: record.contentType,
    headers: record.headers && { ...record.headers },
    complete: record.complete,
    bytes: record.bytes,
    sha256: record.sha256,
    file: record.file,
    elapsedMs: record.elapsedMs,
    waitedMs: record.waitedMs,
  };
  return JSON.stringify(fields);
}

/** How every line of ours begins: enough to know a torn first line by. */
export function beginsLikeARecord(line: Buffer): boolean {
  const length = Math.min(line.length, BEGIN.length);
  return line.subarray(0, length).equals(BEGIN.subarray(0, length));
}

/**
 * Reads the head off the first bytes of a line of ours.
 *
 * @param mark where in `data` the line's first `FETCHED_AT` stands.
 * @returns undefined where the line is not written as here: read it whole then.
 */
export function parseHead(data: Buffer, from: number, to: number, mark: number): RecordHead | undefined {
  if (mark < from || BEGIN.compare(data, from, Math.min(from + BEGIN.length, to)) !== 0) return undefined;
  const end = data.indexOf(QUOTE, mark + FETCHED_AT.length);
  if (end === -1 || end >= to) return undefined;
  // Only where nothing before is left open, such as the body of a line whose fields were put into another order, is that JSON.
  return parseRecord(`${data.toString('utf8', from, end + 1)}}`);
}

/** Reads a whole line. Undefined where it is no record. */
export function parseRecord(text: string): RecordHead | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isRecordHead(value) ? value : undefined;
}

/** The hash of the page that a record is about. */
export function headHash(head: RecordHead): { readonly hashHigh: number; readonly hashLow: number } {
  if (head.key === undefined) return hashKey(pageKey({ method: head.method, url: head.url, headers: [] }));
  return { hashHigh: Number.parseInt(head.key.slice(0, 8), 16), hashLow: Number.parseInt(head.key.slice(8), 16) };
}

function isRecordHead(value: unknown): value is RecordHead {
  if (typeof value !== 'object' || value === null) return false;
  const head = value as Partial<Record<keyof RecordHead, unknown>>;
  return (
    typeof head.url === 'string' &&
    typeof head.method === 'string' &&
    typeof head.line === 'string' &&
    typeof head.outcome === 'string' &&
    typeof head.fetchedAt === 'string' &&
    (head.key === undefined || (typeof head.key === 'string' && KEY.test(head.key)))
  );
}
