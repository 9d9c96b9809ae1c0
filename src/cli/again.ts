import type { OptionKey, TypedOptions } from './option-rows/all.ts';

/** Options whose values may be secrets. */
const MAY_HOLD_SECRETS: readonly OptionKey[] = ['user', 'header', 'cookie', 'data', 'json', 'proxy'];
const URL_WITH_USERINFO = /https?:\/\/[^/?#]*@/i;
/** Longer ones nobody reads, and a terminal would show them in several rows. */
const MOST_CHARS = 300;
const PLAIN = /^[\w@%+=:,./-]+$/;

/**
 * The command that was typed, as it can be typed again; undefined where it cannot (the list came from standard input).
 * Where it may hold a secret, or is long, it is only called the same: half a command is worse than none.
 *
 * @param typed what `argv` was understood to say: a word of it may be several options, as `-ku`
 */
export function againCommand(argv: readonly string[], typed: TypedOptions, readsStdin: boolean): string | undefined {
  if (readsStdin) return undefined;
  const isSecret = MAY_HOLD_SECRETS.some((key) => typed[key] !== undefined);
  if (isSecret || argv.some((word) => URL_WITH_USERINFO.test(word))) return 'the same command';
  const words = argv.filter((word) => word !== '--restart');
  const command = ['fetch-pages', ...words].map(quote).join(' ');
  return command.length > MOST_CHARS ? 'the same command' : command;
}

function quote(word: string): string {
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
