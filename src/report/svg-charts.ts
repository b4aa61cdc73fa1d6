// The three charts of a report as inline SVG: lines, bars and points. Plain strings; nothing is loaded from anywhere.

const width = 460;
const height = 280;
const margin = { left: 52, right: 12, top: 12, bottom: 36 };
const inner = { width: width - margin.left - margin.right, height: height - margin.top - margin.bottom };

/** One of the things compared in a chart. */
export interface Series {
  name: string;
  color: string;
  values: readonly number[];
}

export function escapeHtml(text: string): string {
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replace(/[&<>"']/g, (character) => entities[character] as string);
}

const short = (value: number) => Number(value.toPrecision(3)).toString();
const at = (value: number) => value.toFixed(1);

function frame(
  content: string,
  xLabel: string,
  yLabels: [number, string][],
  xLabels: [number, string][],
): string {
  const grid = yLabels.map(([y, text]) => {
    const top = at(margin.top + y);
    return `<line x1="${margin.left}" x2="${width - margin.right}" y1="${top}" y2="${top}" class="grid"/><text x="${margin.left - 6}" y="${top}" class="y">${text}</text>`;
  });
  const ticks = xLabels.map(
    ([x, text]) =>
      `<text x="${at(margin.left + x)}" y="${height - margin.bottom + 15}" class="x">${text}</text>`,
  );
  const label = `<text x="${margin.left + inner.width / 2}" y="${height - 4}" class="x">${escapeHtml(xLabel)}</text>`;
  return `<svg viewBox="0 0 ${width} ${height}" role="img">${grid.join('')}${ticks.join('')}${label}${content}</svg>`;
}

function legend(series: readonly { name: string; color: string }[]): string {
  return series
    .map(({ name, color }, index) => {
      const y = margin.top + 10 + 16 * index;
      const x = width - margin.right - 120;
      return `<rect x="${x}" y="${y - 8}" width="10" height="10" fill="${color}"/><text x="${x + 15}" y="${y + 1}" class="key">${escapeHtml(name)}</text>`;
    })
    .join('');
}

/** Values by index, logarithmic upwards; zeros are left out. */
export function logLines(series: readonly Series[], xLabel: string): string {
  const positive = series.flatMap(({ values }) => values.filter((value) => value > 0));
  const top = Math.ceil(Math.log10(Math.max(...positive, 1e-300)));
  const bottom = Math.max(top - 12, Math.floor(Math.log10(Math.min(...positive, 1))));
  const most = Math.max(2, ...series.map(({ values }) => values.length));
  const x = (index: number) => (index / (most - 1)) * inner.width;
  const y = (value: number) => ((top - Math.log10(value)) / Math.max(1, top - bottom)) * inner.height;
  const lines = series.map(({ values, color }) => {
    const points = [...values.entries()].filter(([, value]) => value >= 10 ** bottom);
    const path = points.map(([index, value]) => `${at(margin.left + x(index))},${at(margin.top + y(value))}`);
    return `<polyline points="${path.join(' ')}" fill="none" stroke="${color}" stroke-width="1.6"/>`;
  });
  const yLabels = Array.from({ length: top - bottom + 1 }, (_, i): [number, string] => [
    y(10 ** (bottom + i)),
    `1e${bottom + i}`,
  ]);
  const xLabels = [0, 0.25, 0.5, 0.75, 1].map((share): [number, string] => [
    share * inner.width,
    String(Math.round(1 + share * (most - 1))),
  ]);
  return frame(lines.join('') + legend(series), xLabel, yLabels, xLabels);
}

/** Shares in equal steps from `low` to `high`, one outline per series. */
export function histograms(series: readonly Series[], low: number, high: number, xLabel: string): string {
  const most = Math.max(...series.flatMap(({ values }) => values), 1e-9);
  const steps = series[0]?.values.length ?? 1;
  const areas = series.map(({ values, color }) => {
    const points = values.flatMap((value, index) => {
      const y = at(margin.top + inner.height * (1 - value / most));
      return [index, index + 1].map((edge) => `${at(margin.left + (edge / steps) * inner.width)},${y}`);
    });
    const base = at(margin.top + inner.height);
    const closed = `${at(margin.left)},${base} ${points.join(' ')} ${at(margin.left + inner.width)},${base}`;
    return `<polygon points="${closed}" fill="${color}" fill-opacity="0.25" stroke="${color}"/>`;
  });
  const yLabels = [0, 0.5, 1].map((share): [number, string] => [
    (1 - share) * inner.height,
    short(share * most),
  ]);
  const xLabels = [0, 0.25, 0.5, 0.75, 1].map((share): [number, string] => [
    share * inner.width,
    short(low + share * (high - low)),
  ]);
  return frame(areas.join('') + legend(series), xLabel, yLabels, xLabels);
}

/** Points [n, 2], each with its colour and a title to hover over. */
export function scatter(points: Float32Array, colors: readonly string[], titles: readonly string[]): string {
  const range = (axis: number) => {
    const values = colors.map((_, index) => points[2 * index + axis] as number);
    const [least, largest] = values.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
    ] as [number, number]);
    return { least, size: largest - least || 1 };
  };
  const [x, y] = [range(0), range(1)];
  const circles = colors.map((color, index) => {
    const across = (((points[2 * index] as number) - x.least) / x.size) * inner.width;
    const down = (1 - ((points[2 * index + 1] as number) - y.least) / y.size) * inner.height;
    const title = escapeHtml((titles[index] ?? '').slice(0, 120));
    return `<circle cx="${at(margin.left + across)}" cy="${at(margin.top + down)}" r="2.4" fill="${color}"><title>${title}</title></circle>`;
  });
  return frame(circles.join(''), 'first principal component', [], []);
}
