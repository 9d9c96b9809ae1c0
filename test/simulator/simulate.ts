import { FakeClock } from '../support/fake-clock.ts';
import type { OriginModel } from '../support/model-origin.ts';
import { modelRun, numbered, seededRandom } from '../support/model-run.ts';
import { EPOCH, originModel } from './origin.ts';
import type { Shape } from './shapes.ts';

export interface Result {
  readonly shape: Shape;
  readonly ok: number;
  readonly seconds: number;
  /** Time against the ideal. */
  readonly ratio: number;
  /** Requests that brought nothing, and their share of the pages. */
  readonly wasted: number;
  readonly wastedShare: number;
  /** Requests that were started before a time that the origin had told. */
  readonly tooEarly: number;
  /** The longest time without a request started, told waits taken out, seconds. */
  readonly starvedS: number;
}

/** The real engine against one shape, in virtual time. */
export async function simulate(shape: Shape, seed = 1): Promise<Result> {
  const origin = shape.make();
  const { oneWayMs = 0 } = origin;
  const model = originModel(origin, seededRandom(seed));
  /** When a told wait was read, and how long it binds. */
  const told: [atMs: number, waitMs: number][] = [];
  const observed: OriginModel = (request, nowMs, inFlight) => {
    const reply = model(request, nowMs, inFlight);
    const seconds = 'status' in reply && reply.status !== 200 ? Number(reply.headers?.['retry-after']) : 0;
    if (seconds > 0) told.push([nowMs + reply.latencyMs + oneWayMs, seconds * 1000]);
    return reply;
  };
  const run = await modelRun(numbered(shape.pages), observed, { clock: new FakeClock(EPOCH), seed, oneWayMs });
  const starts = run.client.seen.map(({ startedAt }) => startedAt);
  const wasted = starts.length - shape.pages;
  return {
    shape,
    ok: run.verdict.ok,
    seconds: run.elapsedMs / 1000,
    ratio: run.elapsedMs / 1000 / shape.idealS,
    wasted,
    wastedShare: wasted / shape.pages,
    tooEarly: startsWithin(starts, told),
    starvedS: starved(starts, told) / 1000,
  };
}

/** A millisecond is what timers round by. */
function startsWithin(starts: readonly number[], told: readonly (readonly [number, number])[]): number {
  let count = 0;
  for (const [at, waitMs] of told) count += starts.filter((start) => start > at && start < at + waitMs - 1).length;
  return count;
}

function starved(starts: readonly number[], told: readonly (readonly [number, number])[]): number {
  let longest = 0;
  for (let index = 1; index < starts.length; index++) {
    const from = starts[index - 1] ?? 0;
    const to = starts[index] ?? 0;
    if (to - from <= longest) continue;
    const excused = told.filter(([at]) => at >= from && at <= to).map(([, waitMs]) => waitMs);
    longest = Math.max(longest, to - from - Math.max(0, ...excused));
  }
  return longest;
}
