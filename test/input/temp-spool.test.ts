import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Page } from '../../src/core/page.ts';
import { TempSpool } from '../../src/input/temp-spool.ts';
import { testPage } from '../support/model-run.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spool-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('pages that are put aside', () => {
  it('come back as they were, in any order', () => {
    const spool = new TempSpool(folder);
    const page = fc.record(
      {
        path: fc.webPath(),
        host: fc.constantFrom('a.test', 'b.test'),
        method: fc.constantFrom('GET', 'HEAD'),
        line: fc.string(),
        hashHigh: fc.nat(0xffffffff),
        hashLow: fc.nat(0xffffffff),
        keyed: fc.boolean(),
        authorization: fc.string(),
        headers: fc.array(fc.tuple(fc.string(), fc.string()), { maxLength: 2 }),
        body: fc.oneof(fc.string(), fc.uint8Array()),
        id: fc.string(),
        file: fc.string(),
      },
      { requiredKeys: ['path', 'host', 'line'] },
    );
    fc.assert(
      fc.property(
        fc.array(fc.array(page, { maxLength: 5 }), { maxLength: 5 }),
        fc.infiniteStream(fc.nat()),
        (chunks, order) => {
          const pages = chunks.map((chunk) =>
            chunk.map(({ path, host, line, ...parts }) => testPage(`https://${host}${path}`, line, parts)),
          );
          const waiting = pages.map((chunk) => ({ chunk: spool.put(chunk), expected: chunk }));
          while (waiting.length > 0) {
            const next = waiting.splice((order.next().value ?? 0) % waiting.length, 1)[0];
            if (next?.chunk === undefined) throw new Error('not put aside');
            expect(spool.take(next.chunk).map(comparable)).toEqual(next.expected.map(comparable));
          }
        },
      ),
    );
    spool.close();
  });

  it('leave no file behind, not even while they are there', () => {
    const spool = new TempSpool(folder);
    expect(spool.put([testPage('https://a.test/')])?.pages).toBe(1);
    expect(readdirSync(folder)).toEqual([]);
    spool.close();
  });

  it('stay with the caller where there is no room', () => {
    const spool = new TempSpool(join(folder, 'missing'));
    expect(spool.put([testPage('https://a.test/')])).toBeUndefined();
    spool.close();
  });
});

function comparable({ body, ...page }: Page) {
  return { ...page, body: typeof body === 'string' ? body : body === undefined ? undefined : [...body] };
}
