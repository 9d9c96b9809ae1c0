import type { Timeline } from './timeline.ts';

export interface Picture {
  readonly title: string;
  /** What the origin does, below the title. */
  readonly origin: string;
  /** For those who cannot see it: what is to be seen. */
  readonly description: string;
  /** Requests a second that the origin lets through, where it has a limit on the rate. */
  readonly allowedPerSecond?: number;
  /** What a request that brought no page is called. */
  readonly badWord: 'refused' | 'failed';
}

const WIDTH = 760;
const LEFT = 64;
const RIGHT = 24;
const LEGEND_Y = 70;
const RATE = { top: 102, height: 140 };
const IN_FLIGHT = { top: 278, height: 70 };
const HEIGHT = 384;
const PLOT_WIDTH = WIDTH - LEFT - RIGHT;

/** Its own ground in both, so that it can be read wherever it stands. */
const STYLE = `.ground{fill:#fff}.text{fill:#1e293b}.soft{fill:#526076}.line{stroke:#cbd5e1}.good{fill:#2563eb}.bad{fill:#dc2626}
.rest{fill:#e2e8f0}.allowed{stroke:#0f766e}.allowed-text{fill:#0f766e}.flight{fill:#2563eb;fill-opacity:.18;stroke:#2563eb}
@media (prefers-color-scheme:dark){.ground{fill:#0f172a}.text{fill:#e2e8f0}.soft{fill:#a3b0c2}.line{stroke:#3b4a60}.good{fill:#60a5fa}
.bad{fill:#f87171}.rest{fill:#28354a}.allowed{stroke:#5eead4}.allowed-text{fill:#5eead4}.flight{fill:#60a5fa;stroke:#60a5fa}}
text{font:12px system-ui,sans-serif}.title{font-size:15px;font-weight:600}`;

interface Panel {
  readonly top: number;
  readonly height: number;
}

