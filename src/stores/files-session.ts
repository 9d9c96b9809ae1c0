import { unlink } from 'node:fs/promises';
import type { StoreError } from '../core/failure.ts';
import type { Page } from '../core/page.ts';
import type { Body, Draft, StoreSession } from '../core/ports.ts';
import { isOk, type PageRecord, type Validators } from '../core/record.ts';
import { AppendLog } from './append-log.ts';
import { diskError, errorCode, wholePages } from './disk-error.ts';
import { FileDraft } from './file-draft.ts';
import { pageFile } from './file-name.ts';
import { storedPages } from './inspect-session.ts';
import { isLocalDisk, QuickDisk } from './quick-disk.ts';
import { recordJson } from './record-line.ts';
import type { LogScan } from './scan-log.ts';
import { OWN, type StoreFolder } from './store-folder.ts';
import type { StoreLock } from './store-lock.ts';
import { StoredVersions, validatorsOf } from './stored-versions.ts';
import { WishClaims } from './wish-claims.ts';

/** What a files store was found to be when it was opened. */
export interface OpenedFiles {
  readonly folder: StoreFolder;
  readonly place: string;
  readonly lock: StoreLock;
  readonly scan: LogScan;
  readonly notices: readonly string[];
  /** The manifest, open for writing, and where its last line ends. */
  readonly manifest: number;
  readonly size: number;
}

/** A files store that a run writes into. */
export class FilesSession implements StoreSession {
  readonly stored: StoreSession['stored'];
  readonly notices: readonly string[];
  readonly #folder: StoreFolder;
  readonly #place: string;
  readonly #lock: StoreLock;
  readonly #before: LogScan['pages'];
  readonly #log: AppendLog;
  readonly #claims: WishClaims;
  readonly #versions: StoredVersions;
  readonly #disk: QuickDisk;
  #kept: number;

  constructor({ folder, place, lock, scan, notices, manifest, size }: OpenedFiles) {
    this.stored = storedPages(scan);
    this.notices = notices;
    this.#folder = folder;
    this.#place = place;
    this.#lock = lock;
    this.#before = scan.pages;
    this.#kept = scan.pages.size;
    this.#log = new AppendLog(manifest, size, (error) => this.#explain(error));
    this.#claims = new WishClaims(folder.join(OWN.manifest));
    this.#versions = new StoredVersions(folder.join(OWN.manifest));
    this.#disk = new QuickDisk(isLocalDisk(folder.path));
  }

  has(page: Page): boolean {
    return this.#before.has(page.hashHigh, page.hashLow);
  }

  /** Only of a file that is what its record says: one that was changed, removed or half replaced is asked for anew. */
  async validators(page: Page): Promise<Validators | undefined> {
    const record = await this.#versions.find(page);
    if (record?.file === undefined) return undefined;
    return (await this.#folder.digest(record.file)) === record.sha256 ? validatorsOf(record) : undefined;
  }

  async draft(): Promise<Draft> {
    try {
      return new FileDraft(await this.#folder.createTemp(), (error) => this.#explain(error));
    } catch (error) {
      throw this.#explain(error);
    }
  }

  async keep(page: Page, record: PageRecord, body: Body | undefined): Promise<PageRecord> {
    const file = body === undefined ? undefined : (this.#keepSmall(page, body) ?? (await this.#keepBody(page, body)));
    const kept = file === undefined ? record : { ...record, file };
    await this.note(kept);
    if (isOk(kept.outcome) && !this.has(page)) this.#kept += 1;
    return kept;
  }

  note(record: PageRecord): Promise<void> {
    return this.#log.append([recordJson(record), '\n']);
  }

  async close(): Promise<void> {
    try {
      await this.#log.close();
    } finally {
      await this.#versions.close();
      await this.#folder.removeTemp().catch(() => undefined);
      this.#lock.release();
    }
  }

  /** Undefined where the body is too large to be kept on this thread, the disk too slow, or its name somebody's wish. */
  #keepSmall(page: Page, body: Body): string | undefined {
    if ('draft' in body || page.file !== undefined || !this.#disk.suits(bytesOf(body.chunks))) return undefined;
    const { name } = pageFile(page);
    try {
      this.#disk.run(() => this.#folder.writeNow(body.chunks, name));
      return name;
    } catch (error) {
      // Descriptors come free when others end: the other way waits for one.
      if (errorCode(error) === 'EMFILE' || errorCode(error) === 'ENFILE') return undefined;
      throw this.#explain(error);
    }
  }

  /** Brings the body to its final name, or leaves nothing of it. */
  async #keepBody(page: Page, body: Body): Promise<string> {
    let temp: string | undefined;
    try {
      temp = 'draft' in body ? await finish(body.draft) : await this.#folder.writeTemp(body.chunks);
      const { name, ifTaken } = pageFile(page);
      const file = ifTaken === undefined || (await this.#claims.claim(name, page)) ? name : ifTaken;
      await this.#folder.publish(temp, file);
      return file;
    } catch (error) {
      if (temp !== undefined) await unlink(temp).catch(() => undefined);
      throw this.#explain(error);
    }
  }

  #explain(error: unknown): StoreError {
    return diskError(error, `${this.#place} could not be written`, wholePages(this.#kept));
  }
}

function bytesOf(chunks: readonly Buffer[]): number {
  let bytes = 0;
  for (const { length } of chunks) bytes += length;
  return bytes;
}

function finish(draft: Draft): Promise<string> {
  if (!(draft instanceof FileDraft)) throw new Error('a draft of another store');
  return draft.finish();
}
