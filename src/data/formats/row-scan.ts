// The rows of a file with their places in it: byte offsets, so that any row can be read again without the others. Lines
// are found by bytes; a CSV record goes on over lines while a quote is open. What is wrong with one row is said of that
// row alone and reading goes on at the next line: the caller decides whether it stops.

import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { DataError } from '../../errors.ts';
import { fileError } from '../../io/files/file-error.ts';
import { splitCsvRecord } from './csv-record.ts';
import type { TextFormat } from './file-format.ts';

/** A row: where it is and what it says, or why it cannot be read. */
export interface ScannedRow {
  /** Offset of its first byte. */
  start: number;
  bytes: Buffer;
  /** Number of its first line, from 1. */
  line: number;
  /** Undefined when it is not UTF-8 or, in CSV, its quotes are not balanced. */
  text: string | undefined;
  problem?: string;
}

interface RawLine {
  start: number;
  /** Without the line ending. */
  bytes: Buffer;
  number: number;
}

const newline = 0x0a;
const carriageReturn = 0x0d;
const quote = 0x22;
const maxRowBytes = 64 * 2 ** 20;
/** A CSV record longer than this has an unbalanced quote, and the lines after it are records of their own. */
const maxRecordBytes = 2 ** 20;

/** The rows of a file in order, a byte order mark dropped, in constant memory. @throws FileError, DataError for endless lines */
export async function* scanRows(path: string, format: TextFormat): AsyncGenerator<ScannedRow> {
  const lines = rawLines(path);
  if (format === 'csv') yield* csvRecords(lines);
  else for await (const line of lines) yield scanned(line.start, line.bytes, line.number);
}

function scanned(start: number, bytes: Buffer, line: number): ScannedRow {
  if (isUtf8(bytes)) return { start, bytes, line, text: bytes.toString('utf8') };
  return { start, bytes, line, text: undefined, problem: 'expected UTF-8 but the row has other bytes' };
}

async function* rawLines(path: string): AsyncGenerator<RawLine> {
  let number = 1;
  let position = 0; // of the first byte of `rest`
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunksOf(path)) {
    // Only the new chunk is searched for a newline, so that a very long line is not searched again and again.
    const before = rest.length;
    const block = before === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = block.indexOf(newline, before); end >= 0; end = block.indexOf(newline, start)) {
      yield lineOf(block, start, end, position, number);
      number += 1;
      start = end + 1;
    }
    rest = block.subarray(start);
    position += start;
    if (rest.length > maxRowBytes) {
      throw new DataError(
        `${path}:${number}: expected a line of at most ${maxRowBytes} bytes; is it a text file?`,
      );
    }
  }
  if (rest.length > 0) yield lineOf(rest, 0, rest.length, position, number);
}

function lineOf(block: Buffer, start: number, end: number, position: number, number: number): RawLine {
  const marked = number === 1 && block.subarray(start, start + 3).toString('hex') === 'efbbbf';
  const first = marked ? start + 3 : start;
  const last = end > first && block[end - 1] === carriageReturn ? end - 1 : end;
  return { start: position + first, bytes: block.subarray(first, last), number };
}

async function* chunksOf(path: string): AsyncGenerator<Buffer> {
  const stream = createReadStream(path, { highWaterMark: 2 ** 18 });
  try {
    for await (const chunk of stream) yield chunk as Buffer;
  } catch (cause) {
    throw fileError('read', path, cause);
  } finally {
    stream.destroy();
  }
}

/** Joins lines while a quote is open; after a record that cannot be read, its second line begins the next one. */
async function* csvRecords(lines: AsyncGenerator<RawLine>): AsyncGenerator<ScannedRow> {
  let open: RawLine[] = []; // the lines of a record that has not ended
  for await (const line of lines) {
    open.push(line);
    // Only a quote can end a record that is open.
    if (open.length > 1 && !line.bytes.includes(quote) && recordBytes(open) <= maxRecordBytes) continue;
    open = yield* drain(open, false);
  }
  yield* drain(open, true);
}

function* drain(lines: RawLine[], atEnd: boolean): Generator<ScannedRow, RawLine[]> {
  let waiting = lines;
  while (waiting.length > 0) {
    const taken = takeRecord(waiting);
    if (taken === undefined) {
      if (!atEnd && recordBytes(waiting) <= maxRecordBytes) return waiting;
      yield {
        ...joined(waiting, 1),
        text: undefined,
        problem: 'expected a closing quote; are the quotes balanced?',
      };
      waiting = waiting.slice(1);
    } else {
      yield taken.row;
      waiting = waiting.slice(taken.lines);
    }
  }
  return waiting;
}

/** The record that begins with the first line, or undefined when more lines are needed. */
function takeRecord(waiting: RawLine[]): { row: ScannedRow; lines: number } | undefined {
  for (let lines = 1; lines <= waiting.length; lines++) {
    if (lines > 1 && !(waiting[lines - 1] as RawLine).bytes.includes(quote)) continue;
    const row = joined(waiting, lines);
    if (row.text === undefined) return { row: joined(waiting, 1), lines: 1 };
    const fields = splitCsvRecord(row.text);
    if (fields === 'incomplete') continue;
    if (!('problem' in fields)) return { row, lines };
    const first = joined(waiting, 1);
    return {
      row: { ...first, text: undefined, problem: `${fields.problem}; are the quotes balanced?` },
      lines: 1,
    };
  }
  return undefined;
}

/** The first lines as one row, with the line endings between them as LF or CRLF, as they are in the file. */
function joined(waiting: RawLine[], count: number): ScannedRow {
  const [first] = waiting as [RawLine];
  if (count === 1) return scanned(first.start, first.bytes, first.number);
  const pieces: Buffer[] = [];
  let position = first.start;
  for (const line of waiting.slice(0, count)) {
    if (line !== first) pieces.push(Buffer.from(line.start - position === 2 ? '\r\n' : '\n'));
    pieces.push(line.bytes);
    position = line.start + line.bytes.length;
  }
  return scanned(first.start, Buffer.concat(pieces), first.number);
}

function recordBytes(lines: RawLine[]): number {
  const last = lines.at(-1) as RawLine;
  return last.start + last.bytes.length - (lines[0] as RawLine).start;
}
