import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { TrailStep } from '../../src/core/ports.ts';
import type { PageRecord } from '../../src/core/record.ts';

const READER = fileURLToPath(new URL('read_warc.py', import.meta.url));

/** A record as `read_warc.py` tells it. */
export interface ReadRecord {
  readonly offset: number;
  readonly length: number;
  readonly type: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly protocols: readonly string[];
  /** First line of the HTTP head. */
  readonly start?: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly payloadBytes?: number;
  /** base64, with `payloads` only. */
  readonly payload?: string;
  readonly decoded?: string;
  readonly json?: PageRecord;
  readonly info?: Readonly<Record<string, string>>;
}

/** Reads an archive with a reader that shares no code with ours. */
export function readArchive(path: string, { payloads = false } = {}) {
  const argv = [READER, path, ...(payloads ? ['--payloads'] : [])];
  const text = execFileSync('python3', argv, { encoding: 'utf8', maxBuffer: 2 ** 30 });
  return JSON.parse(text) as { readonly records: readonly ReadRecord[]; readonly problems: readonly string[] };
}

/** The pages' own records of an archive in which everything is as it has to be. */
export function readMetadata(path: string): PageRecord[] {
  const { records, problems } = readArchive(path);
  if (problems.length > 0) throw new Error(`${path}: ${problems.join('; ')}`);
  return records.flatMap(({ json }) => (json === undefined ? [] : [json]));
}

export function makeStep(url: string, more: Partial<TrailStep> = {}): TrailStep {
  return {
    url,
    method: 'GET',
    requestHeaders: { accept: '*/*', authorization: '[redacted]' },
    startedWall: Date.UTC(2026, 10, 22, 10, 0, 0, 125),
    head: { status: 200, headers: { 'content-type': ['text/html'], etag: ['"a"'] }, httpVersion: '2' },
    remoteAddress: '192.0.2.7',
    body: [],
    bodyCut: false,
    ...more,
  };
}
