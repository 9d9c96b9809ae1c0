import { expect, test } from 'vitest';
import { Handover } from '../src/library-handover.ts';
import { makePage, recordOf } from './support/store-pages.ts';

const MIB = 2 ** 20;

/** What a promise has come to by now. */
async function isKept(promise: Promise<unknown>): Promise<boolean> {
  return await Promise.race([promise.then(() => true), new Promise<false>((resolve) => setImmediate(resolve, false))]);
}

function keep(handover: Handover, number: number, bytes: number): Promise<unknown> {
  const page = makePage(`https://example.com/${number}`);
  const body = Buffer.alloc(bytes);
  return handover.keep(page, recordOf(page, body), { chunks: [body] });
}

test('so many pages count as kept before anybody took them, and each further one when one was taken', async () => {
  const handover = new Handover(2, undefined);
  const kept = [1, 2, 3, 4].map((number) => keep(handover, number, 10));
  expect(await Promise.all(kept.map(isKept))).toEqual([true, true, false, false]);
  const pages = handover.pages();
  await pages.next();
  await pages.next();
  await pages.next();
  expect(await Promise.all(kept.map(isKept))).toEqual([true, true, true, false]);
});

test('large bodies count as kept only up to 16 MiB: the rest stays in the run’s own budget', async () => {
  const handover = new Handover(100, undefined);
  const kept = [1, 2, 3].map((number) => keep(handover, number, 8 * MIB));
  expect(await Promise.all(kept.map(isKept))).toEqual([true, true, false]);
  const pages = handover.pages();
  expect((await pages.next()).value?.body).toHaveLength(8 * MIB);
  await pages.next();
  expect(await isKept(keep(handover, 4, 1))).toBe(true);
});

test('where nobody takes any more, all counts as kept', async () => {
  const handover = new Handover(1, undefined);
  const kept = [1, 2, 3].map((number) => keep(handover, number, 10));
  handover.release();
  expect(await Promise.all(kept.map(isKept))).toEqual([true, true, true]);
  expect(await isKept(keep(handover, 4, 10))).toBe(true);
});
