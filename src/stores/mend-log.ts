import { StoreError } from '../core/failure.ts';
import { truncateFile, writeAll } from './file-io.ts';
import type { LogScan } from './scan-log.ts';

/** Makes the log end with a whole line: cuts a torn record, ends one that lacks only its newline. Returns its size. */
export async function mendLog(fd: number, scan: LogScan): Promise<number> {
  if (scan.tornBytes > 0) await truncateFile(fd, scan.wholeBytes);
  if (!scan.unterminated) return scan.wholeBytes;
  return scan.wholeBytes + (await writeAll(fd, [Buffer.from('\n')], scan.wholeBytes));
}

export function tornNotice(log: string, scan: LogScan): string[] {
  if (scan.tornBytes === 0) return [];
  return [
    `${log}: a torn last record (${scan.tornBytes.toLocaleString('en-US')} bytes) was cut; its page is asked for again.`,
  ];
}

export function notOurs(log: string): StoreError {
  return new StoreError(
    `${log} holds something else than records of fetch-pages, so it was not touched. Give another -o, or move the file away.`,
  );
}
