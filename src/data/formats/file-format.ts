// The text formats that are read, and how a file's format is known.

import { extname } from 'node:path';
import { ArgumentError } from '../../errors.ts';

/** txt: a text per line. jsonl: a JSON value per line. csv: with quotes. tsv: fields between tabs, no quotes. */
export type TextFormat = 'txt' | 'jsonl' | 'csv' | 'tsv';

const extensions: Record<string, TextFormat> = {
  '.txt': 'txt',
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.csv': 'csv',
  '.tsv': 'tsv',
};

/** The format of a file by its extension, or undefined. */
export function formatByName(path: string): TextFormat | undefined {
  return extensions[extname(path).toLowerCase()];
}

/**
 * The format of a file by its extension.
 *
 * @throws {ArgumentError} The extension says nothing, or the path is `-`.
 */
export function guessFormat(path: string): TextFormat {
  const format = formatByName(path);
  if (format !== undefined) return format;
  const what =
    path === '-'
      ? 'stdin has no file name that would say what format it has'
      : `the name of ${path} does not say what format it has`;
  throw new ArgumentError(
    `${what}: expected .txt, .jsonl, .csv or .tsv; name one with --format (option \`format\`)`,
  );
}
