import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { systemClock } from '../src/system-clock.ts';

test('the process is busy where its event loop never waits, and not where it does', async () => {
  await sleep(200);
  systemClock.isBusy();
  await sleep(200);
  expect(systemClock.isBusy()).toBe(false);
  for (const end = performance.now() + 200; performance.now() < end; ) await new Promise(setImmediate);
  expect(systemClock.isBusy()).toBe(true);
});
