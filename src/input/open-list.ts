import { close, createReadStream, fstat, open, read, type Stats } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { UsageError } from '../core/failure.ts';
import { mayBeGzip } from './decompress.ts';
import { looksLikeHost } from './page-url.ts';
import { isUtf16, UTF_16 } from './read-lines.ts';

const openFile = promisify(open);
const statFile = promisify(fstat);
const readFile = promisify(read);
const closeFile = promisify(close);

/** A list that can be read. */
export interface List {
  readonly name: string;
  readonly stream: Readable;
  /** Its name says that it is in gzip format. */
  readonly gzip: boolean;
}

/** Bytes that tell what a list is: the magic of gzip, the byte order mark of UTF-16. */
const HEAD_BYTES = 2;

/** Endings of files: a missing `urls.txt` is no host name, though it reads like one. */
const FILE_ENDING =
  /\.(?:bak|bz2|csv|dat|gz|html?|in|json|jsonl|list?|log|lst|md|ndjson|out|tmp|tsv|txt|urls?|xml|xz|ya?ml|zip|zst)$/i;

/**
 * Opens a list without reading on in it.
 *
 * @throws UsageError naming it and the way out.
 */
export async function openList(path: string): Promise<List> {
  const fd = await openFile(path, 'r').catch((error: unknown) => {
    throw new UsageError(whyNotOpened(path, error));
  });
  try {
    const stats = await statFile(fd);
    const gzip = /\.gz$/i.test(path);
    if (stats.isDirectory())
      throw new UsageError(`${path} is a directory: name a list, a file with a URL on each line`);
    if (stats.isFile()) await checkHead(fd, path, gzip);
    return { name: path, stream: streamOf(fd, stats), gzip };
  } catch (error) {
    await closeFile(fd);
    if (error instanceof UsageError) throw error;
    throw new UsageError(whyNotOpened(path, error));
  }
}

/** A read of a pipe would block a thread, and with it the program's end, until somebody writes: a socket waits without one. */
function streamOf(fd: number, stats: Stats): Readable {
  if (stats.isFIFO()) return new Socket({ fd, readable: true, writable: false });
  return createReadStream('', { fd, highWaterMark: 64 * 1024 });
}

async function checkHead(fd: number, path: string, gzip: boolean): Promise<void> {
  const { bytesRead, buffer } = await readFile(fd, Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
  const head = buffer.subarray(0, bytesRead);
  if (isUtf16(head)) throw new UsageError(`${path}: ${UTF_16}`);
  if (gzip && !mayBeGzip(head)) {
    throw new UsageError(`${path} is not in gzip format, though its name ends with .gz: rename it if it is plain text`);
  }
}

function whyNotOpened(path: string, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      if (looksLikeHost(path) && !FILE_ENDING.test(path)) {
        return `${path}: no such file. If it is a page, write https://${path}`;
      }
      return `${path}: no such file. A list is a file with a URL on each line; a page begins with https:// or http://`;
    case 'EACCES':
    case 'EPERM':
      return `${path} may not be read: see its permissions`;
    case 'EMFILE':
    case 'ENFILE':
      return `${path} cannot be opened: too many lists at once (see ulimit -n); give them as one: cat LISTS | fetch-pages`;
    default:
      return `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}
