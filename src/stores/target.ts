import type { Writable } from 'node:stream';
import type { Store } from '../core/ports.ts';

/** Where a store is to be. */
export interface StoreTarget {
  /** Absolute path of the folder or file. Absent: standard output (ndjson), nowhere (none). */
  readonly path?: string;
  /** As the user wrote it, for every sentence that names it. */
  readonly place: string;
  /** Where ndjson goes without a path. */
  readonly stdout?: Writable;
  /** Absolute path of an archive's index, where one is to be written when the run ends. */
  readonly cdxj?: string;
}

export type StoreFactory = (target: StoreTarget) => Store;
