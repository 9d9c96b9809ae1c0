import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bodyOf } from './site.ts';

/** A list of pages, and how they are told from one another. */
export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly urls: readonly string[];
  /** What the peers write of one page, to the byte. */
  readonly bytesOf: (url: string) => number;
  /** Small pages: their bodies are looked at, too. */
  readonly isText: boolean;
  readonly inFlight: number;
  readonly inFlightPerOrigin: number;
  /** curl's --parallel-max at which it is quickest here, of 20 to 300. */
  readonly curlParallelMax: number;
}

export interface Size {
  readonly pages: number;
  readonly origins: number;
  readonly largeFiles: number;
  readonly largeBytes: number;
}

export const FULL: Size = { pages: 100_000, origins: 2_000, largeFiles: 8, largeBytes: 500_000_000 };
export const QUICK: Size = { pages: 2_000, origins: 50, largeFiles: 2, largeBytes: 5_000_000 };
const PAGES_OF_AN_ORIGIN = 3;

/** @param folder where the server's large files are */
export function scenarios(size: Size, port: number, folder: string): readonly Scenario[] {
  const textBytes = (url: string): number => Buffer.byteLength(bodyOf(new URL(url).pathname));
  for (let n = 1; n <= size.largeFiles; n++) {
    const path = join(folder, 'large', String(n));
    writeFileSync(path, '');
    truncateSync(path, size.largeBytes);
  }
  return [
    {
      name: 'one-origin',
      title: `${number(size.pages)} pages of 1 kB from one origin`,
      urls: Array.from({ length: size.pages }, (_, n) => `https://localhost:${port}/p/${n + 1}`),
      bytesOf: textBytes,
      isText: true,
      inFlight: 50,
      inFlightPerOrigin: 50,
      curlParallelMax: 50,
    },
    {
      name: 'many-origins',
      title: `${number(size.origins)} origins, ${PAGES_OF_AN_ORIGIN} pages of 1 kB each, in any order`,
      urls: shuffled(
        Array.from({ length: size.origins * PAGES_OF_AN_ORIGIN }, (_, n) => {
          const origin = n % size.origins;
          return `https://127.0.${1 + Math.floor(origin / 250)}.${1 + (origin % 250)}:${port}/o/${n + 1}`;
        }),
      ),
      bytesOf: textBytes,
      isText: true,
      inFlight: 100,
      inFlightPerOrigin: 50,
      curlParallelMax: 200,
    },
    {
      name: 'large-bodies',
      title: `${size.largeFiles} bodies of ${number(size.largeBytes / 1e6)} MB from one origin`,
      urls: Array.from({ length: size.largeFiles }, (_, n) => `https://localhost:${port}/large/${n + 1}`),
      bytesOf: () => size.largeBytes,
      isText: false,
      inFlight: 50,
      inFlightPerOrigin: 50,
      curlParallelMax: 50,
    },
  ];
}

export function number(value: number): string {
  return value.toLocaleString('en-US');
}

/** The same order every time (a linear congruential generator picks). */
function shuffled(urls: string[]): string[] {
  let state = 1;
  for (let last = urls.length - 1; last > 0; last--) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const other = state % (last + 1);
    const [a, b] = [urls[last], urls[other]];
    if (a !== undefined && b !== undefined) {
      urls[last] = b;
      urls[other] = a;
    }
  }
  return urls;
}
