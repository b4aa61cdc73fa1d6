// The page of a report: one HTML file that loads nothing and can be mailed, printed, and read on a phone. Charts stand in
// figures, two beside one another where there is room.
import { escapeHtml, type LegendEntry, legendHtml } from './html.ts';

const style = `
body { font: 16px/1.5 system-ui, sans-serif; color: #222; max-width: 1080px; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .5rem; } h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem; }
p { margin: .3rem 0 .8rem; max-width: 48rem; overflow-wrap: anywhere; } .note { color: #555; font-size: .9rem; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; }
td, th { padding: .3rem 1.4rem .3rem 0; text-align: right; border-bottom: 1px solid #e6e6e6; vertical-align: top; }
th { font-weight: 600; color: #555; } td { font-variant-numeric: tabular-nums; }
td:first-child, th:first-child, .words td, .words th { text-align: left; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 1.5rem 2rem; margin: 1rem 0 2rem; }
figure { margin: 0; min-width: 0; break-inside: avoid; } figcaption { font-weight: 600; min-height: 1.5em; }
figcaption small { display: block; font-weight: 400; color: #555; font-size: .85rem; }
svg { width: 100%; height: auto; display: block; } svg text { font: 12px system-ui, sans-serif; fill: #555; }
svg .name { font-size: 11.5px; stroke: #fff; stroke-width: 3px; paint-order: stroke; }
mark { color: inherit; background: #dcebf5; border-radius: 3px; padding: 0 .15em; }
.grid { stroke: #e6e6e6; } .axis { stroke: #999; } .middle { text-anchor: middle; } .end { text-anchor: end; }
.legend { display: flex; flex-wrap: wrap; gap: .1rem 1.1rem; font-size: .9rem; margin: .2rem 0 .4rem; }
.legend i, .dot { display: inline-block; width: .75em; height: .75em; border-radius: 50%; margin-right: .4em; }
.tiles { display: flex; flex-wrap: wrap; gap: .8rem 2.5rem; margin: 1rem 0; } .tiles b { display: block; white-space: nowrap; font-size: 1.8rem; line-height: 1.2; }
.tiles div { max-width: 15rem; color: #555; font-size: .9rem; } .tiles b { color: #222; }
@media (max-width: 30rem) { body { padding: 1rem .8rem 2rem; } td, th { padding-right: .8rem; font-size: .9rem; } }`;

export interface Page {
  title: string;
  /** What is shown, in a sentence or two. */
  lead: string;
  /** HTML, one below the other. */
  sections: readonly string[];
}

/** The whole file. */
export function pageHtml({ title, lead, sections }: Page): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${style}
</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(lead)}</p>
${sections.join('\n')}
</body>
</html>
`;
}

export interface Figure {
  caption: string;
  /** What to see in it, smaller. */
  note?: string;
  legend?: readonly LegendEntry[];
  /** SVG or HTML. */
  chart: string;
}

/** A chart with its caption and its legend. */
export function figureHtml({ caption, note, legend, chart }: Figure): string {
  const small = note === undefined ? '' : `<small>${escapeHtml(note)}</small>`;
  const keys = legend === undefined || legend.length === 0 ? '' : legendHtml(legend);
  return `<figure><figcaption>${escapeHtml(caption)}${small}</figcaption>${keys}${chart}</figure>`;
}

/** Figures beside one another, as many as fit. */
export const chartsHtml = (figures: readonly Figure[]) =>
  `<div class="charts">\n${figures.map(figureHtml).join('\n')}\n</div>`;

/** A table of plain text; the first row is its head. */
export function tableHtml(rows: readonly (readonly string[])[], className = ''): string {
  const [head = [], ...body] = rows;
  const row = (cells: readonly string[], tag: string) =>
    `<tr>${cells.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join('')}</tr>`;
  const lines = [row(head, 'th'), ...body.map((cells) => row(cells, 'td'))];
  return `<div class="scroll"><table class="${className}">\n${lines.join('\n')}\n</table></div>`;
}

/** The few figures that matter, large. */
export const tilesHtml = (tiles: readonly { figure: string; text: string }[]) =>
  `<div class="tiles">${tiles
    .map(({ figure, text }) => `<div><b>${escapeHtml(figure)}</b>${escapeHtml(text)}</div>`)
    .join('')}</div>`;
