import { createHash } from 'node:crypto';
import { escapeHtml, scriptJson } from './escape.ts';
import type { PlotAssets } from './plot-script.ts';
import type { PlotSpec } from './plots.ts';
import { STYLE } from './style.ts';

export interface DocumentParts {
  /** The verdict, in a sentence. */
  readonly title: string;
  readonly isGood: boolean;
  /** Under the title, a line each. */
  readonly about: readonly string[];
  /** HTML. */
  readonly sections: readonly string[];
  readonly plots: readonly PlotSpec[];
  readonly footer: string;
}

const LINKS: readonly (readonly [id: string, name: string])[] = [
  ['pages', 'Is it all there?'],
  ['causes', 'What failed'],
  ['times', 'Where the time goes'],
  ['course', 'How it went'],
  ['origins', 'Origins'],
  ['types', 'Content types'],
];

/**
 * The whole page. Its policy (Content Security Policy Level 3) allows its own script and style, by their digests, and nothing else: no
 * request, no form, no script that text of a server could bring.
 */
export function documentHtml(parts: DocumentParts, assets: PlotAssets): string {
  const { title, isGood, about, sections, plots, footer } = parts;
  const style = `${assets.style}\n${STYLE}`;
  const policy = [
    "default-src 'none'",
    `script-src '${digest(assets.script)}'`,
    `style-src '${digest(style)}'`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const links = LINKS.filter(([id]) => sections.some((section) => section.startsWith(`<section id="${id}"`)));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>${escapeHtml(title)} – fetch-pages</title>
<style>${style}</style>
</head>
<body>
<header>
<h1${isGood ? '' : ' class="bad"'}>${escapeHtml(title)}</h1>
${about.map((line) => `<p class="dim">${escapeHtml(line)}</p>`).join('\n')}
<nav aria-label="Parts of this report"><ul>${links.map(([id, name]) => `<li><a href="#${id}">${name}</a></li>`).join('')}</ul></nav>
</header>
<main>
${sections.filter((section) => section !== '').join('\n')}
</main>
<footer>${escapeHtml(footer)}</footer>
<script type="application/json" id="plots">${scriptJson(plots)}</script>
<script>${assets.script}</script>
</body>
</html>
`;
}

function digest(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
