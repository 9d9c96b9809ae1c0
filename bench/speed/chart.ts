import type { ScenarioResult } from './report.ts';
import { number } from './scenarios.ts';

const WIDTH = 760;
const LABELS = 270;
const BAR = 22;
const STEP = 30;
const TOP = 44;
const NOTES = 190;

/** Whole pages a second as bars, ours in colour, pale where nothing is kept: an SVG that is readable on light and on dark ground. */
export function chart({ title, peers }: ScenarioResult): string {
  const shown = peers.filter(({ isCut }) => !isCut).sort((a, b) => b.perSecond - a.perSecond);
  const most = Math.max(...shown.map(({ perSecond }) => perSecond));
  const height = TOP + shown.length * STEP + 8;
  const bars = shown.map(({ peer, perSecond, lost }, index) => {
    const y = TOP + index * STEP;
    const width = Math.max(1, (perSecond / most) * (WIDTH - LABELS - NOTES));
    const colour = lost > 0 ? '#b91c1c' : peer.startsWith('fetch-pages') ? '#2563eb' : '#94a3b8';
    const note = `${number(Math.round(perSecond))}/s${lost > 0 ? `, ${number(lost)} lost` : ''}`;
    return (
      `  <text x="${LABELS - 10}" y="${y + 16}" text-anchor="end">${peer}</text>\n` +
      `  <rect x="${LABELS}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" rx="3" fill="${colour}"${keepsNothing(peer) ? ' fill-opacity="0.45"' : ''}/>\n` +
      `  <text x="${(LABELS + width + 8).toFixed(1)}" y="${y + 16}">${note}</text>\n`
    );
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${title}">\n` +
    '  <style>text { font: 13px system-ui, sans-serif; fill: #1e293b } @media (prefers-color-scheme: dark) { text { fill: #e2e8f0 } }</style>\n' +
    `  <text x="10" y="24" font-weight="600" style="font-weight: 600">${title}: whole pages a second; pale bars keep nothing</text>\n` +
    `${bars.join('')}</svg>\n`
  );
}

function keepsNothing(peer: string): boolean {
  return peer.endsWith('keeps nothing') || peer.endsWith('--format none');
}
