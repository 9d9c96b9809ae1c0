import { describe, expect, test } from 'vitest';
import { OPTION_ROWS } from '../../src/cli/option-rows/all.ts';
import { OPTION_GROUPS, type OptionRow } from '../../src/cli/option-rows/row.ts';
import { parseArguments } from '../../src/cli/options.ts';
import { UsageError } from '../../src/core/failure.ts';

const ROWS: readonly OptionRow[] = OPTION_ROWS;

function typed(...argv: readonly string[]) {
  const args = parseArguments(argv);
  if (args.type !== 'run') throw new Error(`not a run but ${args.type}`);
  return { ...args.typed, operands: args.operands };
}

function refusal(...argv: readonly string[]): string {
  try {
    parseArguments(argv);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  throw new Error('not refused');
}

function help(...argv: readonly string[]): string {
  const args = parseArguments(argv);
  return args.type === 'help' ? args.text : `not help but ${args.type}`;
}

describe('every row', () => {
  const taking = ROWS.filter((row) => row.kind !== 'flag' && row.key !== 'help' && row.key !== 'completion');
  const flags = ROWS.filter((row) => row.kind === 'flag' && row.key !== 'version');

  test.each(taking.map((row) => [row.long, row]))('%s takes its value in each way, and no operand', (_, row) => {
    const value = row.repeatable ? ['v'] : 'v';
    expect(typed(row.long, 'v', 'list')).toEqual({ [row.key]: value, operands: ['list'] });
    expect(typed('list', `${row.long}=v`)).toEqual({ [row.key]: value, operands: ['list'] });
    expect(typed(`${row.long}=`)).toEqual({ [row.key]: row.repeatable ? [''] : '', operands: [] });
    if (row.short !== undefined) {
      expect(typed(row.short, 'v', 'list')).toEqual({ [row.key]: value, operands: ['list'] });
      expect(typed(`${row.short}v`, 'list')).toEqual({ [row.key]: value, operands: ['list'] });
    }
    expect(typed(row.long, 'v', row.long, 'w')).toEqual({ [row.key]: row.repeatable ? ['v', 'w'] : 'w', operands: [] });
    expect(refusal('list', row.long)).toBe(`${row.long} needs a value: ${row.long} ${row.argument}`);
  });

  test.each(flags.map((row) => [row.long, row]))('%s is a flag that takes nothing', (_, row) => {
    for (const spelling of [row.long, row.short, ...(row.aliases ?? [])]) {
      if (spelling === undefined) continue;
      expect(typed(spelling, 'list')).toEqual({ [row.key]: true, operands: ['list'] });
    }
    expect(typed(row.long, row.long)).toEqual({ [row.key]: true, operands: [] });
    expect(refusal(`${row.long}=yes`)).toBe(`${row.long} takes no value; write ${row.long} alone`);
  });

  test('no two share a name', () => {
    expect(new Set(ROWS.map((row) => row.key)).size).toBe(ROWS.length);
    const spellings = ROWS.flatMap((row) => [row.long, ...(row.short ? [row.short] : []), ...(row.aliases ?? [])]);
    expect(new Set(spellings).size).toBe(spellings.length);
  });

  test.each(ROWS.map((row) => [row.long, row]))('%s is documented', (_, row) => {
    expect(row.summary).toMatch(/^.{8,72}[^.]$/);
    expect(OPTION_GROUPS).toContain(row.group);
    expect(row.kind === 'flag').toBe(row.argument === undefined);
    if (row.key !== 'help') expect(row.kind === 'choice').toBe(row.choices !== undefined);
    const all = help('--help', 'all');
    expect(all).toContain(row.long);
    expect(all.replace(/\s+/g, ' ')).toContain(`${row.summary}${row.default === undefined ? '' : ` (${row.default})`}`);
    if (row.details !== undefined) expect(all.replace(/\s+/g, ' ')).toContain(row.details);
  });
});

describe('a command line', () => {
  test('clusters, mixed operands and the end of options', () => {
    expect(typed('-qkc5', 'a', '-Lo-', 'b', '--', '-v', '--x')).toEqual({
      quiet: true,
      insecure: true,
      concurrency: '5',
      location: true,
      output: '-',
      operands: ['a', 'b', '-v', '--x'],
    });
  });

  test('values that begin with a dash or hold an equals sign are values', () => {
    expect(typed('-H', '-x: y', '-d', '--', '-d', '-X', '-b', 'a=b=c', '-o', '-', '-i', '-')).toEqual({
      header: ['-x: y'],
      data: ['--', '-X'],
      cookie: ['a=b=c'],
      output: '-',
      inputFile: ['-'],
      operands: [],
    });
  });

  test('- is an operand', () => expect(typed('-', '-').operands).toEqual(['-', '-']));

  test('names of Object.prototype are neither options nor keys', () => {
    expect(refusal('--constructor')).toContain('unknown option "--constructor"');
    expect(refusal('--__proto__=x')).toContain('unknown option "--__proto__=x"');
    expect(typed('list')).toEqual({ operands: ['list'] });
  });

  test.each([
    ['a typo', ['--ratee', '5'], 'unknown option "--ratee"; did you mean --rate? --help all tells every option'],
    [
      'a typo after a list',
      ['urls.txt', '--concurency=5'],
      'unknown option "--concurency=5"; did you mean --concurrency? --help all tells every option',
    ],
    [
      'one dash too few',
      ['-retry', '3'],
      'unknown option "-retry"; did you mean --retry? --help all tells every option',
    ],
    ['nothing like it', ['--zzzzzzzzzz'], 'unknown option "--zzzzzzzzzz"; --help all tells every option'],
    ['an unknown letter', ['-Z'], 'unknown option "-Z"; --help all tells every option'],
    ['a number', ['-5'], 'unknown option "-5"; --help all tells every option'],
    ['control characters', ["--x'\u001b[31m"], 'unknown option "--x\'\\u001b[31m"; --help all tells every option'],
    [
      'an option for a path',
      ['-o', '--failed', 'x'],
      '--output needs a value (<path>), and the option --failed follows; a file of that name is ./--failed',
    ],
  ])('%s is refused', (_, argv, message) => expect(refusal(...argv)).toBe(message));

  test('a completion, whatever lists and options are beside it', () => {
    for (const shell of ['bash', 'zsh', 'fish']) {
      for (const argv of [
        ['--completion', shell],
        ['list', '-c', '5', `--completion=${shell}`],
      ]) {
        expect(parseArguments(argv)).toEqual({ type: 'completion', shell });
      }
    }
    expect(refusal('--completion', 'tcsh')).toBe('--completion: "tcsh" is not known; write bash, zsh or fish');
    expect(refusal('--completion=')).toBe('--completion: "" is not known; write bash, zsh or fish');
    expect(refusal('list', '--completion')).toBe('--completion needs a value: --completion <bash|zsh|fish>');
    expect(refusal('--completion', 'zsh', '--bogus')).toContain('unknown option "--bogus"');
  });

  test('version', () => {
    for (const argv of [['-V'], ['--version'], ['list', '-V'], ['--bogus', '-V'], ['-qV']]) {
      expect(parseArguments(argv)).toEqual({ type: 'version' });
    }
  });
});

describe('help', () => {
  test('comes whatever else is there', () => {
    const short = help('--help');
    for (const argv of [
      ['-h'],
      ['urls.txt', '--help'],
      ['--help', 'urls.txt'],
      ['--bogus', '--help'],
      ['-V', '-h'],
      ['-qh'],
    ]) {
      expect(help(...argv)).toBe(short);
    }
    const all = help('--help', 'all');
    expect(all).not.toBe(short);
    for (const argv of [['-h', 'all'], ['--help=all'], ['-c', '5', 'x', '--help', 'all']])
      expect(help(...argv)).toBe(all);
  });

  test('the short one fits on a screen', () => {
    const lines = help('--help').split('\n');
    // 24 rows, the prompt that follows on the last of them, and 80 columns. The last of these lines is empty: it is the prompt's.
    expect(lines.length).toBeLessThanOrEqual(24);
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    const options = lines
      .filter((line) => /^(?:[A-Z][a-z]+)? +--?[a-z]/i.test(line))
      .join('\n')
      .replace('--help all', '');
    for (const row of ROWS) expect(new RegExp(`${row.long}[ ,]`).test(options), row.long).toBe(row.common);
  });

  test('the short one tells every default that has room, and its groups once each', () => {
    const text = help('--help');
    expect(text).toContain('most requests in flight, whole run (100)\n');
    expect(text).toContain('what counts as OK, such as 200,204,300-399\n');
    const groups = text.split('\n').flatMap((line) => /^([A-Z][a-z]+) /.exec(line)?.[1] ?? []);
    expect(groups).toEqual(['Input', 'Request', 'Pace', 'Retry', 'Time', 'Store', 'Verdict', 'Display', 'About']);
  });

  test('the long one is no wider', () => {
    expect(
      help('--help', 'all')
        .split('\n')
        .filter((line) => line.length > 80),
    ).toEqual([]);
    expect(help('--help', 'all')).not.toMatch(/[ \t]\n/);
  });

  test('names no option that there is not', () => {
    const known = new Set(ROWS.map((row) => row.long));
    const named = help('--help', 'all').match(/--[a-z][a-z0-9.-]*[a-z0-9]/g) ?? [];
    expect(named.filter((name) => !known.has(name) && name !== '--silent')).toEqual([]);
  });
});
