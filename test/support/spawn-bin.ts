import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

const BIN = join(import.meta.dirname, '..', '..', 'bin', 'fetch-pages.js');

export interface SpawnOptions {
  readonly cwd: string;
  /** On top of PATH, HOME and TERM=xterm-256color: nothing of the developer's own surroundings is passed on. */
  readonly env?: Readonly<Record<string, string>>;
  /** Standard input, to its end. Default: /dev/null. */
  readonly input?: string | Buffer;
  /** Standard input stays open after that, for `type`. */
  readonly inputStaysOpen?: boolean;
}

export interface Ending {
  /** As a shell tells it: 128 + its number for a signal. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ending>;
  stdout(): string;
  stderr(): string;
  signal(signal: NodeJS.Signals): void;
  /** Sends text to standard input, where it stayed open. */
  type(text: string): void;
}

const SIGNAL_NUMBERS: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGPIPE: 13, SIGTERM: 15 };

const running = new Set<ChildProcess>();

/** Ends what a test that failed has left. */
export function killLeftBins(): void {
  for (const child of running) child.kill('SIGKILL');
}

/** Starts the built bin with the Node that runs the tests. */
export function startBin(argv: readonly string[], options: SpawnOptions): Running {
  return start(process.execPath, [BIN, ...argv], options);
}

export function runBin(argv: readonly string[], options: SpawnOptions): Promise<Ending> {
  return startBin(argv, options).ended;
}

let commandFolder: string | undefined;

/** Starts a line of bash, with pipefail, in which `fetch-pages` is the built bin. */
export function startShell(line: string, options: SpawnOptions): Running {
  if (commandFolder === undefined) {
    commandFolder = mkdtempSync(join(tmpdir(), 'fetch-pages-command-'));
    symlinkSync(BIN, join(commandFolder, 'fetch-pages'));
  }
  const path = [commandFolder, dirname(process.execPath), process.env.PATH].join(delimiter);
  return start('bash', ['-o', 'pipefail', '-c', line], { ...options, env: { ...options.env, PATH: path } });
}

export function runShell(line: string, options: SpawnOptions): Promise<Ending> {
  return startShell(line, options).ended;
}

function start(command: string, argv: readonly string[], options: SpawnOptions): Running {
  const { cwd, env, input, inputStaysOpen = false } = options;
  const child = spawn(command, argv, {
    cwd,
    env: { PATH: process.env.PATH, HOME: cwd, TERM: 'xterm-256color', ...env },
    stdio: [input === undefined && !inputStaysOpen ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  running.add(child);
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  // A program that does not read its input to the end is no error of the test's.
  child.stdin?.on('error', () => {});
  if (input !== undefined) child.stdin?.write(input);
  if (!inputStaysOpen) child.stdin?.end();
  const ended = new Promise<Ending>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      running.delete(child);
      resolve({ code: code ?? 128 + (SIGNAL_NUMBERS[signal ?? ''] ?? 0), stdout, stderr });
    });
  });
  return {
    child,
    ended,
    stdout: () => stdout,
    stderr: () => stderr,
    signal: (signal) => void child.kill(signal),
    type: (text) => void child.stdin?.write(text),
  };
}
