// `npm run pictures`: the pictures of docs/politeness.md, drawn from simulated runs of the real engine.
import { writeFileSync } from 'node:fs';
import { FixedWindow, NoLimit, TokenBucket } from './limits.ts';
import type { OriginShape } from './origin.ts';
import { type Picture, pictureOf } from './picture.ts';
import { timeline } from './timeline.ts';

const FOLDER = new URL('../../docs/pictures/', import.meta.url);

const spread = (latencyMs: number) => (_inFlight: number, random: () => number) => latencyMs * (0.9 + 0.2 * random());

interface Scene extends Picture {
  readonly file: string;
  readonly shape: OriginShape;
  readonly pages: number;
  readonly binS: number;
}

const SCENES: readonly Scene[] = [
  {
    file: 'bucket.svg',
    title: 'A token bucket: the rate is found in three refusals',
    origin: '100 requests a second and a burst of 20; beyond that 429 with Retry-After: 1. 3,000 pages, 20 ms each.',
    description:
      'Requests a second over time. Two refusals in the first two seconds, each followed by a second of rest; then a climb, a third refusal at ten seconds, and from there an even line just under what the origin allows.',
    allowedPerSecond: 100,
    badWord: 'refused',
    shape: { limit: new TokenBucket(100, 20), latency: spread(20), telling: { retryAfter: 'ceil' } },
    pages: 3_000,
    binS: 0.25,
  },
  {
    file: 'window.svg',
    title: 'A quota a minute: after two windows it is known',
    origin: '1,000 requests a minute; beyond that 429 and the seconds to the next minute. 4,500 pages, 60 ms each.',
    description:
      'Requests a second over time. In the first and the second minute all that is allowed is used at once, some requests are refused, and the origin rests to the end of the minute. From the third minute on each quota is spread over twelve seconds, and nothing is refused.',
    badWord: 'refused',
    shape: { limit: new FixedWindow(1_000, 60_000), latency: spread(60), telling: { retryAfter: 'ceil' } },
    pages: 4_500,
    binS: 2,
  },
  {
    file: 'outage.svg',
    title: 'An outage: one request at a time looks whether it is over',
    origin: 'No limit; from 10 s to 40 s every answer is 500. 20,000 pages, 50 ms each.',
    description:
      'Requests a second over time. A thousand a second for ten seconds; then those in flight fail, and for thirty seconds single probes go out; when one is answered, it is a thousand a second again.',
    badWord: 'failed',
    shape: {
      limit: new NoLimit(),
      latency: spread(50),
      outage: (nowMs) => (nowMs >= 10_000 && nowMs < 40_000 ? { status: 500, latencyMs: 5 } : undefined),
    },
    pages: 20_000,
    binS: 0.5,
  },
  {
    file: 'capacity.svg',
    title: 'A server with room for eight: more at once only makes answers slower',
    origin: 'No limit, but 8 are worked on at a time; the others wait. 5,000 pages, 50 ms each.',
    description:
      'In flight over time: it doubles to 32, and when that brings longer answers instead of more of them it goes back to some 20, and tries a little more now and then. The requests a second stay at 160 throughout.',
    badWord: 'failed',
    shape: {
      limit: new NoLimit(),
      latency: (inFlight, random) => 50 * Math.max(1, inFlight / 8) * (0.9 + 0.2 * random()),
    },
    pages: 5_000,
    binS: 0.5,
  },
];

for (const scene of SCENES) {
  const svg = pictureOf(await timeline(scene.shape, scene.pages, scene.binS), scene);
  writeFileSync(new URL(scene.file, FOLDER), svg);
  process.stdout.write(`docs/pictures/${scene.file}: ${svg.length} characters\n`);
}
