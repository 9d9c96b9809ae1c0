import { promisify } from 'node:util';
import { constants, crc32, deflateRawSync, gzip, gzipSync } from 'node:zlib';
import type { WarcDraft } from './warc-draft.ts';
import { RECORD_END } from './warc-format.ts';
import { GZIP_HEADER, GZIP_LEVEL, GZIP_TRAILER_BYTES, joinCrc } from './warc-gzip.ts';
import type { WarcRecordParts } from './warc-page.ts';

/** Larger records are compressed on another thread: here they would hold up everything else for longer than the hand-over costs. */
const OFF_THREAD_BYTES = 64 * 1024;
const gzipOffThread = promisify(gzip);
/** Most records are a few hundred bytes compressed, and zlib's own 16 KiB cost a quarter of the time. */
const SMALL_CHUNK_BYTES = 2 * 1024;

/** A record as it stands in the archive. */
export interface EncodedRecord {
  readonly bytes: number;
  readonly pieces: readonly (Uint8Array | WarcDraft)[];
  readonly isAnswer: boolean;
}

/** One gzip member a record, or the record as it is. */
export async function encodeRecord(parts: WarcRecordParts<WarcDraft>, isGzip: boolean): Promise<EncodedRecord> {
  const pieces =
    parts.spool === undefined ? await encodeHeld(parts, isGzip) : encodeSpooled(parts, parts.spool, isGzip);
  const bytes = pieces.reduce((sum, piece) => sum + ('storedBytes' in piece ? piece.storedBytes : piece.length), 0);
  return { bytes, pieces, isAnswer: parts.isAnswer };
}

/** The warcinfo record, serialised, as it stands in the archive. */
export function encodeWhole(record: Uint8Array, isGzip: boolean): Uint8Array {
  return isGzip ? gzipSync(record, { level: GZIP_LEVEL }) : record;
}

async function encodeHeld({ pieces }: WarcRecordParts<WarcDraft>, isGzip: boolean): Promise<Uint8Array[]> {
  const whole = [...pieces, RECORD_END];
  if (!isGzip) return whole;
  const record = Buffer.concat(whole);
  if (record.length > OFF_THREAD_BYTES) return [await gzipOffThread(record, { level: GZIP_LEVEL })];
  return [gzipSync(record, { level: GZIP_LEVEL, chunkSize: SMALL_CHUNK_BYTES })];
}

/**
 * The body was deflated on its way into the draft, and ended there on a byte's border; head and end are deflated beside it, and the three
 * are one member.
 */
function encodeSpooled(
  { pieces }: WarcRecordParts<WarcDraft>,
  draft: WarcDraft,
  isGzip: boolean,
): (Uint8Array | WarcDraft)[] {
  if (!isGzip) return [...pieces, draft, RECORD_END];
  const head = Buffer.concat(pieces);
  const trailer = Buffer.alloc(GZIP_TRAILER_BYTES);
  trailer.writeUInt32LE(crc32(RECORD_END, joinCrc(crc32(head), draft.crc, draft.bytes)), 0);
  trailer.writeUInt32LE((head.length + draft.bytes + RECORD_END.length) % 2 ** 32, 4);
  return [
    GZIP_HEADER,
    deflateRawSync(head, { level: GZIP_LEVEL, finishFlush: constants.Z_SYNC_FLUSH }),
    draft,
    deflateRawSync(RECORD_END),
    trailer,
  ];
}
