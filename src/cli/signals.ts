/** The signals that end a run in good order, and the exit code of the process that one of them ends at once: 128 + its number. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
type Signal = keyof typeof SIGNALS;

/**
 * The first signal stops the run; a second one ends the process at once.
 *
 * @param leaveTidy gives the terminal back and the like; called before the process ends at once
 */
export function watchSignals(stop: (signal: Signal) => void, leaveTidy: () => void): { close(): void } {
  let isStopping = false;
  const handlers = new Map<Signal, () => void>();
  for (const [signal, code] of Object.entries(SIGNALS) as [Signal, number][]) {
    const handler = (): void => {
      if (isStopping) {
        leaveTidy();
        process.exit(code);
      }
      isStopping = true;
      stop(signal);
    };
    handlers.set(signal, handler);
    process.on(signal, handler);
  }
  return {
    close: () => {
      for (const [signal, handler] of handlers) process.off(signal, handler);
    },
  };
}
