import { DEFAULTS, type RequestConfig } from '../core/config.ts';
import { UsageError } from '../core/failure.ts';
import { TOKEN } from '../input/header-fields.ts';
import { type HeaderWishes, isHeaderValue, NO_VALUE, readHeaderLines } from './header-lines.ts';
import type { TypedOptions } from './option-rows/all.ts';
import { refuseTogether } from './option-values.ts';
import type { OptionFiles } from './surroundings.ts';
import { wrongValue } from './wrong-value.ts';

type Body = string | Uint8Array;

/** Written in capitals however they are typed; every other method is sent as it is (methods are case-sensitive, RFC 9110 §9.1). */
const STANDARD_METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY']);

/** CONNECT makes a tunnel and TRACE shows credentials (RFC 9110 §9.3.6, §9.3.8). */
const REFUSED_METHODS = new Set(['CONNECT', 'TRACE']);

/**
 * What is asked of every page: -X -I -H -d --json -u -A -b and --credentials-to, as in curl.
 *
 * An empty `userAgent` means that none is sent. Values that may be secrets are in no message.
 *
 * @param userAgent the default one
 * @throws UsageError
 */
export function resolveRequest(typed: TypedOptions, files: OptionFiles, userAgent: string): RequestConfig {
  refuseTogether(typed, 'data', 'json', 'a request has one body');
  refuseTogether(typed, 'head', 'data', 'a HEAD request has no body');
  refuseTogether(typed, 'head', 'json', 'a HEAD request has no body');
  const wishes = readHeaderLines(typed.header ?? [], files);
  refuseHeaderBeside(wishes, 'authorization', typed.user === undefined ? undefined : '--user');
  refuseHeaderBeside(wishes, 'cookie', typed.cookie === undefined ? undefined : '--cookie');
  refuseHeaderBeside(wishes, 'user-agent', typed.userAgent === undefined ? undefined : '--user-agent');
  const body = resolveBody(typed, files);
  const authorization = basicAuthorization(typed.user);
  const cookie = cookieHeader(typed.cookie);
  return {
    method: resolveMethod(typed, body !== undefined),
    userAgent: resolveUserAgent(typed, wishes, userAgent),
    headers: [...wishes.lines.filter(([name]) => name !== 'user-agent'), ...headersOfBody(typed, wishes)],
    ...(body === undefined ? {} : { body }),
    ...(authorization === undefined ? {} : { authorization }),
    ...(cookie === undefined ? {} : { cookie }),
    credentialsTo: [...new Set((typed.credentialsTo ?? []).map(originOf))],
  };
}

function refuseHeaderBeside(wishes: HeaderWishes, name: string, option: string | undefined): void {
  if (option === undefined) return;
  if (!wishes.left.has(name) && !wishes.lines.some(([given]) => given === name)) return;
  throw new UsageError(
    `${option} and the header ${name} of --header cannot be given together: they say the same thing`,
  );
}

function resolveMethod(typed: TypedOptions, hasBody: boolean): string {
  const word = typed.request;
  if (word === undefined) return typed.head ? 'HEAD' : hasBody ? 'POST' : DEFAULTS.method;
  if (!TOKEN.test(word)) throw wrongValue('--request', word, 'is not a method; write it as GET, POST or PUT');
  const upper = word.toUpperCase();
  const method = STANDARD_METHODS.has(upper) ? upper : word;
  if (REFUSED_METHODS.has(upper))
    throw wrongValue('--request', word, 'cannot be used for pages; write GET, POST or PUT');
  if (typed.head && method !== 'HEAD') refuseTogether(typed, 'head', 'request', 'they name two methods');
  if (method === 'HEAD' && hasBody) throw new UsageError('--request HEAD cannot have --data or --json: it has no body');
  return method;
}

function resolveUserAgent(typed: TypedOptions, wishes: HeaderWishes, userAgent: string): string {
  if (typed.userAgent !== undefined) {
    if (!isHeaderValue(typed.userAgent)) {
      throw wrongValue('--user-agent', typed.userAgent, NO_VALUE);
    }
    return typed.userAgent;
  }
  const own = wishes.lines.findLast(([name]) => name === 'user-agent');
  if (own !== undefined) return own[1];
  return wishes.left.has('user-agent') ? '' : userAgent;
}

/** Those that --data and --json bring, unless -H gives or leaves out the same. */
function headersOfBody(typed: TypedOptions, wishes: HeaderWishes): [string, string][] {
  const headers: [string, string][] = [];
  if (typed.data !== undefined) headers.push(['content-type', 'application/x-www-form-urlencoded']);
  if (typed.json !== undefined) headers.push(['content-type', 'application/json'], ['accept', 'application/json']);
  const given = new Set([...wishes.left, ...wishes.lines.map(([name]) => name)]);
  return headers.filter(([name]) => !given.has(name));
}

function resolveBody(typed: TypedOptions, files: OptionFiles): Body | undefined {
  if (typed.data !== undefined) return joinParts(readParts('--data', typed.data, files), '&');
  if (typed.json !== undefined) return joinParts(readParts('--json', typed.json, files), '');
  return undefined;
}

function readParts(option: string, words: readonly string[], files: OptionFiles): readonly Body[] {
  return words.map((word) => (word.startsWith('@') ? files.bytes(option, word.slice(1)) : word));
}

function joinParts(parts: readonly Body[], separator: string): Body {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const texts = parts.filter((part) => typeof part === 'string');
  if (texts.length === parts.length) return texts.join(separator);
  const pieces = parts.flatMap((part, index) => (index === 0 ? [part] : [separator, part]));
  return Buffer.concat(pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece)));
}

/** RFC 7617, in UTF-8. */
function basicAuthorization(user: string | undefined): string | undefined {
  if (user === undefined) return undefined;
  if (!user.includes(':')) {
    throw new UsageError('--user: there is no colon; write it as name:password, or name: for an empty password');
  }
  return `Basic ${Buffer.from(user, 'utf8').toString('base64')}`;
}

function cookieHeader(cookies: readonly string[] | undefined): string | undefined {
  if (cookies === undefined) return undefined;
  for (const cookie of cookies) {
    if (!cookie.includes('=')) {
      throw new UsageError(
        "--cookie: there is no =; write it as 'name=value'. Files of cookies are not read: there is no cookie jar",
      );
    }
    if (!isHeaderValue(cookie)) throw new UsageError(`--cookie: it ${NO_VALUE}`);
  }
  return cookies.join('; ');
}

function originOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:\/\//i.test(text)) {
    throw wrongValue(
      '--credentials-to',
      withoutUserinfo(text),
      'is not an origin; write it as https://api.example.com',
    );
  }
  return url.origin;
}

function withoutUserinfo(text: string): string {
  return text.replace(/^([^/]*\/\/)?[^/]*@/, '$1…@');
}
