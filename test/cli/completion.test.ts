import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { completionScript } from '../../src/cli/completion.ts';
import { flagsOf } from '../../src/cli/completion-value.ts';
import { OPTION_ROWS } from '../../src/cli/option-rows/all.ts';
import { COMPLETION_SHELLS, type CompletionShell } from '../../src/cli/option-rows/result.ts';
import type { OptionRow } from '../../src/cli/option-rows/row.ts';
import { until, useWorkspace } from '../support/workspace.ts';

const work = useWorkspace();
const ROWS: readonly OptionRow[] = OPTION_ROWS;

function has(command: string): boolean {
  return spawnSync(command, ['--version']).status === 0;
}

/** Files of the folder in which everything is completed. */
function writeFiles(shell: CompletionShell): void {
  work.write(`completion.${shell}`, completionScript(shell));
  for (const name of ['urls.txt', 'more lists.txt', 'headers.txt', 'folder/inside.txt']) work.write(name, '');
}

/**
 * What becomes of each line when it is typed into the shell on a terminal, `\t` for Tab: the arguments with which `fetch-pages` is called.
 *
 * @param start begins the shell; what it reads at its start must define `fetch-pages` by SHOW_ARGUMENTS
 */
async function typed(start: string, lines: readonly string[]): Promise<readonly string[]> {
  const shell = work.startShell('exec script -qec "$INSIDE" /dev/null', {
    env: { INSIDE: `stty rows 50 cols 250; ${start}`, INPUTRC: '/dev/null' },
    inputStaysOpen: true,
  });
  const calls = (): readonly string[] => [...shell.stdout().matchAll(/CALLED(.*)OVER/g)].map(([, text = '']) => text);
  await until(() => shell.stdout().includes('READY'), 'a prompt');
  for (const [index, line] of lines.entries()) {
    shell.type(`fetch-pages ${line}\n`);
    await until(() => calls().length > index, `a call by ${line}`);
  }
  shell.type('exit\n');
  await shell.ended;
  return calls();
}

const SHOW_ARGUMENTS = `fetch-pages() { printf CALL; printf ED; printf '<%s>' "$@"; printf 'OV'; echo ER; }`;

/** A line as it is typed, and the arguments that come of it. Every one has one answer only, so nothing has to be chosen. */
const TYPED: readonly (readonly [line: string, call: string])[] = [
  ['--conc\t 5', '<--concurrency><5>'],
  ['--dry\t--no-ad\t', '<--dry-run><--no-adapt>'],
  ['--sil\t', '<--silent>'],
  ['--format w\t', '<--format><warc>'],
  ['--format=sq\t', '<--format=sqlite>'],
  ['--completion z\t', '<--completion><zsh>'],
  ['--help a\t', '<--help><all>'],
  ['ur\t', '<urls.txt>'],
  ['mor\t', '<more lists.txt>'],
  ['-c 5 ur\t', '<-c><5><urls.txt>'],
  ['-i mor\t', '<-i><more lists.txt>'],
  ['-o fol\tins\t', '<-o><folder/inside.txt>'],
  ['--failed=ur\t', '<--failed=urls.txt>'],
  ['-H @hea\t', '<-H><@headers.txt>'],
  ['--header=@hea\t', '<--header=@headers.txt>'],
  ['-d @mor\t', '<-d><@more lists.txt>'],
  ['--json @fol\tins\t', '<--json><@folder/inside.txt>'],
  // What cannot be guessed stays as it is: not the name of a file.
  ['--rate ur\tx', '<--rate><urx>'],
  ['-u hea\tx', '<-u><heax>'],
  ['-H hea\tx', '<-H><heax>'],
  ['--color z\tx', '<--color><zx>'],
  // After -- nothing is an option.
  ['-- --conc\tx', '<--><--concx>'],
  ['-- ur\t', '<--><urls.txt>'],
];
const LINES = TYPED.map(([line]) => line);
const CALLS = TYPED.map(([, call]) => call);

const hasScript = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') ?? false;

