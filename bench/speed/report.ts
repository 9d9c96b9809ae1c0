import { cpus, release, totalmem } from 'node:os';
import type { Peer } from './peers.ts';
import { number, type Scenario } from './scenarios.ts';

/** One run of one peer. */
export interface Outcome {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMib: number;
  readonly isCut: boolean;
  readonly lost: number;
}

export interface PeerResult {
  readonly peer: string;
  readonly version: string;
  /** Of its speed to that of curl in the same round: the median, the lowest and the highest. */
  readonly toCurl: readonly [median: number, lowest: number, highest: number] | undefined;
  readonly seconds: number;
  /** Pages that were there whole. */
  readonly perSecond: number;
  readonly cpuSeconds: number;
  readonly peakMib: number;
  /** In the worst round. */
  readonly lost: number;
  readonly isCut: boolean;
}

export interface ScenarioResult {
  readonly scenario: string;
  readonly title: string;
  readonly pages: number;
  readonly bytes: number;
  readonly peers: readonly PeerResult[];
}

export interface Report {
  readonly date: string;
  readonly machine: string;
  readonly rounds: number;
  readonly scenarios: readonly ScenarioResult[];
}

export function machine(): string {
  const [first] = cpus();
  return (
    `${cpus().length} cores (${first?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB, ` +
    `Linux ${release()}, Node ${process.version}, the server on the same machine`
  );
}

export function resultOf(
  scenario: Scenario,
  peer: Peer,
  runs: readonly Outcome[],
  curl: readonly Outcome[],
): PeerResult {
  const ratios = runs.flatMap(({ seconds }, round) => {
    const other = curl[round];
    return other === undefined ? [] : [other.seconds / seconds];
  });
  const seconds = median(runs.map((run) => run.seconds));
  return {
    peer: peer.name,
    version: peer.version ?? '',
    toCurl: ratios.length === 0 ? undefined : [median(ratios), Math.min(...ratios), Math.max(...ratios)],
    seconds,
    perSecond: median(runs.map((run) => (scenario.urls.length - run.lost) / run.seconds)),
    cpuSeconds: median(runs.map((run) => run.cpuSeconds)),
    peakMib: Math.max(...runs.map((run) => run.peakMib)),
    lost: Math.max(...runs.map((run) => run.lost)),
    isCut: runs.some((run) => run.isCut),
  };
}

export function markdown({ date, machine: where, rounds, scenarios }: Report): string {
  const parts = [
    '# Speed',
    '',
    `Measured on ${date}: ${where}. Each figure is the median of ${rounds} rounds in which everyone had a turn; *to curl* is the`,
    'speed as a multiple of curl’s in the same round, with the lowest and the highest. Everyone’s pages were looked at afterwards: only those that',
    'were there whole are counted in pages/s, and who lost some is not compared.',
  ];
  for (const { title, peers, pages } of scenarios) {
    parts.push('', `## ${title}`, '', '| | to curl | time | pages/s | CPU a page | peak memory | pages lost |');
    parts.push('|---|---|---:|---:|---:|---:|---:|');
    for (const result of peers) parts.push(row(result, pages));
  }
  return `${parts.join('\n')}\n`;
}

function row(
  { peer, version, toCurl, seconds, perSecond, cpuSeconds, peakMib, lost, isCut }: PeerResult,
  pages: number,
): string {
  // Who gives pages up is soon done: that is no speed.
  const isComparable = !isCut && lost === 0;
  const ratio =
    toCurl === undefined || !isComparable ? '' : `${two(toCurl[0])} (${two(toCurl[1])} to ${two(toCurl[2])})`;
  const cells = [
    `${peer} (${version})`,
    ratio,
    `${isCut ? 'cut after ' : ''}${seconds.toFixed(1)} s`,
    perSecond < 10 ? two(perSecond) : number(Math.round(perSecond)),
    isCut ? '' : cpuText((cpuSeconds / pages) * 1e6),
    isCut ? '' : `${number(Math.round(peakMib))} MiB`,
    lost === 0 ? '0' : `**${number(lost)}**`,
  ];
  return `| ${cells.join(' | ')} |`;
}

function cpuText(microseconds: number): string {
  return microseconds < 10_000 ? `${Math.round(microseconds)} µs` : `${(microseconds / 1e6).toFixed(2)} s`;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1] ?? 0, sorted[Math.floor(middle)] ?? 0];
  return (low + high) / 2;
}

function two(value: number): string {
  return value.toFixed(2);
}
