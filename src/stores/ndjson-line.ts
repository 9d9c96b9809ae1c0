import type { Body } from '../core/ports.ts';
import type { PageRecord } from '../core/record.ts';
import { bodyField } from './body-field.ts';
import type { Piece } from './piece-joiner.ts';
import { recordJson } from './record-line.ts';

/** Default of --max-filesize: bodies are held in memory until they are whole. */
export const NDJSON_MAX_BODY_BYTES = 16 * 2 ** 20;

/** A record and its body, which stands last, as one line in pieces. */
export function ndjsonLine(record: PageRecord, body: Body | undefined): Piece[] {
  const json = recordJson(record);
  if (body === undefined) return [json, '\n'];
  if ('draft' in body) throw new Error('NDJSON has no drafts');
  return [json.slice(0, -1), ',', ...bodyField(body.chunks, record.contentType), '}\n'];
}
