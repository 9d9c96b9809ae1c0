import { expect, test } from 'vitest';
import { colorFor } from '../../src/cli/color.ts';

test.each([
  ['a terminal', 'auto', {}, true, true],
  ['no terminal', 'auto', {}, false, false],
  ['asked for, into a file', 'always', { NO_COLOR: '1' }, false, true],
  ['forbidden', 'never', { FORCE_COLOR: '1' }, true, false],
  ['NO_COLOR', 'auto', { NO_COLOR: '1' }, true, false],
  ['NO_COLOR empty is as if not there', 'auto', { NO_COLOR: '' }, true, true],
  ['FORCE_COLOR', 'auto', { FORCE_COLOR: '1' }, false, true],
  ['FORCE_COLOR empty', 'auto', { FORCE_COLOR: '' }, false, true],
  ['FORCE_COLOR=0', 'auto', { FORCE_COLOR: '0' }, true, false],
  ['FORCE_COLOR=false', 'auto', { FORCE_COLOR: 'false' }, true, false],
  ['FORCE_COLOR wins over NO_COLOR', 'auto', { FORCE_COLOR: '1', NO_COLOR: '1' }, false, true],
  ['a dumb terminal', 'auto', { TERM: 'dumb' }, true, false],
  ['a dumb terminal, forced', 'auto', { TERM: 'dumb', FORCE_COLOR: '1' }, true, true],
] as const)('%s', (_, choice, env, isTerminal, colored) => expect(colorFor(choice, env, isTerminal)).toBe(colored));
