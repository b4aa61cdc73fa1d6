// The demo's report: one HTML file with the figures, the loss curve and a picture of the embedding space, drawn as SVG.

const colours = ['#c0392b', '#2471a3', '#1e8449', '#b7950b', '#7d3c98', '#ca6f1e', '#117a65', '#5d6d7e'];

/** @returns HTML */
export function report({ before, after, losses, points, answers, seconds, about }) {
  const percent = (value) => `${(100 * value).toFixed(1)} %`;
  const rows = [
    ['right word first', percent(before.first), percent(after.first)],
    ['right word among the first ten', percent(before.ten), percent(after.ten)],
    ['mean reciprocal rank', before.rank.toFixed(3), after.rank.toFixed(3)],
  ];
  const cells = rows.map((row) => `<tr>${row.map((cell) => `<td>${cell}</td>`).join('')}</tr>`).join('\n');
  const queries = answers
    .map(({ query, words }) => `<tr><td>${escaped(query)}</td><td>${words.map(escaped).join(', ')}</td></tr>`)
    .join('\n');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Likewise: a sentence encoder from nothing</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
table { border-collapse: collapse; } td, th { padding: .3rem 1rem .3rem 0; text-align: left; vertical-align: top; }
svg { width: 100%; height: auto; border: 1px solid #ddd; } text { font: 10px system-ui, sans-serif; }
</style></head><body>
<h1>A sentence encoder from nothing, in ${Math.round(seconds)} seconds</h1>
<p>${escaped(about)}</p>
<h2>Definition to word, on definitions that were held out</h2>
<table><tr><th></th><th>before</th><th>after</th></tr>
${cells}</table>
<h2>Example queries</h2>
<table>${queries}</table>
<h2>Loss</h2>
${curve(losses)}
<h2>The embedding space</h2>
<p>Words by their first two principal components; colour is WordNet's topic.</p>
${scatter(points)}
</body></html>
`;
}

function curve(losses) {
  const [width, height] = [900, 260];
  const top = Math.max(...losses);
  const x = (index) => 40 + (index / Math.max(1, losses.length - 1)) * (width - 60);
  const y = (loss) => 10 + (1 - loss / top) * (height - 40);
  const smooth = losses.map((_, index) => {
    const window = losses.slice(Math.max(0, index - 15), index + 16);
    return window.reduce((sum, loss) => sum + loss, 0) / window.length;
  });
  const path = (values) =>
    values.map((value, index) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
  const ticks = [0, top / 2, top]
    .map((value) => `<text x="4" y="${y(value) + 3}">${value.toFixed(1)}</text>`)
    .join('');
  return `<svg viewBox="0 0 ${width} ${height}"><polyline points="${path(losses)}" fill="none" stroke="#cdd" />
<polyline points="${path(smooth)}" fill="none" stroke="#2471a3" stroke-width="2" />${ticks}
<text x="${width - 70}" y="${height - 8}">${losses.length} steps</text></svg>`;
}

function scatter(points) {
  const [width, height] = [900, 640];
  const bounds = [0, 1].map((axis) => points.map(({ at }) => at[axis]).sort((left, right) => left - right));
  const place = (value, axis, size) => {
    const [low, high] = [bounds[axis][0], bounds[axis].at(-1)];
    return 30 + ((value - low) / (high - low || 1)) * (size - 60);
  };
  const topics = [...new Set(points.map(({ topic }) => topic))];
  const dots = points.map(({ word, topic, at }, index) => {
    const [x, y] = [place(at[0], 0, width).toFixed(1), place(at[1], 1, height).toFixed(1)];
    const colour = colours[topics.indexOf(topic) % colours.length];
    const label =
      index % 3 === 0 ? `<text x="${x}" y="${y - 5}" fill="${colour}">${escaped(word)}</text>` : '';
    return `<circle cx="${x}" cy="${y}" r="3" fill="${colour}"><title>${escaped(word)}</title></circle>${label}`;
  });
  const legend = topics.map(
    (topic, index) =>
      `<text x="12" y="${20 + 14 * index}" fill="${colours[index % colours.length]}">${topic}</text>`,
  );
  return `<svg viewBox="0 0 ${width} ${height}">${dots.join('\n')}${legend.join('')}</svg>`;
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
