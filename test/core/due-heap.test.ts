import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DueHeap } from '../../src/core/due-heap.ts';

describe('DueHeap', () => {
  test('gives nothing before it is due, then the earliest first', () => {
    const heap = new DueHeap<string>();
    heap.push(30, 'c');
    heap.push(10, 'a');
    heap.push(20, 'b');
    expect(heap.nextAt).toBe(10);
    expect(heap.popDue(9.999)).toBeUndefined();
    expect(heap.popDue(10)).toBe('a');
    expect(heap.popDue(25)).toBe('b');
    expect(heap.popDue(25)).toBeUndefined();
    expect(heap.nextAt).toBe(30);
    expect(heap.popDue(Number.POSITIVE_INFINITY)).toBe('c');
    expect(heap.nextAt).toBeUndefined();
    expect(heap.popDue(Number.POSITIVE_INFINITY)).toBeUndefined();
  });

  test('does what a sorted list does, whatever is done to it', () => {
    // Few times on purpose, so that many are due together.
    const time = fc.oneof(fc.nat({ max: 5 }), fc.integer({ min: -10, max: 10 }));
    const operation = fc.record({ does: fc.constantFrom('push', 'push', 'pop'), at: time });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 100 }), (operations) => {
        const heap = new DueHeap<number>();
        const model: { at: number; item: number }[] = [];
        for (const [item, { does, at }] of operations.entries()) {
          if (does === 'push') {
            heap.push(at, item);
            model.push({ at, item });
          } else {
            const earliest = Math.min(...model.map((entry) => entry.at));
            const popped = heap.popDue(at);
            if (earliest > at) {
              expect(popped).toBeUndefined();
            } else {
              // Which of those that are due at the same time is nobody's promise.
              const index = model.findIndex((entry) => entry.item === popped);
              expect(model[index]?.at).toBe(earliest);
              model.splice(index, 1);
            }
          }
          expect(heap.size).toBe(model.length);
          expect(heap.nextAt).toBe(model.length === 0 ? undefined : Math.min(...model.map((entry) => entry.at)));
        }
      }),
    );
  });

  test('empties in order', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), (times) => {
        const heap = new DueHeap<number>();
        for (const at of times) heap.push(at, at);
        const popped = times.map(() => heap.popDue(Number.POSITIVE_INFINITY));
        expect(popped).toEqual(times.toSorted((a, b) => a - b));
        expect(heap.size).toBe(0);
      }),
    );
  });
});
