import type { Page } from '../core/page.ts';
import { hashText } from '../core/page-key.ts';

/** What a name is made from. */
export type NamedPage = Pick<Page, 'method' | 'url' | 'hashHigh' | 'hashLow' | 'keyed' | 'file'>;

export interface PageFile {
  /** Relative to the store's folder, `/` between parts. */
  readonly name: string;
  /**
   * Present where the name is the user's own wish, as it is: another page may have been given the same. The name to fall back on then,
   * which no other page has.
   */
  readonly ifTaken?: string;
}

/** Of a part, and of the folders together: with a file of 120 bytes a whole name is at most 240. */
const MAX_PART = 120;
const MAX_HOST = 80;
const MAX_FOLDERS = 119;

/** Of a file whose URL (or wish) gives no extension. The type that the server told is in the record; a name must not hang on it. */
const BODY = 'body';
const EXTENSION = /^(.+)\.([a-z][a-z0-9]{0,7})$/i;
/** Of a part with its dots cut off at the first: device names of Windows, with any extension. */
const RESERVED = /^(con|prn|aux|nul|com[0-9]|lpt[0-9]|conin|conout)$/i;

/**
 * Extensions that are no top-level domain: a host's folder never ends in one, and a wish for a file at the top of the store is taken
 * as it is only where it does. So `example.com` is never a folder for one page and a file for another.
 */
const NO_TOP_LEVEL_DOMAINS: ReadonlySet<string> = new Set(
  `${BODY} atom avif bin bmp bz2 cfg conf csv css dat doc docx epub flac geojson gif gz htm html ico ini ipynb jpeg jpg js json jsonl log
  mp3 mp4 ndjson ods odt ogg parquet pdf png ppt pptx raw rss rtf sql svg tar tex text tgz tiff toml tsv txt wav webm webp xhtml xls xlsx
  xml xz yaml yml zst`.split(/\s+/),
);

/**
 * The file of a page, a pure function of its request: `https://api.example.com/items/1` is `api.example.com/items/1.body`.
 *
 * The scheme, so that names are plain where URLs are, and distinct all the same, whatever the case rules and reserved names of the system:
 *
 * - The host's folder: `example.com` for https, `http+example.com` for http, `example.com+8443` with a port; a host without a dot
 *   always has its port (`localhost+443`). `+` stands in no name that is taken over as it is, so none of these meet.
 * - Folders are the path's, without anything that looks like an extension; a file always ends in an extension, its own or `.body`. So
 *   `/a` and `/a/b` do not meet (`a.body`, `a/b.body`). `/a/` is `a/index.body`.
 * - The query follows `@`, its `&` written as `,`: `/items?page=2&size=50` is `items@page=2,size=50.body`.
 * - Everything is taken over as it is from lower-case ASCII letters, digits and `-_.` (with `=+` in a query). Wherever something had to be
 *   changed, dropped or cut, was upper-case (`/A` and `/a` are one file on macOS and Windows) or is reserved on Windows, and for methods
 *   other than GET and pages whose key holds more than method and URL, `~` and the page's 16 hex digits follow. Names with `~` are told
 *   apart by the digits; names without can be read back into their URL, so they are told apart as well.
 *
 * Rejected: a hash in every name (nobody can read them); percent signs (cmd.exe expands them); the type of the answer for an extension
 * (the name would no longer hang on the request alone, so a second run could not know it).
 *
 * The user's wish (`file` of a JSON line) is made safe in the same way, keeps its upper case, and stays inside the store. It is taken as it is where nothing
 * had to be changed; it gets the digits also where it could meet a name made from a URL: a first folder with a dot, a file at the top
 * whose extension could end a host name.
 */
export function pageFile(page: NamedPage): PageFile {
  return (page.file === undefined ? undefined : wishedFile(page, page.file)) ?? { name: nameFromUrl(page) };
}

/** A name with what went into it: `exact` is false where the digits must follow. */
interface Part {
  readonly text: string;
  readonly exact: boolean;
}

function nameFromUrl(page: NamedPage): string {
  const { url } = page;
  const mark = url.indexOf('?');
  const pathEnd = mark === -1 ? url.length : mark;
  const lastSlash = url.lastIndexOf('/', pathEnd - 1);
  const folders = foldersOfUrl(url.slice(0, lastSlash));
  const leaf = leafOf(url.slice(lastSlash + 1, pathEnd));
  const query = mark === -1 ? undefined : queryOf(url.slice(mark + 1));
  const stem = query === undefined ? leaf.text : `${leaf.text}@${query.text}`;
  const exact = folders.exact && leaf.exact && (query === undefined || query.exact);
  const plain = exact && page.method === 'GET' && !page.keyed;
  return `${folders.text}/${fileName({ text: stem, exact: plain }, leaf.extension, page)}`;
}

