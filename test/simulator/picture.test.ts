import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { TokenBucket } from './limits.ts';
import { pictureOf } from './picture.ts';
import { timeline } from './timeline.ts';

const DOCS = new URL('../../docs/', import.meta.url);

test('a timeline counts every request, and when the origin was paused', async () => {
  const shape = { limit: new TokenBucket(100, 20), latency: () => 20, telling: { retryAfter: 'ceil' } } as const;
  const { bins, rests } = await timeline(shape, 500, 0.5);
  expect(bins.reduce((sum, { good }) => sum + good, 0)).toBe(500);
  expect(bins.reduce((sum, { bad }) => sum + bad, 0)).toBeGreaterThan(0);
  expect(rests.length).toBeGreaterThan(0);
  for (const [from, to] of rests) expect(to).toBeGreaterThanOrEqual(from + 0.99);
});

test('a picture has a bar for every bin with answers, a visible one for a single refusal, and its words escaped', () => {
  const bins = [
    { good: 500, bad: 1, inFlight: 50 },
    { good: 0, bad: 0, inFlight: 0 },
    { good: 500, bad: 0, inFlight: 10 },
  ];
  const svg = pictureOf(
    { binS: 1, bins, rests: [[1, 2]] },
    { title: 'a < b & c', origin: 'an origin', description: 'what is seen', badWord: 'refused', allowedPerSecond: 500 },
  );
  const heights = (name: string) =>
    [...svg.matchAll(new RegExp(`<rect class="${name}" [^>]*height="([\\d.]+)"`, 'g'))].map(([, height]) =>
      Number(height),
    );
  // One of each is the legend's.
  expect(heights('good')).toHaveLength(3);
  expect(heights('bad').every((height) => height >= 3)).toBe(true);
  expect(heights('rest')).toHaveLength(3);
  expect(svg).toContain('<title id="title">a &lt; b &amp; c</title><desc id="what">what is seen</desc>');
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
});

test('docs/politeness.md shows every picture, with words for those who cannot see it', () => {
  const text = readFileSync(new URL('politeness.md', DOCS), 'utf8');
  for (const name of readdirSync(new URL('pictures/', DOCS))) {
    expect(text).toMatch(new RegExp(`!\\[[^\\]]{80,}\\]\\(pictures/${name}\\)`));
  }
});
