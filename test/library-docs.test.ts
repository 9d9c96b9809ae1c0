import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exportedNames, libraryOptions } from '../scripts/library-tables.ts';
import { OPTION_ROWS } from '../src/cli/option-rows/all.ts';
import { configOf } from '../src/library-options.ts';
import { apiAnswer } from './readme/example-site.ts';
import { fencesOf, ROOT } from './readme/fences.ts';
import { type AppServer, type Route, startAppServer } from './support/app-server.ts';

const EXAMPLES = fencesOf('ts', 'name').map(({ document, facts, text }) => ({
  document,
  name: facts.name ?? '',
  text,
  printed: fencesOf('text', 'of').find((fence) => fence.facts.of === facts.name)?.text,
}));

/** The documents' API, under one origin with what collects pages. The library takes no proxy from its surroundings. */
const route: Route = (request, { answer }) => {
  if (request.path === '/collector/pages') {
    answer(request.method === 'POST' ? '' : '[]');
  } else if (request.path === '/busy' && request.count === 1) {
    answer('', { status: 429, headers: { 'retry-after': '0' } });
  } else {
    const { status = 200, body } = request.path === '/busy' ? { body: 'there' } : apiAnswer(request);
    answer(here(body), { status });
  }
};

let server: AppServer;
let folder: string;

function here(text: string): string {
  return text
    .replaceAll('https://collector.example.com', `${server.origin}/collector`)
    .replaceAll('https://api.example.com', server.origin);
}

beforeAll(async () => {
  server = await startAppServer(route);
  folder = mkdtempSync(join(tmpdir(), 'fetch-pages-library-docs-'));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules/fetch-pages'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(TSCONFIG));
  writeFileSync(join(folder, 'words.txt'), 'lamp\ndesk\n');
  for (const { name, text } of EXAMPLES) {
    writeFileSync(join(folder, `${name}.ts`), text);
    writeFileSync(join(folder, `${name}.here.ts`), here(text));
  }
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const TSCONFIG = {
  compilerOptions: {
    target: 'es2024',
    module: 'nodenext',
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    types: ['node'],
    typeRoots: [join(ROOT, 'node_modules/@types')],
  },
  files: EXAMPLES.map(({ name }) => `${name}.ts`),
};

/** Runs Node, while the server of this process goes on answering. */
async function node(...argv: readonly string[]): Promise<{ code: number | null; printed: string }> {
  const child = spawn(process.execPath, argv, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  const hear = (chunk: Buffer): void => {
    printed += chunk;
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  const [code] = await once(child, 'close');
  return { code, printed };
}

describe('the examples', () => {
  test('compile, with the types of what is built', async () => {
    expect(await node(join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', '.')).toEqual({ code: 0, printed: '' });
  }, 60_000);

  test.each(EXAMPLES)(
    '$document: $name prints what stands below it',
    async ({ name, printed }) => {
      if (printed === undefined) throw new Error(`there is no text of=${name}`);
      const ran = await node(`${name}.here.ts`);
      // Pages come in order of completion.
      const sorted = (text: string): readonly string[] => text.trimEnd().split('\n').toSorted();
      expect({ code: ran.code, told: sorted(ran.printed) }).toEqual({ code: 0, told: sorted(here(printed)) });
    },
    30_000,
  );
});

describe('the declarations', () => {
  test('every exported name has a docstring', () => {
    expect(exportedNames().filter(({ doc }) => !/^[A-Z].*[.:]/.test(doc))).toEqual([]);
  });

  test('every type of ours that an exported one names is exported too', () => {
    const names = exportedNames();
    const files = [
      ...readdirSync(join(ROOT, 'src/core')).map((file) => `core/${file}`),
      'library.ts',
      'library-options.ts',
    ];
    const ours = files
      .filter((file) => file.endsWith('.ts'))
      .flatMap((file) => [
        ...readFileSync(join(ROOT, 'src', file), 'utf8').matchAll(/^export (?:type|interface) (\w+)/gm),
      ])
      .map(([, name]) => name ?? '');
    const exported = new Set(names.map(({ name }) => name));
    const missing = names.flatMap(({ declaration }) =>
      ours.filter((name) => !exported.has(name) && new RegExp(`\\b${name}\\b`).test(withoutComments(declaration))),
    );
    expect(missing).toEqual([]);
  });

  test('the defaults that they tell are those that there are', () => {
    const told = Object.fromEntries(libraryOptions().map(({ name, default: words }) => [name, words]));
    const { net, pace, retry, maxRedirects, request } = configOf({});
    const { concurrency, perOrigin, adapt } = pace;
    const { retries, patienceMs, maxWaitMs } = retry;
    const { connectTimeoutMs, responseTimeoutMs, stallTimeoutMs, maxBodyBytes } = net;
    const numbers = {
      ...{ concurrency, perOrigin, retries, patienceMs, maxWaitMs, maxRedirects, maxBodyBytes },
      ...{ connectTimeoutMs, responseTimeoutMs, stallTimeoutMs },
    };
    for (const [name, value] of Object.entries(numbers)) {
      expect([name, /[\d,]*\d/.exec(told[name] ?? '')?.[0]]).toEqual([name, value.toLocaleString('en-US')]);
    }
    expect(told.adapt).toBe(String(adapt));
    expect(told.userAgent).toBe(`\`${request.userAgent}\``);
    expect(statusesIn(told.retryOn ?? '')).toEqual(retry.statuses);
    const flags = ['retryAllMethods', 'blockPrivate', 'http1Only', 'refresh'];
    expect(flags.map((name) => told[name])).toEqual(flags.map(() => 'false'));
  });

  test('every option says its unit where it has one, and its option of the command where there is one', () => {
    const options = libraryOptions();
    expect(options.length).toBeGreaterThan(25);
    expect(options.filter(({ name, meaning }) => name.endsWith('Ms') && !/milliseconds/i.test(meaning))).toEqual([]);
    expect(options.filter(({ name, meaning }) => /Bytes/.test(name) && !/bytes/i.test(meaning))).toEqual([]);
    const flags: readonly string[] = OPTION_ROWS.map(({ long }) => long);
    const told = options.map(({ flag }) => flag.replaceAll('`', '')).filter((flag) => flag !== '');
    expect(told.filter((flag) => !flags.includes(flag))).toEqual([]);
  });
});

/** A set of statuses in words. */
function statusesIn(words: string): readonly (readonly [number, number])[] {
  return words.split(', ').map((range) => {
    const [from, to = from] = range.split(' to ').map(Number);
    return [from ?? 0, to ?? 0];
  });
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '');
}
