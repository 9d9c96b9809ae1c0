import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { StoreFormat } from '../../src/core/config.ts';
import type { PageRecord } from '../../src/core/record.ts';
import { readRecords } from './store-pages.ts';
import { readArchive } from './warc-archive.ts';

/** A record as a store gives it back, with the body where it stands in the store itself. */
export type StoredRecord = Partial<PageRecord> & Pick<PageRecord, 'url' | 'outcome'> & { readonly body?: unknown };

/** What a store holds, in the order in which it was kept; invalid lines last where they are kept by themselves. */
export function storedRecords(format: Exclude<StoreFormat, 'none'>, path: string): readonly StoredRecord[] {
  if (format === 'files') return readRecords(join(path, 'manifest.ndjson'));
  if (format === 'warc') return recordsOfArchive(path);
  return format === 'sqlite' ? rowsOf(path) : readRecords(path);
}

function rowsOf(path: string): StoredRecord[] {
  if (!existsSync(path)) throw new Error(`${path} is not there`);
  const database = new DatabaseSync(path);
  try {
    const pages = database.prepare('SELECT * FROM pages ORDER BY rowid').all();
    const invalid = database.prepare("SELECT text AS url, 'invalid' AS outcome, line FROM invalid").all();
    return [...pages, ...invalid].map((row) => {
      const { headers, redirects, ...rest } = row;
      const fields = { ...rest, headers: parsed(headers), redirects: parsed(redirects) };
      return Object.fromEntries(Object.entries(fields).filter(([, value]) => value != null)) as unknown as StoredRecord;
    });
  } finally {
    database.close();
  }
}

/** Each record with the body of the last answer before it, where it is OK. */
function recordsOfArchive(path: string): StoredRecord[] {
  const { records, problems } = readArchive(path, { payloads: true });
  if (problems.length > 0) throw new Error(`${path}: ${problems.join('; ')}`);
  let body: string | undefined;
  return records.flatMap(({ type, decoded, json }) => {
    if (type === 'response') body = Buffer.from(decoded ?? '', 'base64').toString();
    if (json === undefined) return [];
    return [json.outcome === 'ok' ? { ...json, body } : json];
  });
}

function parsed(json: unknown): unknown {
  return typeof json === 'string' ? JSON.parse(json) : undefined;
}
