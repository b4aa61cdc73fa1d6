// The plot as SVG: texts per second, each corpus on a scale of its own, and each kernel's share of what the processor
// can do. Bars are medians, the thin line over a bar is the range of all rounds. A dozen rectangles need no library.

import { colourOf, colours, document, heading, rounded, text } from './svg.mjs';

const labelWidth = 290;
const barSpace = 440;
const row = 24;
const bar = 16;

/** One bar: what it is, its values as shares of the full width, and the figure at its right end. */
function drawBar(y, { label, median, min, max, figure, colour }) {
  const at = (share) => labelWidth + Math.min(1.02, share) * barSpace;
  const middle = y + bar / 2;
  const end = Math.max(at(max), at(median)) + 8;
  return [
    text(labelWidth - 10, middle + 4, label, 'text-anchor="end"'),
    `<rect x="${labelWidth}" y="${y}" width="${rounded(at(median) - labelWidth)}" height="${bar}" fill="${colour}"/>`,
    `<path d="M${rounded(at(min))} ${middle}H${rounded(at(max))}" stroke="#222" stroke-width="1.5"/>`,
    text(rounded(end), middle + 4, figure, 'class="figure"'),
  ].join('\n');
}

function corpusPanel({ corpus, engines, texts, realTokens }) {
  const most = Math.max(...engines.map(({ textsPerSecond }) => textsPerSecond.max));
  return {
    title: `Texts per second: ${corpus} (${Math.round(realTokens / texts)} tokens per text)`,
    bars: engines.map(({ engine, textsPerSecond: { median, min, max } }) => ({
      label: engine,
      median: median / most,
      min: min / most,
      max: max / most,
      figure: `${Number(median.toPrecision(3)).toLocaleString('en-US')} texts/s`,
      colour: colourOf(engine),
    })),
  };
}

function kernelPanels({ kernels }) {
  return [...new Set(kernels.map(({ backend }) => backend))].map((backend) => ({
    title: `Share of the measured limit: ${backend}`,
    scale: true,
    bars: kernels
      .filter((kernel) => kernel.backend === backend)
      .map(({ kind, precision, shape, share: { median, min, max }, rate, unit }) => ({
        label: `${kind}${precision === 'float32' ? '' : ` ${precision}`} ${shape.join('·')}`,
        median,
        min,
        max,
        figure: `${(100 * median).toFixed(0)} %, ${rate.median.toFixed(0)} ${unit}`,
        colour: unit === 'GB/s' ? colours.limit : colours.likewise,
      })),
  }));
}

/** Lines at 0, 20, … 100 % behind the bars. */
function drawScale(top, bottom) {
  return [0, 20, 40, 60, 80, 100]
    .map((percent) => {
      const x = labelWidth + (percent / 100) * barSpace;
      const line = `<path d="M${x} ${top}V${bottom}" stroke="#ddd"/>`;
      return `${line}\n${text(x, bottom + 14, `${percent} %`, 'text-anchor="middle" class="figure"')}`;
    })
    .join('\n');
}

/** The SVG, or undefined where no case gives something to draw. */
export function plot({ environment, cases }) {
  const panels = [
    ...(cases.encode?.corpora ?? []).map(corpusPanel),
    ...(cases.kernels?.kernels ? kernelPanels(cases.kernels) : []),
  ];
  if (panels.length === 0) return undefined;
  const parts = [heading(environment)];
  let y = 60;
  for (const { title, bars, scale } of panels) {
    parts.push(text(20, y, title, 'class="panel"'));
    y += 12;
    if (scale) parts.push(drawScale(y, y + bars.length * row));
    for (const [index, entry] of bars.entries())
      parts.push(drawBar(y + index * row + (row - bar) / 2, entry));
    y += bars.length * row + 44;
  }
  return document(y, parts);
}
