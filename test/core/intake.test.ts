import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ShardConfig } from '../../src/core/config.ts';
import { type Arrival, Intake } from '../../src/core/intake.ts';
import type { InputItem, Page } from '../../src/core/page.ts';
import { testPage } from '../support/model-run.ts';

const page = (url: string, line: string, more: Partial<Page> = {}): InputItem => ({
  type: 'page',
  page: testPage(url, line, more),
});
const invalid = (text: string, line: string): InputItem => ({ type: 'invalid', line, text, why: 'no URL' });

async function* inBatches(items: readonly InputItem[], size: number): AsyncGenerator<readonly InputItem[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}

async function arrivals(intake: Intake): Promise<Arrival[]> {
  const all: Arrival[] = [];
  for await (const batch of intake.batches()) all.push(...batch);
  return all;
}

function take(items: readonly InputItem[], shard?: ShardConfig, batchSize = 3): Promise<Arrival[]> {
  return arrivals(new Intake(inBatches(items, batchSize), shard));
}

/** In short: what it is, and where it stands. */
function inShort(arrival: Arrival): string {
  switch (arrival.type) {
    case 'page':
      return arrival.page.line;
    case 'duplicate':
      return `${arrival.page.line} again${arrival.idsDiffer ? ', another id' : ''}`;
    case 'invalid':
      return `${arrival.line} invalid`;
    case 'truncated':
      return `${arrival.list} broke`;
  }
}

describe('duplicates', () => {
  test.each<[string, InputItem[], string[]]>([
    [
      'the first of two counts, the second is named',
      [page('https://a.example/1', 'l:1'), page('https://a.example/1', 'l:2')],
      ['l:1', 'l:2 again'],
    ],
    [
      'another method is another page',
      [page('https://a.example/1', 'l:1'), page('https://a.example/1', 'l:2', { method: 'HEAD' })],
      ['l:1', 'l:2'],
    ],
    [
      'invalid lines are counted one by one',
      [invalid('x', 'l:1'), invalid('x', 'l:2')],
      ['l:1 invalid', 'l:2 invalid'],
    ],
    [
      'ids that agree',
      [page('https://a.example/1', 'l:1', { id: 'a' }), page('https://a.example/1', 'l:2', { id: 'a' })],
      ['l:1', 'l:2 again'],
    ],
    [
      'ids that differ',
      [page('https://a.example/1', 'l:1', { id: 'a' }), page('https://a.example/1', 'l:2', { id: 'b' })],
      ['l:1', 'l:2 again, another id'],
    ],
    [
      'an id where the page has none would be lost: it differs',
      [page('https://a.example/1', 'l:1'), page('https://a.example/1', 'l:2', { id: 'b' })],
      ['l:1', 'l:2 again, another id'],
    ],
    [
      'no id where the page has one: nothing is lost',
      [page('https://a.example/1', 'l:1', { id: 'a' }), page('https://a.example/1', 'l:2')],
      ['l:1', 'l:2 again'],
    ],
    [
      'it is the page’s own id that counts, however often another one comes',
      [
        page('https://a.example/1', 'l:1', { id: 'a' }),
        page('https://a.example/1', 'l:2', { id: 'b' }),
        page('https://a.example/1', 'l:3', { id: 'b' }),
        page('https://a.example/1', 'l:4', { id: 'a' }),
      ],
      ['l:1', 'l:2 again, another id', 'l:3 again, another id', 'l:4 again'],
    ],
    [
      'an id of another page is nothing to this one',
      [
        page('https://a.example/1', 'l:1', { id: 'a' }),
        page('https://a.example/2', 'l:2', { id: 'b' }),
        page('https://a.example/1', 'l:3', { id: 'b' }),
      ],
      ['l:1', 'l:2', 'l:3 again, another id'],
    ],
  ])('%s', async (_, items, expected) => {
    expect((await take(items)).map(inShort)).toEqual(expected);
  });

  test('a list that broke is passed on, in its place', async () => {
    const items: InputItem[] = [
      page('https://a.example/1', 'l:1'),
      { type: 'truncated', list: 'l', why: 'torn' },
      page('https://a.example/2', 'm:1'),
    ];
    expect((await take(items)).map(inShort)).toEqual(['l:1', 'l broke', 'm:1']);
    expect((await take(items, { index: 2, count: 1_000_000 })).map(inShort)).toEqual(['l broke']);
  });
});

