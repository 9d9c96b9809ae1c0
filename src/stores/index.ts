import type { StoreFormat } from '../core/config.ts';
import { filesStore } from './files.ts';
import { ndjsonStore } from './ndjson.ts';
import { noneStore } from './none.ts';
import { sqliteStore } from './sqlite.ts';
import type { StoreFactory } from './target.ts';
import { warcStore } from './warc.ts';

/** Every format and what makes its store. A format without a row does not compile. */
export const STORES = {
  files: filesStore,
  ndjson: ndjsonStore,
  sqlite: sqliteStore,
  warc: warcStore,
  none: noneStore,
} as const satisfies Record<StoreFormat, StoreFactory>;
