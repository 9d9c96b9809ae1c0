import type { StoreFormat } from '../core/config.ts';
import { filesStore } from './files.ts';
import { ndjsonStore } from './ndjson.ts';
import { noneStore } from './none.ts';
import type { StoreFactory } from './target.ts';

/** Every format and what makes its store. A format without a row does not compile. */
export const STORES = {
  files: filesStore,
  ndjson: ndjsonStore,
  none: noneStore,
} as const satisfies Record<StoreFormat, StoreFactory>;
