import { StoreError, UsageError } from '../core/failure.ts';
import { diskError, isSystemError } from './disk-error.ts';

/** Primary result codes (sqlite.org/rescode.html). */
const SQLITE = {
  permission: 3,
  busy: 5,
  locked: 6,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  protocol: 15,
  tooBig: 18,
  notADatabase: 26,
} as const;

const SPACE = 'Free some space and run the same command again';
const OWNER = 'Check who owns it and its folder, and their modes, or give another -o';

/** What the result codes mean to whoever reads the sentence, and what to do about it. */
const CAUSES: Readonly<Record<number, readonly [cause: string, remedy: string]>> = {
  [SQLITE.permission]: ['permission denied', OWNER],
  [SQLITE.busy]: ['another program holds it', 'End that program, or its transaction, and run the same command again'],
  [SQLITE.locked]: ['another program holds it', 'End that program, or its transaction, and run the same command again'],
  [SQLITE.readOnly]: ['it, or its folder, is read-only', OWNER],
  [SQLITE.ioError]: ['the disk failed (input/output error)', 'Check the disk before you go on'],
  [SQLITE.corrupt]: [
    'the database is damaged',
    "Save what is whole with sqlite3's .recover into a new file, or begin anew with another -o",
  ],
  [SQLITE.full]: ['the disk is full', SPACE],
  [SQLITE.cannotOpen]: ['SQLite cannot open the file, or one beside it', OWNER],
  [SQLITE.protocol]: ['its file system gives no locks', 'Give another -o, on a local disk'],
  [SQLITE.tooBig]: ['a value is larger than SQLite takes (1 GB)', 'Lower --max-filesize'],
  [SQLITE.notADatabase]: ['it is no SQLite database, or a damaged one', 'Move it away, or give another -o'],
};

/** The primary result code of an error of node:sqlite; undefined for every other error. */
function resultCode(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : undefined;
}

/** True where another connection has the database's write lock. */
export function isBusy(error: unknown): boolean {
  const code = resultCode(error);
  return code === SQLITE.busy || code === SQLITE.locked;
}

/**
 * The sentence for what SQLite, or the file system, refused. What is neither is a bug, and is given back as it is.
 *
 * @param doing what could not be done, such as `pages.db could not be written`.
 * @param kept what is safe all the same; said at the end.
 */
export function sqliteError(error: unknown, doing: string, kept?: string): Error {
  if (error instanceof StoreError || error instanceof UsageError) return error;
  const code = resultCode(error);
  if (code === undefined) {
    if (isSystemError(error)) return diskError(error, doing, kept);
    return error instanceof Error ? error : new Error(String(error));
  }
  const said = error instanceof Error ? error.message : String(error);
  const [cause, remedy] = CAUSES[code] ?? [said, 'Run the same command again once that is mended'];
  return new StoreError(`${doing}: ${cause}. ${remedy}${kept === undefined ? '' : `; ${kept}`}.`, { cause: error });
}
