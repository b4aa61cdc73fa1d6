// Speed against quality as SVG: texts per second (log scale) and Spearman on STS-B dev, a point for each engine and
// precision on the corpus with which STS-B was measured. Points are medians, the thin line through one is the range of all
// rounds; the shape is the precision.

import { leaderEnd, placeLabels } from './labels.mjs';
import { colourOf, document, heading, rounded, text, width } from './svg.mjs';

const area = { left: 90, right: width - 30, top: 96, bottom: 440 };
const height = 500;
const leastRange = 0.001; // of the quality axis: smaller differences say nothing
const shapes = {
  float32: (x, y, r) => `<circle cx="${x}" cy="${y}" r="${r}"`,
  int8: (x, y, r) => `<rect x="${rounded(x - r)}" y="${rounded(y - r)}" width="${2 * r}" height="${2 * r}"`,
  bfloat16: (x, y, r) =>
    `<path d="M${x} ${y - 1.3 * r}l${1.3 * r} ${1.3 * r}l${-1.3 * r} ${1.3 * r}l${-1.3 * r} ${-1.3 * r}z"`,
};

/** The engines with their quality; in float32 one order of the texts stands for the other. */
function pointsOf({ engines }) {
  return engines.flatMap(({ engine, peer, precision, textsPerSecond, quality }) => {
    const twin = engines.find(
      (other) => other.peer === peer && other.precision === precision && other.quality.stsSpearman,
    );
    const spearman = quality.stsSpearman ?? twin?.quality.stsSpearman;
    return spearman === undefined ? [] : [{ engine, precision, speed: textsPerSecond, spearman }];
  });
}

/** 1, 2, 3, 5 and 7 times the powers of ten between two numbers. */
function logTicks(from, to) {
  const ticks = [];
  for (let power = 10 ** Math.floor(Math.log10(from)); power <= to; power *= 10)
    ticks.push(...[1, 2, 3, 5, 7].map((digit) => digit * power).filter((tick) => tick >= from && tick <= to));
  return ticks;
}

/** About five round numbers between two. */
function linearTicks(from, to) {
  const rough = (to - from) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
  const first = Math.ceil(from / step);
  return Array.from({ length: Math.floor(to / step) - first + 1 }, (_, index) => (first + index) * step);
}

/** Functions from figures to pixels, with the ticks. */
function scales(points) {
  const slow = Math.min(...points.map(({ speed }) => speed.min)) / 1.15;
  const fast = Math.max(...points.map(({ speed }) => speed.max)) * 1.15;
  const qualities = points.map(({ spearman }) => spearman);
  const middle = (Math.min(...qualities) + Math.max(...qualities)) / 2;
  const half = 0.8 * Math.max(leastRange, Math.max(...qualities) - Math.min(...qualities));
  const across = (area.right - area.left) / Math.log(fast / slow);
  return {
    x: (speed) => area.left + Math.log(speed / slow) * across,
    y: (spearman) => area.bottom - ((spearman - middle + half) / (2 * half)) * (area.bottom - area.top),
    speeds: logTicks(slow, fast),
    qualities: linearTicks(middle - half, middle + half),
  };
}

function drawAxes({ x, y, speeds, qualities }) {
  const vertical = speeds.map((tick) => {
    const at = rounded(x(tick));
    const line = `<path d="M${at} ${area.top}V${area.bottom}" stroke="#e4e4e4"/>`;
    return `${line}\n${text(at, area.bottom + 18, tick.toLocaleString('en-US'), 'text-anchor="middle" class="figure"')}`;
  });
  const horizontal = qualities.map((tick) => {
    const at = rounded(y(tick));
    const line = `<path d="M${area.left} ${at}H${area.right}" stroke="#e4e4e4"/>`;
    return `${line}\n${text(area.left - 8, Number(at) + 4, tick.toFixed(4), 'text-anchor="end" class="figure"')}`;
  });
  const middle = (area.top + area.bottom) / 2;
  return [
    ...vertical,
    ...horizontal,
    `<path d="M${area.left} ${area.top}V${area.bottom}H${area.right}" fill="none" stroke="#888"/>`,
    text(
      (area.left + area.right) / 2,
      area.bottom + 42,
      'texts per second (log scale)',
      'text-anchor="middle"',
    ),
    text(
      0,
      0,
      'Spearman on STS-B dev',
      `text-anchor="middle" transform="translate(28 ${middle}) rotate(-90)"`,
    ),
  ];
}

