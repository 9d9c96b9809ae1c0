import type { Page } from '../core/page.ts';
import type { PageRecord, Validators } from '../core/record.ts';
import { closeFile, openFile, READ_ONLY, readAt } from './file-io.ts';
import { readLines } from './line-reader.ts';
import { OffsetIndex } from './offset-index.ts';
import { headHash, parseRecord } from './record-line.ts';
import { readHead } from './scan-log.ts';

const FIRST_READ_BYTES = 16 * 1024;
const NEWLINE = 0x0a;

/**
 * The records of the versions that a log of records holds, for those who ask for them again (--refresh). The log is read through when the
 * first is asked for; then 20 bytes a page are kept, and each record is read when it is needed.
 */
export class StoredVersions {
  readonly #log: string;
  #opened: Promise<{ readonly fd: number; readonly index: OffsetIndex }> | undefined;

  /** @param log its path. */
  constructor(log: string) {
    this.#log = log;
  }

  /** The last record with outcome `ok` that the page had when it was first asked. */
  async find(page: Pick<Page, 'hashHigh' | 'hashLow'>): Promise<PageRecord | undefined> {
    this.#opened ??= this.#open();
    const { fd, index } = await this.#opened;
    const offset = index.get(page.hashHigh, page.hashLow);
    if (offset === undefined) return undefined;
    return parseRecord(await lineAt(fd, offset)) as PageRecord | undefined;
  }

  async close(): Promise<void> {
    const opened = await this.#opened?.catch(() => undefined);
    if (opened !== undefined) await closeFile(opened.fd);
  }

  async #open() {
    const fd = await openFile(this.#log, READ_ONLY);
    const index = new OffsetIndex();
    await readLines(fd, (line) => {
      const head = readHead(fd, line);
      if (head?.outcome !== 'ok') return;
      const { hashHigh, hashLow } = headHash(head);
      index.add(hashHigh, hashLow, line.start);
    });
    return { fd, index };
  }
}

/** What a server said of the version that a record tells of. */
export function validatorsOf({ url, finalUrl, headers }: Pick<PageRecord, 'url' | 'finalUrl' | 'headers'>): Validators {
  const etag = headers?.etag?.[0];
  const lastModified = headers?.['last-modified']?.[0];
  return {
    url: finalUrl ?? url,
    ...(etag === undefined ? undefined : { etag }),
    ...(lastModified === undefined ? undefined : { lastModified }),
  };
}

async function lineAt(fd: number, offset: number): Promise<string> {
  for (let bytes = FIRST_READ_BYTES; ; bytes *= 4) {
    const buffer = Buffer.allocUnsafe(bytes);
    const data = buffer.subarray(0, await readAt(fd, buffer, offset));
    const end = data.indexOf(NEWLINE);
    if (end !== -1) return data.toString('utf8', 0, end);
    if (data.length < bytes) return data.toString('utf8');
  }
}