function wishedFile(page: NamedPage, wish: string): PageFile | undefined {
  const raw = wish.split(/[\\/]/).filter((part) => part !== '' && part !== '.');
  const inside = raw.filter((part) => part !== '..');
  const last = inside.pop();
  if (last === undefined) return undefined;
  const [, rawStem = last, extension = BODY] = EXTENSION.exec(last) ?? [];
  const stem = slug(rawStem);
  const folders = foldersOf(inside.map(folder));
  const first = inside[0];
  const clear =
    first === undefined
      ? NO_TOP_LEVEL_DOMAINS.has(extension.toLowerCase()) && last.toLowerCase() !== 'manifest.ndjson'
      : !first.includes('.');
  const plain = stem.exact && folders.exact && clear && inside.length === raw.length - 1;
  const prefix = folders.text === '' ? '' : `${folders.text}/`;
  const name = `${prefix}${fileName({ text: stem.text, exact: plain }, extension, page)}`;
  const ifTaken = `${prefix}${fileName({ text: stem.text, exact: false }, extension, page)}`;
  return name === ifTaken ? { name } : { name, ifTaken };
}

/** Folders need not be distinct, only their files; so what is lost here is made up for by the digits of the file. */
function foldersOf(parts: readonly Part[]): Part {
  const kept: string[] = [];
  let bytes = 0;
  let exact = true;
  for (const part of parts) {
    if (!part.exact) exact = false;
    if (part.text === '') continue;
    if (bytes + part.text.length + 1 > MAX_FOLDERS) return { text: kept.join('/'), exact: false };
    kept.push(part.text);
    bytes += part.text.length + 1;
  }
  return { text: kept.join('/'), exact };
}

let lastFolders: { readonly start: string; readonly folders: Part } | undefined;

/** Most pages follow another one of their folder. @param start of a URL, up to its last folder's end */
function foldersOfUrl(start: string): Part {
  if (lastFolders?.start !== start) {
    const url = new URL(`${start}/`);
    const segments = url.pathname.slice(1, -1).split('/').map(folder);
    const { text, exact } = foldersOf([hostFolder(url), ...(url.pathname === '/' ? [] : segments)]);
    lastFolders = { start, folders: { text, exact: exact && isLowerCase(url.pathname) } };
  }
  return lastFolders.folders;
}

function hostFolder(url: URL): Part {
  const name = url.hostname;
  const bare = name.slice(0, MAX_HOST).replace(/^\.+|\.+$/g, '');
  // A number, a country or `com` is a fine end of a host; an extension is made none.
  const end = EXTENSION.exec(bare)?.[2]?.toLowerCase();
  const keepsEnd = end !== undefined && !NO_TOP_LEVEL_DOMAINS.has(end);
  const { text } = keepsEnd ? slug(bare) : folder(bare);
  const secure = url.protocol === 'https:';
  const port = url.port !== '' ? url.port : text.includes('.') ? '' : secure ? '443' : '80';
  const decorated = `${secure ? '' : 'http+'}${text}${port === '' ? '' : `+${port}`}`;
  return { text: decorated, exact: text === name };
}

function folder(raw: string): Part {
  const short = slug(raw).text.slice(0, MAX_PART).replace(/\.+$/, '');
  const text = EXTENSION.test(short) ? short.replace(/\.([^.]*)$/, '-$1') : short;
  return { text, exact: text === raw && raw !== '' };
}

/** The last segment: a slash at the end stands for `index`, which is why a segment of that name is told apart by its digits. */
function leafOf(raw: string): Part & { readonly extension: string } {
  if (raw === '') return { text: 'index', exact: true, extension: BODY };
  const [, stem = raw, extension] = EXTENSION.exec(raw) ?? [];
  const part = slug(stem);
  const taken = extension === undefined ? raw === 'index' : extension.toLowerCase() === BODY;
  return { text: part.text, exact: part.exact && !taken && isLowerCase(raw), extension: extension ?? BODY };
}

function queryOf(raw: string): Part {
  const fields = raw.replaceAll('&', ',');
  const { text } = slug(fields, /[^A-Za-z0-9._=+,-]+/g);
  return { text, exact: raw !== '' && !raw.includes(',') && text === fields && isLowerCase(raw) };
}

/** As URLs are: their letters are ASCII. */
function isLowerCase(text: string): boolean {
  return !/[A-Z]/.test(text);
}

function fileName(stem: Part, extension: string, page: NamedPage): string {
  const plain = `${stem.text}.${extension}`;
  const safe = safeStart(plain);
  if (stem.exact && safe === plain && plain.length <= MAX_PART) return plain;
  const digits = hashText(page);
  const room = MAX_PART - digits.length - extension.length - 2;
  return `${safeStart(stem.text).slice(0, room)}~${digits}.${extension}`;
}

function slug(raw: string, unsafe = /[^A-Za-z0-9._-]+/g): Part {
  const text = safeStart(raw.replace(/%[0-9A-Fa-f]{2}/g, '\0').replace(unsafe, '-'));
  return { text, exact: text === raw };
}

/** No option for `rm *`, no device of Windows, no name of dots. */
function safeStart(text: string): string {
  const base = text.split('.', 1)[0] ?? '';
  return text.startsWith('-') || RESERVED.test(base) || /^\.+$/.test(text) ? `_${text}` : text;
}
