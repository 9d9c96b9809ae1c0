import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { StoreFormat } from '../../src/core/config.ts';
import { STORES } from '../../src/stores/index.ts';
import { childPage } from '../support/store-child-pages.ts';
import { makeFolder, runOptions } from '../support/store-pages.ts';
import { storedRecords } from '../support/stored-records.ts';

const CHILD = fileURLToPath(new URL('../support/store-child.ts', import.meta.url));
const PAGES = 80;

/** What a store writes pages and syncs them with, and from which of a thread's calls on: those before are its lock's, where that is in the same file. */
const STORES_THAT_STAY = [
  { format: 'files', name: 'pages', write: 'pwritev', from: 2, sync: 'fdatasync', syncFrom: 1 },
  { format: 'ndjson', name: 'pages.ndjson', write: 'pwrite64', from: 2, sync: 'fdatasync', syncFrom: 1 },
  { format: 'sqlite', name: 'pages.db', write: 'pwrite64', from: 100, sync: 'fsync', syncFrom: 1 },
  { format: 'warc', name: 'pages.warc.gz', write: 'pwrite64', from: 2, sync: 'fdatasync', syncFrom: 1 },
] as const satisfies readonly {
  readonly format: StoreFormat;
  readonly name: string;
  readonly write: string;
  readonly from: number;
  readonly sync: string;
  readonly syncFrom: number;
}[];
type StoreRow = (typeof STORES_THAT_STAY)[number];

/** What the system does instead of what it was asked. */
interface Fault {
  readonly what: string;
  readonly inject: (row: StoreRow) => string;
  /** Of the sentence that the run ends with; absent where it is killed. */
  readonly says?: RegExp;
  readonly only?: StoreFormat;
  /** It is the store's own thread that meets it. */
  readonly threaded?: true;
}

const THREAD_ONLY = 25;

const FAULTS: readonly Fault[] = [
  ...[0, 1, 3].map((later) => ({
    what: `killed in the middle of a write (${later} later)`,
    inject: ({ write, from }: StoreRow) => `${write}:signal=SIGKILL:when=${from + later}`,
  })),
  ...[1, 4].map((call) => ({
    what: `killed instead of renaming (${call})`,
    inject: () => `rename:error=EINTR:signal=SIGKILL:when=${call}`,
    only: 'files' as const,
  })),
  // Of the threads that rename, only this one comes to so many.
  {
    what: 'killed instead of renaming, in its thread',
    inject: () => `rename:error=EINTR:signal=SIGKILL:when=${THREAD_ONLY}`,
    only: 'files',
    threaded: true,
  },
  {
    what: 'told that the disk is full (ENOSPC), in its thread',
    inject: () => `rename:error=ENOSPC:when=${THREAD_ONLY}+`,
    says: /the disk is full\. Free some space and run the same command again; the \d+ pages stored so far are whole/,
    only: 'files',
    threaded: true,
  },
  {
    what: 'told that the disk has an error (EIO) once, in its thread',
    inject: () => `rename:error=EIO:when=${THREAD_ONLY}`,
    says: /the disk failed \(input\/output error\)/,
    only: 'files',
    threaded: true,
  },
  {
    what: 'killed while it syncs',
    inject: ({ sync, syncFrom }) => `${sync}:signal=SIGKILL:when=${syncFrom}`,
  },
  {
    what: 'told that the disk has an error (EIO) when it writes',
    inject: ({ write, from }) => `${write}:error=EIO:when=${from}+`,
    says: /error|EIO/i,
  },
  {
    what: 'told that the disk is full (ENOSPC) when it writes',
    inject: ({ write, from }) => `${write}:error=ENOSPC:when=${from}+`,
    says: /the disk is full\. Free some space and run the same command again/,
  },
  {
    what: 'told that what was written is lost (EIO) when it syncs',
    inject: ({ sync, syncFrom }) => `${sync}:error=EIO:when=${syncFrom}+`,
    says: /error|EIO/i,
  },
];

const strace = spawnSync('strace', ['-V']).status === 0;
const title = strace ? 'a store under fault' : 'a store under fault (skipped: strace is not installed)';

interface Ended {
  /** Pages that were told as kept. */
  readonly kept: readonly number[];
  /** The sentence of the store's failure. */
  readonly refused: string | undefined;
  readonly killed: boolean;
}

/** Stores whose lock is written with the same calls: faults are of their own files alone. */
const OWN_FILES: Readonly<Record<string, readonly string[]>> = { ndjson: [''], warc: [''], sqlite: ['', '-wal'] };

async function runChild(
  format: string,
  path: string,
  inject: string | undefined,
  threaded: readonly string[],
): Promise<Ended> {
  const child = [process.execPath, CHILD, format, path, String(PAGES), '8', ...threaded];
  const calls = inject?.slice(0, inject.indexOf(':'));
  const only = (OWN_FILES[format] ?? []).flatMap((ending) => ['-P', `${path}${ending}`]);
  const traced = ['-f', '-qqq', '-o', '/dev/null', ...only, '-e', `trace=${calls}`, '-e', `inject=${inject}`, ...child];
  const [command = '', ...argv] = inject === undefined ? child : ['strace', ...traced];
  // One thread of libuv's: strace counts the calls of each for itself.
  const env = { ...process.env, UV_THREADPOOL_SIZE: '1' };
  const running = spawn(command, argv, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void running.kill('SIGKILL'));
  const exit = once(running, 'exit');
  const kept: number[] = [];
  let refused: string | undefined;
  for await (const line of createInterface({ input: running.stdout })) {
    const [word, rest] = [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)];
    if (word === 'kept') kept.push(Number(rest));
    if (word === 'refused') refused = rest;
  }
  const [code, signal] = await exit;
  // strace ends as what it traced did.
  return { kept, refused, killed: signal === 'SIGKILL' || code === 137 };
}

describe.skipIf(!strace)(title, () => {
  describe.each(STORES_THAT_STAY)('$format', (row) => {
    const { format, name } = row;
    const faults = FAULTS.filter(({ only }) => only === undefined || only === format);
    it.each(faults)('$what: nothing told is lost, and the next run ends as if nothing had been', async (fault) => {
      const path = join(makeFolder(), name);
      const threaded = fault.threaded ? ['threaded'] : [];
      const { kept, refused, killed } = await runChild(format, path, fault.inject(row), threaded);
      expect(killed).toBe(fault.says === undefined);
      if (fault.says !== undefined) expect(refused).toMatch(fault.says);
      if (existsSync(path)) await expectStored(format, path, kept);
      const next = await runChild(format, path, undefined, threaded);
      expect(next.refused).toBeUndefined();
      expect(next.kept.filter((n) => kept.includes(n))).toEqual([]);
      const urls = storedRecords(format, path).map(({ url }) => url);
      expect(urls.toSorted()).toEqual(Array.from({ length: PAGES }, (_, n) => childPage(n).record.url).toSorted());
    });
  });
});

async function expectStored(
  format: (typeof STORES_THAT_STAY)[number]['format'],
  path: string,
  kept: readonly number[],
) {
  const looking = await STORES[format]({ path, place: path }).open(runOptions(path, { mode: 'inspect' }));
  const lost = kept.filter((n) => !looking.has(childPage(n).page));
  await looking.close();
  expect(lost).toEqual([]);
}
