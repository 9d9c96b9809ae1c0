import type { Head, TrailStep } from '../core/ports.ts';

/** Standard phrases (RFC 9110 §15, RFC 4918, RFC 6585, RFC 7725, RFC 8297, RFC 8470). HTTP/2 has none, and replay tools expect one. */
const PHRASES: Readonly<Record<number, string>> = {
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  203: 'Non-Authoritative Information',
  204: 'No Content',
  205: 'Reset Content',
  206: 'Partial Content',
  207: 'Multi-Status',
  208: 'Already Reported',
  226: 'IM Used',
  300: 'Multiple Choices',
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  304: 'Not Modified',
  305: 'Use Proxy',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  402: 'Payment Required',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  407: 'Proxy Authentication Required',
  408: 'Request Timeout',
  409: 'Conflict',
  410: 'Gone',
  411: 'Length Required',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  416: 'Range Not Satisfiable',
  417: 'Expectation Failed',
  421: 'Misdirected Request',
  422: 'Unprocessable Content',
  423: 'Locked',
  424: 'Failed Dependency',
  425: 'Too Early',
  426: 'Upgrade Required',
  428: 'Precondition Required',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  451: 'Unavailable For Legal Reasons',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
  506: 'Variant Also Negotiates',
  507: 'Insufficient Storage',
  508: 'Loop Detected',
  511: 'Network Authentication Required',
};

/** What a header was called before the archive had to change it; pywb and warcprox use the same. */
const ORIGINAL = 'x-archive-orig-';
/** RFC 9110 §5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const BREAKS = /[\r\n\0]+/g;
const BEYOND_LATIN1 = /[^\0-\xff]/;

/**
 * The head of a response as HTTP/1.1 text, whatever was spoken.
 *
 * The body in the archive is without its transfer coding, so `transfer-encoding` is renamed; `content-length` is that of the body in the
 * archive wherever the answer has one. A value that was changed stands beside it under `x-archive-orig-`.
 *
 * @param bodyBytes that follow; undefined where the answer has no body by its nature (HEAD, 204, 304), and its length is left as it is.
 */
export function responseHead({ status, headers }: Head, bodyBytes: number | undefined): Buffer {
  const lines = [`HTTP/1.1 ${status} ${PHRASES[status] ?? 'Unknown'}`];
  let lengthTold = false;
  for (const [name, values] of Object.entries(headers)) {
    const lower = name.toLowerCase();
    if (lower === 'content-length' && bodyBytes !== undefined) {
      const told = values.length === 1 && values[0] === String(bodyBytes);
      if (!told) for (const value of values) pushLine(lines, `${ORIGINAL}${name}`, value);
      pushLine(lines, name, String(bodyBytes));
      lengthTold = true;
      continue;
    }
    const written = lower === 'transfer-encoding' ? `${ORIGINAL}${name}` : name;
    for (const value of values) pushLine(lines, written, value);
  }
  if (!lengthTold && bodyBytes !== undefined) lines.push(`content-length: ${bodyBytes}`);
  return ended(lines);
}

/** The head of a request as HTTP/1.1 text. */
export function requestHead({ url, method, requestHeaders }: TrailStep, bodyBytes: number): Buffer {
  const { host, pathname, search } = new URL(url);
  const lines = [`${TOKEN.test(method) ? method : 'GET'} ${pathname}${search} HTTP/1.1`];
  if (!Object.hasOwn(requestHeaders, 'host')) pushLine(lines, 'host', host);
  for (const [name, value] of Object.entries(requestHeaders)) {
    if (name !== 'content-length') pushLine(lines, name, value);
  }
  if (bodyBytes > 0) lines.push(`content-length: ${bodyBytes}`);
  return ended(lines);
}

/** Where a block's HTTP head ends, the empty line included; undefined where it does not. */
export function httpHeadEnd(block: Buffer): number | undefined {
  const end = block.indexOf('\r\n\r\n');
  return end === -1 ? undefined : end + 4;
}

/** Lower-case names to the first value of each. */
export function parseFields(head: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of head.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon === -1) continue;
    const name = line.slice(0, colon).toLowerCase();
    if (!fields.has(name)) fields.set(name, line.slice(colon + 1).trim());
  }
  return fields;
}

/** A value cannot begin a line of its own, and a name that is no token is no field. */
function pushLine(lines: string[], name: string, value: string): void {
  if (TOKEN.test(name)) lines.push(`${name}: ${value.replace(BREAKS, ' ')}`);
}

/** Values are latin1 as they came; anything else was written by us. */
function ended(lines: readonly string[]): Buffer {
  const text = `${lines.join('\r\n')}\r\n\r\n`;
  return Buffer.from(text, BEYOND_LATIN1.test(text) ? 'utf8' : 'latin1');
}
