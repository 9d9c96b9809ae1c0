import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Deque } from '../../src/core/deque.ts';

describe('Deque', () => {
  test('does what an array does, whatever is done to it', () => {
    const operation = fc.oneof(
      { weight: 3, arbitrary: fc.constant('pushBack' as const) },
      { weight: 2, arbitrary: fc.constant('pushFront' as const) },
      { weight: 3, arbitrary: fc.constant('popFront' as const) },
    );
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
        const deque = new Deque<number>();
        const model: number[] = [];
        for (const [item, does] of operations.entries()) {
          if (does === 'popFront') {
            expect(deque.popFront()).toBe(model.shift());
          } else {
            deque[does](item);
            if (does === 'pushBack') model.push(item);
            else model.unshift(item);
          }
          expect(deque.size).toBe(model.length);
        }
        while (model.length > 0) expect(deque.popFront()).toBe(model.shift());
        expect(deque.popFront()).toBeUndefined();
        expect(deque.size).toBe(0);
      }),
    );
  });

  test('keeps its order while it grows with its head anywhere in the ring', () => {
    for (let turned = 0; turned < 8; turned++) {
      const deque = new Deque<number>();
      for (let index = 0; index < turned; index++) {
        deque.pushBack(-1);
        deque.popFront();
      }
      for (let item = 0; item < 100; item++) deque.pushBack(item);
      expect(Array.from({ length: 100 }, () => deque.popFront())).toEqual(Array.from({ length: 100 }, (_, i) => i));
    }
  });
});
