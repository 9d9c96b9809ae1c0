/** Longest text of an invalid line that is told and recorded. */
const MAX_CHARS = 2_000;

/** Fields of a request in JSON that hold no secrets once the URL has lost its userinfo. */
const SHOWN_FIELDS = ['url', 'method', 'id', 'file'];

/** What of an invalid line may be told and stored: no userinfo, for JSON no headers and nothing unknown; at most 2,000 characters. */
export function invalidText(line: string): string {
  const text = line.startsWith('{') ? jsonText(line) : withoutUserinfo(line);
  return text.slice(0, MAX_CHARS);
}

/**
 * Cuts the userinfo out of what may be a URL, in linear time.
 * Where the port is no number, the colon is taken for a password's that holds a slash: then all up to the last @ goes.
 */
export function withoutUserinfo(text: string): string {
  const start = /^\s*(?:https?:|[a-z][a-z0-9+.-]*:(?=[/\\]))?[/\\]*/i.exec(text)?.[0].length ?? 0;
  const length = text.slice(start).search(/[/\\?#]/);
  const end = length === -1 ? text.length : start + length;
  let at = text.lastIndexOf('@', end - 1);
  const passwordHoldsSlash = at < start && /:(?!\d*$)/.test(text.slice(start, end)) && text[start] !== '[';
  if (passwordHoldsSlash) at = text.lastIndexOf('@');
  return at < start ? text : text.slice(0, start) + text.slice(at + 1);
}

function jsonText(line: string): string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return brokenJsonText(line);
  }
  const shown = Object.entries(value ?? {}).map(([name, field]): [string, unknown] => {
    if (!SHOWN_FIELDS.includes(name)) return [name, '…'];
    if (typeof field === 'string') return [name, withoutUserinfo(field)];
    return [name, typeof field === 'object' && field !== null ? '…' : field];
  });
  return JSON.stringify(Object.fromEntries(shown));
}

/** Nobody knows where a secret begins in it: it is shown up to the first word that one may follow. */
function brokenJsonText(line: string): string {
  const secret = line.search(/header|authorization|cookie|token|password|secret|api.?key/i);
  const safe = secret === -1 ? line : `${line.slice(0, secret)}…`;
  return safe.replace(/([/\\]{2})[^/\\?#\s"']*@/g, '$1');
}
