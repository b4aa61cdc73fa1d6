// Points of a plane, coloured by what they are; some have their name beside them, as many as fit without touching.
import { at, CHART } from './chart-frame.ts';
import { escapeHtml } from './html.ts';

export interface ScatterPoint {
  x: number;
  y: number;
  color: string;
  /** Shown when the pointer rests on it. */
  title: string;
  /** Written beside it where there is room; earlier points come first. */
  name?: string;
}

const { width, height } = CHART;
const titleLength = 120;
const radius = { few: 2.8, many: 1.8 };
const many = 500;
const border = 12;
const characterWidth = 6.2;
const lineHeight = 12;

/** The chart as SVG, without axes: only who lies near whom says something. @param alt what it shows, for who does not see it */
export function scatterChart(points: readonly ScatterPoint[], alt: string): string {
  const across = place(
    points.map(({ x }) => x),
    border,
    width - border,
  );
  const down = place(
    points.map(({ y }) => y),
    height - border,
    border,
  );
  const size = points.length < many ? radius.few : radius.many;
  const circles = points.map(({ color, title }, index) => {
    const text = escapeHtml(title.slice(0, titleLength));
    return `<circle cx="${at(across[index] as number)}" cy="${at(down[index] as number)}" r="${size}" fill="${color}" fill-opacity="0.75"><title>${text}</title></circle>`;
  });
  const places = points.map((point, index) => ({
    point,
    left: across[index] as number,
    top: down[index] as number,
  }));
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(alt)}"><rect width="${width}" height="${height}" fill="#fafafa"/>${circles.join('')}${placeNames(places)}</svg>`;
}

/** Values spread evenly from one coordinate to another. */
function place(values: readonly number[], from: number, to: number): number[] {
  const least = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const size = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY) - least || 1;
  return values.map((value) => from + ((value - least) / size) * (to - from));
}

interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

const touch = (a: Box, b: Box) =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

/** Each name right, left, above or below its point, where no other is; it is left out where none of these is free. */
function placeNames(places: readonly { point: ScatterPoint; left: number; top: number }[]): string {
  const taken: Box[] = [];
  return places
    .filter(({ point }) => point.name !== undefined)
    .map(({ point, left, top }) => {
      const name = point.name as string;
      const length = name.length * characterWidth;
      const starts = [left + 5, left - 5 - length, left - length / 2, left - length / 2];
      const bases = [top + 4, top + 4, top - 5, top + 13];
      for (const [index, from] of starts.entries()) {
        const base = bases[index] as number;
        const box = { left: from, right: from + length, top: base - lineHeight + 2, bottom: base + 2 };
        if (from < 0 || box.right > width || taken.some((other) => touch(box, other))) continue;
        taken.push(box);
        return `<text class="name" x="${at(from)}" y="${at(base)}" style="fill:${point.color}">${escapeHtml(name)}</text>`;
      }
      return '';
    })
    .join('');
}
