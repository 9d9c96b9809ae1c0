/** Light and dark by the reader's own choice; paper is always light. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --text: #1d2129; --dim: #5a6270; --page: #ffffff; --card: #f6f7f9; --line: #d9dde3; --link: #0b57a4;
  --fetched: #2a8a57; --unchanged: #7bb893; --stored: #a9c9b6; --bad: #c0362c; --unfinished: #b9a26a; --share: #5b8fc7;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --text: #e4e7ec; --dim: #a3abb8; --page: #14171c; --card: #1c2027; --line: #363c47; --link: #7db7f5;
    --fetched: #46b97b; --unchanged: #2f7d55; --stored: #275a41; --bad: #f0766b; --unfinished: #a48c52; --share: #4f86c0;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 72rem;
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  color: var(--text); background: var(--page);
}
h1 { margin: 0; font-size: 1.75rem; line-height: 1.25; overflow-wrap: anywhere; }
h1::before { content: ""; display: inline-block; width: .7em; height: .7em; margin-right: .45em; border-radius: 50%; background: var(--fetched); }
h1.bad::before { background: var(--bad); border-radius: 15%; }
h2 { margin: 0 0 .75rem; font-size: 1.2rem; }
section { margin-top: 2.25rem; }
a { color: var(--link); }
nav ul, ul.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: .75rem 0 0; padding: 0; list-style: none; }
.dim, figcaption { color: var(--dim); }
.bad-text { color: var(--bad); }
header p { margin: .5rem 0 0; overflow-wrap: anywhere; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 2px; }
svg.stack { display: block; width: 100%; height: 1.5rem; border-radius: 4px; background: var(--card); }
svg.mark { width: .8em; height: .8em; margin-right: .4em; }
svg.share { display: block; width: 100%; min-width: 4rem; height: .7rem; background: var(--line); border-radius: 2px; }
svg.share rect { fill: var(--share); }
rect.fetched { fill: var(--fetched); } rect.unchanged { fill: var(--unchanged); } rect.stored { fill: var(--stored); }
rect.bad { fill: var(--bad); } rect.unfinished { fill: var(--unfinished); }
details.cause { margin: 0 0 .5rem; padding: .4rem .75rem; background: var(--card); border: 1px solid var(--line); border-radius: 6px; }
summary { cursor: pointer; }
.paper { display: none; }
details.cause ol { margin: .5rem 0; padding-left: 2.5rem; }
.url { overflow-wrap: anywhere; }
code { font: .92em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-weight: 600; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .6rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
thead th { color: var(--dim); font-weight: 500; vertical-align: bottom; }
th:first-child { text-align: left; font-weight: 500; white-space: normal; overflow-wrap: anywhere; min-width: 9rem; }
td.bar { width: 18%; }
figure { margin: 0 0 1.5rem; min-width: 0; }
figure table { width: auto; font-size: .9rem; }
figure th:first-child { min-width: 5rem; white-space: nowrap; }
figure details { margin-top: .25rem; font-size: .9rem; }
figcaption strong { color: var(--text); }
.plot { min-height: 250px; margin-top: .5rem; overflow: hidden; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); gap: 0 2rem; }
#course .plots > figure, #times > figure { margin-top: 1rem; }
.plot .u-legend { font-size: .8rem; text-align: left; margin: 0; width: 100%; }
.plot .u-legend th, .plot .u-legend td { border: 0; padding: .1rem .2rem; min-width: 0; text-align: left; white-space: nowrap; }
.plot .u-legend .u-series > * { padding: .1rem .2rem; }
.plot .u-select { background: color-mix(in srgb, var(--link) 18%, transparent); }
footer { margin-top: 3rem; padding-top: .75rem; border-top: 1px solid var(--line); color: var(--dim); font-size: .9rem; }
@media print {
  @page { margin: 15mm; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  nav, figure details, noscript, .screen, details.cause li:nth-child(n+21) { display: none; }
  .paper { display: block; }
  .plots { display: block; }
  .plot { min-height: 0; }
  .plot .u-legend .u-series:first-child, .plot .u-legend .u-value { display: none; }
  .plot .u-legend.u-live th::after { content: none; }
  figure, tr, details.cause li { break-inside: avoid; }
  h2 { break-after: avoid; }
  a { color: inherit; text-decoration: none; }
  details.cause::details-content { content-visibility: visible; block-size: auto; }
  svg, rect, .u-marker { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .wide { overflow: visible; }
  td.bar { display: none; }
}
`;
