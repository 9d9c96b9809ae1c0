import type { FailureGroup, Verdict } from '../core/event.ts';
import { bytes, count, counted, duration, percent, rate } from '../progress/format.ts';
import { type Cause, type Causes, type Example, MAX_MESSAGE_LENGTH, MAX_URL_LENGTH } from './causes.ts';
import { escapeHtml, shownText } from './escape.ts';
import type { History } from './history.ts';
import type { OriginFigures, OriginsRead } from './origins.ts';
import { plotFigure } from './plot-figure.ts';
import { fineDuration, type PlotSpec } from './plots.ts';
import type { SharesRead } from './shares.ts';
import type { Spread } from './spread.ts';

const MAX_NAME_LENGTH = 120;
/** With more URLs than so many, all causes are closed at first. */
const OPEN_EXAMPLES = 20;
/** Of a cause; the style leaves the others out when it is printed. */
const EXAMPLES_ON_PAPER = 20;

/** Is it all there? Every page in one bar, and what is to be known of the list. */
export function pagesSection(verdict: Verdict, facts: readonly string[]): string {
  const { pages, ok, alreadyStored, unchanged, notOk, unfinished } = verdict;
  const parts = [
    { name: 'fetched', pages: ok - alreadyStored - unchanged, kind: 'fetched' },
    { name: 'unchanged', pages: unchanged, kind: 'unchanged' },
    { name: 'already stored', pages: alreadyStored, kind: 'stored' },
    { name: 'not OK', pages: notOk, kind: 'bad' },
    { name: 'without an outcome', pages: unfinished, kind: 'unfinished' },
  ].filter((part) => part.pages > 0);
  let offset = 0;
  const rects = parts.map((part) => {
    const width = (part.pages / Math.max(1, pages)) * 100;
    const rect = `<rect class="${part.kind}" x="${offset.toFixed(3)}%" width="${width.toFixed(3)}%" height="100%"/>`;
    offset += width;
    return rect;
  });
  const items = parts.map(({ name, pages: some, kind }) => {
    const mark = `<svg class="mark" aria-hidden="true"><rect class="${kind}" width="100%" height="100%"/></svg>`;
    return `<li>${mark}<strong>${count(some)}</strong> ${name} <span class="dim">${percent(some, Math.max(1, pages))}</span></li>`;
  });
  const told = facts.map((fact) => `<p>${escapeHtml(fact)}</p>`);
  return section(
    'pages',
    'Is it all there?',
    `<svg class="stack" aria-hidden="true">${rects.join('')}</svg>
<ul class="legend">${items.join('')}</ul>
${told.join('\n')}`,
  );
}

/** @param all where all pages that are not OK are to be found, in words */
export function causesSection(causes: Causes, groups: readonly FailureGroup[], all: string): string {
  const read = causes.read();
  if (read.length === 0) return section('causes', 'What failed', '<p>Nothing.</p>');
  const meanings = new Map(groups.map(({ code, message }) => [code, message]));
  const isCut = read.some(({ pages, examples }) => pages > examples.length);
  const rest =
    causes.otherPages === 0 ? '' : `<p>And ${counted(causes.otherPages, 'page')} for other causes, not listed.</p>`;
  const cut = isCut ? `<p>Of a cause with many pages the first are listed; ${shownText(all, MAX_URL_LENGTH)}.</p>` : '';
  const isOpen = read.reduce((sum, { examples }) => sum + examples.length, 0) <= OPEN_EXAMPLES;
  const shown = read.map((cause) => causeDetails(cause, meanings.get(cause.code) ?? '', isOpen));
  return section('causes', 'What failed', `${shown.join('\n')}\n${cut}${rest}`);
}