describe('what was met', () => {
  test('the first page and all lines, other shards’ and duplicates included', async () => {
    const items = [
      invalid('x', 'l:1'),
      page('https://a.example/1', 'l:2'),
      page('https://a.example/1', 'l:3'),
      page('https://b.example/1', 'l:4'),
    ];
    const intake = new Intake(inBatches(items, 2), { index: 1, count: 1_000_000 });
    expect(intake.firstPage).toBeUndefined();
    expect(await arrivals(intake)).toEqual([]);
    expect(intake.met).toBe(4);
    expect(intake.firstPage?.line).toBe('l:2');
  });

  test('the list is pulled batch by batch, never ahead', async () => {
    let pulled = 0;
    async function* endless(): AsyncGenerator<readonly InputItem[]> {
      for (;;) {
        pulled += 1;
        yield [page(`https://a.example/${pulled}`, `l:${pulled}`)];
      }
    }
    const batches = new Intake(endless(), undefined).batches();
    for (let asked = 1; asked <= 5; asked++) {
      await batches.next();
      expect(pulled).toBe(asked);
    }
  });

  test('closing ends the list', async () => {
    let isClosed = false;
    async function* list(): AsyncGenerator<readonly InputItem[]> {
      try {
        for (;;) yield [page('https://a.example/1', 'l:1')];
      } finally {
        isClosed = true;
      }
    }
    const intake = new Intake(list(), undefined);
    await intake.batches().next();
    await intake.close();
    expect(isClosed).toBe(true);
  });
});

describe('shards', () => {
  const item = fc.oneof(
    fc.nat({ max: 40 }).map((n) => ({ kind: 'page' as const, n })),
    fc.nat({ max: 5 }).map((n) => ({ kind: 'invalid' as const, n })),
  );
  const list = fc.array(item, { maxLength: 60 });
  const itemsOf = (drawn: readonly { kind: 'page' | 'invalid'; n: number }[]): InputItem[] =>
    drawn.map(({ kind, n }, index) =>
      kind === 'page' ? page(`https://a.example/${n}`, `l:${index}`) : invalid(`bad ${n}`, `l:${index}`),
    );

  test('every line is in one shard and in one only; its duplicates are in the same', async () => {
    await fc.assert(
      fc.asyncProperty(list, fc.integer({ min: 1, max: 8 }), async (drawn, count) => {
        const items = itemsOf(drawn);
        const whole = (await take(items)).map(inShort);
        const parts: string[] = [];
        for (let index = 1; index <= count; index++) parts.push(...(await take(items, { index, count })).map(inShort));
        expect(parts.toSorted()).toEqual(whole.toSorted());
      }),
    );
  });

  test('which shard a page is in depends on nothing but the page', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat({ max: 1_000 })), fc.integer({ min: 1, max: 8 }), async (urls, count) => {
        const urlsOfFirst = async (numbers: readonly number[], batchSize: number): Promise<string[]> => {
          const items = numbers.map((n) => page(`https://a.example/${n}`, 'l:1'));
          const mine = await take(items, { index: 1, count }, batchSize);
          return mine.map((arrival) => (arrival.type === 'page' ? arrival.page.url : arrival.type)).toSorted();
        };
        expect(await urlsOfFirst(urls, 3)).toEqual(await urlsOfFirst(urls.toReversed(), 100));
      }),
    );
  });

  test('the first 64 bits of SHA-256 of the page’s key, modulo n: frozen', async () => {
    const count = 7;
    for (let n = 0; n < 50; n++) {
      const url = `https://a.example/${n}`;
      const digest = createHash('sha256').update(`GET ${url}`).digest();
      const index = Number(digest.readBigUInt64BE() % BigInt(count)) + 1;
      expect(await take([page(url, 'l:1')], { index, count })).toHaveLength(1);
    }
    // As any other machine reckons it: printf 'GET https://a.example/' | sha256sum
    const frozen = await take([page('https://a.example/', 'l:1')], { index: 95, count: 1_000 });
    expect(frozen).toHaveLength(1);
  });

  test('shards of a long list are about equal', async () => {
    const items = Array.from({ length: 4_000 }, (_, n) => page(`https://a.example/${n}`, `l:${n}`));
    for (let index = 1; index <= 4; index++) {
      const { length } = await take(items, { index, count: 4 }, 500);
      expect(length).toBeGreaterThan(850);
      expect(length).toBeLessThan(1_150);
    }
  });
});
