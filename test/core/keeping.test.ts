import { describe, expect, it } from 'vitest';
import type { StoreSession } from '../../src/core/ports.ts';
import { MemoryStore, modelRun, numbered } from '../support/model-run.ts';

describe('a page that is final', () => {
  it('is handed to the store when the request that takes its place is on its way', async () => {
    const order: string[] = [];
    class WatchedStore extends MemoryStore {
      override keep(...[page, record, body]: Parameters<StoreSession['keep']>) {
        order.push(`keep ${page.url.slice(-1)}`);
        return super.keep(page, record, body);
      }
    }
    await modelRun(
      numbered(3),
      ({ url }) => {
        order.push(`ask ${url.slice(-1)}`);
        return { status: 200, latencyMs: 20 };
      },
      { store: new WatchedStore(), config: { pace: { concurrency: 1, perOrigin: 1 } } },
    );
    expect(order).toEqual(['ask 1', 'ask 2', 'keep 1', 'ask 3', 'keep 2', 'keep 3']);
  });

  it('has the time of its end in its record, not that of its keeping', async () => {
    const run = await modelRun(numbered(1), () => ({ status: 200, latencyMs: 20 }));
    expect(run.records[0]).toMatchObject({ elapsedMs: 20, fetchedAt: '2026-11-23T12:00:00.020Z' });
  });

  it('ends the run with the bug where the store breaks its promise to give one', async () => {
    class BrokenStore extends MemoryStore {
      override keep(): never {
        throw new Error('a bug of the store');
      }
    }
    const run = modelRun(numbered(3), () => ({ status: 200, latencyMs: 20 }), { store: new BrokenStore() });
    await expect(run).rejects.toThrow('a bug of the store');
  });
});
