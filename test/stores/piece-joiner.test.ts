import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PieceJoiner } from '../../src/stores/piece-joiner.ts';

const bytesOf = (pieces: readonly (string | Uint8Array)[]): Buffer =>
  Buffer.concat(pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece)));

describe('pieces put together for one write', () => {
  test('are the same bytes in the same order, whatever they are, time after time', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.uint8Array({ maxLength: 60 }),
      fc.constantFrom('x'.repeat(200), Buffer.alloc(200, 'y'), 'ü'.repeat(40_000), Buffer.alloc(70_000, 'z')),
    );
    fc.assert(
      fc.property(fc.array(fc.array(piece, { maxLength: 30 }), { maxLength: 5 }), (rounds) => {
        const joiner = new PieceJoiner(100);
        for (const pieces of rounds) expect(Buffer.concat(joiner.join(pieces)).equals(bytesOf(pieces))).toBe(true);
      }),
    );
  });

  test('small ones become one buffer; a large one is not copied', () => {
    const large = Buffer.alloc(1_000);
    const joined = new PieceJoiner(100).join(['a', Buffer.from('b'), large, 'c', 'd']);
    expect(joined).toHaveLength(3);
    expect(joined[1]).toBe(large);
  });
});
