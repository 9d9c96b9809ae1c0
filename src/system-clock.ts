import type { Clock } from './core/ports.ts';

/** What `setTimeout` takes: a longer delay would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** Over less time than this a share says little. */
const SHORTEST_SAMPLE_MS = 50;
const BUSY_SHARE = 0.95;

/** Watches how much of its time the event loop works and does not wait. */
class LoopLoad {
  #last = performance.eventLoopUtilization();
  #isBusy = false;

  get isBusy(): boolean {
    const { idle, active, utilization } = performance.eventLoopUtilization(this.#last);
    if (idle + active >= SHORTEST_SAMPLE_MS) {
      this.#last = performance.eventLoopUtilization();
      this.#isBusy = utilization >= BUSY_SHARE;
    }
    return this.#isBusy;
  }
}

const load = new LoopLoad();

/** The machine's own time: monotonic for waits, so that a clock that is set while a run goes on moves nothing. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  timer: (delayMs, wake) => {
    const end = performance.now() + delayMs;
    let handle: NodeJS.Timeout;
    const arm = (leftMs: number): void => {
      handle = setTimeout(
        () => {
          const restMs = end - performance.now();
          // A timer may come up to a millisecond early.
          if (restMs > 0) arm(restMs);
          else wake();
        },
        Math.min(Math.ceil(leftMs), LONGEST_TIMER_MS),
      );
    };
    arm(delayMs);
    return () => clearTimeout(handle);
  },
  isBusy: () => load.isBusy,
  // Node writes what HTTP/2 has to send before it runs the turn's immediates.
  atTurnEnd: (work) => void setImmediate(work),
};
