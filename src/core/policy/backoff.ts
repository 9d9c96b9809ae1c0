/**
 * Full-jitter exponential backoff: uniform between 0 and `min(cap, base * 2^tries)`.
 * Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 *
 * @param tries how many have failed before, from 0
 * @param random uniform in [0, 1)
 * @returns milliseconds
 */
export function fullJitterMs(tries: number, random: number, baseMs: number, capMs: number): number {
  return random * ceilingMs(tries, baseMs, capMs);
}

/**
 * Equal jitter: between half of the exponential wait and all of it. For origins, where a wait of nearly nothing would be no wait.
 *
 * @returns milliseconds
 */
export function equalJitterMs(tries: number, random: number, baseMs: number, capMs: number): number {
  return ceilingMs(tries, baseMs, capMs) * (0.5 + random / 2);
}

function ceilingMs(tries: number, baseMs: number, capMs: number): number {
  return Math.min(capMs, baseMs * 2 ** Math.min(tries, 40));
}
