import { unlink } from 'node:fs/promises';
import type { StoreError } from '../core/failure.ts';
import type { Page } from '../core/page.ts';
import type { Body, Draft, StoreSession } from '../core/ports.ts';
import { isOk, type PageRecord, type Validators } from '../core/record.ts';
import { AppendLog } from './append-log.ts';
import { diskError, wholePages } from './disk-error.ts';
import { FileDraft } from './file-draft.ts';
import { pageFile } from './file-name.ts';
import { storedPages } from './inspect-session.ts';
import { isLocalDisk, QuickDisk } from './quick-disk.ts';
import { recordJson } from './record-line.ts';
import type { LogScan } from './scan-log.ts';
import { type Busy, SmallFiles } from './small-files.ts';
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
  /** From when on a thread of its own writes small files; undefined for what is usual. */
  readonly busy: Busy | undefined;
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
  readonly #small: SmallFiles;
  #kept: number;
  /** Pages that are being kept, and who waits for their end. */
  #keeping = 0;
  #onIdle: (() => void) | undefined;

  constructor({ folder, place, lock, scan, notices, manifest, size, busy }: OpenedFiles) {
    this.stored = storedPages(scan);
    this.notices = notices;
    this.#folder = folder;
    this.#place = place;
    this.#lock = lock;
    this.#before = scan.pages;
    this.#kept = scan.pages.size;
    const disk = new QuickDisk(isLocalDisk(folder.path));
    this.#small = new SmallFiles(folder, disk, busy);
    this.#log = new AppendLog(manifest, size, (error) => this.#explain(error), disk);
    this.#claims = new WishClaims(folder.join(OWN.manifest));
    this.#versions = new StoredVersions(folder.join(OWN.manifest));
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
    this.#keeping += 1;
    try {
      const file = body === undefined ? undefined : await this.#keepBody(page, body);
      const kept = file === undefined ? record : { ...record, file };
      await this.note(kept);
      if (isOk(kept.outcome) && !this.has(page)) this.#kept += 1;
      return kept;
    } finally {
      this.#keeping -= 1;
      if (this.#keeping === 0) this.#onIdle?.();
    }
  }

  note(record: PageRecord): Promise<void> {
    return this.#log.append([recordJson(record), '\n']);
  }

  async close(): Promise<void> {
    if (this.#keeping > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
    try {
      await this.#small.close();
      await this.#log.close();
    } finally {
      await this.#versions.close();
      await this.#folder.removeTemp().catch(() => undefined);
      this.#lock.release();
    }
  }

  /** Brings the body to its final name, or leaves nothing of it. */
  async #keepBody(page: Page, body: Body): Promise<string> {
    let temp: string | undefined;
    try {
      const { name, ifTaken } = pageFile(page);
      // Whether a wish is granted may have to be read in the manifest first.
      if ('chunks' in body && ifTaken === undefined && (await this.#small.write(body.chunks, name))) return name;
      temp = 'draft' in body ? await finish(body.draft) : await this.#folder.writeTemp(body.chunks);
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

function finish(draft: Draft): Promise<string> {
  if (!(draft instanceof FileDraft)) throw new Error('a draft of another store');
  return draft.finish();
}
