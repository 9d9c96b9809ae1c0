import { unlink } from 'node:fs/promises';
import {
  closeFile,
  openFile,
  READ_ONLY_NO_FOLLOW,
  READ_WRITE_CREATE_NO_FOLLOW,
  readAt,
  truncateFile,
  writeAll,
} from './file-io.ts';
import { readRecordAt } from './warc-reader.ts';
import type { Group } from './warc-scan.ts';

/** Beside the archive; begins with this line, padded, and behind it the id of the archive's first record. */
const MAGIC = 'fetch-pages warc index 1\n';
const MAGIC_BYTES = 32;
const ID_BYTES = 64;
const HEADER_BYTES = MAGIC_BYTES + ID_BYTES;
/** Hash (2 × 32 bits), where its answer stands or why there is none, where the group ends, when it was fetched (doubles). */
const ENTRY_BYTES = 32;
const READ_ENTRIES = 8_192;
const FLUSH_ENTRIES = 256;
/** In place of where the answer stands; of a page that is not OK nobody asks for it. */
const NO_ANSWER = { failed: -1, unchanged: -2, noPage: -3, ok: -4 } as const;

/**
 * A side file that tells of each group of the archive what resuming needs, so that 10 GB need not be read to go on with them.
 *
 * It is a shortcut and no more: without it, or where it does not fit the archive, the archive is read. It may end earlier than the archive
 * does (a run that was killed), never later; its last entry is looked up in the archive before any is believed. It is never synced.
 */
export class WarcIndex {
  readonly #path: string;
  readonly #fd: number;
  readonly #pending: Group[] = [];
  #position: number;
  #writing: Promise<void> = Promise.resolve();

  private constructor(path: string, fd: number, position: number) {
    this.#path = path;
    this.#fd = fd;
    this.#position = position;
  }

  /** Goes on behind `entries` of the file, or makes it anew. Undefined where it cannot be written: then there is none. */
  static async write(path: string, archiveId: string, entries: number): Promise<WarcIndex | undefined> {
    let fd: number | undefined;
    try {
      fd = await openFile(path, READ_WRITE_CREATE_NO_FOLLOW);
      const position = HEADER_BYTES + entries * ENTRY_BYTES;
      if (entries === 0) await writeAll(fd, [header(archiveId)], 0);
      await truncateFile(fd, position);
      return new WarcIndex(path, fd, position);
    } catch {
      if (fd !== undefined) await closeFile(fd).catch(() => undefined);
      return undefined;
    }
  }

  /** In the archive's order, and only what is in the archive. */
  add(group: Group): void {
    this.#pending.push(group);
    if (this.#pending.length >= FLUSH_ENTRIES) this.#flush();
  }

  async close(): Promise<void> {
    this.#flush();
    await this.#writing;
    await closeFile(this.#fd).catch(() => undefined);
  }

  #flush(): void {
    const groups = this.#pending.splice(0);
    this.#writing = this.#writing.then(async () => {
      if (this.#position < 0) return;
      try {
        this.#position += await writeAll(this.#fd, [Buffer.concat(groups.map(entryOf))], this.#position);
      } catch {
        // With a gap in it it would be worth less than nothing.
        this.#position = -1;
        await unlink(this.#path).catch(() => undefined);
      }
    });
  }
}

/** What a side file says, as far as it fits the archive. */
export interface IndexedGroups {
  readonly entries: number;
  /** Where the last group that it tells of ends: from here on the archive itself is read. */
  readonly end: number;
}

/**
 * Calls back with each group that the side file tells of, up to `end` where that is given.
 *
 * @returns undefined, and calls back with nothing, where there is no such file or it does not fit
 */
export async function readIndex(
  path: string,
  archive: number,
  onGroup: (group: Group) => void,
): Promise<IndexedGroups | undefined> {
  let fd: number | undefined;
  try {
    fd = await openFile(path, READ_ONLY_NO_FOLLOW);
    const first = await readRecordAt(archive, 0);
    const head = Buffer.alloc(HEADER_BYTES);
    await readAt(fd, head, 0);
    const id = first?.fields.get('warc-record-id');
    if (id === undefined || !head.equals(header(id))) return undefined;
    const fits = await fittingEntries(fd, archive);
    if (fits === undefined) return undefined;
    await readEntries(fd, fits.entries, onGroup);
    return fits;
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) await closeFile(fd).catch(() => undefined);
  }
}

