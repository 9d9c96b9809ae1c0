import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

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

function bodyOf({ file, body, bodyBase64 }: Line, place: string): { body: Buffer } | undefined {
  if (file !== undefined) return { body: readFileSync(join(place, file)) };
  if (bodyBase64 !== undefined) return { body: Buffer.from(bodyBase64, 'base64') };
  return body === undefined ? undefined : { body: Buffer.from(body) };
}
