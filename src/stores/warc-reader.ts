import { crc32, createInflateRaw } from 'node:zlib';
import { errorCode } from './disk-error.ts';
import { readAt } from './file-io.ts';
import { endDigest, startDigest, warcDigest } from './warc-digest.ts';
import { RECORD_END } from './warc-format.ts';
import { GZIP_TRAILER_BYTES, gzipHeaderLength, readMember } from './warc-gzip.ts';
import { parseFields } from './warc-http.ts';

/** Holds most records whole. */
const FIRST_READ_BYTES = 16 * 1024;
const WINDOW_BYTES = 4 * 2 ** 20;
/** A record that is larger goes by in pieces, and so much of it is looked at. */
const MAX_HELD_BYTES = 8 * 2 ** 20;
const MAX_GLANCE_BYTES = 2 ** 20;
const BEGIN = Buffer.from('WARC/1.');
const HEAD_END = Buffer.from('\r\n\r\n');
const FIRST_GZIP_BYTE = 0x1f;

/** A record of an archive, to be looked at before the next one: its block is part of a buffer that is used again. */
export interface ArchiveRecord {
  /** Where it begins in the file, and how many bytes of the file it takes. */
  readonly offset: number;
  readonly length: number;
  /** By lower-case name. */
  readonly fields: ReadonlyMap<string, string>;
  /** The block, or the first of it. */
  readonly block: Buffer;
  readonly isGzip: boolean;
}

/** Where reading came to, and why: the file's end, a record that goes on behind it, or something that is no whole record. */
export interface ReadEnd {
  readonly end: number;
  readonly because: 'end' | 'cut' | 'damaged';
}

type Parsed = { readonly fields: ReadonlyMap<string, string>; readonly block: Buffer; readonly length: number };
type Outcome = Parsed | 'short' | 'large' | 'damaged';

/**
 * Reads an archive record by record from `from` on and looks whether each is whole: by the check that gzip has, or else by its block's
 * digest. A record of any size takes no more memory than a small one.
 *
 * @param to where a record ends: nothing is read behind it.
 */
export async function readArchive(
  fd: number,
  from: number,
  onRecord: (record: ArchiveRecord) => void,
  to = Number.POSITIVE_INFINITY,
): Promise<ReadEnd> {
  const window = Buffer.allocUnsafe(WINDOW_BYTES);
  let offset = from;
  let filled = 0;
  for (;;) {
    const room = window.subarray(filled, Math.max(filled, Math.min(window.length, to - offset)));
    const bytes = room.length === 0 ? 0 : await readAt(fd, room, offset + filled);
    const data = window.subarray(0, filled + bytes);
    let at = 0;
    let outcome: Outcome = 'short';
    while (at < data.length) {
      const rest = data.subarray(at);
      outcome = parseRecord(rest);
      if (typeof outcome === 'string') break;
      onRecord({ ...outcome, offset: offset + at, isGzip: rest[0] === FIRST_GZIP_BYTE });
      at += outcome.length;
    }
    if (at === data.length && bytes === 0) return { end: offset + at, because: 'end' };
    if (outcome === 'damaged') return { end: offset + at, because: 'damaged' };
    if (outcome === 'large' || (outcome === 'short' && at === 0 && data.length === window.length)) {
      const large = await readLarge(fd, offset + at);
      if (typeof large === 'string') return { end: offset + at, because: large };
      onRecord(large);
      offset += at + large.length;
      filled = 0;
      continue;
    }
    if (bytes === 0) return { end: offset + at, because: 'cut' };
    data.copy(window, 0, at);
    filled = data.length - at;
    offset += at;
  }
}

/** The record at `offset`; of a large one the first of its block. Undefined where there is none that can be read. */
export async function readRecordAt(fd: number, offset: number): Promise<ArchiveRecord | undefined> {
  for (let bytes = FIRST_READ_BYTES; ; bytes *= 8) {
    const buffer = Buffer.allocUnsafe(bytes);
    const data = buffer.subarray(0, await readAt(fd, buffer, offset));
    const outcome = parseRecord(data);
    if (typeof outcome !== 'string') return { ...outcome, offset, isGzip: data[0] === FIRST_GZIP_BYTE };
    if (outcome === 'damaged' || (outcome === 'short' && data.length < bytes)) return undefined;
    if (outcome === 'large' || bytes > WINDOW_BYTES) {
      const large = await readLarge(fd, offset);
      return typeof large === 'string' ? undefined : large;
    }
  }
}

function parseRecord(data: Buffer): Outcome {
  if (data[0] !== FIRST_GZIP_BYTE) return parsePlain(data);
  const member = readMember(data, MAX_HELD_BYTES);
  if (member === 'bad') return 'damaged';
  if (typeof member === 'string') return member;
  const { content, length } = member;
  const inner = splitRecord(content);
  if (inner === undefined || inner.end !== content.length || !endsRecord(content)) return 'damaged';
  return { fields: inner.fields, block: content.subarray(inner.from, inner.end - RECORD_END.length), length };
}

function parsePlain(data: Buffer): Outcome {
  const there = Math.min(BEGIN.length, data.length);
  if (!data.subarray(0, there).equals(BEGIN.subarray(0, there))) return 'damaged';
  const record = splitRecord(data);
  if (record === undefined) return data.indexOf(HEAD_END) === -1 ? 'short' : 'damaged';
  const { fields, from, end } = record;
  if (end > data.length) return 'short';
  const block = data.subarray(from, end - RECORD_END.length);
  const told = fields.get('warc-block-digest');
  const isWhole = endsRecord(data.subarray(0, end)) && (!isOurs(told) || told === warcDigest([block]));
  return isWhole ? { fields, block, length: end } : 'damaged';
}

