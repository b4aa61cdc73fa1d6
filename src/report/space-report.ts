// A look at a space before and after whitening as one HTML file: a table, the spectra, the histograms of cosines, and the
// vectors on their first two principal components, coloured by score or label.
import { HISTOGRAM_STEPS, type Space, type SpaceMeasures } from '../eval/space.ts';
import { histogramChart } from './histogram-chart.ts';
import { BEFORE_AFTER, type LegendEntry, PALETTE } from './html.ts';
import { lineChart } from './line-chart.ts';
import { chartsHtml, type Figure, pageHtml, tableHtml } from './page.ts';
import { scatterChart } from './scatter-chart.ts';

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
const comparison: LegendEntry[] = names.map((name) => ({ name, color: BEFORE_AFTER[name] }));
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
    row('rank', ({ rank }) => String(rank)),
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
  const { pointColors, legend } = colorPoints(report);
  const figures: Figure[] = [
    {
      caption: 'Spectrum',
      note: 'The share of the variance along each principal component, up to the rank. A flat line means an evenly filled space.',
      legend: comparison,
      chart: spectrumChart(report),
    },
    {
      caption: 'Cosines of all pairs',
      note: 'Around 0 the vectors point in all directions evenly; near 1 they lie in a narrow cone.',
      legend: comparison,
      chart: histogramChart(
        names.map((name) => ({ name, color: BEFORE_AFTER[name], values: report[name].measures.histogram })),
        -1,
        1,
        { xLabel: 'cosine', yLabel: `share of pairs, in steps of ${2 / HISTOGRAM_STEPS}` },
      ),
    },
    ...names.map((name) => ({
      caption: `First two principal components, ${name}`,
      note: 'Each point is a text.',
      legend,
      chart: scatterChart(
        choosePoints(report, report[name], pointColors),
        `Texts ${name}, by their first two principal components`,
      ),
    })),
  ];
  const table = tableHtml([['', 'before', 'after'], ...spaceTable(before.measures, after.measures)]);
  return pageHtml({ title, lead: description, sections: [table, '<h2>Charts</h2>', chartsHtml(figures)] });
}

function spectrumChart(report: SpaceReport): string {
  const lines = names.map((name) => {
    const { spectrum, rank } = report[name].measures;
    const points = spectrum.slice(0, rank).map((share, index): [number, number] => [index + 1, share]);
    return { name, color: BEFORE_AFTER[name], points };
  });
  return lineChart(lines, { xLabel: 'component', yLabel: 'share of variance', logarithmic: true });
}

/** Evenly chosen points, so that the file stays small. */
function choosePoints({ texts, marks }: SpaceReport, { projection }: Space, colors: readonly string[]) {
  const all = projection.length / 2;
  const count = Math.min(all, mostPoints);
  return Array.from({ length: count }, (_, place) => {
    const index = Math.floor((place * all) / count);
    return {
      x: projection[2 * index] as number,
      y: projection[2 * index + 1] as number,
      color: colors[index] as string,
      title: [marks?.[index], texts[index]].filter((part) => part !== undefined).join(': '),
    };
  });
}

/** Scores from blue to red; labels from a palette, the most frequent first. */
function colorPoints({ texts, marks }: SpaceReport): { pointColors: string[]; legend: LegendEntry[] } {
  if (marks === undefined) return { pointColors: texts.map(() => BEFORE_AFTER.after), legend: [] };
  if (marks.every((mark) => typeof mark === 'number')) {
    const least = marks.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
    const largest = marks.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    const color = (score: number) =>
      `hsl(${Math.round(220 - (220 * (score - least)) / (largest - least || 1))} 70% 45%)`;
    const shown = least === largest ? [least] : [least, (least + largest) / 2, largest];
    return {
      pointColors: marks.map(color),
      legend: shown.map((score) => ({ color: color(score), name: `score ${score}` })),
    };
  }
  const counts = new Map<string, number>();
  for (const mark of marks) counts.set(String(mark), (counts.get(String(mark)) ?? 0) + 1);
  const labels = [...counts.keys()].sort((a, b) => (counts.get(b) ?? 0) - (counts.get(a) ?? 0));
  const rest = PALETTE.length - 1;
  const color = (label: string) => PALETTE[Math.min(rest, labels.indexOf(label))] as string;
  const shown = labels.length > PALETTE.length ? labels.slice(0, rest) : labels;
  const legend = shown.map((label) => ({ color: color(label), name: label }));
  if (labels.length > shown.length) {
    legend.push({ color: PALETTE[rest] as string, name: `${labels.length - shown.length} others` });
  }
  return { pointColors: marks.map((mark) => color(String(mark))), legend };
}
