import { UsageError } from '../core/failure.ts';
import type { HeaderLines } from '../core/page.ts';
import { TOKEN } from '../input/header-fields.ts';
import type { OptionFiles } from './surroundings.ts';
import { quoted } from './wrong-value.ts';

/** What the -H options say. */
export interface HeaderWishes {
  /** In order, names in lower case. */
  readonly lines: HeaderLines;
  /** Names of `Name:` lines: headers that are not to be sent even where they would be by default. */
  readonly left: ReadonlySet<string>;
}

/** What a value cannot carry (RFC 9110 §5.5): control characters but the tab, and what Latin-1 does not know. */
const NOT_IN_VALUE = /[^\t\x20-\x7e\x80-\xff]/;

/** What is said of a text that `isHeaderValue` denies. */
export const NO_VALUE = 'holds a character that HTTP headers cannot carry';

const OF_THE_CONNECTION = 'it belongs to the connection, which is not yours to steer';
/** Headers that are made for each request or each connection; one of the user's would break it. */
const MANAGED: Readonly<Record<string, string>> = {
  host: 'it is made from the URL; --resolve sends a host to another address',
  'content-length': 'it is made from the body',
  'accept-encoding': 'bodies are decoded, so what can be decoded is what is asked for',
  'proxy-authorization': 'give name and password in the URL of --proxy',
  connection: OF_THE_CONNECTION,
  'keep-alive': OF_THE_CONNECTION,
  'proxy-connection': OF_THE_CONNECTION,
  'transfer-encoding': OF_THE_CONNECTION,
  upgrade: OF_THE_CONNECTION,
  'http2-settings': OF_THE_CONNECTION,
  te: OF_THE_CONNECTION,
  trailer: OF_THE_CONNECTION,
  expect: OF_THE_CONNECTION,
};
/** Never sent, so that curl's `-H 'Expect:'` asks for what happens anyway. */
const NEVER_SENT = new Set(['expect', 'te', 'trailer', 'upgrade', 'http2-settings', 'keep-alive', 'proxy-connection']);

/**
 * Reads -H options as curl does: `Name: value`, `Name;` for an empty one, `Name:` for one to leave out, `@file` for one a line.
 * A message names the header, never its value: that may be a secret.
 *
 * @throws UsageError
 */
export function readHeaderLines(options: readonly string[], files: OptionFiles): HeaderWishes {
  const lines: [string, string][] = [];
  const left = new Set<string>();
  for (const option of options) {
    const texts = option.startsWith('@') ? linesOf(files.text('--header', option.slice(1))) : [option];
    for (const text of texts) {
      const { name, value } = readLine(text);
      if (value === undefined) left.add(name);
      else lines.push([name, value]);
    }
  }
  return { lines, left };
}

function linesOf(text: string): readonly string[] {
  return text.split(/\r?\n/).filter((line) => line.trim() !== '');
}

function readLine(text: string): { readonly name: string; readonly value: string | undefined } {
  const colon = text.indexOf(':');
  const empty = colon === -1 && text.trimEnd().endsWith(';');
  if (colon === -1 && !empty) {
    throw new UsageError("--header: a header without a colon; write it as 'Name: value', or @file for a file of them");
  }
  const shown = empty ? text.trimEnd().slice(0, -1) : text.slice(0, colon);
  const name = shown.toLowerCase();
  if (!TOKEN.test(name)) {
    throw new UsageError(`--header: ${quoted(shown)} is no name of a header; write it as 'Name: value'`);
  }
  const value = empty ? '' : trimBlanks(text.slice(colon + 1));
  if (!isHeaderValue(value)) throw new UsageError(`--header: the value of ${shown} ${NO_VALUE}`);
  const leaveOut = !empty && value === '';
  const why = Object.hasOwn(MANAGED, name) ? MANAGED[name] : undefined;
  if (why !== undefined && !(leaveOut && NEVER_SENT.has(name))) {
    throw new UsageError(`--header: ${shown} cannot be given: ${why}`);
  }
  return { name, value: leaveOut ? undefined : value };
}

/** Blanks only: any other white space is a character of the value, or refused. */
function trimBlanks(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, '');
}

/** True where a text can be a header's value. */
export function isHeaderValue(text: string): boolean {
  return !NOT_IN_VALUE.test(text);
}
