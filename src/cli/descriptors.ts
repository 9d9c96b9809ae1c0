import { readFileSync } from 'node:fs';
import type { Config } from '../core/config.ts';

/** What is open beside connections: the program's own files, the store's lock and log, look-ups of names. */
const OWN_DESCRIPTORS = 64;
/** Of the others; the rest is for pages on their way into a store. */
const SHARE_OF_CONNECTIONS = 0.75;

/** Descriptors that this process may have open (RLIMIT_NOFILE; Node takes the hard limit for itself). Undefined where the system does not tell: only Linux does. */
export function descriptorLimit(): number | undefined {
  try {
    const limits = readFileSync('/proc/self/limits', 'latin1');
    const soft = /^Max open files +(\d+)/m.exec(limits)?.[1];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}

export interface Fitted {
  readonly config: Config;
  /** A sentence for the user, where the ceiling had to be lowered. */
  readonly notice?: string;
}

/** A run that does not run out of descriptors: each connection takes one. */
export function fitDescriptors(config: Config, limit: number | undefined): Fitted {
  if (limit === undefined) return { config };
  const connections = Math.max(1, Math.floor((limit - OWN_DESCRIPTORS) * SHARE_OF_CONNECTIONS));
  const net = { ...config.net, maxConnections: Math.min(connections, config.net.maxConnections ?? connections) };
  const { concurrency, perOrigin } = config.pace;
  if (concurrency <= connections) return { config: { ...config, net } };
  const pace = { ...config.pace, concurrency: connections, perOrigin: Math.min(perOrigin, connections) };
  return {
    config: { ...config, net: { ...net, concurrency: pace.concurrency, perOrigin: pace.perOrigin }, pace },
    notice:
      `At most ${connections} requests at a time instead of ${concurrency}: this process may have ${limit} files open, ` +
      'connections included (ulimit -n raises that).',
  };
}