function causeDetails({ code, pages, examples }: Cause, meaning: string, isOpen: boolean): string {
  const items = examples.map((example) => `<li>${exampleText(example, meaning)}</li>`);
  const more = pages - examples.length;
  const rest = more > 0 ? `<p class="dim screen">and ${count(more)} more</p>` : '';
  const unprinted = pages - EXAMPLES_ON_PAPER;
  const paper = unprinted > 0 ? `<p class="dim paper">and ${count(unprinted)} more</p>` : '';
  return `<details class="cause"${isOpen ? ' open' : ''}>
<summary><code>${shownText(code, MAX_NAME_LENGTH)}</code> <strong>${counted(pages, 'page')}</strong> ${shownText(meaning, MAX_MESSAGE_LENGTH)}</summary>
<ol>${items.join('\n')}</ol>${rest}${paper}
</details>`;
}

/** A link only where following it does what the page did: a URL that is whole, and a GET. */
function exampleText({ url, method, line, message, attempts, isPage }: Example, meaning: string): string {
  const shown = shownText(url, MAX_URL_LENGTH);
  const isLink = isPage && method === 'GET' && url.length <= MAX_URL_LENGTH && /^https?:\/\//.test(url);
  const name = isLink ? `<a href="${escapeHtml(url)}" rel="noreferrer noopener">${shown}</a>` : shown;
  const verb = isPage && method !== 'GET' ? `${shownText(method, 20)} ` : '';
  const facts = [shownText(line, MAX_MESSAGE_LENGTH)];
  if (attempts > 1) facts.push(counted(attempts, 'try', 'tries'));
  if (message !== meaning && message !== '') facts.push(shownText(message, MAX_MESSAGE_LENGTH));
  return `<span class="url">${verb}${name}</span> <span class="dim">${facts.join(' · ')}</span>`;
}

/** Where does the time go? */
export function timesSection(history: History, plot: PlotSpec | undefined): string {
  const { whole, waiting, connecting, firstByte, body, spent, tornPages, meanInLineMs } = history;
  if (whole.count === 0) return section('times', 'Where the time goes', '<p>No page was asked for.</p>');
  const total = spent.waiting + spent.connecting + spent.firstByte + spent.body + spent.torn;
  const share = (ms: number): string => (total === 0 ? '–' : percent(ms, total));
  const rows = [
    timesRow('A page, from its first request to its end', whole, total === 0 ? '–' : '100%'),
    timesRow('of it waiting: backoff, pace, pauses of its origin', waiting, share(spent.waiting)),
    timesRow('of it connecting: name, TCP, TLS, each new connection', connecting, share(spent.connecting)),
    timesRow('of it to the first byte of an answer, each request', firstByte, share(spent.firstByte)),
    timesRow('of it the bodies', body, share(spent.body)),
  ];
  const torn =
    tornPages === 0
      ? ''
      : ` Of ${counted(tornPages, 'page')} with a request that brought no whole answer, this request and the bodies are not timed apart: ${share(spent.torn)} of all time.`;
  const queue =
    meanInLineMs === undefined
      ? ''
      : ` Before its first request a page stood in line for ${timeText(meanInLineMs)} on average, which is no part of these; the list is read no further ahead than a few thousand pages.`;
  return section(
    'times',
    'Where the time goes',
    `<div class="wide"><table><thead><tr><th scope="col">Time</th><th scope="col">half within</th><th scope="col">90% within</th>
<th scope="col">99% within</th><th scope="col">longest</th><th scope="col">share of all</th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table></div>
<p class="dim">To within 9%. Connecting includes the wait for a connection with room, and is told of requests that waited for one.${queue}${torn}</p>
${plot === undefined ? '' : plotFigure(plot)}`,
  );
}

