import type { OriginModel, Reply } from '../support/model-origin.ts';
import type { Limit } from './limits.ts';

/** How an origin tells its limit. */
export interface Telling {
  /** With a refusal: seconds, rounded up as servers do; exact with decimals; a date; a number that is always the same; or nothing. */
  readonly retryAfter?: 'ceil' | 'decimal' | 'date' | number;
  /** With every answer. */
  readonly headers?: 'standard' | 'triple' | 'x-delta' | 'x-epoch' | 'x-epoch-ms' | 'remaining-only';
  /** The server's clock against ours, milliseconds. */
  readonly skewMs?: number;
  readonly status?: 429 | 503 | 403;
  /** No answer at all: the HTTP/2 stream is refused. */
  readonly refusesStream?: boolean;
}

export interface OriginShape {
  readonly limit: Limit;
  readonly telling?: Telling;
  /** Milliseconds, by what is in flight. */
  readonly latency: (inFlight: number, random: () => number) => number;
  /** What the network takes to it and back, each; it is in flight there only between. Absent: nothing. */
  readonly oneWayMs?: number;
  /** Milliseconds that a refusal takes; absent: as long as an answer. */
  readonly refusalMs?: number;
  /** What it answers instead, at some times: an outage. */
  readonly outage?: (
    nowMs: number,
  ) => Reply | { readonly fail: 'CONNECT_REFUSED'; readonly sent: false; readonly latencyMs: number } | undefined;
}

export const EPOCH = Date.UTC(2026, 10, 23, 12);

export function originModel(shape: OriginShape, random: () => number): OriginModel {
  return (_request, nowMs, inFlight) => {
    const down = shape.outage?.(nowMs);
    if (down !== undefined) return down;
    const latencyMs = shape.latency(inFlight, random);
    const passes = shape.limit.admit(nowMs, inFlight);
    const headers = tell(shape, nowMs, passes);
    if (passes) return { status: 200, latencyMs, body: 'x', headers };
    const refusalMs = shape.refusalMs ?? latencyMs;
    if (shape.telling?.refusesStream) return { fail: 'STREAM_REFUSED', sent: false, latencyMs: refusalMs };
    return { status: shape.telling?.status ?? 429, latencyMs: refusalMs, headers };
  };
}

function tell({ limit, telling = {} }: OriginShape, nowMs: number, passes: boolean): Record<string, string> {
  const headers: Record<string, string> = {};
  const serverWall = EPOCH + nowMs + (telling.skewMs ?? 0);
  if (telling.retryAfter === 'date' || telling.headers?.startsWith('x-epoch'))
    headers.date = new Date(serverWall).toUTCString();
  if (!passes && telling.retryAfter !== undefined)
    headers['retry-after'] = retryAfter(limit, telling, nowMs, serverWall);
  if (telling.headers !== undefined) Object.assign(headers, rateHeaders(limit, telling.headers, nowMs, serverWall));
  return headers;
}

function retryAfter(limit: Limit, telling: Telling, nowMs: number, serverWall: number): string {
  const waitMs = limit.waitMs(nowMs);
  if (typeof telling.retryAfter === 'number') return String(telling.retryAfter);
  if (telling.retryAfter === 'decimal') return (waitMs / 1000).toFixed(3);
  if (telling.retryAfter === 'date') return new Date(Math.ceil((serverWall + waitMs) / 1000) * 1000).toUTCString();
  return String(Math.ceil(waitMs / 1000));
}

function rateHeaders(
  limit: Limit,
  style: NonNullable<Telling['headers']>,
  nowMs: number,
  serverWall: number,
): Record<string, string> {
  const { remaining, resetMs, limit: quota, windowMs, burst = quota } = limit.state(nowMs);
  const seconds = Math.ceil(resetMs / 1000);
  switch (style) {
    case 'standard':
      return {
        'ratelimit-policy': `"default";q=${quota};w=${windowMs / 1000}`,
        ratelimit: `"default";r=${remaining};t=${seconds}`,
      };
    case 'triple':
      return triple('ratelimit', remaining, seconds, quota);
    case 'x-delta':
      return triple('x-ratelimit', remaining, seconds, quota);
    case 'x-epoch':
      return triple('x-ratelimit', remaining, Math.ceil((serverWall + resetMs) / 1000), quota);
    case 'x-epoch-ms':
      return triple('x-ratelimit', remaining, Math.ceil(serverWall + resetMs), quota);
    case 'remaining-only':
      return { 'x-shopify-shop-api-call-limit': `${burst - remaining}/${burst}` };
  }
}

function triple(prefix: string, remaining: number, reset: number, quota: number): Record<string, string> {
  return {
    [`${prefix}-limit`]: String(quota),
    [`${prefix}-remaining`]: String(remaining),
    [`${prefix}-reset`]: String(reset),
  };
}
