import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { summarise, summaryText, writeSummary } from '../../src/cli/summary.ts';
import { verdictOf } from './verdict.ts';

const FACTS = {
  program: '1.2.3',
  exitCode: 1,
  startedWall: Date.UTC(2026, 0, 2, 3, 4, 5),
  endedWall: Date.UTC(2026, 0, 2, 3, 4, 6, 250),
  format: 'files',
  place: 'pages/',
} as const;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fetch-pages-summary-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('the verdict, field by field', () => {
  const failures = [{ code: 'HTTP_404', message: 'Not Found', pages: 1, examples: ['https://a.example/'] }];
  const summary = summarise(verdictOf({ ok: 3, notOk: 1, failures, stopped: 'SIGINT', listRead: false }), FACTS);
  expect(JSON.parse(summaryText(summary))).toEqual({
    version: 1,
    program: '1.2.3',
    exitCode: 1,
    startedAt: '2026-01-02T03:04:05.000Z',
    endedAt: '2026-01-02T03:04:06.250Z',
    elapsedSeconds: 1.25,
    waitedSeconds: 0.5,
    stopped: 'SIGINT',
    list: { read: false, truncated: false, duplicates: 2 },
    pages: { total: 4, ok: 3, notOk: 1, unfinished: 0, alreadyStored: 1, unchanged: 0, invalid: 0 },
    failures,
    traffic: { attempts: 3, requests: 5, retries: 1, refusals: 1, wireBytes: 100, bytes: 400 },
    store: { format: 'files', place: 'pages/' },
  });
});

test('what did not happen is absent', () => {
  const summary = summarise(verdictOf({}), FACTS);
  expect(summary).not.toHaveProperty('stopped');
  expect(summary).not.toHaveProperty('storeFailure');
  expect(summarise(verdictOf({ storeFailure: 'full' }), FACTS)).toMatchObject({ storeFailure: 'full' });
});

test('takes the place of an older one, and leaves nothing beside it', () => {
  const path = join(folder, 's.json');
  writeFileSync(path, 'old');
  const summary = summarise(verdictOf({}), FACTS);
  writeSummary(path, summary);
  expect(readFileSync(path, 'utf8')).toBe(summaryText(summary));
  expect(readdirSync(folder)).toEqual(['s.json']);
});
