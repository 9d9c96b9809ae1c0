import { execFile } from 'node:child_process';
import { Readable } from 'node:stream';
import type { Config } from '../../src/core/config.ts';
import type { RunEvent, Verdict } from '../../src/core/event.ts';
import type { Client, Clock, StoreSession } from '../../src/core/ports.ts';
import type { PageRecord } from '../../src/core/record.ts';
import { Run } from '../../src/core/run.ts';
import { openInput } from '../../src/input/open-input.ts';
import { createClient } from '../../src/net/client.ts';
import { systemClock } from '../../src/system-clock.ts';
import { CA } from '../support/certificates.ts';
import { type DeepPartial, MemoryStore, seededRandom, testConfig } from '../support/model-run.ts';

/** So many times as fast do the engine's own waits go by; what the client waits for is real. */
const HURRY = 50;

/** Time for the engine: backoffs and pauses of seconds are over in milliseconds. */
export const hurriedClock: Clock = {
  now: () => performance.now() * HURRY,
  wall: () => WALL_START + performance.now() * HURRY,
  timer: (delayMs, wake) => systemClock.timer(delayMs / HURRY, wake),
  isBusy: systemClock.isBusy,
  atTurnEnd: systemClock.atTurnEnd,
};

const WALL_START = Date.now();

/** Two tries after the first, and limits that a healthy exchange on a busy machine does not come near. */
const HOSTILE_CONFIG = {
  net: { responseTimeoutMs: 20_000, stallTimeoutMs: 20_000, maxBodyBytes: 8 * 2 ** 20, ca: CA },
  retry: { retries: 2 },
} as const;

export interface HostileRunOptions {
  readonly config?: DeepPartial<Config> | undefined;
  readonly store?: StoreSession;
  /** Default: the real one. */
  readonly createClient?: ((config: Config) => Client) | undefined;
}

export interface HostileRun {
  readonly verdict: Verdict;
  readonly events: readonly RunEvent[];
  /** In order of completion; of a store of one's own, none. */
  readonly records: readonly PageRecord[];
  /** What was stored, by URL. */
  readonly bodies: ReadonlyMap<string, string>;
}

/** A whole run of the real engine and the real client over a list, with its records and bodies in memory. */
export async function hostileRun(
  list: string | Buffer | readonly string[],
  options: HostileRunOptions = {},
): Promise<HostileRun> {
  const { net, retry, ...others } = options.config ?? {};
  const config = testConfig({
    ...others,
    net: { ...HOSTILE_CONFIG.net, ...net },
    retry: { ...HOSTILE_CONFIG.retry, ...retry },
  });
  const bytes = typeof list === 'string' || Buffer.isBuffer(list) ? Buffer.from(list) : Buffer.from(list.join('\n'));
  const stream = Readable.from([bytes], { objectMode: false });
  const { method } = config.request;
  const input = await openInput([{ type: 'stdin', stream }], { method, expand: 'nowhere' });
  const memory = new MemoryStore();
  const events: RunEvent[] = [];
  const client = (options.createClient ?? ((resolved: Config) => createClient(resolved.net)))(config);
  try {
    const run = new Run({
      config,
      input,
      client,
      store: options.store ?? memory,
      clock: hurriedClock,
      random: seededRandom(1),
      listeners: [(event) => events.push(event)],
    });
    const verdict = await run.verdict();
    return { verdict, events, records: memory.records, bodies: memory.bodies };
  } finally {
    await client.destroy();
  }
}

/** What curl makes of a URL: its exit code. It is the oracle where the two should agree. */
export function curlExitCode(url: string, more: readonly string[] = []): Promise<number> {
  const args = ['--http1.1', '-sS', '-o', '/dev/null', '--max-time', '20', '--noproxy', '*', ...more, url];
  return new Promise((resolve) => {
    execFile('curl', args, (error) => resolve(error === null ? 0 : Number(error.code)));
  });
}
