import { dirname } from 'node:path';
import type { Page } from '../core/page.ts';
import type { Body, Draft, StoreSession, TrailStep } from '../core/ports.ts';
import { isOk, type PageRecord, type Validators } from '../core/record.ts';
import { AppendLog } from './append-log.ts';
import { diskError, isSystemError, wholePages } from './disk-error.ts';
import { closeFile, openFile, READ_ONLY } from './file-io.ts';
import { storedPages } from './inspect-session.ts';
import { isLocalDisk, QuickDisk } from './quick-disk.ts';
import type { StoreLock } from './store-lock.ts';
import { writeCdxj } from './warc-cdxj.ts';
import { WarcDraft } from './warc-draft.ts';
import { type EncodedRecord, encodeRecord, encodeWhole } from './warc-encode.ts';
import type { WarcIndex } from './warc-index.ts';
import { metadataRecord, pageRecords, type WarcRecordParts } from './warc-page.ts';
import { type ArchivePages, StoredAnswers } from './warc-pages.ts';
import type { Group } from './warc-scan.ts';

/** What an archive was found to be when it was opened. */
export interface OpenedArchive {
  readonly path: string;
  readonly place: string;
  /** What the paths of bodies on their way begin with. */
  readonly temp: string;
  /** Path of `index`. */
  readonly indexPath: string;
  readonly lock: StoreLock;
  readonly found: ArchivePages;
  /** Absent where it cannot be written. */
  readonly index: WarcIndex | undefined;
  /** Open for reading and writing. */
  readonly archive: number;
  /** The record that begins this run's part. */
  readonly info: { readonly id: string; readonly bytes: Uint8Array };
  readonly isGzip: boolean;
  /** Its file's name. */
  readonly name: string;
  /** Where its index goes when the run ends. */
  readonly cdxj: string | undefined;
}

/** An archive that a run writes into. */
export class WarcSession implements StoreSession {
  readonly archives = true;
  readonly stored: StoreSession['stored'];
  readonly notices: readonly string[];
  readonly #opened: OpenedArchive;
  readonly #log: AppendLog;
  readonly #answers: StoredAnswers;
  /** Where what was handed to the log will end. */
  #end: number;
  /** The run's part has begun: with its first page, so that a run without one leaves nothing. */
  #begun = false;
  #drafts = 0;
  #kept: number;

  constructor(opened: OpenedArchive) {
    const { place, found, archive, indexPath } = opened;
    this.stored = storedPages(found);
    this.notices = found.tornBytes === 0 ? [] : [tornNotice(place, found.tornBytes)];
    this.#opened = opened;
    this.#end = found.wholeBytes;
    this.#kept = found.pages.size;
    const disk = new QuickDisk(isLocalDisk(dirname(indexPath)));
    this.#log = new AppendLog(archive, found.wholeBytes, (error) => this.#explain(error), disk);
    this.#answers = new StoredAnswers(archive, place, indexPath, found.wholeBytes);
  }

  has(page: Page): boolean {
    return this.#opened.found.pages.has(page.hashHigh, page.hashLow);
  }

  async validators(page: Page): Promise<Validators | undefined> {
    const version = this.has(page) ? await this.#find(page) : undefined;
    if (version === undefined) return undefined;
    const { url, etag, lastModified } = version;
    return {
      url,
      ...(etag === undefined ? undefined : { etag }),
      ...(lastModified === undefined ? undefined : { lastModified }),
    };
  }

  async draft(): Promise<Draft> {
    const { temp, isGzip } = this.#opened;
    this.#drafts += 1;
    try {
      return await WarcDraft.create(`${temp}${this.#drafts}`, isGzip, (error) => this.#explain(error));
    } catch (error) {
      throw this.#explain(error);
    }
  }

  async keep(
    page: Page,
    record: PageRecord,
    body: Body | undefined,
    trail: readonly TrailStep[] = [],
  ): Promise<PageRecord> {
    const draft = body !== undefined && 'draft' in body ? own(body.draft) : undefined;
    try {
      await draft?.finish();
      const records = await pageRecords({
        page,
        record,
        body: draft ?? (body !== undefined && 'chunks' in body ? body : undefined),
        trail,
        stored: record.outcome === 'unchanged' ? await this.#find(page) : undefined,
        info: this.#opened.info.id,
      });
      const { outcome, fetchedAt } = record;
      await this.#append(records, { page, outcome, fetchedAt });
    } catch (error) {
      throw isSystemError(error) ? this.#explain(error) : error;
    } finally {
      await draft?.discard();
    }
    if (isOk(record.outcome) && !this.has(page)) this.#kept += 1;
    return record;
  }

  async note(record: PageRecord): Promise<void> {
    const { outcome, fetchedAt } = record;
    const parts = metadataRecord(record, undefined, this.#opened.info.id);
    await this.#append([parts], { page: undefined, outcome, fetchedAt });
  }

  async close(): Promise<void> {
    const { index, lock } = this.#opened;
    try {
      await this.#log.close();
      await this.#writeCdxj();
    } finally {
      await index?.close();
      lock.release();
    }
  }

  async #writeCdxj(): Promise<void> {
    const { cdxj, path, name } = this.#opened;
    if (cdxj === undefined) return;
    try {
      const fd = await openFile(path, READ_ONLY);
      await writeCdxj(fd, name, cdxj).finally(() => closeFile(fd));
    } catch (error) {
      throw isSystemError(error) ? diskError(error, `${cdxj} could not be written`) : error;
    }
  }

  async #find(page: Page) {
    try {
      return await this.#answers.find(page);
    } catch (error) {
      throw diskError(error, `${this.#opened.place} could not be read`);
    }
  }

  async #append(
    records: readonly WarcRecordParts<WarcDraft>[],
    group: Pick<Group, 'page' | 'outcome' | 'fetchedAt'>,
  ): Promise<void> {
    const { info, isGzip, index } = this.#opened;
    const encoded: EncodedRecord[] = [];
    for (const parts of records) encoded.push(await encodeRecord(parts, isGzip));
    // From here to the log in one breath: pages stand in the file in the order in which their places are given out.
    const first = this.#begun ? undefined : encodeWhole(info.bytes, isGzip);
    this.#begun = true;
    const infoEnd = this.#end + (first?.length ?? 0);
    let end = infoEnd;
    let answerAt: number | undefined;
    for (const { bytes, isAnswer } of encoded) {
      if (isAnswer) answerAt = end;
      end += bytes;
    }
    this.#end = end;
    const pieces = [...(first === undefined ? [] : [first]), ...encoded.flatMap((each) => each.pieces)];
    await this.#log.append(pieces.every((piece) => piece instanceof Uint8Array) ? pieces : inTurn(pieces));
    if (first !== undefined) index?.add({ ...NO_PAGE, end: infoEnd, answerAt: undefined });
    index?.add({ ...group, end, answerAt });
  }

  #explain(error: unknown) {
    return diskError(error, `${this.#opened.place} could not be written`, wholePages(this.#kept));
  }
}

const NO_PAGE = { page: undefined, outcome: '', fetchedAt: '' } as const;

async function* inTurn(pieces: readonly (Uint8Array | WarcDraft)[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    if (piece instanceof Uint8Array) yield piece;
    else yield* piece.stored();
  }
}

function own(draft: Draft): WarcDraft {
  if (!(draft instanceof WarcDraft)) throw new Error('a draft of another store');
  return draft;
}

function tornNotice(place: string, bytes: number): string {
  return `${place}: a torn end (${bytes.toLocaleString('en-US')} bytes) was cut; the page it was of is asked for again.`;
}
