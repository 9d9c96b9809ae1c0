import type { Head } from '../core/ports.ts';
import type { Completeness } from '../core/record.ts';

/** True where a response has no body whatever its fields say (RFC 9112 §6.3, rule 1). */
export function isBodyless(method: string, status: number): boolean {
  return method === 'HEAD' || status === 204 || status === 304;
}

/** The declared length of the body on the wire; undefined where there is none that could be read. */
export function declaredLength(head: Head): number | undefined {
  const value = head.headers['content-length']?.[0];
  return value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}

/**
 * How it is known that a body is whole, the strongest proof first: `content-length` (counted), `chunked` (its last chunk came),
 * `decoded` (a content coding came to its own end), `h2-end` (END_STREAM, which a server may also have faked with a NO_ERROR reset),
 * and at last `close-delimited`. Where there can be no body the head is the whole message, so its own framing is named.
 */
export function completeness(head: Head, method: string, decoded: boolean): Completeness {
  const http2 = head.httpVersion === '2';
  if (isBodyless(method, head.status)) return http2 ? 'h2-end' : 'content-length';
  const transferEncoding = head.headers['transfer-encoding'];
  if (!http2 && transferEncoding !== undefined) {
    const last = transferEncoding.at(-1)?.split(',').at(-1)?.trim().toLowerCase();
    if (last === 'chunked') return 'chunked';
    return decoded ? 'decoded' : 'close-delimited';
  }
  if (declaredLength(head) !== undefined) return 'content-length';
  if (decoded) return 'decoded';
  return http2 ? 'h2-end' : 'close-delimited';
}
