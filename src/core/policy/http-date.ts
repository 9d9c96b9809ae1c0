const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const MONTH = MONTHS.join('|');
const TIME = '(\\d{2}):(\\d{2}):(\\d{2})';

const IMF_FIXDATE = new RegExp(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\\d{2}) (${MONTH}) (\\d{4}) ${TIME} GMT$`);
const RFC850 = new RegExp(
  `^(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday), (\\d{2})-(${MONTH})-(\\d{2}) ${TIME} GMT$`,
);
const ASCTIME = new RegExp(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (${MONTH}) ([ \\d]\\d) ${TIME} (\\d{4})$`);

/**
 * Reads an HTTP-date in any of the three forms that a recipient must accept (RFC 9110 §5.6.7). All of them are GMT: `new Date` would read
 * the third as local time, and much that is no date at all.
 *
 * @param nowWall epoch milliseconds; a two-digit year that would be more than 50 years ahead of it is of the century before
 * @returns epoch milliseconds, or undefined where it is none of the three
 */
export function parseHttpDate(text: string, nowWall: number): number | undefined {
  const imf = IMF_FIXDATE.exec(text);
  if (imf) return epoch(imf[3], imf[2], imf[1], imf[4], imf[5], imf[6]);
  const asctime = ASCTIME.exec(text);
  if (asctime) return epoch(asctime[6], asctime[1], asctime[2], asctime[3], asctime[4], asctime[5]);
  const old = RFC850.exec(text);
  if (!old) return undefined;
  const thisYear = new Date(nowWall).getUTCFullYear();
  const century = thisYear - (thisYear % 100);
  let year = century + Number(old[3]);
  if (year > thisYear + 50) year -= 100;
  return epoch(String(year), old[2], old[1], old[4], old[5], old[6]);
}

type Part = string | undefined;

function epoch(year: Part, month: Part, day: Part, hour: Part, minute: Part, second: Part): number | undefined {
  const monthIndex = MONTHS.indexOf(month ?? '');
  const parts = [year, day, hour, minute, second].map(Number);
  const [y = 0, d = 0, h = 0, m = 0, s = 0] = parts;
  // 60 is a leap second (RFC 9110 §5.6.7).
  if (d < 1 || h > 23 || m > 59 || s > 60) return undefined;
  // Not `Date.UTC`, which takes the years 0 to 99 for 1900 to 1999.
  const midnight = new Date(0).setUTCFullYear(y, monthIndex, d);
  return new Date(midnight).getUTCMonth() === monthIndex ? midnight + ((h * 60 + m) * 60 + s) * 1000 : undefined;
}
