// A blank line is no record of a table or of JSON lines: editors and spreadsheets leave one at the end. In txt it is an
// empty text.

import type { TextFormat } from './file-format.ts';

/** Whether a line is no record. A line of tabs is one in tsv: a row of empty fields. */
export function isBlankLine(text: string, format: TextFormat): boolean {
  if (format === 'txt') return false;
  return text.trim() === '' && !(format === 'tsv' && text.includes('\t'));
}
