// What the plots have in common: text, colours, the frame. A few shapes need no library.

export const width = 900;
export const colours = {
  likewise: '#1f6f8b',
  onnxruntime: '#c8873c',
  sentence: '#8d6a9f',
  llama: '#a8485a',
  limit: '#6f8f4e',
};

const style =
  'text{font:12px sans-serif;fill:#222}.title{font-size:16px;font-weight:bold}.panel{font-size:13px;font-weight:bold}' +
  '.figure{font-size:11px;fill:#444;stroke:#fff;stroke-width:3px;paint-order:stroke}' +
  '.name{stroke:#fff;stroke-width:3px;paint-order:stroke}.ours{font-weight:bold}';

const escaped = (content) =>
  String(content).replace(/[&<>]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[sign]);

export const text = (x, y, content, extra = '') =>
  `<text x="${x}" y="${y}" ${extra}>${escaped(content)}</text>`;

export const rounded = (value) => value.toFixed(1);

/** Of an engine, by the beginning of its name. */
export const colourOf = (engine) => colours[Object.keys(colours).find((key) => engine.startsWith(key))];

/** On which machine, and when. */
export const heading = ({ cpu, threads, likewise, date }) =>
  text(20, 28, `likewise ${likewise} on ${cpu}, ${threads} threads, ${date.slice(0, 10)}`, 'class="title"');

export function document(height, parts) {
  const open = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`;
  const background = `<rect width="${width}" height="${height}" fill="#fff"/>`;
  return `${[open, `<style>${style}</style>`, background, ...parts, '</svg>'].join('\n')}\n`;
}
