import type { ShardConfig, StatusSet } from '../core/config.ts';

/*
 * Every `parse…` returns undefined for a text that is no such quantity: the caller knows the option's name and says what would do.
 * None accepts a sign, an exponent, a space or an empty text.
 */

const DECIMAL = '(\\d+(?:\\.\\d+)?|\\.\\d+)';
const COUNT = /^(?:0|[1-9]\d*)$/;
const DURATION = new RegExp(`^${DECIMAL}(ms|s|m|h)?$`);
const SIZE = new RegExp(`^${DECIMAL}([kKMG])?$`);
const RATE = new RegExp(`^${DECIMAL}(?:/([smh]))?$`);
const PERCENT = new RegExp(`^${DECIMAL}%$`);
const STATUSES = /^(\d{3})(?:-(\d{3}))?$/;
const SHARD = /^([^/]*)\/([^/]*)$/;

const MILLISECONDS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;
/** 1024-based, as in curl and wget. */
const BYTES = { k: 2 ** 10, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 } as const;
const SECONDS = { s: 1, m: 60, h: 3_600 } as const;

function unitOf<Unit extends string>(
  units: Readonly<Record<Unit, number>>,
  unit: string | undefined,
): number | undefined {
  return unit !== undefined && Object.hasOwn(units, unit) ? units[unit as Unit] : undefined;
}

/** A number of things: `0`, `17`. No leading zero, nothing above 2^53 - 1. */
export function parseCount(text: string): number | undefined {
  if (!COUNT.test(text)) return undefined;
  const count = Number(text);
  return Number.isSafeInteger(count) ? count : undefined;
}

/** A time in whole milliseconds, rounded: `500ms`, `1.5s`, `10m`, `1h`; a bare number is seconds. */
export function parseDuration(text: string): number | undefined {
  const match = DURATION.exec(text);
  if (match === null) return undefined;
  const durationMs = Math.round(Number(match[1]) * (unitOf(MILLISECONDS, match[2]) ?? MILLISECONDS.s));
  return Number.isSafeInteger(durationMs) ? durationMs : undefined;
}

/** A time as a person writes it; `parseDuration` reads the same number of milliseconds from it. */
export function formatDuration(durationMs: number): string {
  const { s, m, h } = MILLISECONDS;
  if (durationMs >= h && durationMs % h === 0) return `${durationMs / h}h`;
  if (durationMs >= 2 * m && durationMs % m === 0) return `${durationMs / m}m`;
  if (durationMs % s === 0) return `${durationMs / s}s`;
  return `${durationMs}ms`;
}

/** Bytes, a fraction of a byte cut: `900`, `64k`, `1.5M`, `1G` (1024-based). */
export function parseSize(text: string): number | undefined {
  const match = SIZE.exec(text);
  if (match === null) return undefined;
  const bytes = Math.floor(Number(match[1]) * (unitOf(BYTES, match[2]) ?? 1));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Bytes as a person writes them; `parseSize` reads the same number from it. */
export function formatSize(bytes: number): string {
  const { k, M, G } = BYTES;
  if (bytes >= G && bytes % G === 0) return `${bytes / G}G`;
  if (bytes >= M && bytes % M === 0) return `${bytes / M}M`;
  if (bytes >= k && bytes % k === 0) return `${bytes / k}k`;
  return `${bytes}`;
}

/** A number per second, above 0: `10/s`, `600/m`, `1000/h`; a bare number is per second. */
export function parseRate(text: string): number | undefined {
  const match = RATE.exec(text);
  if (match === null) return undefined;
  const perSecond = Number(match[1]) / (unitOf(SECONDS, match[2]) ?? SECONDS.s);
  return perSecond > 0 && Number.isFinite(perSecond) ? perSecond : undefined;
}

/** Three-digit statuses from 100 on, single or as ranges: `200,204,300-399`. Servers do answer past 599. */
export function parseStatuses(text: string): StatusSet | undefined {
  const ranges: [number, number][] = [];
  for (const part of text.split(',')) {
    const match = STATUSES.exec(part);
    if (match === null) return undefined;
    const from = Number(match[1]);
    const to = match[2] === undefined ? from : Number(match[2]);
    if (from < 100 || to < from) return undefined;
    ranges.push([from, to]);
  }
  return ranges;
}

export function formatStatuses(statuses: StatusSet): string {
  return statuses.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(',');
}

/** `k/n` with 1 <= k <= n. */
export function parseShard(text: string): ShardConfig | undefined {
  const match = SHARD.exec(text);
  const index = parseCount(match?.[1] ?? '');
  const count = parseCount(match?.[2] ?? '');
  if (index === undefined || count === undefined || index < 1 || index > count) return undefined;
  return { index, count };
}

/** A count from 1 on, or a share above 0 % and up to 100 %: `50`, `2.5%`. */
export function parseFailureLimit(text: string): { readonly count: number } | { readonly share: number } | undefined {
  const match = PERCENT.exec(text);
  if (match !== null) {
    const share = Number(match[1]) / 100;
    return share > 0 && share <= 1 ? { share } : undefined;
  }
  const count = parseCount(text);
  return count === undefined || count < 1 ? undefined : { count };
}
