import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { StoreError } from '../../src/core/failure.ts';
import type { Body } from '../../src/core/ports.ts';
import { STORES } from '../../src/stores/index.ts';
import { makePage, recordOf, runOptions } from '../support/store-pages.ts';
import { storedRecords } from '../support/stored-records.ts';

/** A file system of 6 MiB, or why there is none. */
function mountSmallDisk(): { readonly path: string } | { readonly reason: string } {
  const path = mkdtempSync(join(tmpdir(), 'fetch-pages-small-disk-'));
  try {
    execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', path], { stdio: 'pipe' });
    return { path };
  } catch (error) {
    rmSync(path, { recursive: true });
    return { reason: `no tmpfs can be mounted: ${error instanceof Error ? error.message.trim() : error}` };
  }
}

const disk = mountSmallDisk();

afterAll(() => {
  if ('reason' in disk) return;
  execFileSync('/bin/umount', [disk.path]);
  rmSync(disk.path, { recursive: true });
});

const title = 'reason' in disk ? `on a full disk (skipped: ${disk.reason})` : 'on a full disk';

describe.skipIf('reason' in disk)(title, () => {
  const root = 'path' in disk ? disk.path : '';

  it.each([
    { format: 'files', name: 'pages', by: 'body' },
    { format: 'files', name: 'drafted', by: 'draft' },
    { format: 'ndjson', name: 'pages.ndjson', by: 'body' },
    { format: 'sqlite', name: 'pages.db', by: 'body' },
    { format: 'sqlite', name: 'drafted.db', by: 'draft' },
    { format: 'warc', name: 'pages.warc', by: 'body' },
    { format: 'warc', name: 'drafted.warc', by: 'draft' },
  ] as const)('the $format store ($by) stops with a sentence, whole, and goes on when there is room', async (row) => {
    const path = join(root, row.name);
    const ballast = join(root, 'ballast');
    writeFileSync(ballast, Buffer.alloc(5.2 * 2 ** 20));
    const store = STORES[row.format]({ path, place: row.name });
    const body = Buffer.from(JSON.stringify('x'.repeat(40_000)));
    const pages = Array.from({ length: 30 }, (_, n) => makePage(`https://example.com/${n}`));

    const session = await store.open(runOptions(path));
    const told: number[] = [];
    const errors: unknown[] = [];
    const keep = async (page: (typeof pages)[number], n: number) => {
      try {
        let kept: Body = { chunks: [body] };
        if (row.by === 'draft' && session.draft !== undefined) {
          const draft = await session.draft(page);
          await draft.write(body);
          kept = { draft };
        }
        await session.keep(page, recordOf(page, body), kept);
        told.push(n);
      } catch (error) {
        errors.push(error);
      }
    };
    for (let at = 0; at < pages.length; at += 5)
      await Promise.all(pages.slice(at, at + 5).map((page, n) => keep(page, at + n)));
    await session.close();

    expect(told.length).toBeGreaterThan(5);
    expect(errors.length).toBeGreaterThan(0);
    for (const error of errors) {
      expect(error).toBeInstanceOf(StoreError);
      expect(String(error)).toMatch(
        / could not be written: the disk is full\. Free some space and run the same command again; the \d+ pages stored so far are whole\./,
      );
    }
    const stored = storedRecords(row.format, path).map((record) => record.url);
    for (const n of told) expect(stored).toContain(`https://example.com/${n}`);

    rmSync(ballast);
    const next = await store.open(runOptions(path));
    expect(next.notices).toEqual([]);
    for (const page of pages) {
      if (!next.has(page)) await next.keep(page, recordOf(page, body), { chunks: [body] });
    }
    await next.close();
    const records = storedRecords(row.format, path);
    expect(records.map((record) => record.url).sort()).toEqual(pages.map((page) => page.url).sort());
    for (const record of records) {
      if (record.file !== undefined) expect(readFileSync(join(path, record.file)).equals(body)).toBe(true);
      else
        expect(record.body).toBe(
          row.format === 'sqlite' || row.format === 'warc' ? body.toString() : 'x'.repeat(40_000),
        );
    }
    rmSync(path, { recursive: true });
  });
});
