import type { Writable } from 'node:stream';
import { StoreError } from '../core/failure.ts';
import { EXIT } from './exit-code.ts';
import { fileErrorReason } from './surroundings.ts';

/**
 * Writes a text to standard output and waits until the system has taken it: a pipe's reader that is slow gets all of it.
 *
 * @returns 0, or 141 where whoever read it went away
 * @throws StoreError where it cannot be written, as on a full disk
 */
export async function writeStdout(text: string): Promise<number> {
  const error = await write(process.stdout, text);
  if (error === undefined) return EXIT.ok;
  if ('code' in error && error.code === 'EPIPE') return EXIT.readerGone;
  throw new StoreError(`Standard output cannot be written: ${fileErrorReason(error)}.`, { cause: error });
}

/** Writes to standard error. Where that is closed there is nobody left to tell: the error is dropped. */
export async function writeStderr(text: string): Promise<void> {
  await write(process.stderr, text);
}

function write(stream: Writable, text: string): Promise<Error | undefined> {
  return new Promise((resolve) => {
    stream.once('error', (error) => resolve(error));
    stream.write(text, (error) => resolve(error ?? undefined));
  });
}
