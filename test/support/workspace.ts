import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import type { PageRecord } from '../../src/core/record.ts';
import { type AppServer, type AppServerOptions, type Route, startAppServer } from './app-server.ts';
import {
  type Ending,
  killLeftBins,
  type Running,
  runBin,
  runShell,
  type SpawnOptions,
  startBin,
  startShell,
} from './spawn-bin.ts';
import { storedRecords } from './stored-records.ts';

type Options = Omit<SpawnOptions, 'cwd'>;
/** A record as a reader of a store finds it. */
export type ReadRecord = PageRecord & { readonly body?: unknown; readonly bodyBase64?: string };

/** An empty folder for every test, to run the bin in, with the servers that it needs. */
export interface Workspace {
  readonly folder: string;
  path(name: string): string;
  /** Makes folders on the way. Lines are joined. Returns the name. */
  write(name: string, content: string | Buffer | readonly string[]): string;
  read(name: string): string;
  exists(name: string): boolean;
  /** Every file in the folder, sorted, `/` between parts. */
  files(name?: string): readonly string[];
  /** The records of an NDJSON file, or of a files store's manifest. */
  records(name: string): readonly ReadRecord[];
  serve(route: Route, options?: AppServerOptions): Promise<AppServer>;
  run(argv: readonly string[], options?: Options): Promise<Ending>;
  start(argv: readonly string[], options?: Options): Running;
  shell(line: string, options?: Options): Promise<Ending>;
  startShell(line: string, options?: Options): Running;
}

/** To be called once in a test file: it takes care of beginning and end. */
export function useWorkspace(): Workspace {
  let folder = '';
  const servers: AppServer[] = [];
  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'fetch-pages-bin-')));
  });
  afterEach(async () => {
    killLeftBins();
    await Promise.all(servers.splice(0).map((server) => server.close()));
    rmSync(folder, { recursive: true, force: true });
  });
  const path = (name: string): string => resolve(folder, name);
  return {
    get folder() {
      return folder;
    },
    path,
    write: (name, content) => {
      mkdirSync(dirname(path(name)), { recursive: true });
      const isText = typeof content === 'string' || Buffer.isBuffer(content);
      writeFileSync(path(name), isText ? content : `${content.join('\n')}\n`);
      return name;
    },
    read: (name) => readFileSync(path(name), 'utf8'),
    exists: (name) => existsSync(path(name)),
    files: (name = '.') => filesIn(path(name)),
    records: (name) => {
      if (name.endsWith('.db')) return storedRecords('sqlite', path(name)) as ReadRecord[];
      if (name.endsWith('.warc.gz')) return storedRecords('warc', path(name)) as ReadRecord[];
      const file = name.endsWith('/') ? `${name}manifest.ndjson` : name;
      return recordsOf(readFileSync(path(file), 'utf8'));
    },
    serve: async (route, options) => {
      const server = await startAppServer(route, options);
      servers.push(server);
      return server;
    },
    run: (argv, options) => runBin(argv, { ...options, cwd: folder }),
    start: (argv, options) => startBin(argv, { ...options, cwd: folder }),
    shell: (line, options) => runShell(line, { ...options, cwd: folder }),
    startShell: (line, options) => startShell(line, { ...options, cwd: folder }),
  };
}

/** Parses NDJSON strictly: every line is JSON, and the last one ends. */
export function recordsOf(text: string): readonly ReadRecord[] {
  if (text === '') return [];
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => JSON.parse(line));
}

function filesIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

/** The records by what stands in their URL behind the origin. */
export function byPath(records: readonly ReadRecord[]): Readonly<Record<string, ReadRecord>> {
  return Object.fromEntries(records.map((record) => [new URL(record.url).pathname, record]));
}

/** Waits until something is so, at most 15 s. */
export async function until(isSo: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`did not come: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
