import { StoreError } from '../core/failure.ts';
import { readAt } from './file-io.ts';
import { headHash, parseRecord } from './record-line.ts';
import { ARCHIVE_FIELD, ARCHIVE_VERSION, RECORD_FIELD, SOFTWARE } from './warc-format.ts';
import { parseFields } from './warc-http.ts';
import { type ArchiveRecord, type ReadEnd, readArchive, readRecordAt } from './warc-reader.ts';

const FIELD = `${RECORD_FIELD}: `;
const SEARCH_BYTES = 2 ** 20;
const BEGINNINGS = [Buffer.from([0x1f, 0x8b, 8]), Buffer.from('WARC/1.')];
const LONGEST_BEGINNING = 7;

/** A page's records, which stand together and were written in one. */
export interface Group {
  readonly end: number;
  /** Where the answer with its body stands; undefined where it has none. */
  readonly answerAt: number | undefined;
  /** Undefined for an invalid line and for a warcinfo record. */
  readonly page: { readonly hashHigh: number; readonly hashLow: number } | undefined;
  readonly outcome: string;
  readonly fetchedAt: string;
}

export interface ArchiveScan {
  /** Where the last group that is whole ends. */
  readonly wholeBytes: number;
  /** Behind it: what a write left that was killed. */
  readonly tornBytes: number;
}

/**
 * Reads the groups of an archive from `from` on, which is where one begins.
 *
 * @throws StoreError where it holds records that were not written here, or something unreadable that is followed by whole records: both
 * are not to be cut.
 * @param to where a group ends: what stands behind it is not looked at.
 */
export async function scanArchive(
  fd: number,
  place: string,
  from: number,
  onGroup: (group: Group) => void,
  to = Number.POSITIVE_INFINITY,
): Promise<ArchiveScan> {
  const groups = new GroupReader(place, from, onGroup);
  const read = await readArchive(fd, from, (record) => groups.push(record), to);
  if (read.because !== 'end') await refuseWhatFollows(fd, place, read);
  const size = Math.min(to, await sizeFrom(fd, read.end));
  return { wholeBytes: groups.wholeBytes, tornBytes: size - groups.wholeBytes };
}

/** Whose archive it is, by its first record. 'torn': the beginning of one, and no more. */
export async function whoseArchive(fd: number, place: string): Promise<'ours' | 'empty' | 'torn' | 'foreign'> {
  const first = Buffer.alloc(16);
  const bytes = await readAt(fd, first, 0);
  if (bytes === 0) return 'empty';
  const record = await readRecordAt(fd, 0);
  if (record !== undefined) return isOurInfo(record, place) ? 'ours' : 'foreign';
  const begins = BEGINNINGS.some((begin) => {
    const there = Math.min(begin.length, bytes);
    return first.subarray(0, there).equals(begin.subarray(0, there));
  });
  // Only the end can be missing: what goes on behind a damaged first record is nobody's to cut.
  const read = begins ? await readArchive(fd, 0, () => undefined) : undefined;
  return read?.because === 'cut' ? 'torn' : 'foreign';
}

export function foreignArchive(place: string): StoreError {
  return new StoreError(
    `${place} was not written by fetch-pages, so it was not touched. Give another -o, or move the file away.`,
  );
}

/** @throws StoreError where a newer version wrote it */
function isOurInfo(record: ArchiveRecord, place: string): boolean {
  if (record.fields.get('warc-type') !== 'warcinfo') return false;
  const info = parseFields(record.block.toString('utf8'));
  const version = Number(info.get(ARCHIVE_FIELD));
  if (info.get('software')?.startsWith(SOFTWARE) !== true || !(version >= 1)) return false;
  if (version > ARCHIVE_VERSION) {
    throw new StoreError(`${place} was written by a newer fetch-pages. Update fetch-pages, or give another -o.`);
  }
  return true;
}

class GroupReader {
  readonly #place: string;
  readonly #onGroup: (group: Group) => void;
  #wholeBytes: number;
  /** Id of the warcinfo record that the records now read name; each run's part has its own. */
  #info: string | undefined;
  #answerAt: number | undefined;

  constructor(place: string, from: number, onGroup: (group: Group) => void) {
    this.#place = place;
    this.#wholeBytes = from;
    this.#onGroup = onGroup;
  }

  get wholeBytes(): number {
    return this.#wholeBytes;
  }

  push(record: ArchiveRecord): void {
    const { fields, offset } = record;
    const type = fields.get('warc-type');
    if (type === 'warcinfo') {
      if (!isOurInfo(record, this.#place)) throw mixedArchive(this.#place, offset);
      this.#info = fields.get('warc-record-id');
      this.#end(record, { page: undefined, outcome: '', fetchedAt: '' });
      return;
    }
    const info = fields.get('warc-warcinfo-id');
    this.#info ??= info;
    if (info === undefined || info !== this.#info) throw mixedArchive(this.#place, offset);
    if (type === 'response') this.#answerAt = offset;
    if (type === 'metadata') this.#readPage(record);
  }

  #readPage(record: ArchiveRecord): void {
    const text = record.block.toString('utf8');
    const head = text.startsWith(FIELD) ? parseRecord(text.slice(FIELD.length)) : undefined;
    if (head === undefined) throw mixedArchive(this.#place, record.offset);
    const { outcome, fetchedAt } = head;
    this.#end(record, { page: outcome === 'invalid' ? undefined : headHash(head), outcome, fetchedAt });
  }

  #end({ offset, length }: ArchiveRecord, group: Pick<Group, 'page' | 'outcome' | 'fetchedAt'>): void {
    this.#wholeBytes = offset + length;
    this.#onGroup({ ...group, end: this.#wholeBytes, answerAt: this.#answerAt });
    this.#answerAt = undefined;
  }
}

/** A torn tail is cut. Where whole records stand behind what cannot be read, it is no tail. */
async function refuseWhatFollows(fd: number, place: string, { end }: ReadEnd): Promise<void> {
  const buffer = Buffer.allocUnsafe(SEARCH_BYTES);
  for (let position = end + 1; ; ) {
    const data = buffer.subarray(0, await readAt(fd, buffer, position));
    if (data.length === 0) return;
    for (const begin of BEGINNINGS) {
      for (let at = data.indexOf(begin); at !== -1; at = data.indexOf(begin, at + 1)) {
        if ((await readRecordAt(fd, position + at)) === undefined) continue;
        // A run was writing while it was looked at: it is whole by now.
        if ((await readRecordAt(fd, end)) !== undefined) return;
        throw damagedArchive(place, end, position + at);
      }
    }
    position += Math.max(1, data.length - LONGEST_BEGINNING);
  }
}

async function sizeFrom(fd: number, from: number): Promise<number> {
  const buffer = Buffer.allocUnsafe(SEARCH_BYTES);
  let position = from;
  for (;;) {
    const bytes = await readAt(fd, buffer, position);
    if (bytes === 0) return position;
    position += bytes;
  }
}

function damagedArchive(place: string, at: number, next: number): StoreError {
  return new StoreError(
    `${place} cannot be read at byte ${at}, and whole records follow at byte ${next}. Nothing was changed. ` +
      `Take a copy without those ${next - at} bytes, or begin anew with --restart, or give another -o.`,
  );
}

function mixedArchive(place: string, at: number): StoreError {
  return new StoreError(
    `${place} holds records of another program from byte ${at} on, so it was not touched. ` +
      'Give another -o, or take those records out.',
  );
}
