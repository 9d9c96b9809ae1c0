import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FAILURE_ADVICE } from '../scripts/failure-advice.ts';
import { EXAMPLES } from '../scripts/man-page.ts';
import { FILES_WITH_TABLES, withTables } from '../scripts/readme-tables.ts';
import { EXIT } from '../src/cli/exit-code.ts';
import { FAILURES } from '../src/core/failure.ts';
import { lineParser } from '../src/input/parse-line.ts';
import { pageFile } from '../src/stores/file-name.ts';
import { EFFECTS } from './readme/effects.ts';
import { codes, DOCUMENTS, FENCES, fencesOf, ROOT, scriptOf, tableBelow } from './readme/fences.ts';
import { useScripts } from './readme/run-script.ts';

const runScript = useScripts();
/** All documents but the one that tells of other programs' options. */
const OF_OURS = Object.entries(DOCUMENTS)
  .filter(([name]) => name !== 'docs/coming-from.md')
  .map(([, text]) => text)
  .join('\n');

const HAS = Object.fromEntries(
  ['duckdb', 'jq', 'make', 'sqlite3'].map((name) => [name, spawnSync(name, ['--version']).status === 0]),
);

/** The programs that a script calls and that are not here. */
function lacking(script: string): readonly string[] {
  return Object.keys(HAS).filter((tool) => !HAS[tool] && new RegExp(`\\b${tool} `).test(script));
}

/** The step of a workflow that is a script. */
function stepOf(workflow: string): string {
  return /- run: \|\n((?: {10}.*\n)+)/.exec(workflow)?.[1] ?? '';
}

