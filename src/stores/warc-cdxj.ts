import { getSurt, postToGetUrl } from 'warcio';
import { SortedLines } from './sorted-lines.ts';
import { httpHeadEnd, parseFields } from './warc-http.ts';
import { type ArchiveRecord, readArchive } from './warc-reader.ts';

const BEYOND_ASCII = /[\u0080-\uffff]/g;

/**
 * Writes the index of an archive that replay tools look pages up in (CDXJ, as warcio and pywb write it): a line an answer, sorted by the
 * URL in the order of its host's names reversed (SURT) and the time. The archive is read from one end to the other.
 *
 * @param filename of the archive, as the index names it.
 * @param target of the index; written aside and renamed.
 */
export async function writeCdxj(archive: number, filename: string, target: string): Promise<void> {
  const lines = new SortedLines(target);
  let answer: Entry | undefined;
  await readArchive(archive, 0, (record) => {
    const type = record.fields.get('warc-type');
    if (type === 'request' && answer !== undefined) answer = { ...answer, ...askedBy(record, answer.url) };
    else {
      if (answer !== undefined) lines.add(lineOf(answer, filename));
      answer = type === 'response' || type === 'revisit' ? entryOf(record, type) : undefined;
    }
  });
  if (answer !== undefined) lines.add(lineOf(answer, filename));
  await lines.finish();
}

interface Entry {
  readonly url: string;
  readonly timestamp: string;
  readonly mime: string | undefined;
  readonly status: string | undefined;
  readonly digest: string | undefined;
  readonly length: number;
  readonly offset: number;
  /** Of requests that are not GET: method and body are part of what they are looked up by. */
  readonly method?: string;
  readonly requestBody?: string;
  readonly key?: string;
}

function entryOf({ fields, block, offset, length }: ArchiveRecord, type: 'response' | 'revisit'): Entry {
  const http = block.toString('latin1', 0, httpHeadEnd(block) ?? 0);
  const contentType = parseFields(http).get('content-type')?.split(';', 1)[0]?.trim();
  return {
    url: fields.get('warc-target-uri') ?? '',
    timestamp: (fields.get('warc-date') ?? '').replace(/[-:T]/g, '').slice(0, 14),
    mime: type === 'revisit' ? 'warc/revisit' : contentType,
    status: /^HTTP\/1\.1 (\d{3})/.exec(http)?.[1],
    digest: fields.get('warc-payload-digest')?.replace(/^sha1:/, ''),
    length,
    offset,
  };
}

function askedBy({ block }: ArchiveRecord, url: string): Partial<Entry> {
  const end = httpHeadEnd(block) ?? 0;
  const http = block.toString('latin1', 0, end);
  const method = http.slice(0, http.indexOf(' '));
  if (method === 'GET') return {};
  const request = { url, method, headers: new Map(parseFields(http)), postData: block.subarray(end) };
  try {
    if (!postToGetUrl(request, MAX_QUERY_BYTES)) return { method };
  } catch {
    // A form that is none.
    return { method };
  }
  const { requestBody } = request as { readonly requestBody?: string };
  return { method, key: request.url, ...(requestBody === undefined ? undefined : { requestBody }) };
}

/** As in warcio's own index. */
const MAX_QUERY_BYTES = 4096;

function lineOf({ key, timestamp, ...entry }: Entry, filename: string): string {
  const { url, mime, status, digest, length, offset, method, requestBody } = entry;
  const fields = { url, mime, status, digest, length: `${length}`, offset: `${offset}`, filename, method, requestBody };
  const json = JSON.stringify(fields).replace(
    BEYOND_ASCII,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `${getSurt(key ?? url)} ${timestamp} ${json}`;
}
