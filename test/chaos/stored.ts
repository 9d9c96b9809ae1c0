import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** A record of a store and, where it is OK, its body. */
export interface StoredRecord {
  readonly url: string;
  readonly outcome: string;
  readonly status?: number;
  readonly error?: { readonly code: string };
  readonly sha256?: string;
  readonly body?: Buffer;
}

interface Line {
  readonly url: string;
  readonly outcome: string;
  readonly file?: string;
  readonly body?: string;
  readonly bodyBase64?: string;
}

/** Every record that a store holds, in order. A torn last line is passed over. */
export function storedRecords(place: string): readonly StoredRecord[] {
  if (place.endsWith('.db')) return storedRows(place);
  const isFolder = place.endsWith('/');
  const log = isFolder ? join(place, 'manifest.ndjson') : place;
  if (!existsSync(log)) return [];
  const lines = readFileSync(log, 'utf8').split('\n').slice(0, -1);
  return lines.map((text) => {
    const line = JSON.parse(text) as Line;
    const { body: _, ...record } = line;
    return { ...record, ...bodyOf(line, place) };
  });
}

/** A row a page: what its last ask came to, and the version that is stored. */
function storedRows(place: string): readonly StoredRecord[] {
  if (!existsSync(place)) return [];
  const database = new DatabaseSync(place);
  try {
    const rows = database.prepare('SELECT url, outcome, status, errorCode, sha256, body FROM pages').all();
    return rows.map(({ url, outcome, status, errorCode, sha256, body }) => ({
      url: String(url),
      outcome: String(outcome),
      status: Number(status),
      sha256: String(sha256),
      ...(errorCode === null ? undefined : { error: { code: String(errorCode) } }),
      ...(body === null ? undefined : { body: Buffer.from(body as Uint8Array) }),
    }));
  } finally {
    database.close();
  }
}

function bodyOf({ file, body, bodyBase64 }: Line, place: string): { body: Buffer } | undefined {
  if (file !== undefined) return { body: readFileSync(join(place, file)) };
  if (bodyBase64 !== undefined) return { body: Buffer.from(bodyBase64, 'base64') };
  return body === undefined ? undefined : { body: Buffer.from(body) };
}
