// The lines of a text file, one after another, with their numbers.

import { type ReadOptions, readTextBlocks } from './text-blocks.ts';

/** One line, without its line ending. */
export interface Line {
  text: string;
  /** From 1. */
  number: number;
}

/**
 * Reads a file line by line in constant memory. `\n` and `\r\n` end a line and are dropped; a last line without an
 * ending counts, nothing follows a last newline. A byte order mark at the start of the file is dropped.
 *
 * @param path The file, or `-` for stdin.
 * @throws {FileError} The file cannot be read.
 * @throws {DataError} A line is not UTF-8 or is too long.
 */
export async function* readLines(path: string, options: ReadOptions = {}): AsyncGenerator<Line> {
  let [bytes, before] = [0, 0]; // of the file, up to the end of this block and of the one before
  const onBytes = (read: number) => {
    bytes = read;
  };
  for await (const block of readTextBlocks(path, { ...options, onBytes })) {
    const bytesPerCharacter = (bytes - before) / block.text.length;
    let number = block.line;
    let start = 0;
    while (start < block.text.length) {
      const newline = block.text.indexOf('\n', start);
      const end = newline < 0 ? block.text.length : newline;
      const text = block.text.slice(start, block.text[end - 1] === '\r' && end > start ? end - 1 : end);
      start = end + 1;
      options.onBytes?.(Math.round(before + bytesPerCharacter * Math.min(start, block.text.length)));
      yield { text, number };
      number += 1;
    }
    before = bytes;
  }
}
