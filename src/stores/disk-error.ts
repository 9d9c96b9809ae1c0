import { StoreError } from '../core/failure.ts';

/** What the system's error codes mean to whoever reads the sentence, and what to do about it. */
const CAUSES: Readonly<Record<string, readonly [cause: string, remedy: string]>> = {
  ENOSPC: ['the disk is full', 'Free some space and run the same command again'],
  EDQUOT: ['your disk quota is used up', 'Free some space and run the same command again'],
  EFBIG: ['the file would be larger than the system allows', 'Raise the limit (ulimit -f) or give another -o'],
  EACCES: ['permission denied', 'Check who owns it and its mode, or give another -o'],
  EPERM: ['the system does not permit it', 'Check who owns it and its mode, or give another -o'],
  EROFS: ['the file system is read-only', 'Give another -o'],
  EIO: ['the disk failed (input/output error)', 'Check the disk before you go on'],
  EMFILE: ['this process has too many files open', 'Raise the limit (ulimit -n) or lower --concurrency'],
  ENFILE: ['this machine has too many files open', 'Close some programs and run the same command again'],
  ENOTDIR: ['a file stands where a folder is needed', 'Move it away or give another -o'],
  EEXIST: ['something else stands there', 'Move it away or give another -o'],
  EISDIR: ['a folder stands where a file is needed', 'Move it away or give another -o'],
  ENOTEMPTY: ['a folder stands where a file is needed', 'Move it away or give another -o'],
  ELOOP: ['a symbolic link stands there', 'Move it away or give another -o'],
  ENAMETOOLONG: ['the path is too long', 'Give a shorter -o'],
  ENOENT: ['it is gone', 'Something removed it, or its folder; run the same command again'],
  EXDEV: ['it is on another file system than the rest of the store', 'Give another -o'],
};

export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'UNKNOWN';
}

/** True for what the system refused, false for bugs and for what was already put into a sentence. */
export function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}

/**
 * The sentence for an error of the file layer.
 *
 * @param doing what could not be done, such as `pages.ndjson could not be written`.
 * @param kept what is safe all the same; said at the end.
 */
export function diskError(error: unknown, doing: string, kept?: string): StoreError {
  if (error instanceof StoreError) return error;
  const code = errorCode(error);
  const fallback = error instanceof Error ? error.message : String(error);
  const [cause, remedy] = CAUSES[code] ?? [fallback, 'Run the same command again once that is mended'];
  return new StoreError(`${doing}: ${cause}. ${remedy}${kept === undefined ? '' : `; ${kept}`}.`, { cause: error });
}

/** What is told of the pages that are safe when the store cannot go on. */
export function wholePages(pages: number): string {
  if (pages === 0) return 'nothing was stored so far';
  return pages === 1
    ? 'the one page stored so far is whole'
    : `the ${pages.toLocaleString('en-US')} pages stored so far are whole`;
}
