import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Page } from '../../src/core/page.ts';
import { hashKey, hashText, pageKey } from '../../src/core/page-key.ts';
import type { StoreOptions } from '../../src/core/ports.ts';
import type { PageRecord } from '../../src/core/record.ts';

/** A page of a list; `body` and `headers` make it a keyed one. */
export function makePage(url: string, more: Partial<Page> = {}): Page {
  const { href, origin } = new URL(url);
  const method = more.method ?? 'GET';
  const headers = more.headers ?? [];
  const key = pageKey({ method, url: href, headers });
  return {
    url: href,
    origin,
    method,
    headers,
    line: 'urls.txt:1',
    keyed: headers.length > 0,
    ...hashKey(key),
    ...more,
  };
}

export function makeRecord(page: Page, more: Partial<PageRecord> = {}): PageRecord {
  return {
    url: page.url,
    method: page.method,
    ...(page.keyed ? { key: hashText(page) } : {}),
    line: page.line,
    outcome: 'ok',
    fetchedAt: '2026-11-22T10:00:00.000Z',
    status: 200,
    finalUrl: page.url,
    attempts: 1,
    requests: 1,
    httpVersion: '2',
    contentType: 'application/json',
    headers: { 'content-type': ['application/json'], etag: ['"a"'] },
    complete: 'h2-end',
    elapsedMs: 12,
    waitedMs: 0,
    ...more,
  };
}

/** An OK record that tells the length and the digest of its body. */
export function recordOf(page: Page, body: Buffer, more: Partial<PageRecord> = {}): PageRecord {
  return makeRecord(page, { bytes: body.length, sha256: createHash('sha256').update(body).digest('hex'), ...more });
}

export function runOptions(path: string, more: Partial<StoreOptions> = {}): StoreOptions {
  return { path, mode: 'run', restart: false, request: { method: 'GET' }, ...more };
}

/** A folder that goes when the test ends. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'fetch-pages-store-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Every file below a folder with its content, by its path relative to it. */
export function snapshot(folder: string): Record<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const files = entries.map((entry) => join(entry.parentPath, entry.name)).sort();
  return Object.fromEntries(files.map((file) => [relative(folder, file), readFileSync(file, 'latin1')]));
}

/** The records of a log, each line of which must be whole JSON. */
export function readRecords(path: string): (PageRecord & { readonly body?: unknown; readonly bodyBase64?: string })[] {
  const text = readFileSync(path, 'utf8');
  if (text !== '' && !text.endsWith('\n')) throw new Error(`${path} ends in a torn line`);
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}
