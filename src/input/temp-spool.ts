import { randomUUID } from 'node:crypto';
import { closeSync, constants, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StoreError } from '../core/failure.ts';
import type { Page } from '../core/page.ts';
import type { Spool, SpoolChunk } from '../core/ports.ts';

interface FileChunk extends SpoolChunk {
  readonly offset: number;
  readonly bytes: number;
}

/**
 * A spool in a file of the system's temporary folder: made when it is first needed, readable by its owner only, and without a name from the
 * start, so that it is gone with the process however that ends. It may hold headers and credentials of the list's own lines.
 *
 * Reading and writing are synchronous: a chunk is a few kilobytes, and mostly does not leave the page cache.
 */
export class TempSpool implements Spool {
  #fd: number | undefined;
  #end = 0;
  #isBroken = false;
  readonly #folder: string;

  constructor(folder = tmpdir()) {
    this.#folder = folder;
  }

  put(pages: readonly Page[]): SpoolChunk | undefined {
    if (this.#isBroken) return undefined;
    const text = Buffer.from(toText(pages));
    try {
      this.#fd ??= openNameless(this.#folder);
      let written = 0;
      while (written < text.length) {
        written += writeSync(this.#fd, text, written, text.length - written, this.#end + written);
      }
    } catch {
      this.#isBroken = true;
      return undefined;
    }
    const chunk: FileChunk = { pages: pages.length, offset: this.#end, bytes: text.length };
    this.#end += text.length;
    return chunk;
  }

  take(chunk: SpoolChunk): Page[] {
    const { offset, bytes } = chunk as FileChunk;
    const text = Buffer.allocUnsafe(bytes);
    try {
      let read = 0;
      while (read < bytes) {
        const more = readSync(this.#fd ?? -1, text, read, bytes - read, offset + read);
        if (more === 0) throw new Error('it is shorter than it was');
        read += more;
      }
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new StoreError(`Pages that were put aside in ${this.#folder} cannot be read back: ${why}.`, {
        cause: error,
      });
    }
    return fromText(text.toString());
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
    this.#isBroken = true;
  }
}

function openNameless(folder: string): number {
  const path = join(folder, `fetch-pages-${randomUUID()}`);
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600);
  unlinkSync(path);
  return fd;
}

type JsonPage = Omit<Page, 'body'> & { readonly body?: string; readonly bodyBase64?: string };

/** What the plain pages of a chunk have in common, then the chunk: of a plain page its URL, its line and its hash, one after the other. */
type JsonChunk = [origin: string, method: string, ...(string | number | JsonPage)[]];

const NO_HEADERS: Page['headers'] = [];

/** Most pages are plain: their names of fields, written and read again for each, would cost more than all else that is done for them here. */
function toText(pages: readonly Page[]): string {
  const { origin = '', method = '' } = pages[0] ?? {};
  const chunk: JsonChunk = [origin, method];
  for (const page of pages) {
    if (isPlain(page) && page.origin === origin && page.method === method) {
      chunk.push(page.url, page.line, page.hashHigh, page.hashLow);
    } else {
      chunk.push(toJson(page));
    }
  }
  return JSON.stringify(chunk);
}

function fromText(text: string): Page[] {
  const [origin, method, ...items] = JSON.parse(text) as JsonChunk;
  const pages: Page[] = [];
  for (let at = 0; at < items.length; ) {
    const item = items[at];
    if (typeof item === 'object') {
      pages.push(fromJson(item));
      at += 1;
    } else {
      const url = items[at] as string;
      const line = items[at + 1] as string;
      const hashHigh = items[at + 2] as number;
      const hashLow = items[at + 3] as number;
      pages.push({ url, origin, method, headers: NO_HEADERS, line, hashHigh, hashLow, keyed: false });
      at += 4;
    }
  }
  return pages;
}

/** There is nothing to it but its URL, its method and where it stands. */
function isPlain({ keyed, headers, body, authorization, id, file }: Page): boolean {
  const isBare = headers.length === 0 && body === undefined && authorization === undefined;
  return isBare && !keyed && id === undefined && file === undefined;
}

function toJson(page: Page): JsonPage {
  const { body } = page;
  if (body === undefined || typeof body === 'string') return page as JsonPage;
  const { body: _, ...rest } = page;
  return { ...rest, bodyBase64: Buffer.from(body).toString('base64') };
}

function fromJson(page: JsonPage): Page {
  if (page.bodyBase64 === undefined) return page;
  const { bodyBase64, ...rest } = page;
  return { ...rest, body: Buffer.from(bodyBase64, 'base64') };
}
