import { LIMITS } from '../core/config.ts';
import { writeStderr } from './write-stream.ts';

/** The signals that end a run in good order, and the exit code of the process that one of them ends at once: 128 + its number. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
type Signal = keyof typeof SIGNALS;

/** After the grace, what is to be kept gets so long to be taken: a reader of stdout that does not read would hold the process for ever. */
const KEEPING_MS = 3_000;
const NOT_TAKEN = 'Ended without a verdict: what was still to be written was not taken in time.';
/** Whoever does not read stdout may not read stderr either. */
const LAST_WORD_MS = 500;

/**
 * The first signal stops the run. A second one ends the process at once, and so does a run that has not ended long after its grace.
 *
 * @param leaveTidy gives the terminal back and the like; called before the process ends at once
 */
export function watchSignals(stop: (signal: Signal) => void, leaveTidy: () => void): { close(): void } {
  let timer: NodeJS.Timeout | undefined;
  const handlers = new Map<Signal, () => void>();
  for (const [signal, code] of Object.entries(SIGNALS) as [Signal, number][]) {
    const handler = (): void => {
      if (timer !== undefined) {
        leaveTidy();
        process.exit(code);
      }
      timer = setTimeout(() => endWithoutVerdict(code, leaveTidy), LIMITS.graceMs + KEEPING_MS);
      stop(signal);
    };
    handlers.set(signal, handler);
    process.on(signal, handler);
  }
  return {
    close: () => {
      clearTimeout(timer);
      for (const [signal, handler] of handlers) process.off(signal, handler);
    },
  };
}

function endWithoutVerdict(code: number, leaveTidy: () => void): void {
  leaveTidy();
  const exit = (): never => process.exit(code);
  setTimeout(exit, LAST_WORD_MS);
  void writeStderr(`${NOT_TAKEN}\n`).then(exit);
}
