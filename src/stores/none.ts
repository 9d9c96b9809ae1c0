import type { Draft, Store, StoreSession } from '../core/ports.ts';
import type { StoreTarget } from './target.ts';

/** Keeps nothing: for those who only want to know whether every page is there. */
export function noneStore({ place }: StoreTarget): Store {
  return { place, open: async () => NOTHING };
}

/** Lets bodies of any size pass. */
const PASSING: Draft = {
  write() {},
  async discard() {},
};

const NOTHING: StoreSession = {
  stored: { pages: 0 },
  notices: [],
  has: () => false,
  draft: async () => PASSING,
  keep: async (_page, record) => record,
  async note() {},
  async close() {},
};