/** Its groups must follow one another, and the last of them must stand in the archive as the last entry says. */
async function fittingEntries(fd: number, archive: number): Promise<IndexedGroups | undefined> {
  let last: Group | undefined;
  let before = 0;
  let inOrder = true;
  const entries = await readEntries(fd, Number.POSITIVE_INFINITY, (group) => {
    before = last?.end ?? 0;
    if (group.end <= before || (group.answerAt !== undefined && group.answerAt < before)) inOrder = false;
    last = group;
  });
  if (last === undefined || !inOrder || !(await standsThere(archive, before, last))) return undefined;
  return { entries, end: last.end };
}

/** Reads the group from its first record to its last. */
async function standsThere(archive: number, start: number, group: Group): Promise<boolean> {
  for (let at = start; at < group.end; ) {
    const record = await readRecordAt(archive, at);
    if (record === undefined) return false;
    const type = record.fields.get('warc-type');
    at += record.length;
    if (group.answerAt === record.offset && type !== 'response') return false;
    if (at === group.end) return type === 'metadata' || (group.page === undefined && type === 'warcinfo');
  }
  return false;
}

async function readEntries(fd: number, most: number, onGroup: (group: Group) => void): Promise<number> {
  const buffer = Buffer.allocUnsafe(READ_ENTRIES * ENTRY_BYTES);
  let entries = 0;
  while (entries < most) {
    const bytes = await readAt(fd, buffer, HEADER_BYTES + entries * ENTRY_BYTES);
    const there = Math.min(Math.floor(bytes / ENTRY_BYTES), most - entries);
    if (there === 0) break;
    for (let at = 0; at < there; at++) onGroup(groupOf(buffer, at * ENTRY_BYTES));
    entries += there;
  }
  return entries;
}

function header(archiveId: string): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  bytes.write(MAGIC, 0, 'latin1');
  bytes.write(archiveId, MAGIC_BYTES, ID_BYTES, 'latin1');
  return bytes;
}

function entryOf({ page, outcome, answerAt, end, fetchedAt }: Group): Buffer {
  const entry = Buffer.alloc(ENTRY_BYTES);
  entry.writeUInt32LE(page?.hashHigh ?? 0, 0);
  entry.writeUInt32LE(page?.hashLow ?? 0, 4);
  const kind = page === undefined ? 'noPage' : outcome === 'ok' || outcome === 'unchanged' ? outcome : 'failed';
  entry.writeDoubleLE(kind === 'ok' && answerAt !== undefined ? answerAt : NO_ANSWER[kind], 8);
  entry.writeDoubleLE(end, 16);
  entry.writeDoubleLE(page === undefined ? 0 : Date.parse(fetchedAt), 24);
  return entry;
}

function groupOf(buffer: Buffer, at: number): Group {
  const answerAt = buffer.readDoubleLE(at + 8);
  const outcome = answerAt === NO_ANSWER.failed ? 'failed' : answerAt === NO_ANSWER.unchanged ? 'unchanged' : 'ok';
  return {
    page:
      answerAt === NO_ANSWER.noPage
        ? undefined
        : { hashHigh: buffer.readUInt32LE(at), hashLow: buffer.readUInt32LE(at + 4) },
    outcome,
    answerAt: answerAt >= 0 ? answerAt : undefined,
    end: buffer.readDoubleLE(at + 16),
    fetchedAt: new Date(buffer.readDoubleLE(at + 24)).toISOString(),
  };
}
