import { describe, expect, test } from 'vitest';
import { givenOptions } from '../../src/cli/given-options.ts';
import { parseArguments } from '../../src/cli/options.ts';

function given(...argv: string[]) {
  const typed = parseArguments(argv);
  if (typed.type !== 'run') throw new Error(`not a run but ${typed.type}`);
  return givenOptions(typed.typed);
}

describe('the options that a store may remember of a run', () => {
  test('are those that were given, as they were typed', () => {
    expect(given('list.txt')).toEqual({});
    expect(
      given('-c', '5', '-o', 'x.db', '--rate', '10/s', '-i', 'a', '-i', 'b', '-L', '-X', 'PUT', '-A', 'me', 'list.txt'),
    ).toEqual({
      concurrency: '5',
      output: 'x.db',
      rate: '10/s',
      'input-file': ['a', 'b'],
      location: true,
      request: 'PUT',
      'user-agent': 'me',
    });
  });

  test('and of those that may hold a secret only that they were given', () => {
    const secrets = [
      '-u',
      'me:canary',
      '-H',
      'X-Key: canary',
      '-H',
      'Accept: canary',
      '-b',
      'a=canary',
      '-d',
      'canary',
    ];
    const others = ['--json', '"canary"', '-x', 'http://me:canary@proxy', '--credentials-to', 'https://me:canary@x'];
    const told = given(...secrets, ...others);
    expect(told).toEqual({
      user: 'given',
      header: 'given',
      cookie: 'given',
      data: 'given',
      json: 'given',
      proxy: 'given',
      'credentials-to': 'given',
    });
    expect(given('-i', 'https://me:canary@example.com/list')).toEqual({ 'input-file': 'given' });
  });
});
