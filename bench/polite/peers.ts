import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** One way to fetch a list of URLs into a folder. */
export interface Peer {
  readonly name: string;
  /** Of its column. */
  readonly title: string;
  /** Absent where it is not installed. */
  readonly version: string | undefined;
  readonly command: (list: string, folder: string, ca: string) => readonly [program: string, ...args: string[]];
}

const ROOT = join(import.meta.dirname, '../..');

export const PEERS: readonly Peer[] = [
  {
    name: 'fetch-pages',
    title: 'fetch-pages',
    version: JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version,
    command: (list, folder, ca) => [
      process.execPath,
      join(ROOT, 'bin/fetch-pages.js'),
      list,
      '--cacert',
      ca,
      '-o',
      `${folder}/`,
      '--progress',
      'none',
    ],
  },
  {
    name: 'curl -Z --retry 5',
    title: '`curl -Z --retry 5`',
    version: versionOf('curl', /curl (\S+)/),
    command: (list, folder, ca) => [
      'curl',
      '-sZ',
      '--retry',
      '5',
      '-f',
      '--cacert',
      ca,
      '-K',
      curlConfig(list, folder),
    ],
  },
  {
    name: 'aria2c',
    title: '`aria2c`',
    version: versionOf('aria2c', /version (\S+)/),
    command: (list, folder, ca) => [
      'aria2c',
      '-q',
      '-j',
      '16',
      '--retry-wait',
      '1',
      '--ca-certificate',
      ca,
      '-d',
      folder,
      '-i',
      list,
    ],
  },
  {
    name: 'wget2',
    title: '`wget2`',
    version: versionOf('wget2', /Wget2 (\S+)/),
    command: (list, folder, ca) => [
      'wget2',
      '-q',
      '--tries',
      '5',
      '--waitretry=5',
      '--ca-certificate',
      ca,
      '-P',
      folder,
      '-i',
      list,
    ],
  },
  {
    name: 'fetch with p-limit(50)',
    title: 'script: `fetch`, p-limit(50)',
    version: process.version,
    command: (list, folder, ca) => [process.execPath, join(import.meta.dirname, 'plain-script.ts'), list, folder, ca],
  },
];

/** Pages that are not in the folder as they were served. */
export function lostPages(folder: string, pages: number): number {
  const found = new Set<string>();
  if (existsSync(folder)) {
    for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      const path = join(folder, entry);
      if (!statSync(path).isFile() || entry.includes('manifest') || entry.startsWith('.')) continue;
      const match = /^\{"page":"(\/p\/\d+)"\}$/.exec(readFileSync(path, 'utf8'));
      if (match?.[1] !== undefined) found.add(match[1]);
    }
  }
  return pages - found.size;
}

function curlConfig(list: string, folder: string): string {
  const path = `${list}.curl`;
  const urls = readFileSync(list, 'utf8').trim().split('\n');
  writeFileSync(path, urls.map((url) => `url = "${url}"\noutput = "${folder}/${url.split('/').at(-1)}"\n`).join(''));
  return path;
}

function versionOf(program: string, pattern: RegExp): string | undefined {
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  return stdout === null || stdout === undefined ? undefined : pattern.exec(stdout)?.[1];
}

export function emptyFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}
