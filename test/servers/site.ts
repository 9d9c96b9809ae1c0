import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A page of the site is a pure function of its number. */
export function pageName(number: number): string {
  return number % 10 === 0 ? `${number}.bin` : `${number}.txt`;
}

/** Text with characters of two and three bytes, or for every tenth page bytes of all values; a few hundred bytes, for every 200th page 150 kB. */
export function pageBody(number: number): Buffer {
  const length = number % 200 === 0 ? 150_000 : 16 + ((number * 37) % 400);
  const bytes = createHash('shake256', { outputLength: length }).update(String(number)).digest();
  if (number % 10 === 0) return bytes;
  return Buffer.from(`Page ${number}, für alle €\n${bytes.toString('base64')}\n`);
}

/** Writes pages 1 to `count` where a server can be pointed to. */
export function writeSite(folder: string, count: number): void {
  mkdirSync(folder, { recursive: true });
  for (let number = 1; number <= count; number++) writeFileSync(join(folder, pageName(number)), pageBody(number));
}

/** The list of the pages 1 to `count`. */
export function siteUrls(origin: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${origin}/${pageName(index + 1)}`);
}
