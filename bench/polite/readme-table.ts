import { readFileSync, writeFileSync } from 'node:fs';
import type { ServedShape } from './shapes.ts';

/** What became of one shape with one client. */
export interface Outcome {
  readonly seconds: number;
  /** It was ended then: it took longer. */
  readonly isCut: boolean;
  readonly refused: number;
  readonly lost: number;
}

const README = new URL('../../README.md', import.meta.url);
const [BEGIN, END] = ['<!-- polite -->', '<!-- /polite -->'];

export function headOf(clients: readonly string[]): string {
  return `| API | ideal | ${clients.join(' | ')} |\n|---|---:|${clients.map(() => '---|').join('')}`;
}

export function rowOf(shape: ServedShape, outcomes: readonly Outcome[]): string {
  const cells = outcomes.map(({ seconds, isCut, refused, lost }) => {
    const time = `${isCut ? '> ' : ''}${seconds.toFixed(1)} s`;
    const pages = `${counted(lost)} lost`;
    return `${time}, ${counted(refused)} refused, ${lost === 0 ? pages : `**${pages}**`}`;
  });
  return `| ${counted(shape.pages)} pages, ${shape.name} | ${shape.idealS} s | ${cells.join(' | ')} |`;
}

export function writeIntoReadme(table: string): void {
  const [before, rest] = readFileSync(README, 'utf8').split(BEGIN);
  const after = rest?.split(END)[1];
  if (after === undefined) throw new Error(`README.md has no ${BEGIN} … ${END}`);
  writeFileSync(README, `${before}${BEGIN}\n${table}\n${END}${after}`);
}

function counted(count: number): string {
  return count.toLocaleString('en-US');
}
