import type { Head } from '../core/ports.ts';
import type { HttpVersion, ResponseHeaders } from '../core/record.ts';

/** The head as the record wants it: every name with the list of its values, in an object without a prototype. Values are latin1, as undici gives them. */
export function responseHead(
  status: number,
  fields: Readonly<Record<string, string | string[] | undefined>>,
  httpVersion: HttpVersion,
): Head {
  const headers: Record<string, readonly string[]> = Object.create(null);
  for (const name of Object.keys(fields)) {
    const value = fields[name];
    if (value === undefined) continue;
    headers[name] = typeof value === 'string' ? [value] : value;
  }
  return { status, headers: headers as ResponseHeaders, httpVersion };
}
