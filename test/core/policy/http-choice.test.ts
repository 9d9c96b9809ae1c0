import { describe, expect, it } from 'vitest';
import { HttpChoice } from '../../../src/core/policy/http-choice.ts';

type Event = 'over 2' | 'over 1.1' | 'saved by 1.1';

const ROWS: readonly [what: string, events: readonly Event[], http1Only: boolean][] = [
  ['nothing happened yet', [], false],
  ['answers over HTTP/2', ['over 2', 'over 2'], false],
  ['an origin that has only HTTP/1.1: ALPN settles it each time, at no cost', ['over 1.1', 'over 1.1'], false],
  ['the first page had to go over HTTP/1.1', ['saved by 1.1'], false],
  ['the first two had to', ['saved by 1.1', 'saved by 1.1'], false],
  ['the first three had to', ['saved by 1.1', 'saved by 1.1', 'saved by 1.1'], true],
  ['three in a row, later', ['over 2', 'saved by 1.1', 'saved by 1.1', 'saved by 1.1'], true],
  ['three, but not in a row', ['saved by 1.1', 'saved by 1.1', 'over 2', 'saved by 1.1'], false],
  ['an answer that comes late changes nothing', ['saved by 1.1', 'saved by 1.1', 'saved by 1.1', 'over 2'], true],
  ['a page that went over HTTP/1.1 for a reason of its own', ['over 2', 'over 1.1', 'over 1.1', 'over 1.1'], false],
];

describe('which HTTP an origin is spoken to with', () => {
  it.each(ROWS)('%s', (_what, events, http1Only) => {
    const choice = new HttpChoice();
    for (const event of events) choice.onAnswer(event === 'over 2' ? '2' : '1.1', event === 'saved by 1.1');
    expect(choice.http1Only).toBe(http1Only);
  });
});
