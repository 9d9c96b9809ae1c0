const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** `12,345` */
export function count(value: number): string {
  // Not by Intl: its tables take 15 ms to load.
  return value < 1_000 ? String(value) : String(Math.round(value)).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

/** `1 page`, `12,345 pages` */
export function counted(value: number, noun: string, plural = `${noun}s`): string {
  return `${count(value)} ${value === 1 ? noun : plural}`;
}

/** `99.8%`. Rounded down, so that 100% is said only of all. `whole` is not 0. */
export function percent(part: number, whole: number, digits = 1): string {
  if (part >= whole) return '100%';
  return `${fixedDown((part / whole) * 100, digits)}%`;
}

/** `33.33`: rounded down, always with so many digits behind the point. */
export function fixedDown(value: number, digits: number): string {
  const scale = 10 ** digits;
  // The small addend takes 0.29 * 100 for 29, not for 28.999999999999996.
  return (Math.floor(value * scale + 1e-9) / scale).toFixed(digits);
}

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** `980 B`, `1.2 MB`, `340 kB`: decimal units. */
export function bytes(value: number): string {
  let scaled = value;
  let unit = 0;
  // 999.5 would be written as 1000.
  while (scaled >= 999.5 && unit < BYTE_UNITS.length - 1) {
    scaled /= 1_000;
    unit++;
  }
  const digits = unit > 0 && scaled < 9.95 ? 1 : 0;
  return `${scaled.toFixed(digits)} ${BYTE_UNITS[unit]}`;
}

/** `32 ms`, `0.4 s`, `41 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`. */
export function duration(ms: number): string {
  if (ms > 0 && ms < 50) return `${Math.ceil(ms)} ms`;
  if (ms < 9_950) return `${(Math.max(0, ms) / SECOND_MS).toFixed(1).replace(/\.0$/, '')} s`;
  const seconds = Math.round(ms / SECOND_MS);
  if (seconds < 100) return `${seconds} s`;
  if (ms < HOUR_MS - SECOND_MS / 2) return two(Math.floor(seconds / 60), 'min', seconds % 60, 's');
  const minutes = Math.round(ms / MINUTE_MS);
  if (ms < DAY_MS - MINUTE_MS / 2) return two(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
  const hours = Math.round(ms / HOUR_MS);
  return two(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

function two(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${count(large)} ${largeUnit}` : `${count(large)} ${largeUnit} ${small} ${smallUnit}`;
}

/** A time that is still to pass, in whole seconds and never said shorter than it is: a countdown that ends with 1 s. */
export function countdown(ms: number): string {
  return duration(Math.max(0, Math.ceil(ms / SECOND_MS) * SECOND_MS));
}

/** A rate and the time that it is said for: `103/s`, `2.4/s`; slower ones by the minute, `12/min`. */
export function rate(perSecond: number): { readonly value: string; readonly per: 's' | 'min' } {
  if (perSecond >= 9.95) return { value: count(Math.round(perSecond)), per: 's' };
  if (perSecond >= 0.995 || perSecond === 0) return { value: perSecond.toFixed(1).replace(/\.0$/, ''), per: 's' };
  return { value: (perSecond * 60).toFixed(perSecond * 60 < 9.95 ? 1 : 0).replace(/\.0$/, ''), per: 'min' };
}

/** `14:05:10`, in the user's time zone, never too early; with the date, `2026-11-24 14:05`, where it is half a day away or more. */
export function clockTime(wallMs: number, nowWallMs: number): string {
  const then = new Date(Math.ceil(wallMs / SECOND_MS) * SECOND_MS);
  const time = `${pad(then.getHours())}:${pad(then.getMinutes())}`;
  if (Math.abs(wallMs - nowWallMs) < DAY_MS / 2) return `${time}:${pad(then.getSeconds())}`;
  return `${then.getFullYear()}-${pad(then.getMonth() + 1)}-${pad(then.getDate())} ${time}`;
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}
