// Text that is safe inside HTML and SVG, and the colours that all reports share: told apart by people who confuse red and
// green too (after Okabe and Ito), and dark enough for text on white.

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

/** Colours of categories, in the order in which they are taken. */
export const PALETTE = [
  '#0072b2', // blue
  '#d55e00', // vermilion
  '#009e73', // green
  '#a3478f', // purple
  '#b58900', // ochre
  '#56b4e9', // sky
  '#7a5230', // brown
  '#666666', // grey
] as const;

/** What stood before, and what came of it, everywhere in these colours. */
export const BEFORE_AFTER = { before: '#d55e00', after: '#0072b2' } as const;

/** A colour and what it stands for. */
export interface LegendEntry {
  name: string;
  color: string;
}

/** Swatches with their names, for above a chart. */
export function legendHtml(entries: readonly LegendEntry[]): string {
  const items = entries.map(
    ({ name, color }) => `<span><i style="background:${color}"></i>${escapeHtml(name)}</span>`,
  );
  return `<p class="legend">${items.join('')}</p>`;
}
