// Reads a file or stdin as blocks of whole lines, decoded from UTF-8: what every reader here is built on.
// UTF-8 never holds the byte of a newline inside a character, so a block that ends at a newline can be checked and
// decoded in one native call; only when the check fails is the line at fault looked for.

import { isUtf8 } from 'node:buffer';
import { stat } from 'node:fs/promises';
import { addAbortSignal } from 'node:stream';
import { AbortedError, DataError } from '../../errors.ts';
import { fileError } from '../../io/files/file-error.ts';
import { compressionOf, compressionProblem, openText } from './decompression.ts';

/** How a file is read. */
export interface ReadOptions {
  /**
   * Called with the bytes of the file read so far, up to the line or record that is given next, for a progress line; of a
   * compressed file with those on the disk, about.
   */
  onBytes?: ((bytes: number) => void) | undefined;
  /** Called for each blank line of a table or of JSON lines, which is no record. */
  onBlank?: (() => void) | undefined;
  /** A line much longer than this is an error, since a line is held in memory: by default 64 MiB. */
  maxLineBytes?: number | undefined;
  /** The number of the first line that is wanted, from 1: earlier ones are passed over, unchecked. 1 by default. */
  fromLine?: number | undefined;
  /** Ends the reading, also while it waits for input, with an AbortedError. */
  signal?: AbortSignal | undefined;
}

/** Whole lines of a file. */
export interface TextBlock {
  /** The decoded text; it ends with a newline, except perhaps at the end of the file. */
  text: string;
  /** The number of the block's first line, from 1. */
  line: number;
}

const newline = 0x0a;
const defaultMaxLineBytes = 64 * 2 ** 20;

/** How a path is named in messages. */
export function describePath(path: string): string {
  return path === '-' ? 'stdin' : path;
}

/** The size of an input in bytes; undefined for stdin and for what is not a regular file. */
export async function inputSize(path: string): Promise<number | undefined> {
  if (path === '-') return undefined;
  const stats = await stat(path).catch(() => undefined);
  return stats?.isFile() ? stats.size : undefined;
}

/**
 * Reads a file as blocks of whole lines; .gz and .zst are decompressed. A byte order mark at the start is dropped;
 * nothing else is changed.
 *
 * @param path The file, or `-` for stdin.
 * @throws {FileError} The file cannot be read.
 * @throws {DataError} A line is not UTF-8 or is too long, or compressed data is damaged; the message names file and line.
 * @throws {ArgumentError} The file is .zst and this Node cannot read it.
 * @throws {AbortedError} The signal fired.
 */
export async function* readTextBlocks(path: string, options: ReadOptions = {}): AsyncGenerator<TextBlock> {
  const maxLineBytes = options.maxLineBytes ?? defaultMaxLineBytes;
  const { fromLine = 1 } = options;
  let line = 1;
  let first = true;
  let pending: Buffer[] = []; // the start of a line whose end has not been read yet
  let pendingBytes = 0;
  for await (const bytes of readChunks(path, options, () => line)) {
    if (first) refuseOtherEncodings(bytes, path);
    first = false;
    let chunk = bytes;
    if (line < fromLine) {
      const skipped = skipLines(chunk, fromLine - line);
      line += skipped.lines;
      chunk = chunk.subarray(skipped.end);
      if (chunk.length === 0) continue;
    }
    const end = chunk.lastIndexOf(newline) + 1;
    if (end > 0) {
      const block = Buffer.concat([...pending, chunk.subarray(0, end)]);
      const text = decodeLines(block, path, line);
      yield { text: line === 1 ? text.replace(/^\uFEFF/, '') : text, line };
      line += countNewlines(block);
      pending = [];
      pendingBytes = 0;
    }
    if (end < chunk.length) pending.push(chunk.subarray(end));
    pendingBytes += chunk.length - end;
    if (pendingBytes > maxLineBytes) {
      const limit = `at most ${maxLineBytes} bytes`;
      throw new DataError(`${describePath(path)}:${line}: expected a line of ${limit}; is it a text file?`);
    }
  }
  if (pendingBytes > 0) {
    const text = decodeLines(Buffer.concat(pending), path, line);
    yield { text: line === 1 ? text.replace(/^\uFEFF/, '') : text, line };
  }
}

async function* readChunks(path: string, options: ReadOptions, line: () => number): AsyncGenerator<Buffer> {
  const { signal, onBytes } = options;
  const { stream, file, compression } = openText(path);
  if (signal !== undefined) addAbortSignal(signal, stream);
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let bytes = 0;
  try {
    while (true) {
      const next = await chunks.next().catch((cause: unknown) => {
        if (signal?.aborted) throw new AbortedError('reading was aborted', { cause: signal.reason });
        const problem = compression && compressionProblem(compression, cause);
        if (problem !== undefined) throw new DataError(`${path}:${line()}: ${problem}`, { cause });
        throw fileError('read', describePath(path), cause);
      });
      if (next.done) return;
      bytes += next.value.length;
      onBytes?.(compression === undefined ? bytes : (file?.bytesRead ?? bytes));
      yield next.value;
    }
  } finally {
    stream.destroy();
  }
}

/** Where the lines after the first `count` begin in a chunk, and how many were passed: fewer, where it holds fewer. */
function skipLines(chunk: Buffer, count: number): { end: number; lines: number } {
  let end = 0;
  for (let lines = 0; lines < count; lines++) {
    const at = chunk.indexOf(newline, end);
    if (at < 0) return { end: chunk.length, lines };
    end = at + 1;
  }
  return { end, lines: count };
}

function decodeLines(block: Buffer, path: string, firstLine: number): string {
  if (isUtf8(block)) return block.toString('utf8');
  let line = firstLine;
  let start = 0;
  while (start < block.length) {
    const end = block.indexOf(newline, start) + 1 || block.length;
    if (!isUtf8(block.subarray(start, end))) break;
    start = end;
    line += 1;
  }
  const remedy = 'convert the file first, for instance with iconv -t UTF-8';
  throw new DataError(
    `${describePath(path)}:${line}: expected UTF-8 but the line has other bytes; ${remedy}`,
  );
}

function countNewlines(block: Buffer): number {
  let count = 0;
  for (let at = block.indexOf(newline); at >= 0; at = block.indexOf(newline, at + 1)) count += 1;
  return count;
}

/** UTF-16 and gzip are common enough to be named. */
function refuseOtherEncodings(start: Buffer, path: string): void {
  const mark = start.subarray(0, 2).toString('hex');
  if (mark === 'fffe' || mark === 'feff') {
    throw new DataError(
      `${describePath(path)}:1: expected UTF-8 but this is UTF-16; convert it with iconv -t UTF-8`,
    );
  }
  if (mark === '1f8b' && compressionOf(path) === undefined) {
    throw new DataError(
      `${describePath(path)}:1: expected text but this is gzip; decompress it with gzip -d, or name it .gz`,
    );
  }
}