/** Figures that another run cannot meet, and the day of the recording. */
function withoutFigures(text: string): string {
  return text
    .replace(/\d{4}-\d\d-\d\d/g, 'DAY')
    .replace(/[\d.,]+ (ms|s|B|kB|pages\/s)\b/g, '# $1')
    .replace(/# ms\b/g, '# s');
}

describe('commands', () => {
  const commands = [...fencesOf('sh', 'name'), ...fencesOf('yaml', 'name')].map((fence) => ({
    ...fence,
    name: fence.facts.name ?? '',
    script: fence.language === 'yaml' ? stepOf(fence.text) : scriptOf(fence),
  }));

  test('each has a name and an effect that is looked at, or lines that it prints', () => {
    const named = commands.map(({ name }) => name);
    expect(FENCES.filter(({ language }) => language === 'sh' || language === 'yaml')).toHaveLength(named.length);
    const all = FENCES.flatMap(({ facts }) => (facts.name === undefined ? [] : [facts.name]));
    expect(new Set(all).size).toBe(all.length);
    const printing = fencesOf('text', 'of').map(({ facts }) => facts.of);
    expect(named.filter((name) => EFFECTS[name] === undefined && !printing.includes(name))).toEqual([]);
    expect(Object.keys(EFFECTS).filter((name) => !named.includes(name))).toEqual([]);
  });

  test('none stands where nobody runs it', () => {
    const documents = ['README.md', 'SECURITY.md', ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`)];
    const unrun = documents.filter(isMarkdown).filter((name) => {
      const text = readFileSync(join(ROOT, name), 'utf8');
      const isIndented = /^ {4}fetch-pages /m.test(text.replace(/^```[\s\S]*?^```$/gm, ''));
      return isIndented || (/^```(?:sh|ts) /m.test(text) && DOCUMENTS[name] === undefined);
    });
    expect(unrun).toEqual([]);
  });

  describe.concurrent('run', () => {
    for (const { document, name, facts, script } of commands) {
      const lacks = lacking(script);
      const title = `${document}: ${name}${lacks.map((tool) => ` (needs ${tool})`).join('')}`;
      test.skipIf(lacks.length > 0)(title, async () => {
        const result = await runScript(script, name);
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

    for (const [does, command] of EXAMPLES) {
      const lacks = lacking(command);
      test.skipIf(lacks.length > 0)(`the manual page: ${does} ${command}`, async () => {
        const { code, stderr } = await runScript(command, 'man');
        // Of the pages that the link check finds in docs, one is missing.
        expect({ code, stderr }).toEqual({ code: command.includes('broken.txt') ? 1 : 0, stderr });
        expect(stderr).toMatch(/\d pages? (?:is|are) OK\b|pages are OK/);
      });
    }

    test.skipIf(!HAS.make)('docs/recipes.md: make', async () => {
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
  test.each(FILES_WITH_TABLES)('%s has those of the program (node scripts/readme-tables.ts writes them)', (name) => {
    const text = DOCUMENTS[name] ?? '';
    expect(text).toContain('<!-- /');
    expect(withTables(text)).toBe(text);
  });

  test('every option of --help all is in the README, and the other way round', () => {
    const help = execFileSync(process.execPath, [join(ROOT, 'bin/fetch-pages.js'), '--help', 'all'], {
      encoding: 'utf8',
    });
    const options = help.slice(help.indexOf('\nInput\n'), help.indexOf('\nExit codes'));
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
    const told = tableBelow('README.md', '| | option | meaning | default |').flatMap(([, flags = '']) =>
      codes(flags).map((flag) => flag.split(' ', 1)[0] ?? ''),
    );
    expect(told.toSorted()).toEqual(flagsOfHelp.toSorted());
    const inText = [...OF_OURS.matchAll(/`(--[a-z][\w.-]*)/g)].map(([, flag]) => flag ?? '');
    expect(inText.filter((flag) => !flagsOfHelp.includes(flag))).toEqual([]);
  });

  test('every option that the others are compared with is ours', () => {
    const known = execFileSync(process.execPath, [join(ROOT, 'bin/fetch-pages.js'), '--help', 'all'], {
      encoding: 'utf8',
    });
    const head = '| what | fetch-pages | curl | wget2 | aria2c | httpx |';
    const told = tableBelow('docs/coming-from.md', head).flatMap(([, ours = '']) =>
      codes(ours).flatMap((code) => code.match(/(?<![\w-])--?[a-z][\w.-]*/gi) ?? []),
    );
    expect(told.length).toBeGreaterThan(30);
    expect(told.filter((flag) => !new RegExp(`(?:^|[ ,])${flag}[ ,\n]`, 'm').test(known))).toEqual([]);
  });

  test('every failure has its row, and its advice once', () => {
    const told = tableBelow('docs/errors.md', '| code | meaning | tried again |').map(([code = '']) => codes(code)[0]);
    expect(told).toEqual(['HTTP_404', ...Object.keys(FAILURES)]);
    const advised = Object.values(FAILURE_ADVICE).flatMap((advice) => Object.keys(advice));
    expect(advised.toSorted()).toEqual(Object.keys(FAILURES).toSorted());
  });

  test('every exit code has its row, in the order in which they apply', () => {
    const told = tableBelow('README.md', '| code | meaning |').flatMap(([code = '']) => code.split(', ').map(Number));
    expect(told.toSorted()).toEqual([...Object.values(EXIT), 129, 130, 143].toSorted());
    expect(told).toEqual([2, 3, 129, 130, 143, 141, 4, 1, 0, 70]);
  });

  test('every field of a record has its row', () => {
    const source = readFileSync(join(ROOT, 'src/core/record.ts'), 'utf8');
    const declared = source.slice(source.indexOf('interface PageRecord'), source.indexOf('function isOk'));
    const fields = [...declared.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, field]) => field ?? '');
    const told = tableBelow('README.md', '| field | meaning |').flatMap(([names = '']) => codes(names));
    expect(told.toSorted()).toEqual([...fields, 'body', 'bodyBase64'].toSorted());
  });

  test('files are named as it says', () => {
    for (const [request = '', file = ''] of tableBelow('README.md', '| request | file |')) {
      const item = lineParser({ method: 'GET' }).line(codes(request)[0] ?? '', 'urls.txt:1');
      if (item?.type !== 'page') throw new Error(`${request} is no page`);
      expect(pageFile(item.page)).toEqual({ name: codes(file)[0] });
    }
  });

  test.each(['README.md', ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`)].filter(isMarkdown))(
    'the links of %s lead to files and headings that are there',
    (name) => {
      const broken = linksOf(name).filter((link) => {
        const [path = '', anchor] = link.split('#');
        const target = path === '' ? name : join(dirname(name), path);
        if (!existsSync(join(ROOT, target))) return true;
        return anchor !== undefined && !anchorsOf(target).includes(anchor);
      });
      expect(broken).toEqual([]);
    },
  );
});

test('docs/README.md leads to every document', () => {
  const files = readdirSync(join(ROOT, 'docs')).filter((name) => isMarkdown(name) && name !== 'README.md');
  const index = readFileSync(join(ROOT, 'docs/README.md'), 'utf8');
  expect(files.filter((name) => !index.includes(`](${name})`))).toEqual([]);
});

function isMarkdown(name: string): boolean {
  return name.endsWith('.md');
}

/** Those that stay in the checkout. */
function linksOf(name: string): readonly string[] {
  const markdown = readFileSync(join(ROOT, name), 'utf8');
  const links = [...markdown.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
  return links.filter((link) => !link.startsWith('https://'));
}

function anchorsOf(name: string): readonly string[] {
  const markdown = readFileSync(join(ROOT, name), 'utf8');
  return [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => slug(heading));
}

/** As GitHub makes anchors of headings. */
function slug(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w -]/g, '')
    .replaceAll(' ', '-');
}