/** Requests a second, and how many at once, over the time of a run. */
export function pictureOf({ binS, bins, rests }: Timeline, picture: Picture): string {
  const totalS = bins.length * binS;
  const x = (seconds: number): number => LEFT + (seconds / totalS) * PLOT_WIDTH;
  const mostPerSecond = ceiling(Math.max(...bins.map(({ good, bad }) => (good + bad) / binS)));
  const mostAtOnce = ceiling(Math.max(...bins.map(({ inFlight }) => inFlight)));
  const shaded = rests.map(([from, to]) =>
    [RATE, IN_FLIGHT].map(({ top, height }) => rect('rest', x(from), top, x(to) - x(from), height)).join(''),
  );
  const bars = bins.map(({ good, bad }, index) => {
    const left = x(index * binS) + 0.5;
    const width = PLOT_WIDTH / bins.length - 1;
    const goodHeight = (good / binS / mostPerSecond) * RATE.height;
    // One that was refused among hundreds must be seen.
    const badHeight = bad === 0 ? 0 : Math.max(3, (bad / binS / mostPerSecond) * RATE.height);
    const floor = RATE.top + RATE.height;
    return (
      (good === 0 ? '' : rect('good', left, floor - goodHeight, width, goodHeight)) +
      (bad === 0 ? '' : rect('bad', left, floor - goodHeight - badHeight, width, badHeight))
    );
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-labelledby="title what">`,
    `<title id="title">${escaped(picture.title)}</title><desc id="what">${escaped(picture.description)}</desc>`,
    `<style>${STYLE}</style>`,
    `<rect class="ground" width="${WIDTH}" height="${HEIGHT}" rx="8"/>`,
    text('text title', 16, 26, picture.title),
    text('soft', 16, 46, picture.origin),
    legend(picture, { hasBad: bins.some(({ bad }) => bad > 0), hasRests: rests.length > 0 }),
    ...shaded,
    ...bars,
    allowedLine(picture, mostPerSecond),
    `<path class="flight" d="${flightPath(bins, x, binS, mostAtOnce)}"/>`,
    axis(RATE, mostPerSecond, 'requests a second'),
    axis(IN_FLIGHT, mostAtOnce, 'in flight, at most'),
    timeAxis(totalS, x),
    '</svg>',
    '',
  ].join('\n');
}

function flightPath(bins: Timeline['bins'], x: (seconds: number) => number, binS: number, mostAtOnce: number): string {
  const floor = IN_FLIGHT.top + IN_FLIGHT.height;
  const steps = bins.map(({ inFlight }, index) => {
    const y = floor - (inFlight / mostAtOnce) * IN_FLIGHT.height;
    return `L${round(x(index * binS))} ${round(y)}H${round(x((index + 1) * binS))}`;
  });
  return `M${LEFT} ${floor}${steps.join('')}V${floor}Z`;
}

function allowedLine({ allowedPerSecond }: Picture, most: number): string {
  if (allowedPerSecond === undefined) return '';
  const y = round(RATE.top + RATE.height * (1 - allowedPerSecond / most));
  return `<path class="allowed" stroke-width="1.5" stroke-dasharray="6 4" fill="none" d="M${LEFT} ${y}h${PLOT_WIDTH}"/>`;
}

function legend(
  { badWord, allowedPerSecond }: Picture,
  has: { readonly hasBad: boolean; readonly hasRests: boolean },
): string {
  const entries = [
    ['good', 'answered'],
    ...(has.hasBad ? [['bad', badWord]] : []),
    ...(has.hasRests ? [['rest', 'paused']] : []),
    ...(allowedPerSecond === undefined ? [] : [['allowed', 'what it allows']]),
  ];
  let left = LEFT;
  let drawn = '';
  for (const [name = '', word = ''] of entries) {
    drawn +=
      name === 'allowed'
        ? `<path class="allowed" stroke-width="1.5" stroke-dasharray="6 4" d="M${left} ${LEGEND_Y - 4}h20"/>`
        : rect(name, left, LEGEND_Y - 10, 12, 12);
    left += name === 'allowed' ? 26 : 18;
    drawn += text('soft', left, LEGEND_Y, word);
    left += word.length * 6.3 + 18;
  }
  return drawn;
}

function axis({ top, height }: Panel, most: number, name: string): string {
  const floor = top + height;
  const lines = [0, 0.5, 1].map((share) => {
    const y = floor - share * height;
    return `<path class="line" d="M${LEFT} ${y}h${PLOT_WIDTH}" stroke-opacity="${share === 0 ? 1 : 0.5}"/>${text('soft', LEFT - 8, y + 4, (share * most).toLocaleString('en-US'), 'end')}`;
  });
  return lines.join('') + text('soft', LEFT, top - 5, name);
}

function timeAxis(totalS: number, x: (seconds: number) => number): string {
  const step = [1, 2, 5, 10, 20, 30, 60].find((seconds) => totalS / seconds <= 12) ?? 60;
  const y = IN_FLIGHT.top + IN_FLIGHT.height + 18;
  const marks = Array.from({ length: Math.floor(totalS / step) + 1 }, (_, index) =>
    text('soft', x(index * step), y, `${index * step}${index === 0 ? ' s' : ''}`, 'middle'),
  );
  return marks.join('');
}

/** The next number up that halves well. */
function ceiling(value: number): number {
  const unit = 10 ** Math.floor(Math.log10(value));
  return ([1, 1.2, 2, 4, 6, 8, 10].find((step) => step * unit >= value) ?? 10) * unit;
}

function rect(name: string, left: number, top: number, width: number, height: number): string {
  return `<rect class="${name}" x="${round(left)}" y="${round(top)}" width="${round(width)}" height="${round(height)}"/>`;
}

function text(name: string, x: number, y: number, words: string, anchor = 'start'): string {
  return `<text class="${name}" x="${round(x)}" y="${round(y)}"${anchor === 'start' ? '' : ` text-anchor="${anchor}"`}>${escaped(words)}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
