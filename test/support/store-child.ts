/**
 * Keeps pages in a store until it is killed: `node store-child.ts FORMAT PATH COUNT CONCURRENCY`.
 * Says `kept N` when the store's promise for page N was kept, `ready` once it has the store, `refused MESSAGE` when it is not given the store.
 */
import { writeSync } from 'node:fs';
import { STORES } from '../../src/stores/index.ts';
import { childBody, childPage } from './store-child-pages.ts';

const [, , format, path = '', count = '0', concurrency = '1'] = process.argv;
if (format !== 'files' && format !== 'ndjson' && format !== 'sqlite' && format !== 'warc')
  throw new Error(`no such format: ${format}`);

/** Synchronously: what is told has left the process, so a kill cannot take it back. */
function tell(line: string): void {
  writeSync(1, `${line}\n`);
}

try {
  const store = STORES[format]({ path, place: path });
  const session = await store.open({ path, mode: 'run', restart: false, request: { method: 'GET' } });
  tell('ready');
  let next = 0;
  const keepOn = async () => {
    for (let n = next++; n < Number(count); n = next++) {
      const { page, record } = childPage(n);
      if (session.has(page)) continue;
      const body = childBody(n);
      if (n % 3 === 0 && session.draft !== undefined) {
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
