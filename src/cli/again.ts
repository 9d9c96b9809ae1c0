/** Options whose values may be secrets: a command line that holds one is not shown again. */
const MAY_HOLD_SECRETS = /^(?:-[uHbdx]|--(?:user|header|cookie|data|json|proxy)(?:=|$))/;
const URL_WITH_USERINFO = /^https?:\/\/[^/?#]*@/i;
const PLAIN = /^[\w@%+=:,./-]+$/;

/**
 * The command that was typed, as it can be typed again; undefined where it cannot (the list came from standard input).
 * Where it may hold a secret it is only called the same.
 */
export function againCommand(argv: readonly string[], readsStdin: boolean): string | undefined {
  if (readsStdin) return undefined;
  if (argv.some((word) => MAY_HOLD_SECRETS.test(word) || URL_WITH_USERINFO.test(word))) return 'the same command';
  const words = argv.filter((word) => word !== '--restart');
  return ['fetch-pages', ...words].map(quote).join(' ');
}

function quote(word: string): string {
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
