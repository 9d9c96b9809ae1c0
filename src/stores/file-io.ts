import { close, constants, fdatasync, ftruncate, open, read, writeSync, writev } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { errorCode } from './disk-error.ts';

/*
 * Descriptors as plain numbers: a FileHandle costs several times as much a page, and one that is lost is closed by the garbage
 * collector with a warning.
 */
const openDescriptor = promisify(open);
const writevOnce = promisify(writev);
export const closeFile = promisify(close);
export const syncFile = promisify(fdatasync);
export const truncateFile = promisify(ftruncate);

/** Windows knows no symbolic links here. */
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;
/** A file that nobody else has: made now, never one that was there, never one behind a symbolic link. */
export const CREATE_NEW = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | NO_FOLLOW;
/** A log: its links are followed, for the user named it. */
export const READ_WRITE_CREATE = constants.O_RDWR | constants.O_CREAT;
/** A log inside a store's folder. */
export const READ_WRITE_CREATE_NO_FOLLOW = READ_WRITE_CREATE | NO_FOLLOW;
export const READ_ONLY = constants.O_RDONLY;
export const READ_ONLY_NO_FOLLOW = constants.O_RDONLY | NO_FOLLOW;

/** IOV_MAX of Linux. */
const MAX_PIECES = 1024;
const DESCRIPTOR_WAIT_MS = 30_000;

/**
 * Opens a file. Where the process or the machine is out of descriptors that is pressure of the moment, and it waits (at most 30 s)
 * for one to come free.
 */
export async function openFile(path: string, flags: number): Promise<number> {
  let waitMs = 5;
  let waitedMs = 0;
  for (;;) {
    try {
      return await openDescriptor(path, flags, 0o666);
    } catch (error) {
      const code = errorCode(error);
      if ((code !== 'EMFILE' && code !== 'ENFILE') || waitedMs >= DESCRIPTOR_WAIT_MS) throw error;
      await delay(waitMs);
      waitedMs += waitMs;
      waitMs = Math.min(waitMs * 2, 500);
    }
  }
}

/** Writes all of the pieces from `position` on, however often the system takes only a part. Returns how many bytes. */
export async function writeAll(fd: number, pieces: readonly Uint8Array[], position: number): Promise<number> {
  let at = position;
  let index = 0;
  let taken = 0;
  while (index < pieces.length) {
    const batch = pieces.slice(index, index + MAX_PIECES);
    const first = batch[0];
    if (first !== undefined && taken > 0) batch[0] = first.subarray(taken);
    const { bytesWritten } = await writevOnce(fd, batch, at);
    at += bytesWritten;
    let left = bytesWritten + taken;
    let piece = pieces[index];
    while (piece !== undefined && left >= piece.length) {
      left -= piece.length;
      index += 1;
      piece = pieces[index];
    }
    taken = left;
  }
  return at - position;
}

/** Writes all of a few small pieces from the beginning on, on this thread. */
export function writeAllSync(fd: number, pieces: readonly Uint8Array[]): void {
  let at = 0;
  for (const piece of pieces) {
    for (let taken = 0; taken < piece.length; ) {
      const bytes = writeSync(fd, piece, taken, piece.length - taken, at);
      taken += bytes;
      at += bytes;
    }
  }
}

const readOnce = promisify(read);

/** Reads what is there from `position` on, at most to the end of `buffer`. Returns how many bytes; 0 at the end of the file. */
export async function readAt(fd: number, buffer: Buffer, position: number): Promise<number> {
  const { bytesRead } = await readOnce(fd, buffer, 0, buffer.length, position);
  return bytesRead;
}
