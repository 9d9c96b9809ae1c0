import { describe, expect, it } from 'vitest';
import { failure } from '../../src/core/failure.ts';
import { Frontier, type Next } from '../../src/core/frontier.ts';
import { OriginGate } from '../../src/core/origin-gate.ts';
import type { Sighting } from '../../src/core/origin-sighting.ts';
import type { Page } from '../../src/core/page.ts';
import { PageJob } from '../../src/core/page-job.ts';
import { testConfig, testPage } from '../support/model-run.ts';

const silent = { paused: () => {}, resumed: () => {}, learned: () => {}, givenUp: () => {} };
const GOOD: Sighting = { type: 'good', headMs: 10, hint: undefined };

const random = () => 0.5;
const idle = () => false;

function frontier(perOrigin = 50): Frontier {
  const { pace, retry } = testConfig({ pace: { perOrigin, adapt: false } });
  return new Frontier(() => new OriginGate(pace, retry, random, idle, silent), 1_000);
}

function page(url: string): Page {
  return testPage(url);
}

function job(url: string): PageJob {
  return new PageJob(page(url));
}

/** Begins what is next; returns how to end it. */
function begin(of: Frontier, now: number): { readonly url: string; end(sighting: Sighting): void } {
  const next: Next = of.next(now);
  if (next.type !== 'job') throw new Error(`nothing to begin: ${next.type}`);
  const { queue } = next;
  const ticket = queue.gate.start(now, true);
  const end = (sighting: Sighting) => {
    queue.gate.settle(ticket, now, sighting, 0);
    of.touch(queue);
  };
  return { url: next.job.url, end };
}

describe('the frontier', () => {
  it('takes a page of each origin in turn', () => {
    const of = frontier();
    for (const url of ['https://a/1', 'https://a/2', 'https://a/3', 'https://b/1', 'https://c/1']) of.add(page(url));
    const order = [1, 2, 3, 4, 5].map(() => begin(of, 0).url);
    expect(order).toEqual(['https://a/1', 'https://b/1', 'https://c/1', 'https://a/2', 'https://a/3']);
    expect(of.next(0)).toEqual({ type: 'none', wakeAt: undefined });
  });

  it('lets pages that were begun go before those that were not', () => {
    const of = frontier();
    of.add(page('https://a/fresh'));
    of.addAgain(job('https://a/again'), 0, 0);
    expect(begin(of, 0).url).toBe('https://a/again');
  });

  it('passes by an origin that is full, and comes back to it when a request has ended', () => {
    const of = frontier(1);
    for (const url of ['https://a/1', 'https://a/2', 'https://b/1']) of.add(page(url));
    const first = begin(of, 0);
    expect(begin(of, 0).url).toBe('https://b/1');
    expect(of.next(0).type).toBe('none');
    first.end(GOOD);
    expect(begin(of, 0).url).toBe('https://a/2');
  });

  it('keeps a page that waits for its own time, and says when that is', () => {
    const of = frontier();
    of.addAgain(job('https://a/1'), 700, 0);
    of.addAgain(job('https://a/2'), 300, 0);
    expect(of.next(0)).toEqual({ type: 'none', wakeAt: 300 });
    expect(of.size).toBe(2);
    expect(begin(of, 300).url).toBe('https://a/2');
    expect(begin(of, 700).url).toBe('https://a/1');
    expect(of.size).toBe(0);
  });

  it('says when a paused origin may be asked again', () => {
    const of = frontier();
    of.add(page('https://a/1'));
    of.add(page('https://a/2'));
    begin(of, 0).end({ type: 'refused', status: 429, pageAlone: false, toldMs: 5_000 });
    expect(of.next(10)).toEqual({ type: 'none', wakeAt: 5_000 });
    expect(begin(of, 5_000).url).toBe('https://a/2');
  });

  it('hands out the pages of an origin that was given up, with the reason', () => {
    const of = frontier();
    for (const url of ['https://a/1', 'https://a/2', 'https://a/3']) of.add(page(url));
    begin(of, 0).end({ type: 'refused', status: 429, pageAlone: false, toldMs: 1e9 });
    const lost = [of.next(0), of.next(0)];
    expect(lost.map((next) => next.type === 'lost' && next.failure.code)).toEqual([
      'ORIGIN_ASKS_TOO_LONG',
      'ORIGIN_ASKS_TOO_LONG',
    ]);
    expect(of.next(0).type).toBe('none');
  });
});

describe('an origin with nothing left to do', () => {
  it.each<[string, Sighting, boolean]>([
    ['that answered well', GOOD, true],
    ['that answered badly', { type: 'unwell', status: 500, hint: undefined }, true],
    ['that never answered', { type: 'failed', failure: failure('DNS_NOT_FOUND') }, true],
    ['that told a time', { type: 'refused', status: 429, pageAlone: false, toldMs: 600_000 }, false],
    ['that told too long a time', { type: 'refused', status: 429, pageAlone: false, toldMs: 1e9 }, false],
    ['that told that nothing is left', { type: 'good', headMs: 10, hint: { remaining: 0, resetMs: 600_000 } }, false],
  ])('%s: may it be forgotten?', (_what, sighting, forgotten) => {
    const of = frontier();
    of.add(page('https://a/1'));
    begin(of, 0).end(sighting);
    of.forgetIdle(60_000);
    expect(of.knownOrigins).toBe(forgotten ? 0 : 1);
  });

  it('is not forgotten while a page of it waits or is in flight', () => {
    const of = frontier();
    of.add(page('https://a/1'));
    of.addAgain(job('https://b/1'), 90_000, 0);
    of.forgetIdle(60_000);
    expect(of.knownOrigins).toBe(2);
    const flight = begin(of, 60_000);
    of.forgetIdle(60_000);
    expect(of.knownOrigins).toBe(2);
    flight.end(GOOD);
    of.forgetIdle(60_000);
    expect(of.knownOrigins).toBe(1);
  });
});
