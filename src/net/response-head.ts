import type { Head } from '../core/ports.ts';
import type { HttpVersion } from '../core/record.ts';

/**
 * What headers are collected in: it inherits nothing, so any name can stand in it. `Object.create(null)` would do as much, but V8 keeps such
 * objects as hash tables, which cost three times as much to make and to write as JSON.
 */
class HeaderFields {
  readonly [name: string]: readonly string[];
}
Object.setPrototypeOf(HeaderFields.prototype, null);
Reflect.deleteProperty(HeaderFields.prototype, 'constructor');

/** The head as the record wants it: every name with the list of its values. Values are latin1, as undici gives them. */
export function responseHead(
  status: number,
  fields: Readonly<Record<string, string | string[] | undefined>>,
  httpVersion: HttpVersion,
): Head {
  const headers: Record<string, readonly string[]> = new HeaderFields();
  for (const name of Object.keys(fields)) {
    const value = fields[name];
    if (value === undefined) continue;
    headers[name] = typeof value === 'string' ? [value] : value;
  }
  return { status, headers, httpVersion };
}
