import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BodyCollector } from '../../src/core/body-collector.ts';
import type { Draft } from '../../src/core/ports.ts';

const MEBI = 2 ** 20;

class MemoryDraft implements Draft {
  readonly chunks: Buffer[] = [];
  isDiscarded = false;
  #writing = false;

  async write(chunk: Buffer): Promise<void> {
    if (this.#writing) throw new Error('two writes at once');
    this.#writing = true;
    await null;
    this.#writing = false;
    this.chunks.push(chunk);
  }

  async discard(): Promise<void> {
    this.isDiscarded = true;
  }
}

/** A store that can stream, and what it was asked for. */
function streamingStore() {
  const drafts: MemoryDraft[] = [];
  const open = async (): Promise<Draft> => {
    await null;
    const draft = new MemoryDraft();
    drafts.push(draft);
    return draft;
  };
  return { drafts, open };
}

async function writeAll(collector: BodyCollector, chunks: readonly Buffer[]): Promise<void> {
  for (const chunk of chunks) await collector.write(chunk);
}

const sha256 = (chunks: readonly Buffer[]): string => {
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex');
};

const ofSize = (bytes: number): Buffer => Buffer.alloc(bytes, bytes % 251);

describe('BodyCollector', () => {
  test.each<[what: string, sizes: number[], canStream: boolean, spills: boolean]>([
    ['nothing at all', [], true, false],
    ['one empty chunk', [0], true, false],
    ['one chunk', [100], true, false],
    ['two chunks', [100, 200], true, false],
    ['an empty chunk first', [0, 200], true, false],
    ['exactly 1 MiB stays in memory', [MEBI], true, false],
    ['exactly 1 MiB in two', [MEBI - 1, 1], true, false],
    ['a byte more goes into the store', [MEBI + 1], true, true],
    ['a byte more in two', [MEBI, 1], true, true],
    ['a byte more in three', [MEBI - 1, 1, 1], true, true],
    ['and on and on', [MEBI, 1, 5, 0, MEBI], true, true],
    ['a store that cannot stream gets it all in memory', [MEBI, MEBI, 1], false, false],
  ])('%s', async (_, sizes, canStream, spills) => {
    const { drafts, open } = streamingStore();
    const collector = new BodyCollector(canStream ? open : undefined);
    const chunks = sizes.map(ofSize);
    await writeAll(collector, chunks);
    const { body, sha256: digest } = collector.finish();
    expect(digest).toBe(sha256(chunks));
    expect(collector.bytes).toBe(sizes.reduce((sum, size) => sum + size, 0));
    expect('draft' in body).toBe(spills);
    expect(drafts).toHaveLength(spills ? 1 : 0);
    const kept = 'draft' in body ? (drafts[0]?.chunks ?? []) : body.chunks;
    expect(Buffer.concat(kept).equals(Buffer.concat(chunks))).toBe(true);
  });

  test('the hash and the bytes are the same, however the body is cut', async () => {
    const cuts = fc.array(fc.nat({ max: 3 * MEBI }), { maxLength: 6 });
    const length = fc.oneof(fc.nat({ max: 64 }), fc.integer({ min: MEBI - 8, max: MEBI + 8 }), fc.constant(3 * MEBI));
    await fc.assert(
      fc.asyncProperty(length, cuts, fc.boolean(), async (bytes, at, canStream) => {
        const whole = Buffer.allocUnsafe(bytes);
        for (let index = 0; index < bytes; index++) whole[index] = (index * 31) & 0xff;
        const edges = [0, ...at.map((cut) => cut % (bytes + 1)), bytes].toSorted((a, b) => a - b);
        const chunks = edges.slice(1).map((end, index) => whole.subarray(edges[index], end));
        const { drafts, open } = streamingStore();
        const collector = new BodyCollector(canStream ? open : undefined);
        await writeAll(collector, chunks);
        const { body, sha256: digest } = collector.finish();
        expect(digest).toBe(sha256([whole]));
        expect('draft' in body).toBe(canStream && bytes > MEBI);
        const kept = 'draft' in body ? (drafts[0]?.chunks ?? []) : body.chunks;
        expect(Buffer.concat(kept).equals(whole)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  test('a small body is taken without a promise: nothing waits for it', () => {
    const collector = new BodyCollector(streamingStore().open);
    expect(collector.write(ofSize(100))).toBeUndefined();
    expect(collector.write(ofSize(100))).toBeUndefined();
  });

  test('discarding leaves nothing behind in the store', async () => {
    const { drafts, open } = streamingStore();
    const collector = new BodyCollector(open);
    await writeAll(collector, [ofSize(MEBI), ofSize(1)]);
    await collector.discard();
    expect(drafts.map((draft) => draft.isDiscarded)).toEqual([true]);
  });

  test('discarding what never left memory asks nothing of the store', async () => {
    const { drafts, open } = streamingStore();
    const collector = new BodyCollector(open);
    await writeAll(collector, [ofSize(10)]);
    await collector.discard();
    expect(drafts).toEqual([]);
  });

  test('a store that cannot open a draft ends the exchange with its own error, and discarding is still possible', async () => {
    const diskFull = new Error('disk full');
    const collector = new BodyCollector(() => Promise.reject(diskFull));
    await expect(collector.write(ofSize(MEBI + 1))).rejects.toBe(diskFull);
    await expect(collector.discard()).resolves.toBeUndefined();
  });

  test('a store whose draft cannot be written ends the exchange with its own error, and the draft is discarded', async () => {
    const diskFull = new Error('disk full');
    const draft = new MemoryDraft();
    draft.write = () => Promise.reject(diskFull);
    const collector = new BodyCollector(async () => draft);
    await expect(collector.write(ofSize(MEBI + 1))).rejects.toBe(diskFull);
    await collector.discard();
    expect(draft.isDiscarded).toBe(true);
  });
});
