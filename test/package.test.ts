import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const PACKAGE = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

interface Packed {
  readonly files: readonly { readonly path: string }[];
}

/** The files that npm would publish of what is built. */
function packedFiles(): readonly string[] {
  // Without scripts: packing would build anew, while other tests run what is built.
  const argv = ['pack', '--dry-run', '--ignore-scripts', '--json', '--loglevel=error'];
  const text = execFileSync('npm', argv, { cwd: ROOT, encoding: 'utf8' });
  const packed: readonly Packed[] = JSON.parse(text);
  return packed.flatMap(({ files }) => files.map(({ path }) => path));
}

test('the package holds what a user needs, and nothing else', () => {
  const files = packedFiles();
  const outsideDist = files.filter((path) => !path.startsWith('dist/'));
  expect(outsideDist.toSorted()).toEqual([
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'SECURITY.md',
    'bin/fetch-pages.js',
    'bin/package.json',
    'package.json',
    'summary.schema.json',
  ]);
  const { types, default: code } = PACKAGE.exports['.'];
  const needed = [types, code, PACKAGE.types, PACKAGE.bin['fetch-pages'], ...PACKAGE.man, 'dist/cli/main.cjs'];
  expect(files).toEqual(expect.arrayContaining(needed.map((path) => path.replace(/^\.\//, ''))));
  expect(files.filter((path) => !/\.(?:c?js|d\.ts|md|json)$|^LICENSE$|^dist\/fetch-pages\.1$/.test(path))).toEqual([]);
});

test('the package declares types for importers, not for what they cannot import', () => {
  const declared = packedFiles().filter((path) => path.endsWith('.d.ts'));
  expect(declared.filter((path) => !/^dist\/(?:core\/|[^/]+$)/.test(path))).toEqual([]);
});

test('what is bundled carries its licence, and is of the version that is declared', () => {
  const licenses = readFileSync(join(ROOT, 'dist', 'cli', 'LICENSES.md'), 'utf8');
  const bundled = ['chalk', 'commander', 'p-limit', 'undici', 'warcio'];
  for (const name of bundled) expect(licenses).toContain(`\n## ${name} ${PACKAGE.dependencies[name]} (`);
  expect(licenses.match(/^## /gm)?.length).toBeLessThanOrEqual(licenses.match(/copyright/gi)?.length ?? 0);
  expect(packedFiles()).toContain('dist/cli/LICENSES.md');
});

test('every thread has its file beside the command: without it a store would go on without, and nobody would know', () => {
  const threads = readdirSync(join(ROOT, 'src', 'stores')).filter((name) => name.endsWith('-worker.ts'));
  expect(threads.length).toBeGreaterThan(1);
  const files = threads.map((name) => `dist/cli/${name.replace(/ts$/, 'cjs')}`);
  expect(packedFiles()).toEqual(expect.arrayContaining(files));
});

test('the lock file names no registry', () => {
  expect(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).not.toMatch(/"resolved": "https?:/);
});
