import { createHash } from 'node:crypto';

/** What stands in a page's way before its answer, the first so many times that it is asked. */
export const FAULTS = [
  'reset',
  'refused-stream',
  'cut',
  'stall',
  'status-500',
  'status-503',
  'status-429',
  'corrupt-coding',
  'goaway',
  'close',
] as const;
export type Fault = (typeof FAULTS)[number];

/** How an origin behaves; what it is called in the report. */
export type OriginKind =
  | 'http1'
  | 'http1-closing'
  | 'http2'
  | 'http2-goaway'
  | 'http2-few-streams'
  | 'rate-limited'
  | 'slow-name'
  | 'broken'
  | 'dead';

/** One page as the world has it: both the server and whoever checks work it out from its path alone. */
export interface PlannedPage {
  /** 200, or the status that it always has. */
  readonly status: number;
  readonly faults: readonly Fault[];
  readonly body: Buffer;
  readonly gzip: boolean;
}

/** A number in [0, 1) that depends on nothing but the words. */
export function draw(...words: readonly (string | number)[]): number {
  return createHash('sha256').update(words.join(' ')).digest().readUInt32BE(0) / 2 ** 32;
}

const FAULTS_OF: Readonly<Record<OriginKind, readonly Fault[]>> = {
  http1: ['reset', 'cut', 'close', 'status-500', 'status-503', 'corrupt-coding', 'stall'],
  'http1-closing': ['reset', 'cut', 'status-500'],
  http2: ['reset', 'refused-stream', 'cut', 'status-500', 'status-503', 'corrupt-coding', 'stall'],
  'http2-goaway': ['goaway', 'refused-stream', 'cut'],
  'http2-few-streams': ['refused-stream', 'status-429'],
  'rate-limited': ['status-503'],
  'slow-name': ['close'],
  broken: [],
  dead: [],
};

/**
 * @param seed of the run
 * @param path `/KIND/NUMBER`
 */
export function plannedPage(seed: number, path: string): PlannedPage {
  const [, kind = '', number = ''] = path.split('/');
  const faults = FAULTS_OF[kind as OriginKind] ?? [];
  const isMissing = draw(seed, path, 'missing') < 0.005;
  const count = isMissing ? 0 : faultCount(draw(seed, path, 'faults'));
  const planned = Array.from({ length: count }, (_, index) => {
    const at = Math.floor(draw(seed, path, 'fault', index) * faults.length);
    const fault = faults[at] ?? 'close';
    // A stall costs its page seconds: rare enough that the run stays short.
    return fault === 'stall' && draw(seed, path, 'stall', index) > 0.05 ? 'cut' : fault;
  });
  return {
    status: kind === 'broken' ? 500 : isMissing ? 404 : 200,
    faults: faults.length === 0 ? [] : planned,
    body: bodyOf(seed, path, number),
    gzip: draw(seed, path, 'gzip') < 0.5,
  };
}

/** Most pages come at once; never so many faults that --retry 5 is used up. */
function faultCount(drawn: number): number {
  if (drawn < 0.95) return 0;
  if (drawn < 0.99) return 1;
  return drawn < 0.998 ? 2 : 3;
}

function bodyOf(seed: number, path: string, number: string): Buffer {
  const large = draw(seed, path, 'large');
  const bytes = large < 0.001 ? 300_000 : Math.floor(draw(seed, path, 'bytes') ** 4 * 8_000);
  const line = `page ${number} of seed ${seed} at ${path}\n`;
  return Buffer.from(line.repeat(Math.ceil(bytes / line.length)));
}
