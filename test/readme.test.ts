import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withTables } from '../scripts/readme-tables.ts';
import { EXIT } from '../src/cli/exit-code.ts';
import { FAILURES } from '../src/core/failure.ts';
import { lineParser } from '../src/input/parse-line.ts';
import { pageFile } from '../src/stores/file-name.ts';
import { type ExampleSite, startExampleSite } from './readme/example-site.ts';
import { codes, FENCES, type Fence, README, ROOT, tableBelow } from './readme/fences.ts';
import { startAppServer } from './support/app-server.ts';
import { type Ending, runShell } from './support/spawn-bin.ts';

/** A block that has been run: what it printed, and the folder that it left. */
interface Done extends Ending {
  readonly folder: string;
  readonly site: ExampleSite;
}

const ITEMS = [1, 2, 3, 4].map((number) => `https://api.example.com/items/${number}`);
const MIXED = [...ITEMS, 'https://www.example.com/missing'];

/** What stands in the folder before a command is run, beside the files that the README shows. */
const FILES: Readonly<Record<string, string | Buffer>> = {
  'urls.txt': lines(ITEMS),
  'mixed.txt': lines(MIXED),
  'more.txt.gz': gzipSync(lines(['https://www.example.com/about'])),
  'headers.txt': 'X-Api-Key: secret\n',
  'lists/a.txt': lines(ITEMS.slice(0, 2)),
  'lists/b.txt': lines(ITEMS.slice(1)),
  'docs/guide.md': 'See <https://www.example.com/about> and [this](https://www.example.com/missing).\n',
  'products.json': JSON.stringify([
    { sku: 'la-1', number: 1 },
    { sku: 'la-2', number: 2 },
  ]),
  ...Object.fromEntries(fencesOf('text', 'file').map(({ facts, text }) => [facts.file ?? '', text])),
};

/** Blocks for which a list has to be another one than the rest. */
const OTHER_LISTS: Readonly<Record<string, readonly string[]>> = {
  again: [...ITEMS, 'https://www.example.com/not-yet'],
  // More than a pipe holds: the run cannot be over before its reader goes away.
  head: Array.from({ length: 1_000 }, (_, index) => `https://api.example.com/items/${index + 1}`),
};

