// The files that a command over texts reads: files of any text format, compressed or not, stdin, and what folders and patterns
// hold.

import { stat } from 'node:fs/promises';
import { withoutCompression } from '../formats/decompression.ts';
import { guessFormat, type TextFormat } from '../formats/file-format.ts';
import { corpusFiles } from './corpus-files.ts';

export interface TextFile {
  /** `-` is stdin. */
  path: string;
  format: TextFormat;
  /** On the disk; undefined for stdin and pipes. */
  bytes: number | undefined;
}

/**
 * @param format Of all of them; by default as each name tells.
 * @throws {ArgumentError} A file's name does not say what format it has.
 * @throws {FileError} A file or folder does not exist.
 * @throws {DataError} A folder holds no text, a pattern matches nothing, or a file in them is empty.
 */
export async function textFiles(paths: readonly string[], format?: TextFormat): Promise<TextFile[]> {
  const files: TextFile[] = [];
  for (const path of paths) {
    const stats = path === '-' ? undefined : await stat(path).catch(() => undefined);
    if (path === '-' || stats?.isDirectory() === false) {
      const bytes = stats?.isFile() ? stats.size : undefined; // a pipe has no size
      files.push({ path, format: format ?? guessFormat(withoutCompression(path)), bytes });
      continue;
    }
    for (const file of await corpusFiles([path])) {
      const own = file.format === 'jsonl' ? 'jsonl' : 'txt';
      files.push({ path: file.path, format: format ?? own, bytes: file.bytes });
    }
  }
  return files;
}
