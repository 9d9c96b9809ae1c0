import { parseHttpDate } from './http-date.ts';

/** What a Retry-After field says, with *absent*, *unusable* and *zero* told apart. */
export type RetryAfter =
  | { readonly type: 'absent' }
  | { readonly type: 'unusable' }
  /** At least 0 milliseconds from the response's arrival. */
  | { readonly type: 'wait'; readonly ms: number };

const SECONDS = /^\d+(?:\.\d+)?$/;
/** Numbers from here on may be a point in time by mistake: seconds since 1970. */
const EPOCH_FROM = 1_000_000_000;
const MONTH_S = 31 * 86_400;
/** A hundred years: beyond it lie numbers that no longer make a date to come back at. */
const LONGEST_MS = 100 * 365.25 * 86_400_000;

/**
 * Reads Retry-After (RFC 9110 §10.2.3): seconds, also with decimals (Shopify sends `2.0`), or an HTTP-date in one of its three forms.
 *
 * - A date is read against the response's own Date where it has a valid one, so that clocks that disagree do no harm; else against ours.
 * - A date that has passed, a negative number, garbage and nothing at all are `unusable`: the caller backs off by itself.
 * - Zero is a wait of zero. A number over 10^9 that, taken as epoch seconds, lies within a month from now is that point in time.
 *   Any other number is taken at its word, up to a hundred years: the caller holds it against --max-wait.
 * - Of several values the longest valid one counts.
 *
 * @param values the field's values as they came
 * @param dates the response's Date field
 * @param nowWall epoch milliseconds
 */
export function parseRetryAfter(
  values: readonly string[] | undefined,
  dates: readonly string[] | undefined,
  nowWall: number,
): RetryAfter {
  if (values === undefined || values.length === 0) return { type: 'absent' };
  const origin = serverTime(dates, nowWall);
  let longest = -1;
  for (const value of values) longest = Math.max(longest, waitMs(value.trim(), origin));
  return longest < 0 ? { type: 'unusable' } : { type: 'wait', ms: Math.min(longest, LONGEST_MS) };
}

/** The response's own time, epoch milliseconds; ours where it tells none. */
export function serverTime(dates: readonly string[] | undefined, nowWall: number): number {
  const date = dates?.[0];
  return (date === undefined ? undefined : parseHttpDate(date.trim(), nowWall)) ?? nowWall;
}

/** -1 where the value cannot be used. */
function waitMs(value: string, originWall: number): number {
  if (SECONDS.test(value)) {
    const seconds = Number(value);
    const untilS = seconds - originWall / 1000;
    if (seconds >= EPOCH_FROM && Math.abs(untilS) <= MONTH_S) return untilS >= 0 ? untilS * 1000 : -1;
    return seconds * 1000;
  }
  const date = parseHttpDate(value, originWall);
  return date === undefined || date < originWall ? -1 : date - originWall;
}
