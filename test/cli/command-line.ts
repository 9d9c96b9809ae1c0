import { parseArguments } from '../../src/cli/options.ts';
import { type Invocation, type ResolveOptions, resolveConfig } from '../../src/cli/resolve-config.ts';
import { UsageError } from '../../src/core/failure.ts';

/** A process that has nothing, but a list on standard input. */
export const SURROUNDINGS: ResolveOptions = {
  version: '1.2.3',
  homepage: 'https://home.example/',
  environment: {},
  cwd: '/here',
  stdinIsTerminal: false,
  stdoutIsTerminal: true,
  maxBodyBytes: { ndjson: 16 * 2 ** 20 },
  readFile: (path) => {
    throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' });
  },
};

/** A file system of texts and bytes. */
export function filesOf(files: Readonly<Record<string, string | Uint8Array>>): Pick<ResolveOptions, 'readFile'> {
  return {
    readFile: (path) => {
      const content = files[path];
      return content === undefined ? SURROUNDINGS.readFile(path) : Buffer.from(content);
    },
  };
}

/** What a command line means to a process. */
export function resolved(argv: readonly string[], surroundings: Partial<ResolveOptions> = {}): Invocation {
  const args = parseArguments(argv);
  if (args.type !== 'run') throw new Error(`not a run but ${args.type}`);
  const resolution = resolveConfig(args.typed, args.operands, { ...SURROUNDINGS, ...surroundings });
  if (resolution.type !== 'run') throw new Error('there is no input');
  return resolution.invocation;
}

/** The sentence with which a command line is refused. */
export function refusal(argv: readonly string[], surroundings: Partial<ResolveOptions> = {}): string {
  try {
    resolved(argv, surroundings);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  throw new Error(`not refused: ${argv.join(' ')}`);
}
