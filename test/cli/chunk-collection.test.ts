import { describe, expect, test } from 'vitest';
import { ChunkCollection } from '../../src/cli/chunk-collection.ts';

describe('chunks of bodies', () => {
  test.each<[what: string, chunkBytes: number, chunks: number, collections: number]>([
    ['large ones bring on a collection each 4 MiB', 16_384, 1_024, 4],
    ['a part of that brings on none', 16_384, 255, 0],
    ['small pages never do', 1_000, 100_000, 0],
  ])('%s', (_, chunkBytes, chunks, collections) => {
    let collected = 0;
    const collection = new ChunkCollection(() => {
      collected += 1;
    });
    for (let n = 0; n < chunks; n++) collection.onChunk(chunkBytes);
    expect(collected).toBe(collections);
  });

  test('what nobody holds is really freed', () => {
    const collection = new ChunkCollection();
    const chunks = Array.from({ length: 100 }, () => new WeakRef(new ArrayBuffer(16_384)));
    // A WeakRef holds what it was made of until the job ends.
    return new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      for (let n = 0; n < 3 * 256; n++) collection.onChunk(16_384);
      expect(chunks.filter((chunk) => chunk.deref() !== undefined)).toEqual([]);
    });
  });
});