/** The range, the mark and the label of a point, and a line between the last two where they are apart. */
function drawPoint({ engine, precision, x, y, from, to, ours, colour, label }, box) {
  const [left, top] = [rounded(x), rounded(y)];
  const mark = `${shapes[precision](Number(left), Number(top), ours ? 7 : 5.5)} fill="${colour}" stroke="#fff" stroke-width="1.5"/>`;
  const ends = [from, to].map((end) => `M${rounded(end)} ${rounded(y - 3)}v6`).join('');
  const range = `<path d="M${rounded(from)} ${top}H${rounded(to)}${ends}" stroke="${colour}" stroke-opacity="0.6"/>`;
  const end = leaderEnd({ x, y }, box);
  const leader = end
    ? `<path d="M${left} ${top}L${rounded(end.x)} ${rounded(end.y)}" stroke="${colour}" stroke-opacity="0.5"/>`
    : '';
  const middle = rounded((box.left + box.right) / 2);
  const place = (line) => rounded(box.top + 11 + 14 * line);
  return [
    leader + range,
    mark,
    text(
      middle,
      place(0),
      engine,
      `text-anchor="middle" class="name${ours ? ' ours' : ''}" style="fill:${colour}"`,
    ),
    text(middle, place(1), label, 'text-anchor="middle" class="figure"'),
  ];
}

/** The SVG, or undefined where encode was not measured with its quality. */
export function scatter({ environment, cases }) {
  const corpus = (cases.encode?.corpora ?? []).find((entry) => pointsOf(entry).length > 0);
  if (!corpus) return undefined;
  const points = pointsOf(corpus);
  const scale = scales(points);
  const drawn = points.map(({ engine, precision, speed, spearman }) => {
    const ours = engine.startsWith('likewise');
    const label = `${Number(speed.median.toPrecision(3)).toLocaleString('en-US')} texts/s, ${spearman.toFixed(4)}`;
    const [x, y, from, to] = [
      scale.x(speed.median),
      scale.y(spearman),
      scale.x(speed.min),
      scale.x(speed.max),
    ];
    const size = { width: Math.max(engine.length * (ours ? 7 : 6.5), label.length * 5.9), height: 29 };
    return { engine, precision, x, y, from, to, ours, label, colour: colourOf(engine), ...size };
  });
  const marks = drawn.flatMap(({ x, y, from, to }) => [
    { left: x - 8, right: x + 8, top: y - 8, bottom: y + 8 },
    { left: from, right: to, top: y - 2, bottom: y + 2 },
  ]);
  const boxes = placeLabels(drawn, marks, area);
  const shown = Object.keys(shapes).filter((precision) =>
    drawn.some((point) => point.precision === precision),
  );
  const legend = shown.flatMap((precision, index) => {
    const x = area.right - 84 * (shown.length - index) + 12;
    return [`${shapes[precision](x, 56, 5)} fill="#666"/>`, text(x + 12, 60, precision)];
  });
  const tokens = Math.round(corpus.realTokens / corpus.texts);
  const subtitle = `Speed against quality: ${corpus.corpus} (${tokens} tokens per text)`;
  return document(height, [
    heading(environment),
    text(20, 60, subtitle, 'class="panel"'),
    ...legend,
    ...drawAxes(scale),
    ...drawn.flatMap((point, index) => drawPoint(point, boxes[index])),
  ]);
}
