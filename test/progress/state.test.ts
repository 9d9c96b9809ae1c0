import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RunEvent } from '../../src/core/event.ts';
import type { ProgressState } from '../../src/progress/state.ts';
import { donePages, fold, initialState, totalPages } from '../../src/progress/state.ts';
import { again, failed, invalid, kept, listed, ORIGIN, page, WALL } from './events.ts';

const run = (events: readonly RunEvent[]): ProgressState => events.reduce(fold, initialState());

const paused = (origin: string): RunEvent => ({ type: 'origin-paused', origin, reason: 'refused', untilWall: WALL });

describe('counts', () => {
  test('pages that are OK, not OK, invalid and already stored are all done', () => {
    const state = run([
      listed(5, false),
      kept(1),
      failed(2),
      invalid('urls.txt:3', 'htp:/x', 'not http or https'),
      { type: 'already-stored', page: page(4) },
      { type: 'duplicate', line: 'urls.txt:9', url: page(1).url, idsDiffer: false },
    ]);
    expect(state).toMatchObject({ ok: 1, notOk: 2, invalid: 1, alreadyStored: 1, duplicates: 1, listRead: false });
    expect([donePages(state), totalPages(state)]).toEqual([4, 5]);
  });

  test('a refusal is no retry, and a free repeat is one', () => {
    expect(run([again('try'), again('free'), again('refusal')])).toMatchObject({ retries: 2, refusals: 1 });
  });

  test('a page that is done before its list was told of does not make more than 100%', () => {
    const state = run([listed(1, false), kept(1), kept(2)]);
    expect(totalPages(state)).toBe(2);
  });

  test('whatever comes in which order: done is the sum of its parts and never more than the total', () => {
    const event = fc.oneof(
      fc.nat(50).map(kept),
      fc.nat(50).map((number) => failed(number)),
      fc.tuple(fc.nat(99), fc.boolean()).map(([pages, done]) => listed(pages, done)),
      fc.nat(50).map((number): RunEvent => ({ type: 'already-stored', page: page(number) })),
      fc.constantFrom<('try' | 'free' | 'refusal')[]>('try', 'free', 'refusal').map(again),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 80 }), (events) => {
        const state = run(events);
        const final = events.filter(({ type }) => type === 'page' || type === 'already-stored').length;
        const again = events.filter(({ type }) => type === 'attempt').length;
        expect(donePages(state)).toBe(final);
        expect(totalPages(state)).toBeGreaterThanOrEqual(final);
        expect(state.retries + state.refusals).toBe(again);
        expect(state.lastFailures.length).toBe(Math.min(100, state.notOk));
      }),
    );
  });
});

describe('what is kept is bounded', () => {
  test('the last hundred failures, the newest last', () => {
    const { lastFailures } = run(Array.from({ length: 250 }, (_, number) => failed(number)));
    expect(lastFailures.length).toBe(100);
    expect(lastFailures.map(({ url }) => url).slice(-2)).toEqual([page(248).url, page(249).url]);
  });

  test('failures are counted by their code', () => {
    const { causes } = run([failed(1), failed(2, 'TRUNCATED', 'cut'), failed(3)]);
    expect([...causes]).toEqual([
      ['HTTP_404', 2],
      ['TRUNCATED', 1],
    ]);
  });

  test('an invalid line is known by where it stands', () => {
    const { lastFailures } = run([invalid('urls.txt:3', 'htp:/x', 'not http or https')]);
    expect(lastFailures).toEqual([{ code: 'INVALID_LINE', url: 'urls.txt:3', message: 'not http or https' }]);
  });

  test('a million dead hosts leave a thousand pauses, the latest', () => {
    const state = run(Array.from({ length: 3_000 }, (_, index) => paused(`https://host-${index}.example`)));
    expect(state.pauses.size).toBe(1_000);
    expect(state.pauses.has('https://host-2999.example')).toBe(true);
  });
});

test('a pause is forgotten when the origin is asked again, or given up', () => {
  const gone = 'https://gone.example.com';
  const failure = { code: 'ORIGIN_SILENT', message: 'nothing good came from the origin for --patience' } as const;
  const state = run([
    paused(ORIGIN),
    paused(gone),
    { type: 'origin-resumed', origin: ORIGIN },
    { type: 'origin-given-up', origin: gone, failure },
  ]);
  expect(state.pauses.size).toBe(0);
  expect(state.originsGivenUp).toBe(1);
});
