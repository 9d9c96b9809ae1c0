import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const BIN = join(import.meta.dirname, '..', '..', 'bin');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fetch-pages-launcher-'));
  cpSync(BIN, join(folder, 'bin'), { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function launch(path = 'bin/fetch-pages.js', ...argv: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [path, ...argv], { cwd: folder, encoding: 'utf8' });
  return { status, stdout, stderr };
}

/** Runs the launcher's text as another Node would; there is nothing that it could load. */
function launchOn(version: string): { stderr: string; exitCode: number | undefined } {
  let stderr = '';
  const old = {
    version: `v${version}`,
    versions: { node: version },
    exitCode: undefined,
    stderr: { write: (text: string) => (stderr += text) },
    on: () => old,
  };
  const text = readFileSync(join(BIN, 'fetch-pages.js'), 'utf8').replace(/^#!.*/, '');
  runInNewContext(text, {
    process: old,
    require: () => {
      throw new Error('loaded something');
    },
    __dirname: BIN,
  });
  return { stderr, exitCode: old.exitCode };
}

describe('an old Node', () => {
  test.each(['4.9.1', '8.17.0', '12.16.3', '20.20.2', '22.9.0', '22.18.0'])(
    '%s gets a sentence and exit code 2',
    (version) => {
      expect(launchOn(version)).toEqual({
        stderr: `fetch-pages needs Node.js 22.19 or newer, and this is v${version}; get it from https://nodejs.org, or with nvm install 24.\n`,
        exitCode: 2,
      });
    },
  );

  test.each(['22.19.0', '22.100.0', '23.0.0', '26.10.0', '100.0.0'])('%s is not old', (version) => {
    expect(() => launchOn(version)).toThrow('loaded something');
  });

  test('can parse the launcher: nothing in it is newer than Node 4', () => {
    const text = readFileSync(join(BIN, 'fetch-pages.js'), 'utf8');
    const code = text.replaceAll(/^\s*(?:\/\/|\/\*\*).*$/gm, '');
    expect(code).not.toMatch(
      /,\s*\)|\bimport\b|\bexport\b|\?\.|\?\?|\basync\b|\bawait\b|\.\.\.|\*\*|catch\s*\{|\bclass\b/,
    );
    expect(JSON.parse(readFileSync(join(BIN, 'package.json'), 'utf8'))).toEqual({ type: 'commonjs' });
  });
});

describe('a Node that is new enough', () => {
  test('without a build is told how to make one', () => {
    expect(launch()).toEqual({
      status: 2,
      stdout: '',
      stderr: 'fetch-pages is not built in this checkout; run npm run build first.\n',
    });
  });

  test('runs main, through a link too, and hides no warning but that of SQLite', () => {
    mkdirSync(join(folder, 'dist', 'cli'), { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{}');
    writeFileSync(
      join(folder, 'dist', 'cli', 'main.cjs'),
      `exports.main = async () => {
        process.emitWarning('SQLite is an experimental feature and might change at any time', 'ExperimentalWarning');
        process.emitWarning('Other is an experimental feature', 'ExperimentalWarning');
        process.emitWarning('with details', { type: 'Custom', code: 'C1' });
        process.stdout.write(process.argv.slice(2).join());
        process.exitCode = 7;
      }`,
    );
    symlinkSync(join('bin', 'fetch-pages.js'), join(folder, 'link'));
    for (const path of ['bin/fetch-pages.js', 'link']) {
      const { status, stdout, stderr } = launch(path, 'a', '--b');
      expect({ status, stdout }).toEqual({ status: 7, stdout: 'a,--b' });
      expect(stderr).not.toContain('SQLite');
      expect(stderr).toContain('ExperimentalWarning: Other is an experimental feature');
      expect(stderr).toContain('[C1] Custom: with details');
    }
  });
});
