import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { EXAMPLES, manPage } from '../../scripts/man-page.ts';
import { EXIT } from '../../src/cli/exit-code.ts';
import { ENVIRONMENT_MEANINGS, EXIT_MEANINGS, SIGNAL_MEANINGS } from '../../src/cli/meanings.ts';
import { OPTION_ROWS } from '../../src/cli/option-rows/all.ts';
import type { OptionRow } from '../../src/cli/option-rows/row.ts';
import { FAILURES } from '../../src/core/failure.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const PACKAGE = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
/** A list, though there is one: npm links nothing where it is a string. */
const [MAN_PATH = '']: readonly string[] = PACKAGE.man;
const ROWS: readonly OptionRow[] = OPTION_ROWS;
const PAGE = manPage(PACKAGE);
const hasGroff = spawnSync('groff', ['--version']).status === 0;
const hasMan = spawnSync('man', ['--version']).status === 0 && spawnSync('nroff', ['--version']).status === 0;

/** As a terminal of so many columns shows it, without bold and underline. */
function formatted(columns: number): { text: string; warnings: string } {
  const argv = ['-man', '-ww', '-Tutf8', '-P-cbou', `-rLL=${columns}n`];
  const { stdout, stderr } = spawnSync('groff', argv, { input: PAGE, encoding: 'utf8' });
  return { text: stdout, warnings: stderr };
}

test('the package has the page that its rows make', () => {
  expect(PACKAGE.man).toEqual([expect.stringMatching(/\.1$/)]);
  expect(readFileSync(join(ROOT, MAN_PATH), 'utf8')).toBe(PAGE);
});

test('every exit code has a meaning', () => {
  const told = EXIT_MEANINGS.flatMap(([codes]) => codes);
  expect(told.toSorted()).toEqual([...Object.values(EXIT), 129, 130, 143].toSorted());
});

describe.skipIf(!hasGroff)('formatted by groff', () => {
  let text: string;
  beforeAll(() => {
    text = formatted(80).text;
  });
  /** Line ends and indents are the formatter's. */
  const flowing = (): string => text.replaceAll(/\s+/g, ' ');

  test.each([80, 200])('%i columns wide, without a warning', (columns) => {
    expect(formatted(columns).warnings).toBe('');
  });

  test('every option is there with all that is said of it', () => {
    for (const { short, long, aliases = [], argument, summary, details = '' } of ROWS) {
      const flags = [short, long, ...aliases].filter((flag) => flag !== undefined).join(', ');
      const term = argument === undefined ? flags : `${flags} ${argument.replace(/^<|>$/g, '')}`;
      expect(text.split('\n').some((line) => line.startsWith(`       ${term}`))).toBe(true);
      expect(flowing()).toContain(`${term} ${summary}. ${details}`.trimEnd());
    }
  });

  test('exit codes, failures, signals and environment are there', () => {
    for (const [codes, meaning] of EXIT_MEANINGS) expect(flowing()).toContain(`${codes.join(', ')} ${meaning}.`);
    for (const [code, [, meaning]] of Object.entries(FAILURES)) expect(flowing()).toContain(`${code} ${meaning}.`);
    for (const [names, meaning] of SIGNAL_MEANINGS) expect(flowing()).toContain(`${names.join(', ')} ${meaning}`);
    for (const [names, meaning] of ENVIRONMENT_MEANINGS) expect(flowing()).toContain(`${names.join(', ')} ${meaning}`);
  });

  test('examples can be copied: no character is made a finer one', () => {
    const lines = formatted(200)
      .text.split('\n')
      .map((line) => line.trim());
    for (const [, command] of EXAMPLES) expect(lines).toContain(command);
    expect(text).not.toMatch(/[‐−‘’“”ˆ˜´]/u);
  });

  test('its sections are those of man-pages(7), in their order', () => {
    const sections = text.split('\n').filter((line) => /^[A-Z]/.test(line) && !line.includes('fetch'));
    expect(sections.filter((line) => !line.includes('(1)'))).toEqual([
      'NAME',
      'SYNOPSIS',
      'DESCRIPTION',
      'OPTIONS',
      'EXIT STATUS',
      'FAILURES',
      'SIGNALS',
      'ENVIRONMENT',
      'FILES',
      'EXAMPLES',
      'SEE ALSO',
    ]);
  });
});

test.skipIf(!hasMan)('man finds its name and what it is for', () => {
  const { status, stdout, stderr } = spawnSync('man', ['--warnings=w', '-l', join(ROOT, MAN_PATH)], {
    encoding: 'utf8',
    env: { ...process.env, MANWIDTH: '80', LC_ALL: 'C.UTF-8', MAN_KEEP_FORMATTING: '' },
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/NAME\n +fetch-pages - fetch a list of URLs, all of them\n/);
});
