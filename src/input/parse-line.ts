import type { InputItem, Page } from '../core/page.ts';
import { bodyDigest, hashKey, pageKey } from '../core/page-key.ts';
import { invalidText } from './invalid-text.ts';
import { type JsonRequest, readJsonRequest } from './json-request.ts';
import { type PageUrl, pageUrlReader } from './page-url.ts';

/** The run's own method and data, for lines that do not say otherwise. */
export interface RequestDefaults {
  readonly method: string;
  readonly body?: string | Uint8Array;
}

export interface LineParser {
  /** One line of a list: a page, why it is none, or nothing (blank, or a comment). Never throws. */
  line(text: string, line: string): InputItem | undefined;
  /** One URL, whatever it looks like. Never throws. */
  url(text: string, line: string): InputItem;
}

type RunBody = { readonly body: string | Uint8Array; readonly digest: string };

export function lineParser(defaults: RequestDefaults): LineParser {
  const { method } = defaults;
  const runBody = defaults.body === undefined ? undefined : { body: defaults.body, digest: bodyDigest(defaults.body) };
  const readUrl = pageUrlReader();

  const url = (text: string, line: string): InputItem => {
    const read = readUrl(trimBlanks(text));
    if (!read.ok) return invalid(text, line, read.why);
    const isPlain = runBody === undefined && read.authorization === undefined;
    return {
      type: 'page',
      page: isPlain ? plainPage(read, method, line) : requestPage(read, { method, line, runBody }),
    };
  };

  const json = (text: string, line: string): InputItem => {
    const request = readJsonRequest(text);
    if (!request.ok) return invalid(text, line, request.why);
    const read = readUrl(trimBlanks(request.url));
    if (!read.ok) return invalid(text, line, read.why);
    return { type: 'page', page: requestPage(read, { method: request.method ?? method, line, runBody, request }) };
  };

  return {
    url,
    line: (text, line) => {
      const trimmed = trimLine(text);
      if (isNothing(trimmed)) return undefined;
      return trimmed.startsWith('{') ? json(trimmed, line) : url(trimmed, line);
    },
  };
}

/** What cannot be a page: with a text that may be told. */
export function invalid(text: string, line: string, why: string): InputItem {
  return { type: 'invalid', line, text: invalidText(trimLine(text)), why };
}

/** True for a blank line and a comment. `line` is trimmed. */
export function isNothing(line: string): boolean {
  return line === '' || line.startsWith('#');
}

/** Without blanks around it, and without the byte order mark that a list may begin with (or a list within one, after `cat`). */
export function trimLine(text: string): string {
  return trimBlanks(text.startsWith('\ufeff') ? text.slice(1) : text);
}

/** Spaces and tabs only: `String.trim` would take characters that a URL may end with. */
function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

function isBlank(charCode: number): boolean {
  return charCode === 0x20 || charCode === 0x09;
}

const NO_HEADERS: Page['headers'] = [];

/** The common case, and the fast one. */
function plainPage({ url, origin }: PageUrl, method: string, line: string): Page {
  const { hashHigh, hashLow } = hashKey(pageKey({ method, url, headers: NO_HEADERS }));
  return { url, origin, method, headers: NO_HEADERS, line, hashHigh, hashLow, keyed: false };
}

interface RequestParts {
  readonly method: string;
  readonly line: string;
  readonly runBody: RunBody | undefined;
  readonly request?: JsonRequest;
}

function requestPage({ url, origin, ...userinfo }: PageUrl, { method, line, runBody, request }: RequestParts): Page {
  const headers = request?.headers ?? NO_HEADERS;
  // A header that the line names wins over the URL's userinfo, which then is as if it were not there.
  const isOwn = headers.some(([name]) => name === 'authorization');
  const { user, authorization } = isOwn ? {} : userinfo;
  const ownBody = request?.body;
  const body = ownBody ?? runBody?.body;
  const digest = ownBody === undefined ? runBody?.digest : bodyDigest(ownBody);
  const identity = {
    method,
    url,
    headers,
    ...(user !== undefined && { user }),
    ...(digest !== undefined && { bodyDigest: digest }),
  };
  return {
    url,
    origin,
    method,
    headers,
    ...(body !== undefined && { body }),
    ...(authorization !== undefined && { authorization }),
    ...(request?.id !== undefined && { id: request.id }),
    ...(request?.file !== undefined && { file: request.file }),
    line,
    ...hashKey(pageKey(identity)),
    keyed: headers.length > 0 || body !== undefined || authorization !== undefined,
  };
}
