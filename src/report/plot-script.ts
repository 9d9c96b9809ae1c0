import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { clockText, drawPlots, figureText, lineOptions, paletteOf, plotOptions } from './draw-plots.ts';

const require = createRequire(import.meta.url);

/** What the page brings along to draw its plots, so that nothing is loaded from anywhere. */
export interface PlotAssets {
  readonly script: string;
  readonly style: string;
}

/** uPlot as it was published, and what calls it. */
export function readPlotAssets(): PlotAssets {
  const library = readFileSync(require.resolve('uplot/dist/uPlot.iife.min.js'), 'utf8');
  const style = readFileSync(require.resolve('uplot/dist/uPlot.min.css'), 'utf8');
  const functions = [drawPlots, paletteOf, plotOptions, lineOptions, figureText, clockText];
  return { script: `${library}\n${functions.map(String).join('\n')}\ndrawPlots(window, uPlot);\n`, style };
}
