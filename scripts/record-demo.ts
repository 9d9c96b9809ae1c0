// Runs the demo in a terminal and writes what was seen there as an animated SVG: `node scripts/record-demo.ts [FILE.svg]`. Needs tmux.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Frame, recordingSvg } from './recording-svg.ts';

const ROOT = join(import.meta.dirname, '..');
const OUTPUT = process.argv[2] ?? join(ROOT, 'docs/recorded/demo.svg');
const COLUMNS = 92;
const ROWS = 24;
const COMMAND = 'fetch-pages --demo; echo "exit code $?"';
const SAMPLE_MS = 400;
const LONGEST_MS = 60_000;

const folder = mkdtempSync(join(tmpdir(), 'fetch-pages-record-'));
const socket = join(folder, 'tmux.sock');

function tmux(...argv: readonly string[]): string {
  return execFileSync('tmux', ['-S', socket, '-f', '/dev/null', ...argv], {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${folder}:${dirname(process.execPath)}:${process.env.PATH}`, LC_ALL: 'C.UTF-8' },
  });
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** What stands in the terminal, colours included. */
function screen(): string {
  return tmux('capture-pane', '-e', '-p').trimEnd();
}

/** A prompt of its own below the command line. */
const PROMPT_AGAIN = /\n(?:\u001b\[[\d;]*m)*\$$/;

async function record(): Promise<Frame[]> {
  const frames: Frame[] = [];
  const begin = performance.now();
  for (let atMs = 0; atMs < LONGEST_MS; atMs = performance.now() - begin) {
    const seen = screen();
    const shown = seen.replace(PROMPT_AGAIN, '');
    if (shown !== frames.at(-1)?.screen) frames.push({ atMs, screen: shown });
    if (shown !== seen) return frames;
    await wait(SAMPLE_MS);
  }
  throw new Error(`the demo did not end within ${LONGEST_MS / 1000} s`);
}

try {
  symlinkSync(join(ROOT, 'bin/fetch-pages.js'), join(folder, 'fetch-pages'));
  tmux(
    'new-session',
    '-d',
    '-x',
    String(COLUMNS),
    '-y',
    String(ROWS),
    'env',
    'PS1=$ ',
    'bash',
    '--norc',
    '--noprofile',
  );
  while (screen() !== '$') await wait(50);
  tmux('send-keys', '-l', COMMAND);
  await wait(SAMPLE_MS);
  tmux('send-keys', 'Enter');
  const frames = await record();
  const svg = recordingSvg(frames, {
    columns: COLUMNS,
    title: 'fetch-pages --demo, recorded in a terminal',
  });
  writeFileSync(OUTPUT, svg);
  console.log(`${OUTPUT}: ${frames.length} frames, ${svg.length} characters`);
} finally {
  try {
    tmux('kill-server');
  } catch {
    // It ends by itself where the session never began.
  }
  rmSync(folder, { recursive: true, force: true });
}
