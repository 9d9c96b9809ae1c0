import { type Bucket, type BucketLimits, fullBucket, takeToken } from './token-bucket.ts';

/** How many items there are, numbered from 1. */
export const ITEM_COUNT = 500;

export const LIMITS: BucketLimits = { tokensPerSecond: 60, burst: 30 };

/** Items that are out of order the first time they are asked for. */
const UNAVAILABLE_ONCE: ReadonlySet<number> = new Set([17, 63, 128, 191, 254, 342]);
const RESET_ONCE = 211;

/** The item that is slow every time, and by how much. */
const SLOW = 150;
const SLOW_MS = 3_000;

/** What becomes of a request. */
export type Reply =
  | { readonly type: 'reset' }
  | {
      readonly type: 'answer';
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
      readonly afterMs: number;
    };

/**
 * A small API with the faults of large ones: 60 requests a second and no more (429 with Retry-After), six items that answer 503 once,
 * one that is slow, one that is reset once. Every item is there in the end, and the same requests meet the same faults.
 *
 * @param now milliseconds of a monotonic clock.
 */
export function demoApi(now: () => number): (method: string, path: string) => Reply {
  let bucket: Bucket = fullBucket(LIMITS, now());
  const troubled = new Set<number>();
  return (method, path) => {
    const { bucket: left, taken } = takeToken(bucket, LIMITS, now());
    bucket = left;
    if (!taken) return problem(429, 'slow down', { 'retry-after': '1' });
    if (method !== 'GET' && method !== 'HEAD') return problem(405, 'only GET and HEAD', { allow: 'GET, HEAD' });
    const number = itemNumber(path);
    if (number === undefined) return problem(404, 'no such item');
    if (!troubled.has(number)) {
      troubled.add(number);
      if (UNAVAILABLE_ONCE.has(number)) return problem(503, 'try again');
      if (number === RESET_ONCE) return { type: 'reset' };
    }
    return answer(200, item(number), {}, number === SLOW ? SLOW_MS : 0);
  };
}

function itemNumber(path: string): number | undefined {
  const digits = /^\/items\/([1-9]\d{0,5})(?:\?|$)/.exec(path)?.[1];
  const number = Number(digits);
  return number <= ITEM_COUNT ? number : undefined;
}

function problem(status: number, message: string, headers: Readonly<Record<string, string>> = {}): Reply {
  return answer(status, { error: message }, headers);
}

function answer(status: number, value: object, headers: Readonly<Record<string, string>>, afterMs = 0): Reply {
  return { type: 'answer', status, headers, body: `${JSON.stringify(value, undefined, 2)}\n`, afterMs };
}

const MATERIALS = ['oak', 'steel', 'linen', 'glass', 'cork', 'wool', 'brass'] as const;
const THINGS = [
  'lamp',
  'chair',
  'kettle',
  'basket',
  'clock',
  'shelf',
  'mug',
  'rug',
  'mirror',
  'stool',
  'bowl',
] as const;

function item(number: number): object {
  const material = MATERIALS[number % MATERIALS.length] ?? MATERIALS[0];
  const thing = THINGS[number % THINGS.length] ?? THINGS[0];
  const updated = new Date(Date.UTC(2026, 0, 1) + number * 7_919_000);
  return {
    id: number,
    sku: `${material.slice(0, 2)}${thing.slice(0, 2)}-${String(number).padStart(4, '0')}`.toUpperCase(),
    name: `${material} ${thing}`,
    price: { amount: ((number * 737) % 19_000) + 990, currency: 'EUR' },
    stock: (number * 31) % 58,
    tags: [material, thing],
    updatedAt: updated.toISOString(),
  };
}
