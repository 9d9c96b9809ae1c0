import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BodyBudget } from '../../src/core/body-budget.ts';
import { BodyCollector, type OpenDraft } from '../../src/core/body-collector.ts';
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

function collectorOf(openDraft: OpenDraft | undefined, budget = new BodyBudget()): BodyCollector {
  return new BodyCollector({ budget, openDraft, asItCame: false });
}

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
    const collector = collectorOf(canStream ? open : undefined);
    const chunks = sizes.map(ofSize);
    await writeAll(collector, chunks);
    const { body, sha256: digest } = collector.finish();
    expect(digest).toBe(sha256(chunks));
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
        const collector = collectorOf(canStream ? open : undefined);
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
    const collector = collectorOf(streamingStore().open);
    expect(collector.write(ofSize(100))).toBeUndefined();
    expect(collector.write(ofSize(100))).toBeUndefined();
  });

  test('discarding leaves nothing behind in the store', async () => {
    const { drafts, open } = streamingStore();
    const collector = collectorOf(open);
    await writeAll(collector, [ofSize(MEBI), ofSize(1)]);
    await collector.discard();
    expect(drafts.map((draft) => draft.isDiscarded)).toEqual([true]);
  });

  test('discarding what never left memory asks nothing of the store', async () => {
    const { drafts, open } = streamingStore();
    const collector = collectorOf(open);
    await writeAll(collector, [ofSize(10)]);
    await collector.discard();
    expect(drafts).toEqual([]);
  });

  test('a store that cannot open a draft ends the exchange with its own error, and discarding is still possible', async () => {
    const diskFull = new Error('disk full');
    const collector = collectorOf(() => Promise.reject(diskFull));
    await expect(collector.write(ofSize(MEBI + 1))).rejects.toBe(diskFull);
    await expect(collector.discard()).resolves.toBeUndefined();
  });

  test('a store whose draft cannot be written ends the exchange with its own error, and the draft is discarded', async () => {
    const diskFull = new Error('disk full');
    const draft = new MemoryDraft();
    draft.write = () => Promise.reject(diskFull);
    const collector = collectorOf(async () => draft);
    await expect(collector.write(ofSize(MEBI + 1))).rejects.toBe(diskFull);
    await collector.discard();
    expect(draft.isDiscarded).toBe(true);
  });

  test('an archive gets the body as it came, and the hash of what it decodes to', () => {
    const collector = new BodyCollector({ budget: new BodyBudget(), asItCame: true });
    const [coded, decoded] = [ofSize(10), [ofSize(300), ofSize(200)]];
    collector.writeWire?.(coded);
    for (const chunk of decoded) collector.write(chunk);
    const { body, sha256: digest } = collector.finish();
    expect(body).toEqual({ chunks: [coded] });
    expect(digest).toBe(sha256(decoded));
  });

  test('an archive streams what came, not what it decodes to', async () => {
    const { drafts, open } = streamingStore();
    const collector = new BodyCollector({ budget: new BodyBudget(), openDraft: open, asItCame: true });
    collector.write(ofSize(2 * MEBI));
    expect(drafts).toEqual([]);
    await collector.writeWire?.(ofSize(MEBI + 1));
    collector.write(ofSize(3));
    expect(drafts[0]?.chunks).toEqual([ofSize(MEBI + 1)]);
    expect(collector.finish().sha256).toBe(sha256([ofSize(2 * MEBI), ofSize(3)]));
  });
});

describe('the budget of all bodies together', () => {
  test('past it everyone waits but one, and goes on when there is room', async () => {
    const budget = new BodyBudget(1_000);
    const [first, second, third] = [1, 2, 3].map(() => collectorOf(undefined, budget)) as [
      BodyCollector,
      BodyCollector,
      BodyCollector,
    ];
    expect(second.write(ofSize(400))).toBeUndefined();
    expect(first.write(ofSize(601))).toBeUndefined();
    const waiting = third.write(ofSize(1));
    expect(waiting).toBeInstanceOf(Promise);
    expect(first.write(ofSize(500))).toBeUndefined();
    first.finish().release();
    await waiting;
    expect(budget.heldBytes).toBe(401);
  });

  test('when that one ends and there is still no room, the next one may go on', async () => {
    const budget = new BodyBudget(1_000);
    const [first, second] = [collectorOf(undefined, budget), collectorOf(undefined, budget)];
    first.write(ofSize(1_100));
    const waiting = second.write(ofSize(2_000));
    expect(waiting).toBeInstanceOf(Promise);
    await first.discard();
    await waiting;
    expect(budget.isOver).toBe(true);
    expect(second.write(ofSize(10))).toBeUndefined();
  });

  test('a store that streams takes what is held instead', async () => {
    const budget = new BodyBudget(500_000);
    const { drafts, open } = streamingStore();
    const [first, second] = [collectorOf(open, budget), collectorOf(open, budget)];
    expect(first.write(ofSize(400_000))).toBeUndefined();
    await second.write(ofSize(200_000));
    expect(drafts.map(({ chunks }) => chunks)).toEqual([[ofSize(200_000)]]);
    expect(budget.heldBytes).toBe(400_000);
  });

  test('who was discarded while it waited holds nothing and waits no more', async () => {
    const budget = new BodyBudget(100);
    const [first, second] = [collectorOf(undefined, budget), collectorOf(undefined, budget)];
    first.write(ofSize(101));
    const waiting = second.write(ofSize(50));
    await second.discard();
    await waiting;
    expect(budget.heldBytes).toBe(101);
  });

  test('whatever comes and goes, it ends at nothing, and nobody waits for ever', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.nat({ max: 700 }), { maxLength: 8 }), { maxLength: 12 }),
        async (bodies) => {
          const budget = new BodyBudget(1_000);
          await Promise.all(
            bodies.map(async (sizes) => {
              const collector = collectorOf(undefined, budget);
              await writeAll(collector, sizes.map(ofSize));
              collector.finish().release();
            }),
          );
          expect(budget.heldBytes).toBe(0);
        },
      ),
    );
  });
});
