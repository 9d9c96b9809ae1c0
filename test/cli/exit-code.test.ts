import { describe, expect, test } from 'vitest';
import { exitCode } from '../../src/cli/exit-code.ts';
import { verdictOf } from './verdict.ts';

const FACTS = { pageListed: true, writeFailed: false };

describe('the exit code is the first that applies', () => {
  test.each([
    ['every page is OK', {}, {}, 0],
    ['an empty shard of a list that has pages', { pages: 0, ok: 0 }, {}, 0],
    ['some page is not OK', { ok: 3, notOk: 1 }, {}, 1],
    ['only invalid lines beside a page of another list', { ok: 3, notOk: 1, invalid: 1 }, {}, 1],
    ['a list broke in the middle', { listTruncated: true }, {}, 1],
    ['a list broke before its first page', { pages: 0, ok: 0, listTruncated: true }, { pageListed: false }, 1],
    ['pages without an outcome', { unfinished: 1 }, {}, 1],
    ['no page in any list', { pages: 0, ok: 0 }, { pageListed: false }, 2],
    ['only invalid lines', { pages: 2, ok: 0, notOk: 2, invalid: 2 }, { pageListed: false }, 2],
    [
      'interrupted before the first page was read',
      { pages: 0, listRead: false, stopped: 'SIGINT' },
      { pageListed: false },
      130,
    ],
    ['the store failed', { stopped: 'store', storeFailure: 'full', unfinished: 3 }, {}, 3],
    ['the store failed at the end', { storeFailure: 'full' }, {}, 3],
    ['the store failed while a signal stopped the run', { stopped: 'SIGINT', storeFailure: 'full' }, {}, 3],
    ['--failed could not be written', {}, { writeFailed: true }, 3],
    ['SIGINT', { stopped: 'SIGINT', notOk: 1 }, {}, 130],
    ['SIGTERM', { stopped: 'SIGTERM' }, {}, 143],
    ['SIGHUP', { stopped: 'SIGHUP' }, {}, 129],
    ['the reader went away', { stopped: 'reader-gone', notOk: 1 }, {}, 141],
    ['the deadline', { stopped: 'deadline', notOk: 1, unfinished: 1, listRead: false }, {}, 4],
    ['fail-fast', { stopped: 'fail-fast', notOk: 1 }, {}, 4],
    ['max-failures', { stopped: 'max-failures', notOk: 1 }, {}, 4],
  ] as const)('%s', (_, verdict, facts, code) => {
    expect(exitCode(verdictOf(verdict), { ...FACTS, ...facts })).toBe(code);
  });
});