function timesRow(name: string, spread: Spread, share: string): string {
  const cells =
    spread.count === 0
      ? ['–', '–', '–', '–']
      : [...[0.5, 0.9, 0.99].map((portion) => timeText(spread.quantile(portion))), timeText(spread.mostMs)];
  return `<tr><th scope="row">${name}</th>${[...cells, share].map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
}

/** Less than a millisecond is nothing that anybody would act on. */
function timeText(ms: number): string {
  return ms < 0.75 ? '&lt; 1 ms' : fineDuration(ms);
}

/** How did it go over time? */
export function plotsSection(plots: readonly PlotSpec[]): string {
  if (plots.length === 0) return section('plots-section', 'How it went', '<p>Too little happened to be drawn.</p>');
  return section(
    'course',
    'How it went',
    `<p class="dim">Time since the start of the run.<span class="screen"> Point at a plot to read it, in all of them at once; drag over a part to see it larger, double-click to go back.</span></p>
<noscript><p>The plots are drawn by a script, which is switched off here; their figures are in the tables.</p></noscript>
<div class="plots">${plots.map(plotFigure).join('\n')}</div>`,
  );
}

export function originsSection({ top, others, isRough }: OriginsRead): string {
  if (top.length === 0) return '';
  const total = top.reduce((sum, { wireBytes }) => sum + wireBytes, others.wireBytes);
  const rows = top.map((origin) => originRow(origin, total));
  if (others.origins > 0) {
    const name = counted(others.origins, 'other origin');
    rows.push(
      `<tr><th scope="row">${name}</th><td>${count(others.requests)}</td><td></td><td></td><td></td><td></td><td></td>${shareCells(others.wireBytes, total)}</tr>`,
    );
  }
  return section(
    'origins',
    'Which origins took the bytes',
    `<div class="wide"><table><thead><tr><th scope="col">Origin</th><th scope="col">requests</th><th scope="col">refusals</th>
<th scope="col">no answer</th><th scope="col">paused</th><th scope="col">at once</th><th scope="col">rate</th><th scope="col">bytes</th><th scope="col" colspan="2">share</th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table></div>
<p class="dim">Bytes of whole bodies as they came. “At once” and “rate” are what was learned last of what the origin bears.${isRough ? ' There were more than 1,000 origins: figures of those that were asked little are rough.' : ''}</p>`,
  );
}

function originRow(origin: OriginFigures, total: number): string {
  const { concurrency, ratePerSecond, givenUp } = origin;
  const learned = ratePerSecond === undefined ? undefined : rate(ratePerSecond);
  const cells = [
    count(origin.requests),
    count(origin.refusals),
    count(origin.failures),
    origin.pausedMs === 0 ? '–' : duration(origin.pausedMs),
    concurrency === undefined ? '–' : count(Math.round(concurrency)),
    learned === undefined ? '–' : `${learned.value}/${learned.per}`,
  ];
  const end =
    givenUp === undefined ? '' : ` <span class="bad-text">given up: ${shownText(givenUp, MAX_NAME_LENGTH)}</span>`;
  return `<tr><th scope="row">${shownText(origin.origin, MAX_NAME_LENGTH)}${end}</th>${cells.map((cell) => `<td>${cell}</td>`).join('')}${shareCells(origin.wireBytes, total)}</tr>`;
}

export function typesSection({ top, others, isRough }: SharesRead): string {
  if (top.length === 0) return '';
  const total = top.reduce((sum, share) => sum + share.bytes, others.bytes);
  const row = (name: string, pages: number, some: number): string =>
    `<tr><th scope="row">${name}</th><td>${count(pages)}</td>${shareCells(some, total)}</tr>`;
  const rows = top.map(({ name, pages, bytes: some }) => row(shownText(name, MAX_NAME_LENGTH), pages, some));
  if (others.names > 0) rows.push(row(counted(others.names, 'other type'), others.pages, others.bytes));
  return section(
    'types',
    'Which content types took the bytes',
    `<div class="wide"><table><thead><tr><th scope="col">Content type</th><th scope="col">pages</th><th scope="col">bytes</th><th scope="col" colspan="2">share</th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table></div>
<p class="dim">Bytes of decoded bodies.${isRough ? ' There were more than 1,000 types: figures of rare ones are rough.' : ''}</p>`,
  );
}

function shareCells(part: number, total: number): string {
  const share = total === 0 ? 0 : (part / total) * 100;
  const bar = `<svg class="share" aria-hidden="true"><rect width="${share.toFixed(2)}%" height="100%"/></svg>`;
  return `<td>${bytes(part)}</td><td>${total === 0 ? '–' : percent(part, total)}</td><td class="bar">${bar}</td>`;
}

function section(id: string, title: string, content: string): string {
  return `<section id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${title}</h2>
${content}
</section>`;
}
