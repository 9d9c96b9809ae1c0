import { StoreError, UsageError } from '../core/failure.ts';
import { printable } from '../core/policy/sanitise.ts';
import { type About, versionText } from './about.ts';
import { EXIT } from './exit-code.ts';
import { helpText } from './help.ts';
import { COMPLETION_SHELLS, type CompletionShell } from './option-rows/result.ts';
import { statusRequest } from './status-request.ts';
import { tidy } from './tidy.ts';
import { writeStderr, writeStdout } from './write-stream.ts';

/**
 * The whole process: sets the exit code and lets it end by itself.
 *
 * @param about from the launcher, which gets it for a tenth of the time that an import of `node:fs` takes here
 */
export async function main(about: About, argv: readonly string[] = process.argv.slice(2)): Promise<void> {
  process.on('uncaughtException', (error) => void dieOf(error, about));
  process.on('SIGUSR1', () => statusRequest.answer());
  try {
    process.exitCode = await answer(argv, about);
  } catch (error) {
    process.exitCode = await tellError(error, about);
  }
  // Given up by a run that was stopped: its reader does not read, and would hold the process for ever.
  if (process.stdout.writableLength > 0) process.exit();
}

/** What can be said at once is said without loading all that a run needs, which takes five times as long. */
async function answer(argv: readonly string[], about: About): Promise<number> {
  const [only, extent, surplus] = argv;
  if (argv.length === 1 && (only === '--version' || only === '-V')) return writeStdout(versionText(about));
  const asksForHelp = only === '--help' || only === '-h';
  if (asksForHelp && extent === undefined) return writeStdout(helpText('common'));
  if (asksForHelp && extent === 'all' && surplus === undefined) return writeStdout(helpText('all'));
  const shell = completionShell(argv);
  if (shell !== undefined) {
    const { completionScript } = await import('./completion.ts');
    return writeStdout(completionScript(shell));
  }
  const { program } = await import('./program.ts');
  return program(argv, about);
}

/** Of `--completion bash` or `--completion=bash` alone; all else is for the parser. */
function completionShell(argv: readonly string[]): CompletionShell | undefined {
  const [, value] = /^--completion[= ](.*)$/s.exec(argv.join(' ')) ?? [];
  return argv.length <= 2 ? COMPLETION_SHELLS.find((shell) => shell === value) : undefined;
}

/** What nobody caught is a bug of ours. */
async function dieOf(error: unknown, about: About): Promise<never> {
  tidy.leave();
  await tellError(error, about);
  process.exit(EXIT.bug);
}

/** @returns the exit code */
async function tellError(error: unknown, about: About): Promise<number> {
  if (error instanceof UsageError) {
    await writeStderr(`fetch-pages: ${printable(error.message)}\n`);
    return EXIT.usage;
  }
  if (error instanceof StoreError) {
    await writeStderr(`fetch-pages: ${printable(error.message)}\n`);
    return EXIT.store;
  }
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const lines = what.split('\n').map((line) => printable(line));
  await writeStderr(
    `fetch-pages ${about.version} met a bug of its own. What was stored is whole; please report this at ${about.homepage}/issues:\n` +
      `${lines.join('\n')}\nNode.js ${process.version}, ${process.platform} ${process.arch}\n`,
  );
  return EXIT.bug;
}
