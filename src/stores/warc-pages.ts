import { HashSet } from '../core/hash-set.ts';
import type { Page } from '../core/page.ts';
import { OffsetIndex } from './offset-index.ts';
import { httpHeadEnd, parseFields } from './warc-http.ts';
import { type IndexedGroups, readIndex } from './warc-index.ts';
import type { StoredAnswer } from './warc-page.ts';
import { readRecordAt } from './warc-reader.ts';
import { type ArchiveScan, type Group, scanArchive } from './warc-scan.ts';

/** What an archive holds, by its side file as far as that goes, and read from there on. */
export interface ArchivePages extends ArchiveScan {
  /** Pages whose body it holds. */
  readonly pages: HashSet;
  /** When the newest of them was fetched, or found unchanged. */
  readonly newest?: string;
}

/**
 * @param onUnindexed is told what the side file told, and gives what is to hear of each group that it does not tell of
 * @throws StoreError where the archive cannot be continued
 */
export async function readPages(
  fd: number,
  place: string,
  indexPath: string,
  onUnindexed: (indexed: IndexedGroups | undefined) => Promise<((group: Group) => void) | undefined>,
): Promise<ArchivePages> {
  const pages = new HashSet();
  let newest: string | undefined;
  const take = ({ page, outcome, fetchedAt }: Group): void => {
    if (page === undefined || (outcome !== 'ok' && outcome !== 'unchanged')) return;
    // An unchanged page without its body here, in a piece that was cut off, is none that is stored.
    if (outcome === 'ok') pages.add(page.hashHigh, page.hashLow);
    else if (!pages.has(page.hashHigh, page.hashLow)) return;
    if (newest === undefined || fetchedAt > newest) newest = fetchedAt;
  };
  const indexed = await readIndex(indexPath, fd, take);
  const add = await onUnindexed(indexed);
  const scan = await scanArchive(fd, place, indexed?.end ?? 0, (group) => {
    take(group);
    add?.(group);
  });
  return { ...scan, pages, ...(newest === undefined ? {} : { newest }) };
}

/** What an archive holds of a page, for those who ask for it again. */
export interface StoredVersion extends StoredAnswer {
  readonly etag?: string;
  readonly lastModified?: string;
}

/**
 * The answers that hold the newest version of each page. Their places are read when the first is asked for, and then take 20 bytes a
 * page; each answer's head is read when it is needed.
 */
export class StoredAnswers {
  readonly #fd: number;
  readonly #place: string;
  readonly #indexPath: string;
  readonly #end: number;
  #places: Promise<OffsetIndex> | undefined;

  /** @param end of what was there when the archive was opened; what comes later is not asked for. */
  constructor(fd: number, place: string, indexPath: string, end: number) {
    this.#fd = fd;
    this.#place = place;
    this.#indexPath = indexPath;
    this.#end = end;
  }

  async find(page: Pick<Page, 'hashHigh' | 'hashLow'>): Promise<StoredVersion | undefined> {
    this.#places ??= this.#read();
    const at = (await this.#places).get(page.hashHigh, page.hashLow);
    return at === undefined ? undefined : await readAnswer(this.#fd, at);
  }

  async #read(): Promise<OffsetIndex> {
    const places = new OffsetIndex();
    const take = ({ page, outcome, answerAt, end }: Group): void => {
      if (page === undefined || outcome !== 'ok' || answerAt === undefined || end > this.#end) return;
      places.add(page.hashHigh, page.hashLow, answerAt);
    };
    const indexed = await readIndex(this.#indexPath, this.#fd, take);
    const from = indexed?.end ?? 0;
    if (from < this.#end) await scanArchive(this.#fd, this.#place, from, take, this.#end);
    return places;
  }
}

async function readAnswer(fd: number, at: number): Promise<StoredVersion | undefined> {
  const record = await readRecordAt(fd, at);
  const id = record?.fields.get('warc-record-id');
  const url = record?.fields.get('warc-target-uri');
  const date = record?.fields.get('warc-date');
  if (record === undefined || id === undefined || url === undefined || date === undefined) return undefined;
  const http = parseFields(record.block.toString('latin1', 0, httpHeadEnd(record.block)));
  const payloadDigest = record.fields.get('warc-payload-digest');
  const etag = http.get('etag');
  const lastModified = http.get('last-modified');
  return {
    id,
    url,
    date,
    ...(payloadDigest === undefined ? undefined : { payloadDigest }),
    ...(etag === undefined ? undefined : { etag }),
    ...(lastModified === undefined ? undefined : { lastModified }),
  };
}
