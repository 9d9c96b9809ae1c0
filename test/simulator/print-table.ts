import { readFileSync, writeFileSync } from 'node:fs';
import { GOALS, SHAPES } from './shapes.ts';
import { type Result, simulate } from './simulate.ts';

/** `npm run simulate`: every shape, as a table in Markdown. With --write it goes into docs/politeness.md. */
const DOCUMENT = new URL('../../docs/politeness.md', import.meta.url);
const [BEGIN, END] = ['<!-- simulated -->', '<!-- /simulated -->'];

const rows = [
  '| API | pages | lets know | ideal | time | ratio | wasted | longest rest |',
  '|---|---:|---|---:|---:|---:|---:|---:|',
];
for (const shape of SHAPES) rows.push(rowOf(await simulate(shape)));
const table = rows.join('\n');
process.stdout.write(`${table}\n`);
if (process.argv.includes('--write')) {
  const text = readFileSync(DOCUMENT, 'utf8');
  const [before, rest] = text.split(BEGIN);
  const after = rest?.split(END)[1];
  if (after === undefined) throw new Error(`docs/politeness.md has no ${BEGIN} … ${END}`);
  writeFileSync(DOCUMENT, `${before}${BEGIN}\n${table}\n${END}${after}`);
}

function rowOf({ shape, seconds, ratio, wasted, wastedShare, starvedS }: Result): string {
  const { ratio: most } = GOALS[shape.openness];
  const marked = ratio > most ? `**${ratio.toFixed(3)}**` : ratio.toFixed(3);
  const share = `${wasted} (${(wastedShare * 100).toFixed(2)}%)`;
  const cells = [
    shape.name,
    shape.pages.toLocaleString('en-US'),
    shape.openness,
    `${shape.idealS.toFixed(1)} s`,
    `${seconds.toFixed(1)} s`,
    marked,
    share,
    `${starvedS.toFixed(1)} s`,
  ];
  return `| ${cells.join(' | ')} |`;
}
