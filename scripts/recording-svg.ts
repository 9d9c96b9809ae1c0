/** What a terminal showed from a moment on: its lines, with SGR sequences for the colours. What one line sets goes on in the next. */
export interface Frame {
  readonly atMs: number;
  readonly screen: string;
}

export interface RecordingOptions {
  readonly columns: number;
  /** For those who cannot see it. */
  readonly title: string;
}

/** In pixels. Every run of text is put at its own place and given its width, so that no font moves the columns. */
const CELL_WIDTH = 8.4;
const LINE_HEIGHT = 19;
const FONT_SIZE = 14;
const MARGIN = 18;
const BASELINE = 14;
/** How long the last frame stands before it begins again. */
const LAST_FRAME_MS = 6_000;

/** Its own dark ground, so that it can be read on pages of any colour. */
const STYLE = `svg{color:#d8dee6}
text{font:${FONT_SIZE}px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre;fill:currentColor}
path{stroke:currentColor}
.r{color:#ff8b84}.g{color:#6fd58a}.y{color:#e6c15c}.c{color:#56c8d8}.d{opacity:.6}.b{font-weight:bold}`;

interface Look {
  readonly bold: boolean;
  readonly dim: boolean;
  /** `r`, `g`, `y`, `c`; empty for the terminal's own. */
  readonly color: string;
}

interface Run {
  readonly look: Look;
  readonly text: string;
}

const PLAIN: Look = { bold: false, dim: false, color: '' };
const COLORS: Readonly<Record<number, string>> = { 31: 'r', 32: 'g', 33: 'y', 36: 'c', 39: '' };

/** The frames one beside the other behind a window that moves. Where nothing may move, the last one stands still. */
export function recordingSvg(frames: readonly Frame[], { columns, title }: RecordingOptions): string {
  const width = Math.ceil(columns * CELL_WIDTH) + 2 * MARGIN;
  const rows = Math.max(...frames.map(({ screen }) => screen.split('\n').length));
  const height = rows * LINE_HEIGHT + 2 * MARGIN;
  /** By what is drawn: each line once, with its name. */
  const lines = new Map<string, string>();
  const strip = frames.map(({ screen }, index) => {
    const uses = linesOf(screen)
      .map((runs, row) => useOf(lineOf(runs), row, lines))
      .join('');
    return `<g transform="translate(${index * width})">${uses}</g>`;
  });
  const lastX = -(frames.length - 1) * width;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>${escaped(title)}</title>
<style>${STYLE}
#strip{transform:translateX(${lastX}px);animation:play ${totalMs(frames)}ms steps(1) infinite}
@keyframes play{${keyframes(frames, width)}}
@media (prefers-reduced-motion:reduce){#strip{animation:none}}</style>
<defs>${[...lines].map(([line, id]) => `<g id="${id}">${line}</g>`).join('\n')}</defs>
<rect width="${width}" height="${height}" rx="8" fill="#161b22"/>
<g transform="translate(${MARGIN} ${MARGIN})"><g id="strip">
${strip.join('\n')}
</g></g>
</svg>
`;
}

function totalMs(frames: readonly Frame[]): number {
  return Math.round((frames.at(-1)?.atMs ?? 0) + LAST_FRAME_MS);
}

function keyframes(frames: readonly Frame[], width: number): string {
  const total = totalMs(frames);
  const steps = frames.map(
    ({ atMs }, index) => `${((100 * atMs) / total).toFixed(2)}%{transform:translateX(${-index * width}px)}`,
  );
  return `${steps.join('')}100%{transform:translateX(${-(frames.length - 1) * width}px)}`;
}

/** A line that stands still from one frame to the next is drawn once and used again. */
function useOf(line: string, row: number, lines: Map<string, string>): string {
  if (line === '') return '';
  const id = lines.get(line) ?? `l${lines.size}`;
  lines.set(line, id);
  return `<use href="#${id}"${row === 0 ? '' : ` y="${row * LINE_HEIGHT}"`}/>`;
}

function lineOf(runs: readonly Run[]): string {
  let column = 0;
  let drawn = '';
  for (const { look, text } of runs) {
    for (const piece of text.match(/━+|─+|╸|[▁-█]+|[^━─╸▁-█]+/g) ?? []) {
      drawn += drawnPiece(piece, column, look);
      column += piece.length;
    }
  }
  return drawn;
}

function drawnPiece(piece: string, column: number, look: Look): string {
  if (/^[━─╸]/.test(piece)) return barOf(piece, column, look);
  return /^[▁-█]/.test(piece) ? blocksOf(piece, column, look) : textOf(piece, column, look);
}

/** A sparkline, each block an eighth of the line higher than the one before it in Unicode. */
function blocksOf(piece: string, column: number, look: Look): string {
  const columns = Array.from(piece, (block, index) => {
    const height = ((block.charCodeAt(0) - 0x2580) / 8) * BASELINE;
    return `M${round((column + index + 0.5) * CELL_WIDTH)} ${BASELINE + 2}v${-round(height)}`;
  });
  return `<path d="${columns.join('')}" stroke-width="${CELL_WIDTH}"${classOf(look)}/>`;
}

/** Bars are drawn: fonts leave gaps between these characters. */
function barOf(piece: string, column: number, look: Look): string {
  const length = piece === '╸' ? CELL_WIDTH / 2 : piece.length * CELL_WIDTH;
  const thickness = piece.startsWith('─') ? 1.5 : 4;
  const path = `M${pixels(column)} ${BASELINE - 4}h${round(length)}`;
  return `<path d="${path}" stroke-width="${thickness}"${classOf(look)}/>`;
}

/** Blanks at both ends only move what is between them. */
function textOf(piece: string, column: number, look: Look): string {
  const text = piece.trim();
  if (text === '') return '';
  const x = pixels(column + piece.indexOf(text));
  const length = text.length > 1 ? ` textLength="${pixels(text.length)}"` : '';
  return `<text x="${x}" y="${BASELINE}"${length}${classOf(look)}>${escaped(text)}</text>`;
}

function classOf({ bold, dim, color }: Look): string {
  const names = [color, dim ? 'd' : '', bold ? 'b' : ''].filter((name) => name !== '');
  return names.length === 0 ? '' : ` class="${names.join(' ')}"`;
}

function linesOf(screen: string): Run[][] {
  let look = PLAIN;
  return screen.split('\n').map((line) => {
    const runs: Run[] = [];
    // Every second piece is the parameters of a sequence.
    for (const [index, piece] of line.split(/\u001b\[([\d;]*)m/).entries()) {
      if (index % 2 === 1) for (const code of piece.split(';')) look = lookAfter(look, Number(code));
      else if (piece !== '') runs.push({ look, text: piece });
    }
    return runs;
  });
}

/** ECMA-48 §8.3.117, as far as the program's own colours go. */
function lookAfter(look: Look, code: number): Look {
  if (code === 0) return PLAIN;
  if (code === 1) return { ...look, bold: true };
  if (code === 2) return { ...look, dim: true };
  if (code === 22) return { ...look, bold: false, dim: false };
  const color = COLORS[code];
  return color === undefined ? look : { ...look, color };
}

function pixels(columns: number): number {
  return round(columns * CELL_WIDTH);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
