// A look at a space before and after whitening as one HTML file: a table, the spectra, the histograms of cosines, and the
// vectors on their first two principal components, coloured by score or label. Self-contained: it can be mailed.
import { HISTOGRAM_STEPS, type Space, type SpaceMeasures } from '../eval/space.ts';
import { escapeHtml, histograms, logLines, scatter } from './svg-charts.ts';

export interface SpaceReport {
  title: string;
  /** What was done, in a sentence. */
  description: string;
  before: Space;
  after: Space;
  texts: readonly string[];
  /** Per text, for its colour: a score, or a label. */
  marks?: readonly (number | string)[] | undefined;
}

const names = ['before', 'after'] as const;
const colors = { before: '#b5541c', after: '#1c6fb5' };
const palette = ['#1c6fb5', '#b5541c', '#2f8f4e', '#8a4fbf', '#c2912e', '#b52f5f', '#3f8f9f', '#6b6b6b'];
const mostPoints = 2000;

/** Rows of a table: a measure's name, before and after. */
export function spaceTable(before: SpaceMeasures, after: SpaceMeasures): [string, string, string][] {
  const row = (name: string, format: (measures: SpaceMeasures) => string): [string, string, string] => [
    name,
    format(before),
    format(after),
  ];
  const fixed = (value: number | undefined) => (value === undefined ? '' : value.toFixed(4));
  const rows = [
    row('components', ({ dimension }) => String(dimension)),
    row('mean cosine', ({ meanCosine }) => fixed(meanCosine)),
    row('deviation of cosines', ({ cosineDeviation }) => fixed(cosineDeviation)),
    row('effective rank', ({ effectiveRank }) => effectiveRank.toFixed(1)),
    row('components for 90 %', ({ componentsFor90 }) => String(componentsFor90)),
    row('largest share of variance', ({ spectrum }) => fixed(spectrum[0])),
    row('uniformity', ({ uniformity }) => fixed(uniformity)),
  ];
  if (before.alignment !== undefined) rows.push(row('alignment', ({ alignment }) => fixed(alignment)));
  if (before.spearman !== undefined) {
    rows.push(row('Spearman', (measures) => fixed(measures.spearman)));
    rows.push(row('similarity', ({ similarity = '' }) => similarity));
  }
  return rows;
}

/** The whole file. */
export function spaceReportHtml(report: SpaceReport): string {
  const { title, description, before, after } = report;
  const series = (pick: (measures: SpaceMeasures) => readonly number[]) =>
    names.map((name) => ({ name, color: colors[name], values: pick(report[name].measures) }));
  const table = spaceTable(before.measures, after.measures)
    .map((cells) => `<tr>${cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('')}</tr>`)
    .join('\n');
  const { pointColors, legend } = colorPoints(report);
  const plots = names.map((name) => {
    const { chosen, points, titles } = choosePoints(report, report[name]);
    const plot = scatter(
      points,
      chosen.map((index) => pointColors[index] as string),
      titles,
    );
    return `<figure><figcaption>Principal components, ${name}</figcaption>${plot}</figure>`;
  });
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${escapeHtml(title)}</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 980px; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; } td, th { padding: 0.15rem 1.2rem 0.15rem 0; text-align: right; }
td:first-child, th:first-child { text-align: left; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(420px, 1fr)); gap: 1rem; }
figure { margin: 0; } figcaption { font-weight: 600; margin-top: 1rem; }
svg { width: 100%; height: auto; background: #fafafa; }
.grid { stroke: #ddd; } text { font-size: 11px; fill: #555; } .x { text-anchor: middle; }
.y { text-anchor: end; dominant-baseline: middle; }
.mark { display: inline-block; width: 0.8em; height: 0.8em; margin: 0 0.3em 0 1em; }
</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(description)}</p>
<table>
<tr><th></th><th>before</th><th>after</th></tr>
${table}
</table>
<div class="charts">
<figure><figcaption>Spectrum: share of variance by component</figcaption>${logLines(
    series(({ spectrum }) => spectrum),
    'component',
  )}</figure>
<figure><figcaption>Cosines of all pairs, in ${HISTOGRAM_STEPS} steps</figcaption>${histograms(
    series(({ histogram }) => histogram),
    -1,
    1,
    'cosine',
  )}</figure>
${plots.join('\n')}
</div>
<p>${legend}</p>
</body>
</html>
`;
}

/** Evenly chosen points, so that the file stays small. */
function choosePoints({ texts, marks }: SpaceReport, { projection }: Space) {
  const all = projection.length / 2;
  const count = Math.min(all, mostPoints);
  const chosen = Array.from({ length: count }, (_, index) => Math.floor((index * all) / count));
  const points = Float32Array.from(
    chosen.flatMap((index) => [...projection.subarray(2 * index, 2 * index + 2)]),
  );
  const titles = chosen.map((index) =>
    [marks?.[index], texts[index]].filter((part) => part !== undefined).join(': '),
  );
  return { chosen, points, titles };
}

/** Scores from blue to red; labels from a palette, the most frequent first. */
function colorPoints({ texts, marks }: SpaceReport): { pointColors: string[]; legend: string } {
  if (marks === undefined) return { pointColors: texts.map(() => colors.after), legend: '' };
  const key = (color: string, name: string) =>
    `<span class="mark" style="background:${color}"></span>${escapeHtml(name)}`;
  if (marks.every((mark) => typeof mark === 'number')) {
    const least = marks.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
    const largest = marks.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    const color = (score: number) =>
      `hsl(${Math.round(220 - (220 * (score - least)) / (largest - least || 1))} 70% 45%)`;
    return {
      pointColors: marks.map(color),
      legend: [least, (least + largest) / 2, largest]
        .map((score) => key(color(score), `score ${score}`))
        .join(''),
    };
  }
  const counts = new Map<string, number>();
  for (const mark of marks) counts.set(String(mark), (counts.get(String(mark)) ?? 0) + 1);
  const labels = [...counts.keys()].sort((a, b) => (counts.get(b) ?? 0) - (counts.get(a) ?? 0));
  const rest = palette.length - 1;
  const color = (label: string) => palette[Math.min(rest, labels.indexOf(label))] as string;
  const shown = labels.slice(0, labels.length > palette.length ? rest : palette.length);
  const others =
    labels.length > shown.length ? key(palette[rest] as string, `${labels.length - rest} others`) : '';
  return {
    pointColors: marks.map((mark) => color(String(mark))),
    legend: shown.map((label) => key(color(label), label)).join('') + others,
  };
}