describe('the scripts', () => {
  test.each(COMPLETION_SHELLS)('%s: every spelling of every option is there, and nothing of this machine', (shell) => {
    const script = completionScript(shell);
    const words = shell === 'fish' ? script.replaceAll(' -l ', ' --').replaceAll(' -s ', ' -') : script;
    for (const flag of ROWS.flatMap(flagsOf)) expect(words).toMatch(new RegExp(`(?<![\\w-])${flag}(?![\\w-])`));
    expect(script).not.toMatch(/undefined|\/work|[ \t]$/m);
  });

  test.each(COMPLETION_SHELLS.filter(has))('%s finds no fault with it', (shell) => {
    const file = work.write('script', completionScript(shell));
    const { status, stderr } = spawnSync(shell, ['-n', file], { cwd: work.folder, encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});

describe.skipIf(!hasScript)('in bash', () => {
  test('options, choices and files are completed; what cannot be known is not', async () => {
    writeFiles('bash');
    work.write('rc', ["PS1='READY> '", SHOW_ARGUMENTS, 'source completion.bash']);
    expect(await typed('bash --noprofile --rcfile rc -i', LINES)).toEqual(CALLS);
  });

  test('also where unset variables are errors', async () => {
    writeFiles('bash');
    work.write('rc', ["PS1='READY> '", SHOW_ARGUMENTS, 'set -u', 'source completion.bash']);
    expect(await typed('bash --noprofile --rcfile rc -i', LINES)).toEqual(CALLS);
  });
});

describe.skipIf(!hasScript || !has('zsh'))('in zsh', () => {
  const RC = ["PS1='READY> '", SHOW_ARGUMENTS, 'setopt no_beep', 'autoload -Uz compinit'];

  test('evaluated after compinit', async () => {
    writeFiles('zsh');
    work.write('.zshrc', [...RC, 'compinit -D -u', 'source completion.zsh']);
    expect(await typed('zsh -d -i', LINES)).toEqual(CALLS);
  });

  test('kept as _fetch-pages in a folder of fpath', async () => {
    writeFiles('zsh');
    work.write('functions/_fetch-pages', completionScript('zsh'));
    work.write('.zshrc', ['fpath=($HOME/functions $fpath)', ...RC, 'compinit -D -u']);
    expect(await typed('zsh -d -i', LINES)).toEqual(CALLS);
  });

  test('a list of options has what each is for, as --help has it', async () => {
    writeFiles('zsh');
    work.write('.zshrc', [...RC, 'compinit -D -u', 'source completion.zsh', "zstyle ':completion:*' list-prompt ''"]);
    const shell = work.startShell('exec script -qec "$INSIDE" /dev/null', {
      env: { INSIDE: 'stty rows 120 cols 250; zsh -d -i' },
      inputStaysOpen: true,
    });
    await until(() => shell.stdout().includes('READY'), 'a prompt');
    shell.type('fetch-pages --\t\t');
    await until(() => shell.stdout().includes('-- the version'), 'a list');
    const missing = ROWS.filter(({ summary }) => !shell.stdout().includes(`-- ${summary}`));
    expect(missing).toEqual([]);
    shell.type('\u0015exit\n');
    await shell.ended;
  });
});

describe.skipIf(!has('fish'))('in fish', () => {
  /** What fish offers where the line stands: words, each with its description after a tab. */
  function offered(line: string): readonly string[] {
    const command = 'source completion.fish; complete -C "$LINE"';
    const env = { PATH: process.env.PATH, HOME: work.folder, LINE: `fetch-pages ${line}` };
    const { status, stdout, stderr } = spawnSync('fish', ['--no-config', '-c', command], {
      cwd: work.folder,
      env,
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return stdout.split('\n').slice(0, -1);
  }
  const words = (line: string): readonly string[] => offered(line).map((text) => text.split('\t', 1).join());

  test('options, choices and files are completed; what cannot be known is not', () => {
    writeFiles('fish');
    expect(words('--conc')).toEqual(['--concurrency']);
    expect(words('--sil')).toEqual(['--silent']);
    expect(words('--format ')).toEqual(['files', 'ndjson', 'none', 'sqlite', 'warc']);
    expect(words('--format=sq')).toEqual(['--format=sqlite']);
    expect(words('--completion z')).toEqual(['zsh']);
    expect(words('--help ')).toContain('all');
    expect(words('ur')).toEqual(['urls.txt']);
    expect(words('-i mor')).toEqual(['more lists.txt']);
    expect(words('-o fol')).toEqual(['folder/']);
    expect(words('-H @hea')).toEqual(['@headers.txt']);
    expect(words('--data=@hea')).toEqual(['--data=@headers.txt']);
    expect([...words('-H hea'), ...words('--rate ur'), ...words('-u hea'), ...words('--color z')]).toEqual([]);
  });

  test('a list of options has what each is for, as --help has it', () => {
    writeFiles('fish');
    const expected = ROWS.flatMap((row) =>
      flagsOf(row)
        .filter((flag) => flag.startsWith('--'))
        .map((flag) => `${flag}\t${row.summary}`),
    );
    expect(offered('--').toSorted()).toEqual(expected.toSorted());
  });
});

describe('--completion', () => {
  test.each(COMPLETION_SHELLS)('%s goes to stdout with 0', async (shell) => {
    const printed = { code: 0, stdout: completionScript(shell), stderr: '' };
    for (const argv of [['--completion', shell], [`--completion=${shell}`], ['urls.txt', '--completion', shell]]) {
      expect(await work.run(argv)).toEqual(printed);
    }
    expect(work.files()).toEqual([]);
  });

  test('another shell is refused, and a missing one', async () => {
    expect(await work.run(['--completion', 'tcsh'])).toEqual({
      code: 2,
      stdout: '',
      stderr: 'fetch-pages: --completion: "tcsh" is not known; write bash, zsh or fish\n',
    });
    expect(await work.run(['--completion'])).toMatchObject({
      code: 2,
      stderr: 'fetch-pages: --completion needs a value: --completion <bash|zsh|fish>\n',
    });
  });

  test('loads nothing of what a run needs', async () => {
    work.write('told.mjs', [
      "import { registerHooks } from 'node:module';",
      'registerHooks({ load(url, ...rest) { console.error(url); return rest[1](url, rest[0]); } });',
    ]);
    const env = { NODE_OPTIONS: `--import=${work.path('told.mjs')}` };
    for (const argv of [['--completion', 'bash'], ['--completion=zsh']]) {
      const { stderr } = await work.run(argv, { env });
      expect(stderr).toContain('/dist/cli/completion.cjs');
      expect(stderr).not.toMatch(/program\.cjs|undici|node:http/);
    }
  });
});
