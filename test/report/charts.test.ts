// The pieces that reports are made of: axes with round values, lines that end where their values end, names that never
// touch one another, and pages that load nothing and know the width of a phone.
import { describe, expect, it } from 'vitest';
import { linearAxis, logAxis, roundTicks, shortNumber } from '../../src/report/axis.ts';
import { histogramChart } from '../../src/report/histogram-chart.ts';
import { lineChart } from '../../src/report/line-chart.ts';
import { neighbourCards } from '../../src/report/neighbours.ts';
import { chartsHtml, pageHtml, tableHtml, tilesHtml } from '../../src/report/page.ts';
import { pairedBars } from '../../src/report/paired-bars.ts';
import { scatterChart } from '../../src/report/scatter-chart.ts';

describe('an axis', () => {
  it.each([
    [0, 10, [0, 2, 4, 6, 8, 10]],
    [1, 500, [100, 200, 300, 400, 500]],
    [-0.31, 0.29, [-0.2, 0, 0.2]],
    [0.8672, 0.8674, [0.8672, 0.86725, 0.8673, 0.86735, 0.8674]],
    [3, 3, [3]],
  ])('from %d to %d has round values', (least, largest, ticks) => {
    expect(roundTicks(least, largest)).toEqual(ticks);
  });

  it('groups thousands, and writes what is very small with a power of ten', () => {
    expect([0, 12500, 0.25, 3e-5, -2].map(shortNumber)).toEqual(['0', '12,500', '0.25', '3e-5', '-2']);
  });

  it('places values from 0 to 1, in ratios where it is logarithmic', () => {
    expect([10, 15, 20].map(linearAxis('x', 10, 20).place)).toEqual([0, 0.5, 1]);
    const axis = logAxis('y', 0.002, 7);
    expect([0.001, 0.1, 10].map(axis.place)).toEqual([0, 0.5, 1]);
    expect(axis.ticks.map(({ text }) => text)).toEqual(['10', '1', '0.1', '0.01', '0.001']);
    expect(logAxis('y', 1e-12, 1).ticks.length).toBeLessThan(8);
  });
});

describe('lines', () => {
  const labels = { xLabel: 'step', yLabel: 'loss' };
  const pointsOf = (svg: string) =>
    [...svg.matchAll(/points="([^"]*)"/g)].map(([, points = '']) =>
      points.split(' ').map((pair) => pair.split(',').map(Number) as [number, number]),
    );

  it('leave out what is not finite, and what a logarithm does not have', () => {
    const points: [number, number][] = [1, Number.NaN, 0, -1, 2].map((y, index) => [index, y]);
    const count = (logarithmic: boolean) =>
      pointsOf(lineChart([{ name: 'a', color: 'red', points }], { ...labels, logarithmic }))[0]?.length;
    expect([count(false), count(true)]).toEqual([4, 2]);
  });

  it('a smoothed one stands before its values: means of as many to the left as to the right', () => {
    const points: [number, number][] = [0, 4, 2, 6].map((y, index) => [index, y]);
    const svg = lineChart([{ name: 'a', color: 'red', points, smooth: 1 }], { ...labels, fromZero: true });
    const [values = [], means = []] = pointsOf(svg);
    const y = (pair: [number, number] | undefined) => pair?.[1] as number;
    expect([y(means[0]), y(means[3])]).toEqual([y(values[0]), y(values[3])]);
    expect(y(means[1])).toBeCloseTo((y(values[0]) + y(values[1]) + y(values[2])) / 3, 1);
  });

  it('many points are thinned, first and last stay; none at all is a chart too', () => {
    const points = Array.from({ length: 50_000 }, (_, index): [number, number] => [index, Math.sin(index)]);
    const [drawn = []] = pointsOf(lineChart([{ name: 'a', color: 'red', points }], labels));
    expect([drawn.length, drawn[0]?.[0], drawn.at(-1)?.[0]]).toEqual([1000, 50, 406]);
    expect(lineChart([], labels)).not.toMatch(/NaN|Infinity|undefined/);
  });
});

it('a histogram shows the steps that are used, and some room beside them', () => {
  const values = Array.from({ length: 50 }, (_, index) => (index >= 24 && index < 27 ? 1 / 3 : 0));
  const svg = histogramChart([{ name: 'a', color: 'red', values }], -1, 1, {
    xLabel: 'cosine',
    yLabel: 'share',
  });
  const ticks = [...svg.matchAll(/<text class="middle"[^>]*>(-?[\d.]+)</g)].map(([, text]) => Number(text));
  expect(Math.min(...ticks)).toBeGreaterThanOrEqual(-0.08);
  expect(Math.max(...ticks)).toBeLessThanOrEqual(0.16);
});

it('names of points never touch one another, nor leave the chart; titles are escaped', () => {
  const points = Array.from({ length: 300 }, (_, index) => ({
    x: Math.sin(index * index),
    y: Math.cos(3 * index),
    color: 'red',
    title: `<${index}>`,
    name: `word-${index}`,
  }));
  const svg = scatterChart(points, 'Words');
  const names = [...svg.matchAll(/<text class="name" x="([^"]*)" y="([^"]*)"[^>]*>([^<]*)</g)];
  expect(names.length).toBeGreaterThan(20);
  expect(names.length).toBeLessThan(300);
  const boxes = names.map(([, x, y, name = '']) => ({
    left: Number(x),
    right: Number(x) + 6 * name.length,
    y: Number(y),
  }));
  for (const [index, box] of boxes.entries()) {
    expect(box.left).toBeGreaterThanOrEqual(0);
    expect(box.right).toBeLessThanOrEqual(420);
    const touching = boxes.filter(
      (other, at) =>
        at > index && other.left < box.right && box.left < other.right && Math.abs(other.y - box.y) < 11,
    );
    expect(touching).toEqual([]);
  }
  expect(svg).toContain('<title>&lt;7&gt;</title>');
});

it('a page loads nothing, fits a phone, and escapes what it is given', () => {
  const html = pageHtml({
    title: '<t>',
    lead: '"&"',
    sections: [
      tableHtml([['a'], ['<b>']]),
      tilesHtml([{ figure: '<1>', text: '<2>' }]),
      chartsHtml([
        { caption: '<c>', note: '<n>', legend: [{ name: '<l>', color: 'red' }], chart: '<svg></svg>' },
      ]),
      neighbourCards([
        { name: '<w>', color: 'red', before: [{ name: '<x>' }], after: [{ name: 'y', detail: '<z>' }] },
      ]),
      pairedBars([{ name: '<o>', before: 0.25, after: 1 }]),
    ],
  });
  expect(html).not.toMatch(/<script|<link|src=|href=|@import|url\(/);
  expect(html).toContain('<meta name="viewport" content="width=device-width, initial-scale=1">');
  expect(html).not.toMatch(/<(t|1|2|c|n|l|w|x|z|o)>/);
  expect(html).toMatch(/flex:0 0 21\.0%.*>25 %<.*>100 %</);
});
