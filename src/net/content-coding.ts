import * as zlib from 'node:zlib';
import type { Head } from '../core/ports.ts';

export type Coding = 'gzip' | 'br' | 'zstd' | 'deflate';

const NAMES: Readonly<Record<string, Coding>> = {
  gzip: 'gzip',
  'x-gzip': 'gzip',
  br: 'br',
  zstd: 'zstd',
  deflate: 'deflate',
};

const ZSTD_AVAILABLE = typeof zlib.createZstdDecompress === 'function';

/** Node 22 takes a zstd frame that was cut for a whole one: there it is not asked for. */
export const ZSTD_NOTICES_CUTS = ZSTD_AVAILABLE && noticesCuts();

function noticesCuts(): boolean {
  const frame = zlib.zstdCompressSync('whole');
  try {
    zlib.zstdDecompressSync(frame.subarray(0, -1));
    return false;
  } catch {
    return true;
  }
}

/** What is asked for where the request does not say otherwise. */
export const ACCEPT_ENCODING = ZSTD_NOTICES_CUTS ? 'gzip, br, zstd, deflate' : 'gzip, br, deflate';

function* tokens(fields: readonly string[] | undefined): Generator<string> {
  for (const field of fields ?? []) {
    for (const token of field.split(',')) {
      const name = token.trim().toLowerCase();
      if (name !== '') yield name;
    }
  }
}

/**
 * The codings to undo, outermost (last applied) first: RFC 9110 §8.4, and transfer codings other than chunked (RFC 9112 §6.1), which
 * lie around them. What is inside an unknown coding (`aws-chunked`, `utf-8`, `compress`) stays as it is.
 */
export function codingsOf(head: Head): readonly Coding[] {
  const content = head.headers['content-encoding'];
  const transfer = head.headers['transfer-encoding'];
  if (content === undefined && transfer === undefined) return [];
  const applied = [...tokens(content), ...tokens(transfer)].filter((name) => name !== 'identity' && name !== 'chunked');
  const codings: Coding[] = [];
  for (const name of applied.reverse()) {
    const coding = Object.hasOwn(NAMES, name) ? NAMES[name] : undefined;
    if (coding === undefined || (coding === 'zstd' && !ZSTD_AVAILABLE)) break;
    codings.push(coding);
  }
  return codings;
}

/** `deflate` is zlib's format by RFC 9110 §8.4.1.2, but some servers send raw deflate: the header's check tells them apart (RFC 1950 §2.2). */
export function isZlibFormat(first: number, second: number | undefined): boolean {
  return (first & 0x0f) === 8 && (second === undefined || ((first << 8) | second) % 31 === 0);
}