/** What a block must have done beside ending with its exit code. */
const EFFECTS: Readonly<Record<string, (done: Done) => void>> = {
  list: ({ folder }) => expect(bodies(join(folder, 'pages'))).toHaveLength(4),
  pipe: ({ stdout }) => expect(stdout.match(/^https:\/\/api\.example\.com\/items\/\d\t200\t\d+$/gm)).toHaveLength(4),
  script: ({ stdout }) => expect(stdout).toContain('Every page is in pages/.'),
  migrate: ({ folder, stdout }) => {
    expect(['pages', 'downloads', 'others'].map((name) => bodies(join(folder, name)).length)).toEqual([4, 4, 4]);
    expect(stdout).toContain('"contentType":"application/json"');
  },
  lists: ({ folder, site }) => {
    expect(bodies(join(folder, 'pages'))).toContain('lamps.json');
    expect(site.server.requests.filter(({ path }) => path.startsWith('/items/'))).toHaveLength(52);
  },
  requests: ({ folder, site }) => {
    const keys = site.server.requests.filter(({ headers }) => headers['x-api-key'] === 'secret');
    expect(keys).toHaveLength(8);
    expect(record(folder, 'me.ndjson')).toMatchObject({ body: { me: `Basic ${btoa('me:secret')}` } });
    expect(record(folder, 'found.ndjson')).toMatchObject({ body: { asked: '{"q": "lamp"}' } });
    expect(record(folder, 'also-found.ndjson')).toMatchObject({ body: { asked: 'q=lamp&size=50' } });
  },
  strict: ({ folder }) => expect(rows(folder, 'bodies.ndjson')).toHaveLength(4),
  tolerant: ({ stdout }) => expect(stdout).toBe('going on with what there is\n'),
  cron: ({ folder, stdout, stderr }) => {
    expect(stdout + stderr).toBe('');
    expect(readdirSync(folder).filter((name) => /^pages-\d{4}-\d\d-\d\d$/.test(name))).toHaveLength(1);
    expect(JSON.parse(readFileSync(join(folder, 'last-run.json'), 'utf8'))).toMatchObject({ exitCode: 0 });
  },
  find: ({ stdout }) => expect(stdout.trim().split('\n')).toHaveLength(4),
  again: ({ folder, site }) => {
    expect(site.server.count('/not-yet')).toBe(3);
    expect(readFileSync(join(folder, 'rest.txt'), 'utf8')).toBe('');
  },
  links: ({ folder }) => expect(rows(folder, 'broken.txt')).toEqual(['https://www.example.com/missing']),
  jq: ({ folder }) => {
    expect(rows(folder, 'items.jsonl').toSorted()).toEqual(['{"id":"1-1"}', '{"id":"2-1"}', '{"id":"3-1"}']);
    expect(rows(folder, 'items.csv')).toContain('2,"lamp 2","https://api.example.com/items/2"');
  },
  head: ({ folder, stderr }) => {
    expect(rows(folder, 'sample.ndjson')).toHaveLength(2);
    expect(stderr).toBe('');
  },
  sitemap: ({ folder }) => {
    const host = 'www.example.com/';
    const names = ['about.body', 'index.body', 'search@q=lamp,page=2.body'];
    expect(bodies(join(folder, 'site'))).toEqual(names.map((name) => host + name));
  },
  data: ({ folder }) => expect(bodies(join(folder, 'products'))).toEqual(['la-1.json', 'la-2.json']),
  summary: ({ stdout }) => expect(stdout).toMatch(/^4 of 5 pages in [\d.]+ s, 0 refusals\n1 HTTP_404\n$/),
  shards: ({ folder }) => {
    expect(
      rows(folder, 'all.ndjson')
        .map((row) => JSON.parse(row).url)
        .toSorted(),
    ).toEqual(ITEMS);
  },
  manifest: ({ stdout }) => {
    expect(stdout).toContain('https://api.example.com/items/1\tapi.example.com/items/1.body\n');
  },
  resume: ({ site }) => expect(site.server.requests).toHaveLength(4),
};

const HAS = Object.fromEntries(['jq', 'make'].map((name) => [name, spawnSync(name, ['--version']).status === 0]));
const done: Done[] = [];
let tools = '';

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join('');
}

function fencesOf(language: string, fact: string): readonly Fence[] {
  return FENCES.filter((fence) => fence.language === language && fence.facts[fact] !== undefined);
}

function rows(folder: string, name: string): readonly string[] {
  return readFileSync(join(folder, name), 'utf8').trim().split('\n');
}

function record(folder: string, name: string): unknown {
  return JSON.parse(readFileSync(join(folder, name), 'utf8'));
}

/** The files of pages in a folder, sorted. */
function bodies(folder: string): readonly string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  return paths.filter((path) => path !== 'manifest.ndjson' && !path.startsWith('.')).toSorted();
}

/** Runs a script in a folder of its own, where `sleep` does not and the hosts of example.com are ours. */
async function runScript(script: string, name: string): Promise<Done> {
  const folder = mkdtempSync(join(tmpdir(), 'fetch-pages-readme-'));
  const lists = OTHER_LISTS[name];
  const files = lists === undefined ? FILES : { ...FILES, 'urls.txt': lines(lists) };
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  const site = await startExampleSite();
  const env = {
    https_proxy: site.proxy,
    NODE_EXTRA_CA_CERTS: join(ROOT, 'test/support/tls/ca.pem'),
    TOKEN: 'secret',
    PASSWORD: 'secret',
  };
  const ending = await runShell(`set +o pipefail\nPATH='${tools}':$PATH\n${script}`, { cwd: folder, env });
  const result = { ...ending, folder, site };
  done.push(result);
  return result;
}

