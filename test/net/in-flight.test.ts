import { expect, test } from 'vitest';
import { InFlight } from '../../src/net/in-flight.ts';

const to = (origin: string) => ({ request: { origin } });

test('what is in flight is found by its origin, in the order in which it began, until it ends', () => {
  const inFlight = new InFlight<ReturnType<typeof to>>();
  expect(inFlight.isEmpty).toBe(true);
  const [first, second, other] = [to('https://a'), to('https://a'), to('https://b')];
  for (const member of [first, other, second]) inFlight.add(member);
  expect([...inFlight.to('https://a')]).toEqual([first, second]);
  expect([...inFlight.to('https://b')]).toEqual([other]);
  expect([...inFlight]).toEqual([first, second, other]);
  inFlight.delete(first);
  inFlight.delete(first);
  expect([...inFlight.to('https://a')]).toEqual([second]);
  inFlight.delete(second);
  expect([...inFlight.to('https://a')]).toEqual([]);
  expect(inFlight.isEmpty).toBe(false);
  inFlight.delete(other);
  expect(inFlight.isEmpty).toBe(true);
});
