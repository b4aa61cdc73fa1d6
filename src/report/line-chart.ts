// Lines over a common axis: spectra, losses, learning rates, throughput.
import { linearAxis, logAxis } from './axis.ts';
import { across, chartSvg, down } from './chart-frame.ts';

export interface Line {
  name: string;
  color: string;
  /** [x, y], in ascending order of x; what is not finite is left out. */
  points: readonly (readonly [number, number])[];
  /** Half the number of neighbours over which it is averaged; the line itself then stands behind, pale. */
  smooth?: number;
}

/** Something that happened, as a line from top to bottom. */
export interface LineMark {
  x: number;
  color: string;
}

export interface LineChartOptions {
  xLabel: string;
  yLabel: string;
  /** Logarithmic upwards; what is not positive is left out. */
  logarithmic?: boolean;
  /** Whether the axis begins at 0 however large the values are. Not for logarithmic ones. */
  fromZero?: boolean;
  /** Values of y that are shown in any case. */
  include?: readonly number[];
  /** Those within the chart. */
  marks?: readonly LineMark[];
}

const mostPoints = 1000;
/** Powers of ten below the largest value that are shown. */
const decades = 12;

/** The chart as SVG. */
export function lineChart(lines: readonly Line[], options: LineChartOptions): string {
  const { xLabel, yLabel, logarithmic = false, fromZero = false, include = [], marks = [] } = options;
  const shown = lines.map((line) => ({
    ...line,
    points: line.points.filter((point) => isShown(point, logarithmic)),
  }));
  const all = shown.flatMap(({ points }) => points);
  const [left, right] = extent(all.map(([x]) => x));
  const [low, high] = extent([...all.map(([, y]) => y), ...include]);
  const x = linearAxis(xLabel, left, right);
  const y = logarithmic
    ? logAxis(yLabel, Math.max(low, high / 10 ** decades), high)
    : linearAxis(yLabel, ...(fromZero ? zeroTo(high) : padded(low, high)));
  const draw = (points: Line['points'], color: string, look: string) => {
    const [only] = points;
    if (points.length === 1 && only !== undefined)
      return `<circle cx="${across(x.place(only[0]))}" cy="${down(y.place(only[1]))}" r="3" fill="${color}"/>`;
    const path = thinned(points).map(
      ([px, py]) => `${across(x.place(px))},${down(Math.max(0, y.place(py)))}`,
    );
    return `<polyline points="${path.join(' ')}" fill="none" stroke="${color}" stroke-linejoin="round" ${look}/>`;
  };
  const drawn = shown.map(({ points, color, smooth }) =>
    smooth === undefined
      ? draw(points, color, 'stroke-width="2"')
      : draw(points, color, 'stroke-width="1" stroke-opacity="0.25"') +
        draw(averaged(points, smooth), color, 'stroke-width="2"'),
  );
  const inside = thinned(marks.filter((mark) => mark.x >= left && mark.x <= right));
  const upright = inside.map(
    (mark) =>
      `<path d="M${across(x.place(mark.x))} ${down(0)}V${down(1)}" stroke="${mark.color}" stroke-dasharray="3 2"/>`,
  );
  return chartSvg(
    [...upright, ...drawn].join(''),
    x,
    y,
    `${lines.map(({ name }) => name).join(', ')}${yLabel === '' ? '' : `: ${yLabel}`} by ${xLabel}`,
  );
}

const isShown = ([x, y]: readonly [number, number], logarithmic: boolean) =>
  Number.isFinite(x) && Number.isFinite(y) && (!logarithmic || y > 0);

function extent(values: readonly number[]): [number, number] {
  if (values.length === 0) return [0.1, 1];
  return values.reduce<[number, number]>(
    ([least, largest], value) => [Math.min(least, value), Math.max(largest, value)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  );
}

const zeroTo = (high: number): [number, number] => [0, high];

/** Some room below and above, but none below 0 for what is never negative. */
function padded(low: number, high: number): [number, number] {
  const room = 0.05 * (high - low || Math.abs(high) || 1);
  return [low >= 0 ? Math.max(0, low - room) : low - room, high + room];
}

/** Evenly chosen ones, the first and the last among them. */
function thinned<Point>(points: readonly Point[]): readonly Point[] {
  if (points.length <= mostPoints) return points;
  const step = (points.length - 1) / (mostPoints - 1);
  return Array.from({ length: mostPoints }, (_, index) => points[Math.round(index * step)] as Point);
}

function averaged(points: Line['points'], half: number): Line['points'] {
  const sums = [0];
  for (const [, y] of points) sums.push((sums.at(-1) as number) + y);
  return points.map(([x], index) => {
    const reach = Math.min(half, index, points.length - 1 - index); // symmetric, so that ends do not lag
    const [from, to] = [index - reach, index + reach + 1];
    return [x, ((sums[to] as number) - (sums[from] as number)) / (to - from)];
  });
}