/** Figures that another run cannot meet, and the day of the recording. */
function withoutFigures(text: string): string {
  return text
    .replace(/\d{4}-\d\d-\d\d/g, 'DAY')
    .replace(/[\d.,]+ (ms|s|B|kB|pages\/s)\b/g, '# $1')
    .replace(/# ms\b/g, '# s');
}

beforeAll(() => {
  tools = mkdtempSync(join(tmpdir(), 'fetch-pages-readme-tools-'));
  writeFileSync(join(tools, 'sleep'), '#!/bin/sh\n', { mode: 0o755 });
});

afterAll(async () => {
  await Promise.all(done.map(({ site }) => site.close()));
  for (const { folder } of done) rmSync(folder, { recursive: true, force: true });
  rmSync(tools, { recursive: true, force: true });
});

describe('commands', () => {
  const commands = fencesOf('sh', 'name').map((fence) => ({ ...fence, name: fence.facts.name ?? '' }));

  test('each has a name and an effect that is looked at, or lines that it prints', () => {
    const named = commands.map(({ name }) => name);
    expect(FENCES.filter(({ language }) => language === 'sh')).toHaveLength(named.length);
    expect(new Set(named).size).toBe(named.length);
    const printing = fencesOf('text', 'of').map(({ facts }) => facts.of);
    expect(named.filter((name) => EFFECTS[name] === undefined && !printing.includes(name))).toEqual([]);
    expect(Object.keys(EFFECTS).filter((name) => !named.includes(name))).toEqual([]);
  });

  describe.concurrent('run', () => {
    for (const { name, facts, text } of commands) {
      const lacks = Object.keys(HAS).filter((tool) => !HAS[tool] && new RegExp(`\\b${tool} `).test(text));
      test.skipIf(lacks.length > 0)(`${name}${lacks.map((tool) => ` (needs ${tool})`).join('')}`, async () => {
        const result = await runScript(text, name);
        expect({ code: result.code, stderr: result.stderr }).toEqual({
          code: Number(facts.exits ?? 0),
          stderr: result.stderr,
        });
        EFFECTS[name]?.(result);
        const printed = withoutFigures(result.stdout + result.stderr).split('\n');
        for (const { text: shown } of fencesOf('text', 'of').filter((fence) => fence.facts.of === name)) {
          expect(printed).toEqual(expect.arrayContaining(withoutFigures(shown).trimEnd().split('\n')));
        }
      });
    }

    test.skipIf(!HAS.make)('make', async () => {
      const [makefile] = fencesOf('makefile', 'name');
      const write = `cat > Makefile <<'END'\n${makefile?.text}END\n`;
      const { code, stdout, site, folder } = await runScript(`${write}make && make`, 'make');
      expect({ code, requests: site.server.requests.length }).toEqual({ code: 0, requests: 4 });
      expect(stdout).toMatch(/up to date/);
      expect(existsSync(join(folder, 'site.ok'))).toBe(true);
    });
  });
});

describe('tables', () => {
  test('options and error codes are those of the program (node scripts/readme-tables.ts writes them)', () => {
    expect(withTables(README)).toBe(README);
  });

  test('every option of --help all is in the README, and the other way round', () => {
    const help = execFileSync(process.execPath, [join(ROOT, 'bin/fetch-pages.js'), '--help', 'all'], {
      encoding: 'utf8',
    });
    const options = help.slice(help.indexOf('\nInput\n'), help.indexOf('\nExit codes\n'));
    const flagsOfHelp = options
      .split('\n')
      .filter((line) => /^ {2}(?:-\w, | {4})--/.test(line))
      .flatMap((line) => [
        ...(line
          .trim()
          .split(/ {2}/, 1)[0]
          ?.matchAll(/(?<![\w-])--?[a-z][\w.-]*/gi) ?? []),
      ])
      .map(([flag]) => flag);
    const told = tableBelow('| | option | meaning | default |').flatMap(([, flags = '']) =>
      codes(flags).map((flag) => flag.split(' ', 1)[0] ?? ''),
    );
    expect(told.toSorted()).toEqual(flagsOfHelp.toSorted());
    const inText = [...README.matchAll(/`(--[a-z][\w.-]*)/g)].map(([, flag]) => flag ?? '');
    expect(inText.filter((flag) => !flagsOfHelp.includes(flag))).toEqual([]);
  });

  test('every failure has its row', () => {
    const told = tableBelow('| code | meaning | tried again |').map(([code = '']) => codes(code)[0]);
    expect(told).toEqual(['HTTP_404', ...Object.keys(FAILURES)]);
  });

  test('every exit code has its row, in the order in which they apply', () => {
    const told = tableBelow('| code | meaning |').flatMap(([code = '']) => code.split(', ').map(Number));
    expect(told.toSorted()).toEqual([...Object.values(EXIT), 129, 130, 143].toSorted());
    expect(told).toEqual([2, 3, 129, 130, 143, 141, 4, 1, 0, 70]);
  });

  test('every field of a record has its row', () => {
    const source = readFileSync(join(ROOT, 'src/core/record.ts'), 'utf8');
    const declared = source.slice(source.indexOf('interface PageRecord'), source.indexOf('function isOk'));
    const fields = [...declared.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, field]) => field ?? '');
    const told = tableBelow('| field | meaning |').flatMap(([names = '']) => codes(names));
    expect(told.toSorted()).toEqual([...fields, 'body', 'bodyBase64'].toSorted());
  });

  test('files are named as it says', () => {
    for (const [request = '', file = ''] of tableBelow('| request | file |')) {
      const item = lineParser({ method: 'GET' }).line(codes(request)[0] ?? '', 'urls.txt:1');
      if (item?.type !== 'page') throw new Error(`${request} is no page`);
      expect(pageFile(item.page)).toEqual({ name: codes(file)[0] });
    }
  });

  test('its links lead to files and headings that are there', () => {
    const links = [...README.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
    const headings = [...README.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => `#${slug(heading)}`);
    const near = links.filter((link) => !link.startsWith('https://'));
    expect(near.filter((link) => !headings.includes(link) && !existsSync(join(ROOT, link)))).toEqual([]);
  });
});

/** As GitHub makes anchors of headings. */
function slug(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w -]/g, '')
    .replaceAll(' ', '-');
}

test('the library example compiles and fetches', async () => {
  const [example] = fencesOf('ts', 'name');
  const text = example?.text ?? '';
  const folder = mkdtempSync(join(tmpdir(), 'fetch-pages-readme-library-'));
  // The library takes no proxy from its surroundings, so its API has another name here.
  const server = await startAppServer(({ path }, { answer }) => answer(JSON.stringify({ name: `lamp ${path}` })));
  try {
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(ROOT, join(folder, 'node_modules/fetch-pages'));
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(folder, 'example.ts'), text);
    writeFileSync(join(folder, 'here.ts'), text.replaceAll('https://api.example.com', server.origin));
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(TSCONFIG));
    expect(await node(folder, join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', '.')).toEqual({
      code: 0,
      printed: '',
    });
    const { code, printed } = await node(folder, 'here.ts');
    const told = printed.trim().split('\n').toSorted();
    const expected = [1, 2].map((number) => `${server.origin}/items/${number} lamp /items/${number}`);
    expect({ code, told }).toEqual({ code: 0, told: expected });
  } finally {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

const TSCONFIG = {
  compilerOptions: {
    target: 'es2024',
    module: 'nodenext',
    strict: true,
    noEmit: true,
    types: ['node'],
    typeRoots: [join(ROOT, 'node_modules/@types')],
  },
  files: ['example.ts'],
};

/** Runs Node, while the servers of this process go on answering. */
async function node(cwd: string, ...argv: readonly string[]): Promise<{ code: number | null; printed: string }> {
  const child = spawn(process.execPath, argv, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  const hear = (chunk: Buffer): void => {
    printed += chunk;
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  const [code] = await once(child, 'close');
  return { code, printed };
}
