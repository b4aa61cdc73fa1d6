// Two bars for each of some things, before and after, with their figures: plain HTML, so that names never overlap and the
// bars are as wide as the page.
import { BEFORE_AFTER, escapeHtml } from './html.ts';

export interface PairedBar {
  name: string;
  /** Shares between 0 and 1. */
  before: number;
  after: number;
}

const percent = (share: number) => `${Math.round(100 * share)} %`;

/** The rows as HTML; a full bar is a share of 1. */
export function pairedBars(rows: readonly PairedBar[]): string {
  const bar = (share: number, color: string) =>
    `<span style="display:flex;align-items:center;gap:.5em;height:1.05em;font-size:.85em"><i style="flex:0 0 ${(84 * share).toFixed(1)}%;height:.75em;background:${color}"></i>${percent(share)}</span>`;
  const lines = rows.map(
    ({ name, before, after }) =>
      `<tr><td>${escapeHtml(name)}</td><td style="width:100%;text-align:left">${bar(before, BEFORE_AFTER.before)}${bar(after, BEFORE_AFTER.after)}</td></tr>`,
  );
  return `<table style="width:100%">${lines.join('\n')}</table>`;
}
