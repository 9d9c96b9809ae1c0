import type { Page } from '../core/page.ts';
import { printable } from '../core/policy/sanitise.ts';
import { parseUrlRanges } from '../input/url-ranges.ts';
import { AsideFile } from './aside-file.ts';

/** It may hold headers and credentials of its lines. */
const OWNER_ONLY = 0o600;
const MAX_TEXT = 2_000;

/** What the run says of pages that do not say otherwise: a line need not repeat it. */
export interface RunDefaults {
  readonly method: string;
  readonly body?: string | Uint8Array;
}

/** `--failed FILE`: the pages that are not OK, as a list that the same command can be given. */
export interface FailedList {
  /** A page, with all that its own line said. */
  page(page: Page): void;
  /** A line that is no page, as a comment `# LIST:NUMBER: why: text`. */
  invalid(line: string, why: string, text: string): void;
  /** Puts the list into its place, empty if nothing failed. @throws StoreError */
  commit(): Promise<void>;
  /** Leaves the place as it was. */
  discard(): Promise<void>;
}

/**
 * Begins the list beside its place; only `commit` replaces what is there. Memory is bounded whatever the number of pages.
 *
 * @throws StoreError where nothing can be written there
 */
export async function openFailedList(path: string, defaults: RunDefaults): Promise<FailedList> {
  const file = new AsideFile('--failed', path, OWNER_ONLY);
  return {
    page: (page) => file.append(`${requestLine(page, defaults)}\n`),
    invalid: (line, why, text) => {
      file.append(`# ${printable(line)}: ${printable(why, MAX_TEXT)}: ${printable(text, MAX_TEXT)}\n`);
    },
    commit: async () => file.commit(),
    discard: async () => file.discard(),
  };
}

/**
 * A line of a list that makes the same page again, key included: its URL where that says all, else a request in JSON. JSON also for a
 * URL with a range in it, which --expand would take apart.
 */
export function requestLine(page: Page, defaults: RunDefaults): string {
  const url = page.authorization === undefined ? page.url : withUserinfo(page.url, page.authorization);
  const fields: Record<string, unknown> = {};
  if (page.method !== defaults.method) fields.method = page.method;
  if (page.headers.length > 0) fields.headers = Object.fromEntries(page.headers);
  if (page.body !== undefined && !sameBody(page.body, defaults.body)) fields.body = bodyText(page.body);
  if (page.id !== undefined) fields.id = page.id;
  if (page.file !== undefined) fields.file = page.file;
  if (Object.keys(fields).length === 0 && meansItself(url)) return url;
  return JSON.stringify({ url, ...fields });
}

function meansItself(url: string): boolean {
  const ranges = parseUrlRanges(url);
  if (!ranges.ok || ranges.count !== 1) return false;
  const [only] = ranges.urls();
  return only === url;
}

/** The credentials go back to where they came from: as a header they would make it another page. */
function withUserinfo(url: string, authorization: string): string {
  const decoded = Buffer.from(authorization.slice('Basic '.length), 'base64').toString('latin1');
  const colon = decoded.indexOf(':');
  const name = percentEncode(decoded.slice(0, colon));
  const password = percentEncode(decoded.slice(colon + 1));
  return url.replace('://', () => `://${name}${password === '' ? '' : `:${password}`}@`);
}

/** As the URL standard writes userinfo (its percent-encode set, and the percent sign itself), a character a byte. */
function percentEncode(bytes: string): string {
  return bytes.replace(/[^!$&'()*+,\-.0-9A-Z_a-z~]/g, (byte) => {
    return `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
  });
}

function sameBody(body: string | Uint8Array, other: string | Uint8Array | undefined): boolean {
  return body === other || (other !== undefined && Buffer.from(body).equals(Buffer.from(other)));
}

/** A line's own body is always text: bytes come only from the run's --data, which `sameBody` has left out. */
function bodyText(body: string | Uint8Array): string {
  return typeof body === 'string' ? body : Buffer.from(body).toString('utf8');
}
