import type { Page } from '../core/page.ts';
import type { TrailStep } from '../core/ports.ts';
import type { PageRecord } from '../core/record.ts';
import { recordJson } from './record-line.ts';
import { warcDigest } from './warc-digest.ts';
import { PROFILE, RECORD_FIELD } from './warc-format.ts';
import { requestHead, responseHead } from './warc-http.ts';
import { recordHead } from './warc-record.ts';

/** A body in memory. */
export interface HeldBody {
  readonly chunks: readonly Buffer[];
}

/** A body in a file beside the archive. */
export interface SpooledBody {
  readonly bytes: number;
  readonly payloadDigest: string;
  /** Of the HTTP head that is given and the body behind it. */
  blockDigest(head: Buffer): Promise<string>;
}

/** One record, ready to be written. */
export interface WarcRecordParts<Spool extends SpooledBody> {
  /** What stands in memory, in order. */
  readonly pieces: readonly Uint8Array[];
  /** Follows the pieces. */
  readonly spool?: Spool;
  /** It is the answer that holds the page's body. */
  readonly isAnswer: boolean;
}

/** What an archive knows of the version that it holds: what a revisit record refers to. */
export interface StoredAnswer {
  readonly id: string;
  readonly url: string;
  readonly date: string;
  readonly payloadDigest?: string;
}

export interface PageRecords<Spool extends SpooledBody> {
  readonly page: Pick<Page, 'method' | 'body'>;
  readonly record: PageRecord;
  readonly body: HeldBody | Spool | undefined;
  readonly trail: readonly TrailStep[];
  /** Given where the page is unchanged. */
  readonly stored: StoredAnswer | undefined;
  /** Id of the run's warcinfo record. */
  readonly info: string;
}

const NO_BODY: ReadonlySet<number> = new Set([204, 304]);

/**
 * A page's records in the order in which they are written: of each exchange its answer and its request, and last the page's own
 * record as metadata. A page is stored where that one is whole.
 */
export async function pageRecords<Spool extends SpooledBody>(
  parts: PageRecords<Spool>,
): Promise<WarcRecordParts<Spool>[]> {
  const { record, body, info } = parts;
  const trail = parts.trail.length > 0 ? parts.trail : trailOf(parts);
  const records: WarcRecordParts<Spool>[] = [];
  let answerId: string | undefined;
  for (const [index, step] of trail.entries()) {
    const isLast = index === trail.length - 1;
    const answer = await answerRecord(step, isLast ? parts : { ...parts, body: undefined, stored: undefined });
    answerId = answer.id;
    records.push({ ...answer.parts, isAnswer: isLast && body !== undefined }, requestRecord(step, answer.id, info));
  }
  records.push(metadataRecord(record, answerId, info));
  return records;
}

/** A record without exchanges: an invalid line. */
export function metadataRecord(record: PageRecord, answerId: string | undefined, info: string): WarcRecordParts<never> {
  const fields = Buffer.from(`${RECORD_FIELD}: ${recordJson(record)}\r\n`);
  const { head } = recordHead(
    'metadata',
    {
      'WARC-Date': record.fetchedAt,
      // The text of a line that is no page is no URI.
      'WARC-Target-URI': record.outcome === 'invalid' ? undefined : record.url,
      'WARC-Refers-To': answerId,
      'WARC-Warcinfo-ID': info,
      'WARC-Block-Digest': warcDigest([fields]),
      'Content-Type': 'application/warc-fields',
    },
    fields.length,
  );
  return { pieces: [head, fields], isAnswer: false };
}

async function answerRecord<Spool extends SpooledBody>(
  step: TrailStep,
  { body, stored, record, info }: PageRecords<Spool>,
): Promise<{ readonly id: string; readonly parts: Omit<WarcRecordParts<Spool>, 'isAnswer'> }> {
  const { status, httpVersion } = step.head;
  const revisits = stored !== undefined && record.outcome === 'unchanged' ? stored : undefined;
  const chunks = revisits !== undefined ? [] : body === undefined ? step.body : 'chunks' in body ? body.chunks : [];
  const spool = body !== undefined && !('chunks' in body) ? body : undefined;
  const bodyBytes = spool?.bytes ?? lengthOf(chunks);
  const isBodiless = step.method === 'HEAD' || NO_BODY.has(status) || revisits !== undefined;
  const http = responseHead(step.head, isBodiless && bodyBytes === 0 ? undefined : bodyBytes);
  const block = [http, ...chunks];
  const cut = body === undefined && revisits === undefined && step.bodyCut;
  const fields = {
    'WARC-Date': isoDate(step.startedWall),
    'WARC-Target-URI': step.url,
    'WARC-IP-Address': step.remoteAddress,
    'WARC-Protocol': httpVersion === '2' ? 'h2' : 'http/1.1',
    'WARC-Warcinfo-ID': info,
    'WARC-Profile': revisits === undefined ? undefined : status === 304 ? PROFILE.notModified : PROFILE.samePayload,
    'WARC-Refers-To': revisits?.id,
    'WARC-Refers-To-Target-URI': revisits?.url,
    'WARC-Refers-To-Date': revisits?.date,
    'WARC-Truncated': cut ? 'length' : undefined,
    'WARC-Payload-Digest':
      revisits === undefined ? (spool?.payloadDigest ?? warcDigest(chunks)) : revisits.payloadDigest,
    'WARC-Block-Digest': spool === undefined ? warcDigest(block) : await spool.blockDigest(http),
    'Content-Type': 'application/http; msgtype=response',
  };
  const { id, head } = recordHead(revisits === undefined ? 'response' : 'revisit', fields, http.length + bodyBytes);
  return { id, parts: { pieces: [head, ...block], ...(spool === undefined ? undefined : { spool }) } };
}

function requestRecord(step: TrailStep, answerId: string, info: string): WarcRecordParts<never> {
  const { requestBody } = step;
  const body = typeof requestBody === 'string' ? Buffer.from(requestBody) : requestBody;
  const bodyBytes = body?.length ?? 0;
  const http = requestHead(step, bodyBytes);
  const block = body === undefined ? [http] : [http, body];
  const { head } = recordHead(
    'request',
    {
      'WARC-Date': isoDate(step.startedWall),
      'WARC-Target-URI': step.url,
      'WARC-Concurrent-To': answerId,
      'WARC-Warcinfo-ID': info,
      'WARC-Payload-Digest': body === undefined ? undefined : warcDigest([body]),
      'WARC-Block-Digest': warcDigest(block),
      'Content-Type': 'application/http; msgtype=request',
    },
    http.length + bodyBytes,
  );
  return { pieces: [head, ...block], isAnswer: false };
}

/** Of a page that comes with a body and without its trail: the one exchange that its record tells of. */
function trailOf<Spool extends SpooledBody>({ page, record, body }: PageRecords<Spool>): readonly TrailStep[] {
  if (body === undefined) return [];
  const { status = 200, headers = {}, httpVersion = '1.1', finalUrl = record.url, fetchedAt } = record;
  return [
    {
      url: finalUrl,
      method: page.method,
      requestHeaders: {},
      ...(page.body === undefined ? undefined : { requestBody: page.body }),
      startedWall: Date.parse(fetchedAt),
      head: { status, headers, httpVersion },
      body: [],
      bodyCut: false,
    },
  ];
}

function isoDate(wallMs: number): string {
  return new Date(wallMs).toISOString();
}

function lengthOf(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((sum, chunk) => sum + chunk.length, 0);
}
