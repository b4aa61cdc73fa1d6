// How files of a corpus are written: what in them is a document, and where its sentences are.

import { extname } from 'node:path';
import { ArgumentError } from '../../errors.ts';
import { withoutCompression } from '../formats/decompression.ts';

/**
 * - `document`: a file is a document, of paragraphs between blank lines; the lines of a paragraph are joined.
 * - `sentences`: a line is a sentence, a blank line is between documents.
 * - `paragraphs`: every paragraph is a document of its own.
 * - `jsonl`: a line is a document, a JSON string or an object with its text in a field.
 */
export type CorpusFormat = 'document' | 'sentences' | 'paragraphs' | 'jsonl';

export const CORPUS_FORMATS: readonly CorpusFormat[] = ['document', 'sentences', 'paragraphs', 'jsonl'];

const byExtension: Record<string, CorpusFormat> = {
  '.txt': 'document',
  '.text': 'document',
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
};

/** The format that a file's name tells. @throws {ArgumentError} It tells none */
export function formatOf(path: string): CorpusFormat {
  const format = byExtension[extname(withoutCompression(path)).toLowerCase()];
  if (format !== undefined) return format;
  throw new ArgumentError(
    `the name of ${path} does not say how it is written; expected .txt or .jsonl, or a format: ` +
      CORPUS_FORMATS.join(', '),
  );
}