/** A record's fields, where its block begins, and where it must end by its length. */
function splitRecord(data: Buffer) {
  const headEnd = data.indexOf(HEAD_END);
  if (headEnd === -1 || !data.subarray(0, BEGIN.length).equals(BEGIN)) return undefined;
  const fields = parseFields(data.toString('utf8', 0, headEnd));
  const length = fields.get('content-length');
  if (length === undefined || !/^\d{1,15}$/.test(length)) return undefined;
  const from = headEnd + HEAD_END.length;
  return { fields, from, end: from + Number(length) + RECORD_END.length };
}

function endsRecord(record: Buffer): boolean {
  return record.subarray(-RECORD_END.length).equals(RECORD_END);
}

/** SHA-1 as it is written here; another one cannot be checked. */
function isOurs(digest: string | undefined): digest is string {
  return digest !== undefined && /^sha1:[A-Z2-7]{32}$/.test(digest);
}

/** Reads a record that does not fit into memory from one end to the other. */
async function readLarge(fd: number, offset: number): Promise<ArchiveRecord | 'cut' | 'damaged'> {
  const first = Buffer.alloc(1);
  await readAt(fd, first, offset);
  return first[0] === FIRST_GZIP_BYTE ? readLargeMember(fd, offset) : readLargePlain(fd, offset);
}

async function readLargeMember(fd: number, offset: number): Promise<ArchiveRecord | 'cut' | 'damaged'> {
  const header = Buffer.alloc(64 * 1024);
  const from = gzipHeaderLength(header.subarray(0, await readAt(fd, header, offset)));
  if (typeof from === 'string') return from === 'short' ? 'cut' : 'damaged';
  const glance = new Glance();
  let crc = 0;
  let bytes = 0;
  const inflate = createInflateRaw({ chunkSize: 64 * 1024 });
  const feed = feedFrom(fd, offset + from, inflate);
  try {
    for await (const piece of inflate as AsyncIterable<Buffer>) {
      crc = crc32(piece, crc);
      bytes += piece.length;
      glance.push(piece);
      // What is no record of an archive is not read to its end to find that out.
      const isBegin = bytes >= BEGIN.length && bytes - piece.length < BEGIN.length;
      if (isBegin && !glance.first.subarray(0, BEGIN.length).equals(BEGIN)) return 'damaged';
    }
  } catch (error) {
    const code = errorCode(error);
    if (code !== 'Z_BUF_ERROR' && code !== 'Z_DATA_ERROR') throw error;
    return code === 'Z_BUF_ERROR' ? 'cut' : 'damaged';
  } finally {
    inflate.destroy();
    await feed;
  }
  const trailerAt = offset + from + inflate.bytesWritten;
  const trailer = Buffer.alloc(GZIP_TRAILER_BYTES);
  if ((await readAt(fd, trailer, trailerAt)) < trailer.length) return 'cut';
  if (trailer.readUInt32LE(0) !== crc || trailer.readUInt32LE(4) !== bytes % 2 ** 32) return 'damaged';
  const { first, last } = glance;
  const inner = splitRecord(first);
  if (inner === undefined || inner.end !== bytes || !endsRecord(last)) return 'damaged';
  const length = trailerAt + trailer.length - offset;
  return { offset, length, fields: inner.fields, block: first.subarray(inner.from), isGzip: true };
}

async function readLargePlain(fd: number, offset: number): Promise<ArchiveRecord | 'cut' | 'damaged'> {
  const buffer = Buffer.allocUnsafe(MAX_GLANCE_BYTES);
  const first = Buffer.from(buffer.subarray(0, await readAt(fd, buffer, offset)));
  const record = splitRecord(first);
  if (record === undefined) return 'damaged';
  const { fields, from, end } = record;
  const blockEnd = offset + end - RECORD_END.length;
  const sha1 = startDigest();
  for (let position = offset + from; position < blockEnd; ) {
    const room = buffer.subarray(0, Math.min(buffer.length, blockEnd - position));
    const bytes = await readAt(fd, room, position);
    if (bytes === 0) return 'cut';
    sha1.update(room.subarray(0, bytes));
    position += bytes;
  }
  const closing = Buffer.alloc(RECORD_END.length);
  if ((await readAt(fd, closing, blockEnd)) < closing.length) return 'cut';
  const told = fields.get('warc-block-digest');
  if (!endsRecord(closing) || (isOurs(told) && told !== endDigest(sha1))) return 'damaged';
  return { offset, length: end, fields, block: first.subarray(from), isGzip: false };
}

/** Hands the file to the inflater until that has had enough. */
async function feedFrom(fd: number, from: number, inflate: ReturnType<typeof createInflateRaw>): Promise<void> {
  let position = from;
  while (!inflate.destroyed && !inflate.readableEnded) {
    const chunk = Buffer.allocUnsafe(2 ** 18);
    const bytes = await readAt(fd, chunk, position);
    position += bytes;
    if (bytes === 0) {
      inflate.end();
      return;
    }
    await new Promise<void>((resolve) => {
      inflate.once('close', resolve);
      inflate.write(chunk.subarray(0, bytes), () => {
        inflate.off('close', resolve);
        resolve();
      });
    });
  }
}

/** The first and the last bytes of something long. */
class Glance {
  #first: Buffer[] = [];
  #bytes = 0;
  #last: Buffer = Buffer.alloc(0);

  push(piece: Buffer): void {
    if (this.#bytes < MAX_GLANCE_BYTES) this.#first.push(piece);
    this.#bytes += piece.length;
    this.#last = Buffer.concat([this.#last, piece]).subarray(-RECORD_END.length);
  }

  get first(): Buffer {
    return Buffer.concat(this.#first);
  }

  get last(): Buffer {
    return this.#last;
  }
}
