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
 * - `RateLimit-Limit`, `-Remaining`, `-Reset` of its older drafts (reset in seconds);
 * - `X-RateLimit-*` and `X-Rate-Limit-*`, whose reset is seconds from now, epoch seconds or epoch milliseconds: told apart by size,
 *   and epoch times read against the response's own Date;
 * - `X-Shopify-Shop-Api-Call-Limit: 32/40`.
 *
 * What does not parse is ignored, as the draft demands.
 *
 * @returns undefined where nothing usable is said
 */
export function parseRateLimit(headers: ResponseHeaders, nowWall: number): RateLimitHint | undefined {
  const standard = headers.ratelimit;
  if (standard !== undefined) {
    const hint = parseStandard(standard.join(','), headers['ratelimit-policy']?.join(','));
    if (hint !== undefined) return hint;
  }
  for (const prefix of ['ratelimit', 'x-ratelimit', 'x-rate-limit']) {
    const remaining = headers[`${prefix}-remaining`];
    if (remaining === undefined) continue;
    const hint = parseTriple(remaining, headers[`${prefix}-reset`], headers[`${prefix}-limit`], headers, nowWall);
    if (hint !== undefined) return hint;
  }
  const shopify = headers['x-shopify-shop-api-call-limit']?.[0];
  return shopify === undefined ? undefined : parseUsed(shopify);
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
  if (ms > FARTHEST_RESET_MS) return undefined;
  return Math.max(0, ms);
}

/** `100`, `100, 100;w=60` (older drafts carried the policy behind the number). */
function leadingNumber(text: string | undefined): number | undefined {
  const digits = text === undefined ? null : /^\s*(\d+(?:\.\d+)?)\s*(?:[,;]|$)/.exec(text);
  return digits === null ? undefined : Number(digits[1]);
}

function parseUsed(text: string): RateLimitHint | undefined {
  const parts = /^\s*(\d+)\s*\/\s*(\d+)\s*$/.exec(text);
  if (parts === null) return undefined;
  const limit = Number(parts[2]);
  return { remaining: Math.max(0, limit - Number(parts[1])), limit };
}

interface Item {
  readonly name: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** The tightest of the limits that are told: the one with the least share left a second. */
function parseStandard(limits: string, policies: string | undefined): RateLimitHint | undefined {
  const quotas = new Map<string, { q?: number; w?: number }>();
  for (const item of parseItems(policies ?? '')) {
    const unit = item.parameters.get('qu');
    if (unit !== undefined && unit !== 'requests') continue;
    const q = count(item.parameters.get('q'));
    const w = count(item.parameters.get('w'));
    quotas.set(item.name, { ...(q === undefined ? {} : { q }), ...(w === undefined ? {} : { w }) });
  }
  let tightest: RateLimitHint | undefined;
  for (const item of parseItems(limits)) {
    const remaining = count(item.parameters.get('r'));
    if (remaining === undefined) continue;
    if (quotas.size > 0 && !quotas.has(item.name)) continue;
    const t = count(item.parameters.get('t'));
    const { q, w } = quotas.get(item.name) ?? {};
    const hint: RateLimitHint = {
      remaining,
      ...(t === undefined ? {} : { resetMs: t * 1000 }),
      ...(q === undefined || q < 1 ? {} : { limit: q }),
      ...(w === undefined || w < 1 ? {} : { windowMs: w * 1000 }),
    };
    if (tightest === undefined || hint.remaining < tightest.remaining) tightest = hint;
  }
  return tightest;
}

function count(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** The members of a structured-field list of strings or tokens with parameters (RFC 9651 §3.1), as far as these fields use it. */
function parseItems(text: string): Item[] {
  const items: Item[] = [];
  const member =
    /\s*(?:"((?:[^"\\]|\\.)*)"|([A-Za-z*][\w.:/*-]*))((?:\s*;\s*[a-z*][\w.*-]*(?:=(?:"(?:[^"\\]|\\.)*"|:[^:]*:|[^;,\s]*))?)*)\s*(?:,|$)/y;
  while (member.lastIndex < text.length) {
    const match = member.exec(text);
    if (match === null) return [];
    const parameters = new Map<string, string>();
    for (const [, name = '', value = ''] of (match[3] ?? '').matchAll(
      /;\s*([a-z*][\w.*-]*)(?:=("(?:[^"\\]|\\.)*"|:[^:]*:|[^;,\s]*))?/g,
    )) {
      parameters.set(name, value.replace(/^"|"$/g, ''));
    }
    items.push({ name: match[1] ?? match[2] ?? '', parameters });
  }
  return items;
}
