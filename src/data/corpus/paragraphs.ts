// The paragraphs of a text file: runs of lines between blank ones, the lines of each joined into one. Between Chinese
// characters nothing is put where a line ended, elsewhere a space.

import { type Line, readLines } from '../formats/lines.ts';
import type { ReadOptions } from '../formats/text-blocks.ts';

export interface Paragraph {
  text: string;
  /** Its first line, from 1. */
  line: number;
}

/** Past so many UTF-16 units a paragraph ends at the next line, so that a file without blank lines is read in parts. */
const longestParagraph = 2 ** 16;

const eastAsianEnd = /[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]$/;
const eastAsianStart = /^[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]/;

/** @throws what {@link readLines} throws */
export async function* readParagraphs(path: string, options: ReadOptions): AsyncGenerator<Paragraph> {
  let lines: Line[] = [];
  let units = 0;
  for await (const line of readLines(path, options)) {
    const text = line.text.trim();
    if (text !== '') {
      lines.push({ text, number: line.number });
      units += text.length;
      if (units < longestParagraph) continue;
    }
    if (lines.length > 0) yield joined(lines);
    lines = [];
    units = 0;
  }
  if (lines.length > 0) yield joined(lines);
}

function joined(lines: readonly Line[]): Paragraph {
  let text = '';
  for (const line of lines) {
    const between = text === '' || (eastAsianEnd.test(text) && eastAsianStart.test(line.text)) ? '' : ' ';
    text += between + line.text;
  }
  return { text, line: (lines[0] as Line).number };
}
