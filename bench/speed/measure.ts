import { spawnSync } from 'node:child_process';

/** What a whole process took, from its start to its end. */
export interface Measured {
  readonly seconds: number;
  /** User and system, all its threads and the processes that it waited for. */
  readonly cpuSeconds: number;
  readonly peakMib: number;
  /** It was ended, for it took too long. */
  readonly isCut: boolean;
  readonly stdout: string;
}

/** What a program used is told to its parent alone (wait4(2)), and Node has no call for that. */
const WAIT4 = `
import json, os, sys, time
begin = time.monotonic()
child = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ)
_, status, used = os.wait4(child, 0)
os.write(3, json.dumps([time.monotonic() - begin, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]).encode())
`;
const MOST_OUTPUT_BYTES = 64 * 2 ** 20;

/** Runs a command to its end. Its standard error is dropped. */
export function measure([program, ...args]: readonly [string, ...string[]], timeoutMs: number): Measured {
  const run = spawnSync('timeout', [`${timeoutMs / 1000}`, '/usr/bin/python3', '-c', WAIT4, program, ...args], {
    stdio: ['ignore', 'pipe', 'ignore', 'pipe'],
    encoding: 'utf8',
    maxBuffer: MOST_OUTPUT_BYTES,
  });
  const told = run.output[3] ?? '';
  const isCut = told === '';
  const [seconds = timeoutMs / 1000, cpuSeconds = 0, peakMib = 0] = isCut ? [] : (JSON.parse(told) as number[]);
  return { seconds, cpuSeconds, peakMib, isCut, stdout: run.stdout };
}
