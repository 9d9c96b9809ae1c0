import { createHash } from 'node:crypto';
import { closeSync, lstatSync, mkdirSync, openSync, renameSync, unlinkSync } from 'node:fs';
import { mkdir, rename, rm, unlink } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { StoreError } from '../core/failure.ts';
import { errorCode } from './disk-error.ts';
import { CREATE_NEW, closeFile, openFile, READ_ONLY_NO_FOLLOW, readAt, writeAll, writeAllSync } from './file-io.ts';

/** Names in the folder of a files store that are no page's. */
export const OWN = {
  manifest: 'manifest.ndjson',
  lock: '.fetch-pages.lock',
  temp: '.fetch-pages.tmp',
  /** The manifest of a store that is being removed (--restart). */
  removing: '.fetch-pages.removing',
} as const;

const DIGEST_CHUNK_BYTES = 256 * 1024;

/** A file that is being written: nobody sees it under its final name before it is whole. */
export interface TempFile {
  readonly path: string;
  readonly fd: number;
}

/**
 * The folder of a files store. Nothing in it is ever reached through a symbolic link: a link could lead out of it.
 *
 * Every folder on the way is looked at before each file, for a link may be put there while the run goes on. (What is put there between the
 * look and the renaming is followed: Node has no `openat`. A folder that others may write into is no place for a store.) The look is
 * synchronous: it costs a third of one through the thread pool, and what it asks for was just used.
 */
export class StoreFolder {
  readonly path: string;
  readonly place: string;
  readonly #prefix: string;
  readonly #tempPrefix: string;
  #temps = 0;

  /** @param tempPrefix what half-written files are called by; each thread that writes has its own */
  constructor(path: string, place: string, tempPrefix = '') {
    this.path = path;
    this.place = place;
    this.#prefix = join(path, sep);
    this.#tempPrefix = `${OWN.temp}/${tempPrefix}`;
  }

  /** Names are in order already: to normalise each path again takes as long as a look at a folder. */
  join(name: string): string {
    return this.#prefix + name;
  }

  /** Removes what a killed run left half written, and makes room for new files. */
  async clearTemp(): Promise<void> {
    await rm(this.join(OWN.temp), { recursive: true, force: true });
    await mkdir(this.join(OWN.temp));
  }

  async removeTemp(): Promise<void> {
    await rm(this.join(OWN.temp), { recursive: true, force: true });
  }

  async createTemp(): Promise<TempFile> {
    const path = this.#newTemp();
    return { path, fd: await openFile(path, CREATE_NEW) };
  }

  /** Writes a body beside; what is half written is removed. Returns its path. */
  async writeTemp(chunks: readonly Uint8Array[]): Promise<string> {
    const temp = await this.createTemp();
    try {
      try {
        await writeAll(temp.fd, chunks, 0);
      } finally {
        await closeFile(temp.fd);
      }
    } catch (error) {
      await unlink(temp.path).catch(() => undefined);
      throw error;
    }
    return temp.path;
  }

  /** Gives a whole file its final name. */
  async publish(temp: string, name: string): Promise<void> {
    await this.#makeFolders(name);
    try {
      await rename(temp, this.join(name));
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
      // A folder has been removed meanwhile.
      await this.#makeFolders(name);
      await rename(temp, this.join(name));
    }
  }

  /** Writes a body beside and gives it its final name, all on this thread (`QuickDisk`); where that fails, nothing of it is left. */
  writeNow(chunks: readonly Uint8Array[], name: string): void {
    const temp = this.#newTemp();
    const fd = openSync(temp, CREATE_NEW, 0o666);
    try {
      try {
        writeAllSync(fd, chunks, 0);
      } finally {
        closeSync(fd);
      }
      this.#publishNow(temp, name);
    } catch (error) {
      removeIfThere(temp);
      throw error;
    }
  }

  /** SHA-256 in hex of a file; undefined where it is no file that can be read, or reached without a link. */
  async digest(name: string): Promise<string | undefined> {
    if (!(await this.isReachable(name))) return undefined;
    let fd: number | undefined;
    try {
      fd = await openFile(this.join(name), READ_ONLY_NO_FOLLOW);
      return await digestOf(fd);
    } catch {
      return undefined;
    } finally {
      if (fd !== undefined) await closeFile(fd);
    }
  }

  /** True where every folder on the way to the file is a real one. */
  async isReachable(name: string): Promise<boolean> {
    for (const folder of foldersOn(name)) {
      if (this.#kindOf(folder) !== 'folder') return false;
    }
    return true;
  }

  #newTemp(): string {
    this.#temps += 1;
    this.#requireFolder(OWN.temp);
    return this.join(this.#tempPrefix + this.#temps);
  }

  #publishNow(temp: string, name: string): void {
    this.#makeFoldersNow(name);
    try {
      renameSync(temp, this.join(name));
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
      // A folder has been removed meanwhile.
      this.#makeFoldersNow(name);
      renameSync(temp, this.join(name));
    }
  }

  async #makeFolders(name: string): Promise<void> {
    for (const folder of foldersOn(name)) {
      if (this.#requireFolder(folder)) continue;
      try {
        await mkdir(this.join(folder));
      } catch (error) {
        if (errorCode(error) !== 'EEXIST') throw error;
        this.#requireFolder(folder);
      }
    }
  }

  #makeFoldersNow(name: string): void {
    for (const folder of foldersOn(name)) {
      if (this.#requireFolder(folder)) continue;
      try {
        mkdirSync(this.join(folder));
      } catch (error) {
        // For a larger body another thread may be at it.
        if (errorCode(error) !== 'EEXIST') throw error;
        this.#requireFolder(folder);
      }
    }
  }

  /** @returns false where nothing is. @throws StoreError where something else is */
  #requireFolder(folder: string): boolean {
    const kind = this.#kindOf(folder);
    if (kind === 'folder') return true;
    if (kind === 'nothing') return false;
    const what = kind === 'link' ? 'a symbolic link, which could lead out of the store' : 'no folder';
    throw new StoreError(`${join(this.place, folder)} is ${what}. Move it away, or give another -o.`);
  }

  #kindOf(folder: string): 'folder' | 'link' | 'other' | 'nothing' {
    const stat = lstatSync(this.join(folder), { throwIfNoEntry: false });
    if (stat === undefined) return 'nothing';
    if (stat.isDirectory()) return 'folder';
    return stat.isSymbolicLink() ? 'link' : 'other';
  }
}

/** Descriptors come free when others end: who waits gets one. */
export function isOutOfDescriptors(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'EMFILE' || code === 'ENFILE';
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Why it could not be written is what counts; the next run clears what is left.
  }
}

async function digestOf(fd: number): Promise<string> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(DIGEST_CHUNK_BYTES);
  for (let position = 0; ; ) {
    const bytes = await readAt(fd, buffer, position);
    if (bytes === 0) return hash.digest('hex');
    hash.update(buffer.subarray(0, bytes));
    position += bytes;
  }
}

/** `a`, `a/b` of `a/b/c.body`. */
function* foldersOn(name: string): Generator<string> {
  for (let slash = name.indexOf('/'); slash !== -1; slash = name.indexOf('/', slash + 1)) yield name.slice(0, slash);
}
