import { spawnSync } from 'node:child_process';
import type { Running } from './spawn-bin.ts';
import type { Workspace } from './workspace.ts';

/** `script` of util-linux: a pseudo-terminal for a line of shell. */
export const hasScript =
  spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') ?? false;

/** Starts a line of shell on a terminal of 24 rows and 80 columns. Both its streams come out as stdout. */
export function startOnTerminal(work: Workspace, line: string, env: Record<string, string> = {}): Running {
  const inside = `stty rows 24 cols 80; ${line}`;
  return work.startShell('exec script -qec "$INSIDE" /dev/null', {
    env: { ...env, INSIDE: inside },
    inputStaysOpen: true,
  });
}

export const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';

/** What the display writes of its own: colours, and what a live view is drawn with. */
export const OWN_SEQUENCES = /\u001b\[(?:\d+(?:;\d+)*m|\?25[lh]|\?7[lh]|\?2026[lh]|[JK]|\d+A)/g;

/** The rows of what was printed once nothing is drawn over any more. */
export function lastRows(printed: string): readonly string[] {
  const afterLiveView = printed.slice(printed.lastIndexOf(SHOW_CURSOR) + 1);
  return afterLiveView.replaceAll(OWN_SEQUENCES, '').trimEnd().split('\r\n');
}

export function cursorIsBack(printed: string): boolean {
  return printed.lastIndexOf(SHOW_CURSOR) > printed.lastIndexOf(HIDE_CURSOR);
}
