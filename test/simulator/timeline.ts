import { FakeClock } from '../support/fake-clock.ts';
import type { OriginModel } from '../support/model-origin.ts';
import { modelRun, numbered, seededRandom } from '../support/model-run.ts';
import { EPOCH, type OriginShape, originModel } from './origin.ts';

/** A simulated run as it went, in bins of equal length. */
export interface Timeline {
  readonly binS: number;
  readonly bins: readonly Bin[];
  /** When the origin was not asked because it had refused or was down, seconds. */
  readonly rests: readonly (readonly [fromS: number, toS: number])[];
}

/** What arrived at the origin in a bin's time. */
interface Bin {
  good: number;
  /** Refused or failed. */
  bad: number;
  /** At most, at once. */
  inFlight: number;
}

/** The real engine against an origin, in virtual time. */
export async function timeline(origin: OriginShape, pages: number, binS: number): Promise<Timeline> {
  const clock = new FakeClock(EPOCH);
  const bins: Bin[] = [];
  const model = originModel(origin, seededRandom(1));
  const counted: OriginModel = (request, nowMs, inFlight) => {
    const reply = model(request, nowMs, inFlight);
    const index = Math.floor(nowMs / 1000 / binS);
    while (bins.length <= index) bins.push({ good: 0, bad: 0, inFlight: 0 });
    const bin = bins[index];
    if (bin === undefined) throw new Error('a bin is missing');
    if ('status' in reply && reply.status === 200) bin.good += 1;
    else bin.bad += 1;
    bin.inFlight = Math.max(bin.inFlight, inFlight);
    return reply;
  };
  const rests: [number, number][] = [];
  let restsSinceS: number | undefined;
  await modelRun(numbered(pages), counted, {
    clock,
    onEvent: ({ type }) => {
      const nowS = clock.now() / 1000;
      if (type === 'origin-paused') {
        restsSinceS ??= nowS;
      } else if (type === 'origin-resumed' && restsSinceS !== undefined) {
        rests.push([restsSinceS, nowS]);
        restsSinceS = undefined;
      }
    },
  });
  return { binS, bins, rests };
}
