import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { importsOf, isBarrel, readSource, type SourceCode } from './support/source-code.ts';

const ROOT = join(import.meta.dirname, '..');

interface SourceFile extends SourceCode {
  /** `src/core/page.ts` */
  readonly path: string;
  /** As written: `../core/page.ts`, `node:fs`, `undici`. */
  readonly imports: readonly string[];
}

const FILES: readonly SourceFile[] = globSync('src/**/*.ts', { cwd: ROOT })
  .toSorted()
  .map((path) => {
    const source = readSource(readFileSync(join(ROOT, path), 'utf8'));
    return { path, ...source, imports: importsOf(source) };
  });

const isOurs = (specifier: string): boolean => specifier.startsWith('.');
const isBuiltIn = (specifier: string): boolean => specifier.startsWith('node:');
/** `./page.ts` in `src/core/event.ts` is `src/core/page.ts`. */
const target = (file: SourceFile, specifier: string): string =>
  relative(ROOT, join(ROOT, dirname(file.path), specifier));

/** Every `path: word` that breaks a rule; a rule that holds gives none. */
function breaches(of: (file: SourceFile) => readonly string[]): string[] {
  return FILES.flatMap((file) => of(file).map((word) => `${file.path}: ${word}`));
}

/**
 * What each room may import: other rooms, built-ins of Node (without `node:`), packages. A room may always import from itself.
 * The first pattern that fits a file is its room.
 */
