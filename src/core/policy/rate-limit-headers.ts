import type { ResponseHeaders } from '../record.ts';
import { serverTime } from './retry-after.ts';

/** What the rate-limit fields of a response say of the tightest limit. */
export interface RateLimitHint {
  /** Requests that may still be started in this window. */
  readonly remaining: number;
  /** Milliseconds from the response's arrival until there is more; absent where it is not told. */
  readonly resetMs?: number;
  /** Requests of a whole window, where told. */
  readonly limit?: number;
  /** Milliseconds of a window, where told. */
  readonly windowMs?: number;
}

/** Numbers from here on are seconds since 1970, those from there on milliseconds; below, they are seconds from now. */
const EPOCH_S_FROM = 1e9;
const EPOCH_MS_FROM = 1e12;
/** A reset further away than this is nothing that a client could wait for: the field is wrong. */
const FARTHEST_RESET_MS = 31 * 86_400_000;

/**
 * Reads what a response says of its origin's limit, in the dialects that are about:
 *
 * - `RateLimit` and `RateLimit-Policy`, draft-ietf-httpapi-ratelimit-headers-11 (structured fields: `"default";r=50;t=30`);
 * - the same three in one `RateLimit`, as its draft 07 had it (`limit=100, remaining=50, reset=5`), and `RateLimit-Limit`, `-Remaining`,
 *   `-Reset` of the drafts before that (reset in seconds);
 * - `X-RateLimit-*` and `X-Rate-Limit-*`, whose reset is seconds from now, epoch seconds or epoch milliseconds: told apart by size,
 *   and epoch times read against the response's own Date;
 * - `X-Shopify-Shop-Api-Call-Limit: 32/40`.
 *
 * What does not parse is ignored, as the draft demands, and so is what a cache kept: a response with an Age tells of another's requests.
 *
 * @returns undefined where nothing usable is said
 */
export function parseRateLimit(headers: ResponseHeaders, nowWall: number): RateLimitHint | undefined {
  if ((leadingNumber(headers.age?.[0]) ?? 0) > 0) return undefined;
  const standard = headers.ratelimit?.join(',');
  if (standard !== undefined) {
    const hint =
      parseStandard(standard, headers['ratelimit-policy']?.join(',')) ?? parseCombined(standard, headers, nowWall);
    if (hint !== undefined) return hint;
  }
  for (const triple of TRIPLES) {
    const remaining = headers[triple.remaining];
    if (remaining === undefined) continue;
    const hint = parseTriple(remaining, headers[triple.reset], headers[triple.limit], headers, nowWall);
    if (hint !== undefined) return hint;
  }
  const shopify = headers['x-shopify-shop-api-call-limit']?.[0];
  return shopify === undefined ? undefined : parseUsed(shopify);
}

const TRIPLES = ['ratelimit', 'x-ratelimit', 'x-rate-limit'].map((prefix) => ({
  remaining: `${prefix}-remaining`,
  reset: `${prefix}-reset`,
  limit: `${prefix}-limit`,
}));

/** Draft 07: `limit=100, remaining=50, reset=5`. */
function parseCombined(text: string, headers: ResponseHeaders, nowWall: number): RateLimitHint | undefined {
  const values = new Map<string, string>();
  for (const member of text.split(',')) {
    const [name = '', value = ''] = member.split('=', 2);
    values.set(name.trim(), value);
  }
  const listed = (name: string): string[] => [values.get(name) ?? ''];
  return parseTriple(listed('remaining'), listed('reset'), listed('limit'), headers, nowWall);
}

function parseTriple(
  remainings: readonly string[],
  resets: readonly string[] | undefined,
  limits: readonly string[] | undefined,
  headers: ResponseHeaders,
  nowWall: number,
): RateLimitHint | undefined {
  const remaining = leadingNumber(remainings[0]);
  if (remaining === undefined) return undefined;
  const reset = leadingNumber(resets?.[0]);
  const limit = leadingNumber(limits?.[0]);
  const resetMs = reset === undefined ? undefined : untilReset(reset, serverTime(headers.date, nowWall));
  return {
    remaining: Math.floor(remaining),
    ...(resetMs === undefined ? {} : { resetMs }),
    ...(limit === undefined || limit < 1 ? {} : { limit: Math.floor(limit) }),
  };
}

