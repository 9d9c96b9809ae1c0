import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { StoreError } from '../../src/core/failure.ts';
import { FileDraft } from '../../src/stores/file-draft.ts';
import { READ_ONLY } from '../../src/stores/file-io.ts';

const explain = (error: unknown): StoreError => new StoreError(String(error));

function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'fetch-pages-draft-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

function draftIn(folder: string): { readonly draft: FileDraft; readonly path: string } {
  const path = join(folder, 'draft');
  return { draft: new FileDraft({ path, fd: openSync(path, 'w') }, explain), path };
}

/** Of no period that fits a buffer's size. */
const bytesOf = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, at) => (at * 7 + (at >> 8)) % 251));

describe('a draft of a file', () => {
  const body = bytesOf(1_500_000);

  test('holds the same bytes however they came', async () => {
    const folder = tempFolder();
    const sizes = fc.array(fc.oneof(fc.integer({ min: 0, max: 20_000 }), fc.integer({ min: 0, max: 700_000 })), {
      maxLength: 40,
    });
    await fc.assert(
      fc.asyncProperty(sizes, async (lengths) => {
        const { draft, path } = draftIn(folder);
        let at = 0;
        for (const length of lengths) {
          await draft.write(body.subarray(at, at + length));
          at = Math.min(at + length, body.length);
        }
        expect(await draft.finish()).toBe(path);
        expect(readFileSync(path).equals(body.subarray(0, at))).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  test('asks for a pause while both of its buffers are full', async () => {
    const { draft, path } = draftIn(tempFolder());
    expect(draft.write(body.subarray(0, 262_144))).toBeUndefined();
    expect(draft.write(body.subarray(262_144, 300_000))).toBeUndefined();
    const full = draft.write(body.subarray(300_000, 1_000_000));
    expect(full).toBeInstanceOf(Promise);
    await full;
    await draft.finish();
    expect(readFileSync(path).equals(body.subarray(0, 1_000_000))).toBe(true);
  });

  test('has taken what it was given: the chunk may be used again', async () => {
    const { draft, path } = draftIn(tempFolder());
    const chunk = Buffer.alloc(100_000);
    for (let n = 0; n < 10; n++) {
      chunk.fill(n);
      await draft.write(chunk);
    }
    await draft.finish();
    expect(readFileSync(path)).toEqual(Buffer.concat(Array.from({ length: 10 }, (_, n) => Buffer.alloc(100_000, n))));
  });

  test('that is discarded while it is being written leaves nothing, and its end is told to who still writes', async () => {
    const { draft, path } = draftIn(tempFolder());
    const full = draft.write(body);
    const told = expect(full).rejects.toThrow('a draft that is discarded');
    await draft.discard();
    await told;
    expect(existsSync(path)).toBe(false);
  });

  test.each(['write', 'finish'] as const)('a write that fails is told to the next %s', async (next) => {
    const path = join(tempFolder(), 'draft');
    closeSync(openSync(path, 'w'));
    const draft = new FileDraft({ path, fd: openSync(path, READ_ONLY) }, explain);
    expect(draft.write(body.subarray(0, 262_144))).toBeUndefined();
    await expect(next === 'finish' ? draft.finish() : draft.write(body)).rejects.toThrow(StoreError);
    expect(existsSync(path)).toBe(false);
  });
});
