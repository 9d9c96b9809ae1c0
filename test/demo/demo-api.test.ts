import { expect, test } from 'vitest';
import { demoApi, ITEM_COUNT, LIMITS, type Reply } from '../../src/demo/demo-api.ts';

/** An API whose limit nobody reaches: a second passes with every request. */
function unhurried(): (method: string, path: string) => Reply {
  let nowMs = 0;
  return demoApi(() => {
    nowMs += 1_000;
    return nowMs;
  });
}

test('the second round finds every item, and the first all but seven', () => {
  const reply = unhurried();
  const round = (): (number | 'reset')[] =>
    Array.from({ length: ITEM_COUNT }, (_, index) => {
      const what = reply('GET', `/items/${index + 1}`);
      return what.type === 'reset' ? 'reset' : what.status;
    });
  const first = round();
  expect(first.filter((status) => status === 503)).toHaveLength(6);
  expect(first.filter((status) => status === 'reset')).toHaveLength(1);
  expect(first.filter((status) => status === 200)).toHaveLength(ITEM_COUNT - 7);
  expect(new Set(round())).toEqual(new Set([200]));
});

test('beyond the burst, 429 and a second to wait; then the rate', () => {
  let nowMs = 0;
  const reply = demoApi(() => nowMs);
  const statuses = (count: number): number =>
    Array.from({ length: count }, () => reply('GET', '/items/1')).filter(
      (what) => what.type === 'answer' && what.status === 200,
    ).length;
  expect(statuses(LIMITS.burst)).toBe(LIMITS.burst);
  expect(reply('GET', '/items/1')).toMatchObject({ status: 429, headers: { 'retry-after': '1' } });
  nowMs = 100;
  expect(statuses(100)).toBe(LIMITS.tokensPerSecond / 10);
});

test('an item that is slow is slow every time', () => {
  const reply = unhurried();
  for (const _ of [1, 2]) expect(reply('GET', '/items/150')).toMatchObject({ status: 200, afterMs: 3_000 });
});

test.each([
  ['GET', '/items/0', 404],
  ['GET', '/items/501', 404],
  ['GET', '/items/1x', 404],
  ['GET', '/', 404],
  ['POST', '/items/1', 405],
  ['GET', '/items/400?full=1', 200],
  ['HEAD', '/items/1', 200],
])('%s %s is %i', (method, path, status) => {
  expect(unhurried()(method, path)).toMatchObject({ status });
});

test('items are JSON, each its own', () => {
  const reply = unhurried();
  const bodies = [1, 2, 400].map((number) => {
    const what = reply('GET', `/items/${number}`);
    return JSON.parse(what.type === 'answer' ? what.body : '');
  });
  expect(bodies).toMatchObject([{ id: 1, name: 'steel chair' }, { id: 2 }, { id: 400 }]);
  expect(new Set(bodies.map(({ sku }) => sku)).size).toBe(3);
});
