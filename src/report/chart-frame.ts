// What charts have in common: an SVG of a fixed shape that scales to the width it is given, grid, labels and axis titles.
import type { Axis } from './axis.ts';
import { escapeHtml } from './html.ts';

/** The size of a chart in units of its SVG: as wide as a phone, so that letters keep their size there. */
export const CHART = { width: 420, height: 290 };

const { width, height } = CHART;
const margin = { left: 50, right: 14, top: 22, bottom: 44 };

/** The field of a chart, in units of its SVG. */
export const FIELD = {
  width: width - margin.left - margin.right,
  height: height - margin.top - margin.bottom,
};

/** A coordinate as text. */
export const at = (value: number) => value.toFixed(1);

/** From the left, for 0 to 1 of an axis. */
export const across = (share: number) => at(margin.left + share * FIELD.width);

/** From the top, for 0 to 1 of an axis. */
export const down = (share: number) => at(margin.top + (1 - share) * FIELD.height);

/** The chart, with its content between the grid and the labels. @param alt what a reader hears who does not see it */
export function chartSvg(content: string, x: Axis, y: Axis, alt: string): string {
  const grid = y.ticks.map(
    ({ at: share, text }) =>
      `<path class="grid" d="M${across(0)} ${down(share)}H${across(1)}"/><text class="end" x="${margin.left - 7}" y="${down(share)}" dy="4">${escapeHtml(text)}</text>`,
  );
  const ticks = x.ticks.map(
    ({ at: share, text }) =>
      `<path class="axis" d="M${across(share)} ${down(0)}v4"/><text class="middle" x="${across(share)}" y="${height - margin.bottom + 17}">${escapeHtml(text)}</text>`,
  );
  const titles = `<text class="middle" x="${across(0.5)}" y="${height - 6}">${escapeHtml(x.label)}</text><text x="4" y="12">${escapeHtml(y.label)}</text>`;
  const base = `<path class="axis" d="M${across(0)} ${down(0)}H${across(1)}"/>`;
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(alt)}">${grid.join('')}${ticks.join('')}${titles}${content}${base}</svg>`;
}
