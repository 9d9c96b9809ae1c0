import { readFileSync } from 'node:fs';

/** What shares a terminal with a shell. */
export interface Display {
  /** Gives the terminal back, while the process is stopped. */
  suspend(): void;
  /** Takes it again, wherever the cursor is now. */
  resume(): void;
}

/**
 * Ctrl-Z gives the terminal back before the process stops, and `fg` takes it again; Ctrl-\ ends the process as it always does, with
 * the terminal given back. Where there are no such signals, nothing happens.
 *
 * @param leaveTidy gives the terminal back and the like; called before the process ends at once
 */
export function watchJobControl(display: Display, leaveTidy: () => void): { close(): void } {
  const onStop = (): void => {
    display.suspend();
    // By the signal itself: where nobody could continue us (an orphaned process group), the system does not stop us.
    raise('SIGTSTP', onStop);
    setImmediate(() => {
      process.on('SIGTSTP', onStop);
      // What happened to the window meanwhile was told to others.
      process.kill(process.pid, 'SIGWINCH');
      display.resume();
    });
  };
  const onContinue = (): void => display.resume();
  const onQuit = (): void => {
    leaveTidy();
    raise('SIGQUIT', onQuit);
  };
  process.on('SIGTSTP', onStop);
  process.on('SIGCONT', onContinue);
  process.on('SIGQUIT', onQuit);
  return {
    close: () => {
      process.off('SIGTSTP', onStop);
      process.off('SIGCONT', onContinue);
      process.off('SIGQUIT', onQuit);
    },
  };
}

/** Lets a signal do to this process what it does by default. */
function raise(signal: 'SIGTSTP' | 'SIGQUIT', handler: () => void): void {
  process.off(signal, handler);
  process.kill(process.pid, signal);
}

/**
 * Whether the terminal is somebody else's: this process is a job of its own, and another one is in the foreground (`&`, `bg`).
 * A process that others have put into a group of theirs, as timeout(1) does, is no such job. Known on Linux alone (proc_pid_stat(5)).
 */
export function isInBackground(): boolean {
  try {
    const stat = readFileSync('/proc/self/stat', 'latin1');
    const [, , group, , , foreground] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    return group === process.pid && foreground !== undefined && foreground > 0 && foreground !== group;
  } catch {
    return false;
  }
}
