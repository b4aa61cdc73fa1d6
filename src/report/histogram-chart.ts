// Shares in equal steps, one outline for each of the things compared.
import { linearAxis } from './axis.ts';
import { across, chartSvg, down } from './chart-frame.ts';

export interface Histogram {
  name: string;
  color: string;
  /** The share of each step. */
  values: readonly number[];
}

/** The chart as SVG; steps reach from `low` to `high`, ends that are empty in all are left out. */
export function histogramChart(
  histograms: readonly Histogram[],
  low: number,
  high: number,
  labels: { xLabel: string; yLabel: string },
): string {
  const steps = histograms[0]?.values.length ?? 1;
  const edge = (index: number) => low + (index / steps) * (high - low);
  const used = Array.from({ length: steps }, (_, index) => index).filter((index) =>
    histograms.some(({ values }) => (values[index] ?? 0) > 0.0005),
  );
  const first = Math.max(0, (used[0] ?? 0) - 1);
  const last = Math.min(steps, (used.at(-1) ?? steps - 1) + 2);
  const most = Math.max(1e-9, ...histograms.flatMap(({ values }) => values));
  const x = linearAxis(labels.xLabel, edge(first), edge(last));
  const y = linearAxis(labels.yLabel, 0, most, 4);
  const outlines = histograms.map(({ values, color }) => {
    const inside = Array.from({ length: last - first }, (_, index) => first + index);
    const path = inside.flatMap((index) =>
      [index, index + 1].map((side) => `${across(x.place(edge(side)))},${down(y.place(values[index] ?? 0))}`),
    );
    const closed = `${across(0)},${down(0)} ${path.join(' ')} ${across(1)},${down(0)}`;
    return `<polygon points="${closed}" fill="${color}" fill-opacity="0.2" stroke="${color}" stroke-width="1.5" stroke-linejoin="round"/>`;
  });
  return chartSvg(
    outlines.join(''),
    x,
    y,
    `${labels.xLabel}: ${histograms.map(({ name }) => name).join(' and ')}`,
  );
}
