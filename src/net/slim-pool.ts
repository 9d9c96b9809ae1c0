import type { Pool } from 'undici';
import FixedQueue from 'undici/lib/dispatcher/fixed-queue.js';
import UndiciPool from 'undici/lib/dispatcher/pool.js';

/**
 * A pool whose queue takes room as it fills. undici gives each pool's queue a ring of 2,048 places at once: 16 kB an origin, which a full
 * collection goes through place by place, and in which seldom more than a few requests wait. The ring works as well over an array that grows.
 */
export function slimPool(origin: string | URL, options: object): Pool {
  const pool = new UndiciPool(origin, options);
  for (const key of Object.getOwnPropertySymbols(pool)) {
    const value: unknown = Reflect.get(pool, key);
    if (value instanceof FixedQueue) value.head.list = [];
  }
  return pool;
}
