import { FakeClock } from '../support/fake-clock.ts';
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
  const model = originModel(origin, seededRandom(seed));
  const toldUntil = 0;
  let tooEarly = 0;
  const told: [number, number][] = [];
  const run = await modelRun(
    numbered(shape.pages),
    (request, now, inFlight) => {
      if (now < toldUntil - 1) tooEarly += 1;
      const reply = model(request, now, inFlight);
      if ('status' in reply && reply.status !== 200) {
        const seconds = Number(reply.headers?.['retry-after']);
        // It binds from when it is read.
        if (Number.isFinite(seconds) && seconds > 0) told.push([now + reply.latencyMs, seconds * 1000]);
      }
      return reply;
    },
    { clock: new FakeClock(EPOCH), seed, during: () => {} },
  );
  void toldUntil;
  const starts = run.client.seen.map(({ startedAt }) => startedAt);
  tooEarly = told.reduce(
    (sum, [at, waitMs]) => sum + starts.filter((start) => start > at && start < at + waitMs - 1).length,
    0,
  );
  const wasted = run.client.seen.length - shape.pages;
  return {
    shape,
    ok: run.verdict.ok,
    seconds: run.elapsedMs / 1000,
    ratio: run.elapsedMs / 1000 / shape.idealS,
    wasted,
    wastedShare: wasted / shape.pages,
    tooEarly,
    starvedS: starved(starts, told) / 1000,
  };
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
