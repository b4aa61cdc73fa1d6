// The report of a run as one HTML file, from its metrics.jsonl alone: every measure over steps with that of the evaluations
// beside it, what happened marked in all charts, and the task's examples before and after.
import { basename, dirname, resolve } from 'node:path';
import { writeFileAtomic } from '../../io/files/atomic-file.ts';
import { shortNumber } from '../../report/axis.ts';
import { type LegendEntry, PALETTE } from '../../report/html.ts';
import { type Line, type LineMark, lineChart } from '../../report/line-chart.ts';
import { chartsHtml, type Figure, pageHtml, tableHtml, tilesHtml } from '../../report/page.ts';
import { exampleCards } from './example-cards.ts';
import { type RunMetrics, readRunMetrics, type Series } from './run-metrics.ts';

const colors = { train: PALETTE[0], evaluation: PALETTE[1] };

/** Events that charts show, and what the legend calls them. */
const marked: Readonly<Record<string, LegendEntry>> = {
  'loss spike': { name: 'loss spike', color: PALETTE[4] },
  'not finite': { name: 'step left out', color: PALETTE[3] },
  resumed: { name: 'resumed', color: PALETTE[7] },
};

/** Measures that span powers of ten. */
const logarithmic = ['gradientNorm'];
/** Last among the charts, in this order: what is set or told of all runs. */
const lastNames = ['learningRate', 'gradientNorm'];
const mostEvents = 200;
/** Points from which on a line is smoothed. */
const leastSmoothed = 40;

/**
 * Makes the report of a run.
 * @param log its metrics.jsonl
 * @throws FileError, FormatError
 */
export async function writeRunReport(log: string, target: string): Promise<void> {
  await writeFileAtomic(target, runReportHtml(basename(dirname(resolve(log))), await readRunMetrics(log)));
}

/** The whole file. @param name of the run */
export function runReportHtml(name: string, metrics: RunMetrics): string {
  const sections = [
    tilesHtml(tilesOf(metrics)),
    ...(metrics.steps === 0 ? [] : [chartsHtml(figuresOf(metrics))]),
    ...exampleSections(metrics),
    ...eventSections(metrics),
  ];
  return pageHtml({ title: `Run ${name}`, lead: leadOf(metrics), sections });
}

function leadOf({ steps, learned, damaged }: RunMetrics): string {
  if (steps === 0) return 'No step is done yet.';
  const torn =
    damaged === 0
      ? ''
      : ` Left out of the log: ${count(damaged, 'line')} that ${damaged === 1 ? 'is' : 'are'} not whole.`;
  return `${count(steps, 'step')} over ${count(learned.examples, 'example')}, ${count(learned.tokens, 'token')}.${torn}`;
}

const count = (value: number, what: string) =>
  `${value.toLocaleString('en-US')} ${what}${value === 1 ? '' : 's'}`;

function tilesOf({ train, evaluation, speed, events }: RunMetrics): { figure: string; text: string }[] {
  const last = (series: Series | undefined) => series?.at(-1)?.[1];
  const tile = (value: number | undefined, text: string) =>
    value === undefined ? [] : [{ figure: shortNumber(value), text }];
  const speeds = speed.map(([, value]) => value).sort((left, right) => left - right);
  const happened = Object.entries(marked).flatMap(([event, { name }]) => {
    const times = events.filter((each) => each.event === event).length;
    return times === 0 ? [] : [{ figure: `${times} ×`, text: name }];
  });
  return [
    ...tile(last(train.get('loss')), 'loss of the last step'),
    ...[...evaluation]
      .slice(0, 2)
      .flatMap(([name, series]) => tile(last(series), `${wordsOf(name)}, evaluation`)),
    ...tile(speeds[speeds.length >> 1], 'tokens per second, median'),
    ...happened,
  ];
}

/** A chart for each name; an evaluation's figure lies in that of the steps where both have it. */
function figuresOf(metrics: RunMetrics): Figure[] {
  const { train, evaluation, speed, events } = metrics;
  const marks = events.flatMap(({ step, event }): LineMark[] => {
    const entry = marked[event];
    return entry === undefined ? [] : [{ x: step, color: entry.color }];
  });
  const happened = Object.entries(marked).flatMap(([event, entry]) =>
    events.some((each) => each.event === event) ? [entry] : [],
  );
  const all = new Set([...train.keys(), ...evaluation.keys()]);
  const names = [...all].filter((name) => !lastNames.includes(name));
  const figure = (name: string): Figure => {
    const series = train.get(name);
    const evaluated = evaluation.get(name);
    const lines: Line[] = [
      ...(series === undefined ? [] : [smoothed(`${wordsOf(name)}, training`, colors.train, series)]),
      ...(evaluated === undefined
        ? []
        : [{ name: `${wordsOf(name)}, evaluation`, color: colors.evaluation, points: evaluated }]),
    ];
    const compared: LegendEntry[] = [
      ...(series === undefined ? [] : [{ name: 'training', color: colors.train }]),
      { name: 'evaluation', color: colors.evaluation },
    ];
    const legend = [...(evaluated === undefined ? [] : compared), ...happened];
    const isLogarithmic = logarithmic.includes(name);
    return {
      caption: wordsOf(name),
      legend,
      chart: lineChart(lines, { xLabel: 'step', yLabel: '', logarithmic: isLogarithmic, marks }),
    };
  };
  const lastFigures = lastNames.filter((name) => all.has(name)).map(figure);
  const speedFigure: Figure = {
    caption: 'Tokens per second',
    note: 'Of the time that steps take, without evaluations and checkpoints.',
    chart: lineChart([smoothed('tokens per second', colors.train, speed)], {
      xLabel: 'step',
      yLabel: '',
      fromZero: true,
      marks,
    }),
  };
  return [...names.map(figure), ...lastFigures, ...(speed.length > 0 ? [speedFigure] : [])];
}

function smoothed(name: string, color: string, points: Series): Line {
  if (points.length < leastSmoothed) return { name, color, points };
  return { name, color, points, smooth: Math.round(points.length / leastSmoothed) };
}

function exampleSections({ examples }: RunMetrics): string[] {
  const [before, after] = [
    examples.find(({ step }) => step === 0),
    examples.findLast(({ step }) => step > 0),
  ];
  const columns = [
    ...(before === undefined ? [] : [{ title: 'before', examples: before.examples }]),
    ...(after === undefined ? [] : [{ title: `after step ${after.step}`, examples: after.examples }]),
  ];
  if (columns.length === 0) return [];
  return ['<h2>Words left out, and the guesses at them</h2>', exampleCards(columns)];
}

function eventSections({ events }: RunMetrics): string[] {
  if (events.length === 0) return [];
  const rows = events.slice(-mostEvents).map(({ step, event, detail }) => [String(step), event, detail]);
  const left = events.length - rows.length;
  const note = left === 0 ? '' : `<p class="note">The last ${rows.length}; ${left} came before.</p>`;
  return ['<h2>What happened</h2>', note, tableHtml([['step', 'event', ''], ...rows], 'words')];
}

/** `maskedAccuracy` as `Masked accuracy`. */
function wordsOf(name: string): string {
  const words = name.replace(
    /([a-z\d])([A-Z])/g,
    (_, end: string, begin: string) => `${end} ${begin.toLowerCase()}`,
  );
  return words.charAt(0).toUpperCase() + words.slice(1);
}
