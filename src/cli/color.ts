import type { ColorChoice } from './option-rows/result.ts';
import type { Surroundings } from './surroundings.ts';

/**
 * Whether one stream gets colours. --color always and never decide; with auto the first of these that says something:
 * FORCE_COLOR (`0` and `false` say no, anything else yes, as in Node and chalk), NO_COLOR (not empty says no, https://no-color.org),
 * TERM=dumb (no), and whether the stream is a terminal.
 */
export function colorFor(choice: ColorChoice, env: Surroundings['environment'], isTerminal: boolean): boolean {
  if (choice !== 'auto') return choice === 'always';
  const force = env.FORCE_COLOR;
  if (force !== undefined) return force !== '0' && force !== 'false';
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') return false;
  return isTerminal && env.TERM !== 'dumb';
}
