import { Command, CommanderError, Option } from 'commander';
import { UsageError } from '../core/failure.ts';
import { helpText } from './help.ts';
import { OPTION_ROWS, type TypedOptions } from './option-rows/all.ts';
import { COMPLETION_SHELLS, type CompletionShell } from './option-rows/result.ts';
import type { OptionRow } from './option-rows/row.ts';
import { choiceOf } from './option-values.ts';
import { quoted } from './wrong-value.ts';

/** What the command line asks for, in the words of the one who typed it. */
export type Arguments =
  | { readonly type: 'run'; readonly typed: TypedOptions; readonly operands: readonly string[] }
  | { readonly type: 'help'; readonly text: string }
  | { readonly type: 'version' }
  | { readonly type: 'completion'; readonly shell: CompletionShell };

const ROWS: readonly OptionRow[] = OPTION_ROWS;
const FLAGS: ReadonlySet<string> = new Set(ROWS.flatMap((row) => spellings(row)));

/**
 * Splits a command line into options and operands.
 *
 * Options and operands may be mixed; after `--` all are operands. An option that is given again replaces its earlier value unless its
 * row says `repeatable`. `--help` and `--version` win over everything else, unknown options included; help wins over version.
 * `--completion` wins over what is left, lists included.
 *
 * @param argv what follows the program's name
 * @throws UsageError for an unknown option, for a missing or surplus value and for a shell that there is no completion for
 */
export function parseArguments(argv: readonly string[]): Arguments {
  const typed = new Map<string, unknown>();
  const program = buildProgram(typed);
  let wrong: UsageError | undefined;
  try {
    program.parse(argv, { from: 'user' });
    refuseNegativeNumber(argv, program.args);
  } catch (error) {
    wrong = toUsageError(error);
  }
  if (typed.has('help')) return { type: 'help', text: helpText(typed.get('help') === 'all' ? 'all' : 'common') };
  if (typed.has('version')) return { type: 'version' };
  if (wrong !== undefined) throw wrong;
  // Sound because each value was put there by the listener of its own row: see `valueReader`.
  const given = Object.fromEntries(typed) as TypedOptions;
  const shell = choiceOf(given, 'completion', COMPLETION_SHELLS);
  if (shell !== undefined) return { type: 'completion', shell };
  return { type: 'run', typed: given, operands: program.args };
}

function buildProgram(typed: Map<string, unknown>): Command {
  const program = new Command('fetch-pages')
    .helpOption(false)
    .exitOverride()
    .configureOutput({ writeErr: () => {}, writeOut: () => {} })
    .argument('[operands...]')
    .allowExcessArguments();
  for (const row of ROWS) {
    program.addOption(new Option(flagsOf(row), row.summary));
    for (const alias of row.aliases ?? []) program.addOption(new Option(alias).hideHelp());
    for (const spelling of [row.long, ...(row.aliases ?? [])]) {
      program.on(`option:${eventName(spelling)}`, valueReader(row, typed));
    }
  }
  return program;
}

/** commander names an option's event by its flag without the dashes, `no-` included. */
function eventName(spelling: string): string {
  return spelling.replace(/^--?/, '');
}

function flagsOf(row: OptionRow): string {
  const flags = row.short === undefined ? row.long : `${row.short}, ${row.long}`;
  return row.argument === undefined ? flags : `${flags} ${row.argument}`;
}

function spellings(row: OptionRow): readonly string[] {
  return [row.long, ...(row.short === undefined ? [] : [row.short]), ...(row.aliases ?? [])];
}

/** Keeps what follows one option: `true` for a flag, the text, or a list of texts. */
function valueReader(row: OptionRow, typed: Map<string, unknown>): (value: string | null | undefined) => void {
  return (value) => {
    if (row.kind === 'flag') {
      typed.set(row.key, true);
      return;
    }
    const text = value ?? '';
    refuseSwallowedOption(row, text);
    const earlier = typed.get(row.key);
    typed.set(row.key, row.repeatable ? [...(Array.isArray(earlier) ? earlier : []), text] : text);
  };
}

/** `-o --failed x` is a forgotten value far more often than a file of that name. */
function refuseSwallowedOption(row: OptionRow, text: string): void {
  if (row.kind !== 'path' || !FLAGS.has(text)) return;
  throw new UsageError(
    `${row.long} needs a value (${row.argument}), and the option ${text} follows; a file of that name is ./${text}`,
  );
}

/** commander takes `-5` for an operand; here it is an option that does not exist. */
function refuseNegativeNumber(argv: readonly string[], operands: readonly string[]): void {
  if (argv.includes('--')) return;
  const negative = operands.find((operand) => operand.length > 1 && operand.startsWith('-'));
  if (negative !== undefined) throw unknownOption(negative, '');
}

function toUsageError(error: unknown): UsageError {
  if (error instanceof UsageError) return error;
  if (!(error instanceof CommanderError)) throw error;
  const named = /'([\s\S]*?)'/.exec(error.message)?.[1] ?? '';
  if (error.code === 'commander.optionMissingArgument') {
    const row = ROWS.find((candidate) => flagsOf(candidate) === named);
    return new UsageError(row === undefined ? error.message : `${row.long} needs a value: ${row.long} ${row.argument}`);
  }
  if (error.code !== 'commander.unknownOption') throw error;
  const flag = /^error: unknown option '([\s\S]*)'(?:\n\(Did you mean [^']*\))?$/.exec(error.message)?.[1] ?? named;
  return unknownOption(flag, error.message.slice(error.message.indexOf(flag) + flag.length));
}

function unknownOption(flag: string, suggestion: string): UsageError {
  const name = flag.replace(/=[\s\S]*$/, '');
  if (name !== flag && FLAGS.has(name)) return new UsageError(`${name} takes no value; write ${name} alone`);
  const doubled = /^-[a-z0-9]{2}/.test(name) && FLAGS.has(`-${name}`) ? `-${name}` : undefined;
  const near = doubled ?? /\(Did you mean (?:one of )?([\s\S]*)\?\)$/.exec(suggestion)?.[1];
  const advice = near === undefined ? '' : `did you mean ${near.replace(/, ([^,]*)$/, ' or $1')}? `;
  return new UsageError(`unknown option ${quoted(flag)}; ${advice}--help all tells every option`);
}
