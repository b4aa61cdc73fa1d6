// What lies nearest to some examples, before and after: a card for each, its neighbours one below the other, with a dot in
// the colour of their kind.
import { escapeHtml } from './html.ts';

export interface Neighbour {
  name: string;
  /** What the name alone does not say. */
  detail?: string;
  /** Of its kind; none for what has no kind. */
  color?: string;
}

export interface NeighbourExample extends Neighbour {
  before: readonly Neighbour[];
  after: readonly Neighbour[];
}

const cards = 'display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,22rem),1fr));gap:1rem';
const card =
  'border:1px solid #e6e6e6;border-radius:6px;padding:.7rem 1rem;break-inside:avoid;font-size:.9rem';
const columns = 'display:flex;gap:1.2rem;margin-top:.5rem;padding-top:.5rem;border-top:1px solid #e6e6e6';
const column = 'flex:1;min-width:0;overflow-wrap:anywhere';

function entry({ name, detail, color = 'transparent' }: Neighbour): string {
  const rest = detail === undefined ? '' : ` <span style="color:#555">${escapeHtml(detail)}</span>`;
  return `<i class="dot" style="background:${color}"></i><b>${escapeHtml(name)}</b>${rest}`;
}

/** The cards as HTML, as many beside one another as fit. */
export function neighbourCards(examples: readonly NeighbourExample[]): string {
  const side = (title: string, neighbours: readonly Neighbour[]) => {
    const entries = neighbours.map(
      (neighbour) => `<div style="margin-top:.3rem;line-height:1.35">${entry(neighbour)}</div>`,
    );
    return `<div style="${column}"><small style="color:#777">${title}</small>${entries.join('')}</div>`;
  };
  const sections = examples.map(
    (example) =>
      `<section style="${card}"><div>${entry(example)}</div><div style="${columns}">${side('nearest before', example.before)}${side('nearest after', example.after)}</div></section>`,
  );
  return `<div style="${cards}">\n${sections.join('\n')}\n</div>`;
}
