import type uPlot from 'uplot';
import type { PlotSpec, Unit } from './plots.ts';

// Every function here runs in the browser that shows the report. Its text is put into the page as it is, so it may use nothing but its
// arguments and the functions of this file.

/** Of the page, what is used. */
interface Element {
  readonly clientWidth: number;
  readonly textContent: string | null;
  replaceChildren(): void;
}

interface ColorScheme {
  readonly matches: boolean;
  addEventListener(type: 'change', listener: () => void): void;
}

export interface BrowserWindow {
  readonly document: { getElementById(id: string): Element | null };
  readonly innerWidth: number;
  matchMedia(query: string): ColorScheme;
  addEventListener(type: 'resize' | 'beforeprint' | 'afterprint', listener: () => void): void;
}

interface Palette {
  readonly text: string;
  readonly grid: string;
  readonly lines: readonly string[];
}

interface PlotConstructor {
  new (options: uPlot.Options, data: uPlot.AlignedData, place: Element): unknown;
  readonly paths: uPlot.Series.PathBuilderFactories;
}

/** Draws every plot of the page, and again when its width or its colours change, and for paper. */
export function drawPlots(browser: BrowserWindow, Plot: PlotConstructor): void {
  const text = browser.document.getElementById('plots')?.textContent ?? '[]';
  const plots: readonly PlotSpec[] = JSON.parse(text);
  const dark = browser.matchMedia('(prefers-color-scheme: dark)');
  const paperWidth = 660;
  const drawAll = (isPaper: boolean): void => {
    for (const plot of plots) {
      const place = browser.document.getElementById(`plot-${plot.id}`);
      if (place === null) continue;
      place.replaceChildren();
      const width = isPaper ? paperWidth : place.clientWidth;
      const options = plotOptions(plot, width, paletteOf(dark.matches && !isPaper), Plot.paths);
      const data = [plot.xs, ...plot.lines.map(({ values }) => values)] as uPlot.AlignedData;
      new Plot(options, data, place);
    }
  };
  let drawnWidth = browser.innerWidth;
  drawAll(false);
  dark.addEventListener('change', () => drawAll(false));
  browser.addEventListener('beforeprint', () => drawAll(true));
  browser.addEventListener('afterprint', () => drawAll(false));
  browser.addEventListener('resize', () => {
    if (browser.innerWidth === drawnWidth) return;
    drawnWidth = browser.innerWidth;
    drawAll(false);
  });
}

export function paletteOf(isDark: boolean): Palette {
  return isDark
    ? {
        text: '#b9bfc9',
        grid: '#343a45',
        lines: ['#6cb4f5', '#f79a5c', '#62d08f', '#d191e2', '#e3c54b', '#ff8aaf', '#58cfdc', '#b8b8b8'],
      }
    : {
        text: '#4a5261',
        grid: '#e3e6ea',
        lines: ['#0b62a8', '#c2500a', '#1b7f45', '#8c3d9f', '#8a6d00', '#c2255c', '#087f8c', '#5c5c5c'],
      };
}

export function plotOptions(
  plot: PlotSpec,
  width: number,
  palette: Palette,
  paths: uPlot.Series.PathBuilderFactories,
): uPlot.Options {
  const { unit, bounds } = plot;
  const isBars = bounds !== undefined;
  const tick = (x: number): string => (isBars ? (bounds[x] ?? '') : clockText(x));
  const moment = (x: number): string => (isBars ? `${bounds[x] ?? ''} to ${bounds[x + 1] ?? ''}` : clockText(x));
  const axis = {
    stroke: palette.text,
    grid: { stroke: palette.grid, width: 1 },
    ticks: { stroke: palette.grid, width: 1 },
  };
  return {
    width,
    height: 220,
    scales: {
      x: { time: false, ...(isBars ? { range: () => [0, plot.xs.length] } : {}) },
      y: { range: (_, __, most) => [0, most > 0 ? most * 1.08 : 1] },
    },
    axes: [
      {
        ...axis,
        space: 70,
        values: (_, splits) => splits.map(tick),
        ...(isBars
          ? { incrs: [1, 2, 4, 8, 16] }
          : { incrs: [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400] }),
      },
      { ...axis, size: 70, values: (_, splits) => splits.map((y) => figureText(y, unit)) },
    ],
    cursor: { ...(isBars ? {} : { sync: { key: 'time' } }), y: false, points: { size: 6 } },
    legend: { live: true },
    series: [
      {
        label: isBars ? 'took' : 'after',
        value: (_, x) => (x === null ? '–' : moment(x)),
      },
      ...plot.lines.map(({ label }, index) =>
        lineOptions(plot, label, palette.lines[index % palette.lines.length] ?? '', paths),
      ),
    ],
  };
}

export function lineOptions(
  { shape, unit, lines }: PlotSpec,
  label: string,
  stroke: string,
  paths: uPlot.Series.PathBuilderFactories,
): uPlot.Series {
  const steps = paths.stepped?.({ align: 1, extend: true });
  return {
    label,
    stroke,
    width: 1.75,
    spanGaps: shape === 'line',
    points: { show: false },
    value: (_, y) => (y === null ? '–' : figureText(y, unit)),
    // A filled line lets a lone one be seen well, and would hide others.
    ...(lines.length === 1 || shape === 'bars' ? { fill: `${stroke}33` } : {}),
    ...(shape === 'line' || steps === undefined ? {} : { paths: steps }),
  };
}

export function figureText(value: number, unit: Unit): string {
  const digits = (scaled: number): string => String(Number(scaled.toPrecision(3)));
  if (unit === 'percent') return `${digits(value)}%`;
  if (value < 1_000) return unit === 'bytes' ? `${digits(value)} B` : digits(value);
  const power = Math.min(4, Math.floor(Math.log10(value) / 3));
  const letters = unit === 'bytes' ? [' B', ' kB', ' MB', ' GB', ' TB'] : ['', 'k', 'M', 'G', 'T'];
  return `${digits(value / 1_000 ** power)}${letters[power]}`;
}

/** `0:41`, `3:20`, `2:05:00` since the start */
export function clockText(seconds: number): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const whole = Math.floor(seconds);
  const rest = seconds === whole ? '' : String(Number((seconds - whole).toFixed(2))).slice(1);
  const hours = Math.floor(whole / 3_600);
  const minutes = Math.floor(whole / 60) % 60;
  const shown = hours > 0 ? `${hours}:${two(minutes)}` : String(minutes);
  return `${shown}:${two(whole % 60)}${rest}`;
}
