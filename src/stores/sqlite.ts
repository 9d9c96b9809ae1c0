import type { Store, StoreOptions, StoreSession } from '../core/ports.ts';
import { sqliteError } from './sqlite-error.ts';
import type { StoreTarget } from './target.ts';

/**
 * An SQLite database: a row of the table `pages` for each page, its body with it.
 *
 * When a page is told as stored, its transaction is committed, so SIGKILL cannot take it away. Onto the disk itself it comes within some
 * seconds and when the run ends: a loss of power takes away at most those, and leaves a database that is whole as of then.
 * `.NAME.lock` beside the file is its lock, and remembers what was asked of all pages.
 */
export function sqliteStore({ path, place }: StoreTarget): Store {
  return {
    place,
    async open(options: StoreOptions): Promise<StoreSession> {
      const file = options.path ?? path;
      if (file === undefined) throw new Error('an SQLite store needs a path');
      // Imported only here: a run without such a store does not pay for SQLite.
      const { inspect, openForRun } = await import('./sqlite-open.ts');
      try {
        return options.mode === 'inspect' ? await inspect(file, place) : await openForRun(file, place, options);
      } catch (error) {
        throw sqliteError(error, `${place} could not be opened`);
      }
    },
  };
}
