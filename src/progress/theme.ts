import { Chalk } from 'chalk';

export type Paint = (text: string) => string;

/** What a text means; how that looks is decided here and nowhere else. */
export interface Theme {
  readonly ok: Paint;
  readonly bad: Paint;
  /** Not wrong yet: waits, refusals, notices. */
  readonly warn: Paint;
  /** The speed of the last minute. */
  readonly trend: Paint;
  readonly dim: Paint;
  readonly strong: Paint;
}

/** The 16 colours of the terminal's own palette, so that light and dark are the user's choice; without colour, plain text. */
export function createTheme(color: boolean): Theme {
  const chalk = new Chalk({ level: color ? 1 : 0 });
  return { ok: chalk.green, bad: chalk.red, warn: chalk.yellow, trend: chalk.cyan, dim: chalk.dim, strong: chalk.bold };
}
