import type { HeaderLines } from '../core/page.ts';
import { readHeaderFields, TOKEN } from './header-fields.ts';
import { isIllFormed } from './page-url.ts';

/** A request as a line of JSON gives it, its URL unread. */
export interface JsonRequest {
  readonly ok: true;
  readonly url: string;
  readonly method: string | undefined;
  readonly headers: HeaderLines;
  readonly body: string | undefined;
  readonly id: string | undefined;
  readonly file: string | undefined;
}

export type JsonRequestResult = JsonRequest | { readonly ok: false; readonly why: string };

const FIELDS = new Set(['url', 'method', 'headers', 'body', 'id', 'file']);

/** Written in capitals whatever the case they come in; others are case-sensitive (RFC 9110 §9.1). */
const STANDARD_METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY']);

/** CONNECT makes a tunnel and TRACE shows credentials (RFC 9110 §9.3.6, §9.3.8). */
const REFUSED_METHODS = new Set(['CONNECT', 'TRACE']);

/**
 * Reads `{"url", "method", "headers", "body", "id", "file"}`; only `url` is required, and `null` is as if not given.
 * A body that is an object or a list is sent as its JSON text, as application/json where the line's headers do not say otherwise.
 */
export function readJsonRequest(line: string): JsonRequestResult {
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(line);
  } catch (error) {
    return refuse(whyNoJson(error));
  }
  for (const name of Object.keys(fields)) {
    if (!FIELDS.has(name)) {
      return refuse(`unknown field ${JSON.stringify(name.slice(0, 50))}; there are ${[...FIELDS].join(', ')}`);
    }
  }
  const { url, method, headers, body, id, file } = fields;
  if (typeof url !== 'string') return refuse(url === undefined ? 'url is missing' : 'url must be a string');
  const why = whyNoMethod(method) ?? whyNoId(id) ?? whyNoFile(file);
  if (why !== undefined) return refuse(why);
  if (!isAbsent(headers) && !isPlainObject(headers)) return refuse('headers must be an object of names to strings');
  const own = readHeaderFields(isPlainObject(headers) ? headers : {});
  if (!own.ok) return own;
  const read = readBody(body);
  if (!read.ok) return read;
  if ([url, id, file, read.text].some((text) => typeof text === 'string' && isIllFormed(text))) {
    return refuse('it holds half a surrogate pair, which UTF-8 cannot carry');
  }
  const needsType = read.isJson && !own.headers.some(([name]) => name === 'content-type');
  return {
    ok: true,
    url,
    method: typeof method === 'string' ? standardCase(method) : undefined,
    headers: needsType ? [...own.headers, ['content-type', 'application/json']] : own.headers,
    body: read.text,
    id: isAbsent(id) ? undefined : String(id),
    file: typeof file === 'string' ? file : undefined,
  };
}

function refuse(why: string): { readonly ok: false; readonly why: string } {
  return { ok: false, why };
}

/** V8's own words quote the line, which may hold secrets: only the place is taken from them. */
function whyNoJson(error: unknown): string {
  const message = error instanceof Error ? error.message : '';
  const position = /at position (\d+)/.exec(message)?.[1];
  if (position !== undefined) return `not valid JSON at character ${Number(position) + 1}`;
  return message.includes('end of JSON') ? 'not valid JSON: it ends too early' : 'not valid JSON';
}

function whyNoMethod(method: unknown): string | undefined {
  if (isAbsent(method)) return undefined;
  if (typeof method !== 'string' || !TOKEN.test(method)) return 'method must be a word such as GET';
  if (REFUSED_METHODS.has(method.toUpperCase())) return `method ${method.toUpperCase()} cannot be used for pages`;
  return undefined;
}

function whyNoId(id: unknown): string | undefined {
  if (isAbsent(id) || typeof id === 'string' || Number.isSafeInteger(id)) return undefined;
  return 'id must be a string (or a whole number)';
}

function whyNoFile(file: unknown): string | undefined {
  if (isAbsent(file) || (typeof file === 'string' && file !== '')) return undefined;
  return 'file must be a string that is not empty';
}

type ReadBody =
  | { readonly ok: true; readonly text: string | undefined; readonly isJson: boolean }
  | { readonly ok: false; readonly why: string };

function readBody(body: unknown): ReadBody {
  if (isAbsent(body)) return { ok: true, text: undefined, isJson: false };
  if (typeof body === 'string') return { ok: true, text: body, isJson: false };
  if (typeof body !== 'object') return refuse('body must be a string, an object or a list');
  try {
    return { ok: true, text: JSON.stringify(body), isJson: true };
  } catch (error) {
    if (error instanceof RangeError) return refuse('body is nested too deeply; give it as a string');
    throw error;
  }
}

function standardCase(method: string): string {
  const upper = method.toUpperCase();
  return STANDARD_METHODS.has(upper) ? upper : method;
}

function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
