import { clockText } from './draw-plots.ts';
import { escapeHtml, shownText } from './escape.ts';
import { figure, type PlotLine, type PlotSpec } from './plots.ts';

/** Rows of a plot's table: neighbours are put together until they fit. */
const MAX_ROWS = 40;
const MAX_LABEL_LENGTH = 100;

/** A plot's place, what it shows in a sentence for those who do not see it, and its figures as a table. */
export function plotFigure(plot: PlotSpec): string {
  const { id, title, note } = plot;
  return `<figure>
<figcaption><strong>${escapeHtml(title)}</strong> ${escapeHtml(note)}</figcaption>
<div class="plot" id="plot-${id}" role="img" aria-label="${shownText(inWords(plot), 2_000)}"></div>
<details><summary>${escapeHtml(title)}: the figures as a table</summary>
${plotTable(plot)}
</details>
</figure>`;
}

/** `Pages a second. OK: 83 on average, at most 120.` */
function inWords({ title, unit, lines, bounds }: PlotSpec): string {
  const told = lines.map(({ label, values }) => {
    const known = values.filter((value) => value !== null);
    const most = Math.max(0, ...known);
    if (bounds !== undefined) {
      const bar = values.indexOf(most);
      return `${label}: most often ${bounds[bar] ?? ''} to ${bounds[bar + 1] ?? ''} (${figure(most, unit)}).`;
    }
    return `${label}: ${figure(mean(known) ?? 0, unit)} on average, at most ${figure(most, unit)}.`;
  });
  return `${title}. ${told.join(' ')}`;
}

function plotTable(plot: PlotSpec): string {
  const { lines, bounds, xs } = plot;
  const together = bounds === undefined ? Math.max(1, Math.ceil(xs.length / MAX_ROWS)) : 1;
  const head = lines.map(({ label }) => `<th scope="col">${shownText(label, MAX_LABEL_LENGTH)}</th>`).join('');
  const rows: string[] = [];
  for (let first = 0; first < xs.length; first += together) rows.push(tableRow(plot, first, together));
  const unitName = bounds === undefined ? 'From' : 'Took';
  return `<div class="wide"><table><thead><tr><th scope="col">${unitName}</th>${head}</tr></thead>
<tbody>${rows.join('\n')}</tbody></table></div>`;
}

function tableRow({ lines, bounds, xs, unit }: PlotSpec, first: number, together: number): string {
  const name =
    bounds === undefined ? clockText(xs[first] ?? 0) : `${bounds[first] ?? ''} to ${bounds[first + 1] ?? ''}`;
  const cells = lines.map((line) => `<td>${cell(line, first, together, unit)}</td>`);
  return `<tr><th scope="row">${escapeHtml(name)}</th>${cells.join('')}</tr>`;
}

function cell({ values }: PlotLine, first: number, together: number, unit: PlotSpec['unit']): string {
  const known = values.slice(first, first + together).filter((value) => value !== null);
  const value = mean(known);
  return value === undefined ? '–' : figure(value, unit);
}

function mean(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}
