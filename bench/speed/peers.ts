import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Scenario } from './scenarios.ts';
import { CA } from './site.ts';

/** Where one run finds its list, and leaves its pages. Every path is new for each run. */
export interface Ground {
  readonly list: string;
  /** The same list as a configuration of curl that names a file for each page. */
  readonly curlConfig: string;
  readonly folder: string;
  readonly ndjson: string;
}

/** Where the pages are to be found when it has ended. */
export type Kept = 'folder' | 'ndjson' | 'told';

/** One way to fetch a list. */
export interface Peer {
  readonly name: string;
  /** Undefined where it is not installed. */
  readonly version: string | undefined;
  readonly kept: Kept;
  /** The scenarios that it is run for. */
  readonly scenarios: readonly string[];
  readonly command: (ground: Ground, scenario: Scenario) => readonly [string, ...string[]];
  /** Pages that it says it has, where it keeps none. */
  readonly told?: (stdout: string) => number;
}

const ROOT = join(import.meta.dirname, '../..');
const OURS = join(ROOT, 'bin/fetch-pages.js');
const OUR_VERSION: string = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version;
const UNDICI_VERSION: string = JSON.parse(readFileSync(join(ROOT, 'node_modules/undici/package.json'), 'utf8')).version;
const ALL = ['one-origin', 'many-origins', 'large-bodies'];
/** Certificates of addresses are nobody's: there everyone is told not to look. */
const isByAddress = ({ name }: Scenario): boolean => name === 'many-origins';

function ours(store: (ground: Ground) => readonly string[]): Peer['command'] {
  return (ground, scenario) => [
    process.execPath,
    OURS,
    ground.list,
    ...(isByAddress(scenario) ? ['--insecure'] : ['--cacert', CA]),
    ...store(ground),
    '--concurrency',
    String(scenario.inFlight),
    '--per-origin',
    String(scenario.inFlightPerOrigin),
    '--progress',
    'none',
    '--quiet',
  ];
}

const toldOk = (stdout: string): number => (JSON.parse(stdout) as { readonly pages: { readonly ok: number } }).pages.ok;

export const PEERS: readonly Peer[] = [
  {
    name: 'fetch-pages -o pages.ndjson',
    version: OUR_VERSION,
    kept: 'ndjson',
    scenarios: ['one-origin', 'many-origins'],
    command: ours(({ ndjson }) => ['-o', ndjson]),
  },
  {
    name: 'fetch-pages -o pages/',
    version: OUR_VERSION,
    kept: 'folder',
    scenarios: ALL,
    command: ours(({ folder }) => ['-o', `${folder}/`]),
  },
  {
    name: 'fetch-pages --format none',
    version: OUR_VERSION,
    kept: 'told',
    scenarios: ALL,
    command: ours(() => ['--format', 'none', '--summary', '-']),
    told: toldOk,
  },
  {
    name: 'curl -Z',
    version: versionOf('curl', /curl (\S+)/),
    kept: 'folder',
    scenarios: ALL,
    command: ({ curlConfig }, scenario) => [
      'curl',
      '-sfZ',
      '--parallel-max',
      String(scenario.curlParallelMax),
      ...(isByAddress(scenario) ? ['-k'] : ['--cacert', CA]),
      '-K',
      curlConfig,
    ],
  },
  {
    name: 'aria2c',
    version: versionOf('aria2c', /version (\S+)/),
    kept: 'folder',
    scenarios: ALL,
    command: ({ list, folder }, scenario) => [
      'aria2c',
      '-q',
      '-j',
      String(scenario.inFlight),
      ...(isByAddress(scenario) ? ['--check-certificate=false'] : ['--ca-certificate', CA]),
      '-d',
      folder,
      '-i',
      list,
    ],
  },
  {
    name: 'wget2',
    version: versionOf('wget2', /Wget2 (\S+)/),
    kept: 'folder',
    scenarios: ALL,
    command: ({ list, folder }, scenario) => [
      'wget2',
      '-q',
      `--max-threads=${scenario.inFlight}`,
      ...(isByAddress(scenario) ? ['--no-check-certificate'] : ['--ca-certificate', CA]),
      '-P',
      folder,
      '-i',
      list,
    ],
  },
  {
    name: 'script: fetch and p-limit',
    version: `Node ${process.version}, undici ${UNDICI_VERSION}`,
    kept: 'folder',
    scenarios: ['one-origin'],
    command: ({ list, folder }) => [process.execPath, join(ROOT, 'bench/polite/plain-script.ts'), list, folder, CA],
  },
  {
    name: 'bare undici dispatch, keeps nothing',
    version: UNDICI_VERSION,
    kept: 'told',
    scenarios: ['one-origin'],
    command: ({ list }, scenario) => [
      process.execPath,
      join(import.meta.dirname, 'bare-dispatch.ts'),
      list,
      CA,
      String(scenario.inFlight),
    ],
    told: (stdout) => (JSON.parse(stdout) as { readonly pages: number }).pages,
  },
  {
    // 1,000 requests a connection: it does not go on after the server's GOAWAY.
    name: 'h2load, keeps nothing',
    version: versionOf('h2load', /nghttp2\/(\S+)/),
    kept: 'told',
    scenarios: ['one-origin'],
    command: ({ list }, { urls }) => [
      'h2load',
      '-n',
      String(urls.length),
      '-c',
      String(Math.ceil(urls.length / 1_000)),
      '-m',
      '50',
      '-i',
      list,
    ],
    told: (stdout) => Number(/ (\d+) succeeded/.exec(stdout)?.[1] ?? 0),
  },
];

function versionOf(program: string, pattern: RegExp): string | undefined {
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  return stdout === null || stdout === undefined ? undefined : pattern.exec(stdout)?.[1];
}
