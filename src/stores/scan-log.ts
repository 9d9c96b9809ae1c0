import { StoreError } from '../core/failure.ts';
import { HashSet } from '../core/hash-set.ts';
import { isOk, type Outcome } from '../core/record.ts';
import { readAt } from './file-io.ts';
import { type LogLine, lineText, readLines } from './line-reader.ts';
import { beginsLikeARecord, FETCHED_AT, headHash, parseHead, parseRecord, type RecordHead } from './record-line.ts';

const FIRST_LINE_BYTES = 2 ** 20;
const BLANK = /^[ \t\r]*$/;
const NEWLINE = 0x0a;
const CLOSING_BRACE = 0x7d;

/** What a log of records holds. */
export interface LogScan {
  /** Pages that have an OK record. */
  readonly pages: HashSet;
  /** When the newest of them was fetched. */
  readonly newest?: string;
  readonly records: number;
  /** Where the last line that is whole ends. */
  readonly wholeBytes: number;
  /** Of what stands behind the last newline, where that is no whole record: a write that was killed. */
  readonly tornBytes: number;
  /** True where the last record is whole but for its newline. */
  readonly unterminated: boolean;
}

/**
 * Reads which pages a log holds, in one pass that looks at the head of each line only: a million records take some seconds and
 * 12 bytes of memory each. A line that two records seem to share (a torn one that something was appended to) is read whole.
 *
 * @param place the log, as the user would write it.
 * @param accept asked of every OK record; false leaves it out.
 * @throws StoreError naming the line, where one that is not the last is no record.
 */
export async function scanLog(
  fd: number,
  place: string,
  accept: (head: RecordHead, line: LogLine) => boolean = () => true,
): Promise<LogScan> {
  const pages = new HashSet();
  let newest: string | undefined;
  let records = 0;
  let wholeBytes = 0;
  let tornBytes = 0;
  let unterminated = false;
  await readLines(fd, (line) => {
    const head = readHead(fd, line);
    if (head === undefined) {
      if (line.terminated && !isBlank(line)) throw badLine(place, line.number);
      if (line.terminated) wholeBytes = line.start + line.bytes + 1;
      else tornBytes = line.bytes;
      return;
    }
    records += 1;
    unterminated = !line.terminated;
    wholeBytes = line.start + line.bytes + (line.terminated ? 1 : 0);
    if (!isOk(head.outcome as Outcome) || !accept(head, line)) return;
    // One that is unchanged tells that the stored version is still the newest; its body is an earlier record's.
    if (head.outcome === 'ok') {
      const { hashHigh, hashLow } = headHash(head);
      pages.add(hashHigh, hashLow);
    }
    if (newest === undefined || head.fetchedAt > newest) newest = head.fetchedAt;
  });
  return { pages, ...(newest === undefined ? {} : { newest }), records, wholeBytes, tornBytes, unterminated };
}

/** Calls back with every record that can be read, its text whole; lines that cannot are passed over. */
export async function readRecords(fd: number, onRecord: (head: RecordHead, whole: object) => void): Promise<void> {
  await readLines(fd, (line) => {
    const text = lineText(fd, line);
    const head = parseRecord(text);
    if (head !== undefined) onRecord(head, head);
  });
}

/**
 * Whose file it is, by its first line: a record, nothing at all, the beginning of a record that was killed in the writing, or
 * something else, which is not to be touched.
 */
export async function whoseLog(fd: number): Promise<'ours' | 'empty' | 'torn' | 'foreign'> {
  const buffer = Buffer.allocUnsafe(FIRST_LINE_BYTES);
  const data = buffer.subarray(0, await readAt(fd, buffer, 0));
  if (data.length === 0) return 'empty';
  const newline = data.indexOf(NEWLINE);
  const line = newline === -1 ? data : data.subarray(0, newline);
  if (parseHead(line, 0, line.length, line.indexOf(FETCHED_AT)) ?? parseRecord(line.toString('utf8'))) return 'ours';
  return newline === -1 && beginsLikeARecord(line) ? 'torn' : 'foreign';
}

/** What resuming needs of a line's record; undefined where it is none. */
export function readHead(fd: number, line: LogLine): RecordHead | undefined {
  if (line.lastByte !== CLOSING_BRACE) return undefined;
  // A tail without a newline may end in a brace of its middle, so its head alone says nothing.
  const whole = line.suspicious || !line.terminated;
  const head = whole ? undefined : parseHead(line.data, line.from, line.to, line.mark);
  return head ?? parseRecord(lineText(fd, line));
}

function isBlank(line: LogLine): boolean {
  return line.bytes < 1024 && BLANK.test(line.data.toString('latin1', line.from, line.to));
}

function badLine(place: string, number: number): StoreError {
  return new StoreError(
    `${place}:${number}: this line is no record of fetch-pages, or a torn one. Nothing was changed. ` +
      `Remove the line (sed -i ${number}d) and its page is asked for again, or begin anew with --restart, or give another -o.`,
  );
}
