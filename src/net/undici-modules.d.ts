declare module 'undici/lib/dispatcher/agent.js' {
  import type { Agent } from 'undici';

  const agent: typeof Agent;
  export default agent;
}

declare module 'undici/lib/dispatcher/pool.js' {
  import type { Pool } from 'undici';

  const pool: typeof Pool;
  export default pool;
}

declare module 'undici/lib/dispatcher/fixed-queue.js' {
  /** A list of rings of 2,048 places each. */
  export default class FixedQueue {
    head: { list: unknown[] };
  }
}