const ROOMS: readonly { room: RegExp; rooms: readonly RegExp[]; builtIns: string; packages: string }[] = [
  // The types that all rooms share: each may only import those before it.
  { room: /^src\/core\/(page|failure)\.ts$/, rooms: [], builtIns: '', packages: '' },
  { room: /^src\/core\/config\.ts$/, rooms: [/^src\/core\/page\.ts$/], builtIns: '', packages: '' },
  { room: /^src\/core\/record\.ts$/, rooms: [/^src\/core\/(page|failure)\.ts$/], builtIns: '', packages: '' },
  { room: /^src\/core\/event\.ts$/, rooms: [/^src\/core\/(page|failure|record)\.ts$/], builtIns: '', packages: '' },
  {
    room: /^src\/core\/ports\.ts$/,
    rooms: [/^src\/core\/(page|failure|config|record|event)\.ts$/],
    builtIns: '',
    packages: '',
  },
  // Policies: facts in, a decision out.
  {
    room: /^src\/core\/policy\//,
    rooms: [/^src\/core\/(page|failure|config|record|event)\.ts$/],
    builtIns: '',
    packages: '',
  },
  { room: /^src\/core\//, rooms: [], builtIns: 'crypto', packages: 'p-limit' },
  {
    room: /^src\/input\//,
    rooms: [/^src\/core\//],
    builtIns: 'buffer crypto fs net os path stream util zlib',
    packages: '',
  },
  {
    room: /^src\/net\//,
    rooms: [/^src\/core\//],
    builtIns: 'crypto diagnostics_channel dns fs http2 net os path stream tls zlib',
    packages:
      'undici undici/lib/dispatcher/agent.js undici/lib/dispatcher/fixed-queue.js undici/lib/dispatcher/pool.js',
  },
  {
    room: /^src\/stores\//,
    rooms: [/^src\/core\//],
    builtIns: 'buffer crypto events fs fs/promises os path sqlite stream timers/promises url util worker_threads zlib',
    packages: 'warcio',
  },
  { room: /^src\/progress\//, rooms: [/^src\/core\//], builtIns: 'module', packages: 'chalk string-width' },
  {
    room: /^src\/report\//,
    // The terminal's words for numbers and for the verdict: one run is told in one way.
    rooms: [/^src\/core\//, /^src\/progress\/(format|theme|verdict|wording)\.ts$/],
    builtIns: 'crypto fs module',
    packages: 'uplot',
  },
  { room: /^src\/demo\//, rooms: [], builtIns: 'events http http2 net', packages: '' },
  { room: /^src\/system-clock\.ts$/, rooms: [/^src\/core\/ports\.ts$/], builtIns: '', packages: '' },
  // The two that build adapters: they may know everybody, and nobody knows them.
  { room: /^src\/cli\//, rooms: [/^src\/(?!index|library)/], builtIns: '*', packages: 'commander' },
  {
    room: /^src\/(index|library(-\w+)?)\.ts$/,
    rooms: [/^src\/(?!cli\/|demo\/|progress\/)/],
    builtIns: '*',
    packages: '',
  },
];

/** What decides a run. Other rooms share core's types, ports and small tools; only who builds a run imports the engine. */
const ENGINE =
  /^src\/core\/(run|frontier|origin-gate|fetch-page|page-job|intake|body-collector|policy\/(?!sanitise))[^/]*/;
const BUILDERS = /^src\/(core\/|cli\/|(index|library(-\w+)?)\.ts$)/;

/** Where each package, and each built-in that is one room's affair, is at home. */
const HOMES: readonly (readonly [what: string, home: RegExp])[] = [
  ['commander', /^src\/cli\/option/],
  ['chalk', /^src\/progress\/theme\.ts$/],
  ['string-width', /^src\/progress\//],
  ['undici', /^src\/net\//],
  ['p-limit', /^src\/core\/permits\.ts$/],
  ['warcio', /^src\/stores\//],
  ['uplot', /^src\/report\/(draw-plots|plot-script)\.ts$/],
  ['node:sqlite', /^src\/stores\//],
  ['node:process', /^src\/cli\//],
];

/** Words of code that reach outside by themselves, and where they may not stand. */
const WORDS: readonly (readonly [word: string, pattern: RegExp, notIn: RegExp])[] = [
  ['Date.now', /\bDate\s*\.\s*now\b/, /^src\/(core|input)\//],
  ['new Date() without a time', /\bnew\s+Date\b(?!\s*\(\s*[^)\s])/, /^src\/(core|input)\//],
  ['Date()', /(?<!\bnew\s+|[\w$.])Date\s*\(/, /^src\/(core|input)\//],
  ['Math.random', /\bMath\s*\.\s*random\b/, /^src\/(core|input|net|progress|report|stores)\//],
  ['random numbers of crypto', /\brandom(?:Bytes|UUID|Int|FillSync|Fill)\b|\bgetRandomValues\b/, /^src\/core\//],
  ['a timer', /\bset(?:Timeout|Interval|Immediate)\b/, /^src\/(core|input|report)\//],
  ['performance', /\bperformance\b/, /^src\/(core|input|progress|report|stores\/(?!quick-disk))/],
  ['process', /(?<![\w$.#])process\b(?!\s*:)/, /^src\/(?!cli\/)/],
  ['console', /(?<![\w$.#])console\b/, /^src\//],
  ['globalThis', /\bglobalThis\b/, /^src\/core\//],
];

describe('1. no import cycle, and no barrel', () => {
  test('every import of ours names a file of src, with its ending', () => {
    const paths = new Set(FILES.map(({ path }) => path));
    expect(
      breaches((file) => file.imports.filter((specifier) => isOurs(specifier) && !paths.has(target(file, specifier)))),
    ).toEqual([]);
  });

  test('nothing imports itself by any way, types included', () => {
    const graph = new Map(
      FILES.map((file) => [file.path, file.imports.filter(isOurs).map((specifier) => target(file, specifier))]),
    );
    expect(cycle(graph)).toEqual([]);
  });

  test('no file of re-exports but the stores’ table and the library’s face', () => {
    const barrels = FILES.filter(isBarrel).map(({ path }) => path);
    expect(barrels.filter((path) => path !== 'src/stores/index.ts' && path !== 'src/index.ts')).toEqual([]);
  });
});

describe('2. core reaches outside only through its ports', () => {
  test.each(WORDS)('%s stands only where it may', (_, pattern, notIn) => {
    expect(breaches(({ path, codeOnly }) => (notIn.test(path) ? found(pattern, codeOnly) : []))).toEqual([]);
  });

  test('only who builds a run imports the engine and its policies', () => {
    expect(
      breaches((file) =>
        BUILDERS.test(file.path)
          ? []
          : file.imports.filter((specifier) => isOurs(specifier) && ENGINE.test(target(file, specifier))),
      ),
    ).toEqual([]);
  });
});

describe('5. everything in its home', () => {
  test('every file has a room', () => {
    expect(FILES.filter(({ path }) => !ROOMS.some(({ room }) => room.test(path))).map(({ path }) => path)).toEqual([]);
  });

  test.each(ROOMS)('$room imports only what it may', (row) => {
    expect(breaches((file) => (roomOf(file.path) === row ? forbidden(file, row) : []))).toEqual([]);
  });

  test.each(HOMES)('%s is imported at home only', (what, home) => {
    expect(breaches(({ path, imports }) => (home.test(path) ? [] : imports.filter((word) => word === what)))).toEqual(
      [],
    );
  });

  test('the demo is imported by the command line only', () => {
    expect(
      breaches((file) =>
        /^src\/(cli|demo)\//.test(file.path)
          ? []
          : file.imports.filter((specifier) => isOurs(specifier) && target(file, specifier).startsWith('src/demo/')),
      ),
    ).toEqual([]);
  });
});

function roomOf(path: string): (typeof ROOMS)[number] | undefined {
  return ROOMS.find(({ room }) => room.test(path));
}

function forbidden(file: SourceFile, row: (typeof ROOMS)[number]): string[] {
  const builtIns = row.builtIns.split(' ').map((name) => `node:${name}`);
  const packages = row.packages.split(' ');
  return file.imports.filter((specifier) => {
    if (isBuiltIn(specifier)) return row.builtIns !== '*' && !builtIns.includes(specifier);
    if (!isOurs(specifier)) return !packages.includes(specifier);
    const path = target(file, specifier);
    return !row.room.test(path) && !row.rooms.some((room) => room.test(path));
  });
}

function found(pattern: RegExp, text: string): string[] {
  return text.split('\n').flatMap((line, index) => (pattern.test(line) ? [`line ${index + 1}`] : []));
}

/** The first cycle, from a file back to itself; empty where there is none. */
function cycle(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const visit = (path: string, way: readonly string[]): string[] => {
    if (way.includes(path)) return [...way.slice(way.indexOf(path)), path];
    if (done.has(path)) return [];
    for (const next of graph.get(path) ?? []) {
      const closed = visit(next, [...way, path]);
      if (closed.length > 0) return closed;
    }
    done.add(path);
    return [];
  };
  for (const path of graph.keys()) {
    const closed = visit(path, []);
    if (closed.length > 0) return closed;
  }
  return [];
}

describe('these rules bite', () => {
  test('a cycle is found, and the way round it', () => {
    const graph = new Map([
      ['a', ['b', 'c']],
      ['b', ['c']],
      ['c', ['d']],
      ['d', ['b']],
    ]);
    expect(cycle(graph)).toEqual(['b', 'c', 'd', 'b']);
    expect(cycle(new Map([['a', ['a']]]))).toEqual(['a', 'a']);
    expect(cycle(new Map([['a', ['b', 'b']]]))).toEqual([]);
  });

  test.each([
    ['of values', "import { a } from './a.ts';", ['./a.ts']],
    ['of types', "import type { A } from './a.ts';", ['./a.ts']],
    ['over several lines', "import {\n  a,\n  b,\n} from './a.ts';", ['./a.ts']],
    ['for its effect', "import './a.ts';", ['./a.ts']],
    ['when it is needed', "const { a } = await import('node:sqlite');", ['node:sqlite']],
    ['of a type in place', "let a: import('./a.ts').A;", ['./a.ts']],
    ['to export again', "export { a } from './a.ts';\nexport * from './b.ts';", ['./a.ts', './b.ts']],
    ['of a default and all', "import a, * as b from 'a';", ['a']],
    ['in a comment', "// import { a } from './a.ts';\n/*\nimport { b } from './b.ts';\n*/", []],
  ])('an import is seen: %s', (_, text, expected) => {
    expect(importsOf(readSource(text))).toEqual(expected);
  });

  test.each([
    ['of names', "export { a } from './a.ts';", true],
    ['of everything', "// All of it.\nexport * from './a.ts';\nexport type { B } from './b.ts';", true],
    ['by a detour', "import { a } from './a.ts';\nexport { a };", true],
    ['with something of its own', "export { a } from './a.ts';\nexport const b = 1;", false],
    ['that is a module like any', "import { a } from './a.ts';\nexport const b = a;", false],
    ['that is empty', '// Nothing.', false],
  ])('a barrel %s', (_, text, expected) => {
    expect(isBarrel(readSource(text))).toBe(expected);
  });

  const breaks = (text: string): string[] =>
    WORDS.filter(([, pattern]) => found(pattern, readSource(text).codeOnly).length > 0).map(([word]) => word);

  test.each<[string, string[]]>([
    ['const now = Date.now();', ['Date.now']],
    ['const now = new Date();', ['new Date() without a time']],
    ['const now = new Date;', ['new Date() without a time']],
    ['const then = new Date(wallMs).toISOString();', []],
    ['const at = Date.UTC(2026, 1);', []],
    ['const text = Date();', ['Date()']],
    ['const r = Math.random();', ['Math.random']],
    ['setTimeout(wake, 5); setInterval(wake, 5); setImmediate(wake);', ['a timer']],
    ['const now = performance.now();', ['performance']],
    ['process.exitCode = 1;', ['process']],
    ['const { argv } = process;', ['process']],
    [`const argv = \`\${process.argv}\`;`, ['process']],
    ["const text = 'the process ends', other = `of a process`, slash = /process/;", []],
    ['/** Ends the process. */ // process.exit()', []],
    ['const a = { process: 1 }; a.process; processed();', []],
    ['const half = all / 2; process.exit(); // all / 2', ['process']],
    ['const quote = /[\'"`]/.test(text); process.exit();', ['process']],
    [`const nested = \`a \${b ? \`\${c}\` : { d: 1 }.d} process\`; Math.random();`, ['Math.random']],
    ["const escaped = 'it\\'s'; console.log(escaped);", ['console']],
  ])('%s', (text, expected) => {
    expect(breaks(text)).toEqual(expected);
  });
});
