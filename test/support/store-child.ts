/**
 * Keeps pages in a store until it is killed: `node store-child.ts FORMAT PATH COUNT CONCURRENCY [threaded]`. `threaded`: the thread of a files store
 * is up before most of the pages, and there are no drafts.
 * Says `kept N` when the store's promise for page N was kept, `ready` once it has the store, `refused MESSAGE` when it is not given the store.
 */
import { writeSync } from 'node:fs';
import { filesStore } from '../../src/stores/files.ts';
import { STORES } from '../../src/stores/index.ts';
import { childBody, childPage } from './store-child-pages.ts';

const [, , format, path = '', count = '0', concurrency = '1', threaded] = process.argv;
if (format !== 'files' && format !== 'ndjson' && format !== 'sqlite' && format !== 'warc')
  throw new Error(`no such format: ${format}`);

/** Synchronously: what is told has left the process, so a kill cannot take it back. */
function tell(line: string): void {
  writeSync(1, `${line}\n`);
}

/** Kept when a thread that was started is up. */
const threadIsUp = Promise.withResolvers<void>();
let hasThread = false;
process.on('worker', (worker) => {
  hasThread = true;
  worker.once('message', () => threadIsUp.resolve());
});

try {
  const target = { path, place: path };
  const store = threaded === undefined ? STORES[format](target) : filesStore(target, { files: 1, ms: 60_000 });
  const session = await store.open({ path, mode: 'run', restart: false, request: { method: 'GET' } });
  tell('ready');
  let next = 0;
  const keepOn = async (_: unknown, index: number) => {
    // The first one goes alone until there is a thread.
    if (threaded !== undefined && index > 0) await threadIsUp.promise;
    for (let n = next++; n < Number(count); n = next++) {
      if (hasThread) await threadIsUp.promise;
      const { page, record } = childPage(n);
      if (session.has(page)) continue;
      const body = childBody(n);
      if (n % 3 === 0 && session.draft !== undefined && threaded === undefined) {
        const draft = await session.draft(page);
        for (let at = 0; at < body.length; at += 4096) await draft.write(body.subarray(at, at + 4096));
        await session.keep(page, record, { draft });
      } else {
        await session.keep(page, record, { chunks: [body.subarray(0, 100), body.subarray(100)] });
      }
      tell(`kept ${n}`);
    }
  };
  await Promise.all(Array.from({ length: Number(concurrency) }, keepOn));
  // Without work the lock is held until the kill.
  if (count === '0') setInterval(() => undefined, 1_000_000);
  else await session.close();
} catch (error) {
  tell(`refused ${error instanceof Error ? error.message : error}`);
}