function untilReset(reset: number, originWall: number): number | undefined {
  const ms =
    reset >= EPOCH_MS_FROM ? reset - originWall : reset >= EPOCH_S_FROM ? reset * 1000 - originWall : reset * 1000;
  return believable(Math.max(0, ms));
}

function believable(resetMs: number): number | undefined {
  return resetMs > FARTHEST_RESET_MS ? undefined : resetMs;
}

/** `100`, `100, 100;w=60` (older drafts carried the policy behind the number). */
function leadingNumber(text: string | undefined): number | undefined {
  const digits = text === undefined ? null : /^\s*(\d{1,15}(?:\.\d+)?)\s*(?:[,;]|$)/.exec(text);
  return digits === null ? undefined : Number(digits[1]);
}

function parseUsed(text: string): RateLimitHint | undefined {
  const parts = /^\s*(\d{1,15})\s*\/\s*(\d{1,15})\s*$/.exec(text);
  if (parts === null) return undefined;
  const limit = Number(parts[2]);
  return { remaining: Math.max(0, limit - Number(parts[1])), limit };
}

interface Item {
  readonly name: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/**
 * The tightest of the limits that are told: the one with the fewest left, and of equals the one that takes longest to give more.
 * A limit whose policy is not described counts as one of requests, the draft's default unit.
 */
function parseStandard(limits: string, policies: string | undefined): RateLimitHint | undefined {
  const quotas = new Map<string, { q: number | undefined; w: number | undefined }>();
  const ofOtherUnits = new Set<string>();
  for (const { name, parameters } of parseItems(policies ?? '')) {
    const unit = parameters.get('qu');
    if (unit !== undefined && unit !== 'requests') ofOtherUnits.add(name);
    else quotas.set(name, { q: count(parameters.get('q')), w: count(parameters.get('w')) });
  }
  let tightest: RateLimitHint | undefined;
  for (const { name, parameters } of parseItems(limits)) {
    const remaining = count(parameters.get('r'));
    if (remaining === undefined || (ofOtherUnits.has(name) && !quotas.has(name))) continue;
    const t = count(parameters.get('t'));
    const resetMs = t === undefined ? undefined : believable(t * 1000);
    const { q, w } = quotas.get(name) ?? {};
    const hint: RateLimitHint = {
      remaining,
      ...(resetMs === undefined ? {} : { resetMs }),
      ...(q === undefined || q < 1 ? {} : { limit: q }),
      ...(w === undefined || w < 1 ? {} : { windowMs: w * 1000 }),
    };
    if (tightest === undefined || isTighter(hint, tightest)) tightest = hint;
  }
  return tightest;
}

function isTighter(one: RateLimitHint, other: RateLimitHint): boolean {
  if (one.remaining !== other.remaining) return one.remaining < other.remaining;
  return (one.resetMs ?? 0) > (other.resetMs ?? 0);
}

function count(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

const TEXT = String.raw`"(?:[^"\\]|\\.)*"`;
const KEY = String.raw`[a-z*][\w.*-]*`;
/** A string, a byte sequence or a bare item. No two alternatives begin alike: a hostile field must not make the match take for ever. */
const VALUE = String.raw`${TEXT}|:[^:]*:|[^";:,\s][^;,\s]*`;
const PARAMETERS = String.raw`(?:\s*;\s*${KEY}(?:=(?:${VALUE}))?)*`;
const MEMBER = new RegExp(String.raw`\s*(${TEXT}|[A-Za-z*][\w.:/*-]*)(${PARAMETERS})\s*(?:,(?!\s*$)|$)`, 'y');
const PARAMETER = new RegExp(String.raw`;\s*(${KEY})(?:=(${VALUE}))?`, 'g');

/** The members of a structured-field list of strings or tokens with parameters (RFC 9651 §3.1), as far as these fields use it. */
function parseItems(text: string): Item[] {
  const items: Item[] = [];
  MEMBER.lastIndex = 0;
  while (MEMBER.lastIndex < text.length) {
    const match = MEMBER.exec(text);
    if (match === null) return [];
    const parameters = new Map<string, string>();
    for (const [, key = '', value = ''] of (match[2] ?? '').matchAll(PARAMETER)) parameters.set(key, unquoted(value));
    items.push({ name: unquoted(match[1] ?? ''), parameters });
  }
  return items;
}

function unquoted(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1) : text;
}
