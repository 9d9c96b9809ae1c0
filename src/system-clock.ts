import type { Clock } from './core/ports.ts';

/** What `setTimeout` takes: a longer delay would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

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
  // Node writes what HTTP/2 has to send before it runs the turn's immediates.
  atTurnEnd: (work) => void setImmediate(work),
};
