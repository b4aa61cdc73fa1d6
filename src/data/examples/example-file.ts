// A file of training examples that is read at random: one pass finds every row, checks it and notes its place (12 bytes
// a row), its texts' keys (8 bytes a text) and its score (8 bytes); after that only the rows of a batch are in memory. The
// pass also makes the fingerprint by which a resumed run knows its data again: of what was read, so that a header which
// names the same columns the other way round makes other data of the same rows.

import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { AbortedError, DataError } from '../../errors.ts';
import { fileError } from '../../io/files/file-error.ts';
import { isBlankLine } from '../formats/blank-line.ts';
import { guessFormat, type TextFormat } from '../formats/file-format.ts';
import { headerProblem, namesColumns } from '../formats/header-row.ts';
import { peekRows } from '../formats/peek-rows.ts';
import { type ScannedRow, scanRows } from '../formats/row-scan.ts';
import {
  type Example,
  type ExampleRowOptions,
  fieldsOf,
  hasHeader,
  type RowParser,
  RowProblem,
  rowParser,
} from './example-row.ts';
import { GrowingArray } from './growing-array.ts';
import { textKey } from './text-key.ts';

export interface ExampleFileOptions extends Omit<ExampleRowOptions, 'format'> {
  /** Guessed from the extension when not given. */
  format?: TextFormat | undefined;
  /** A row that cannot be used ends the reading (`stop`, the default) or is counted and left out (`skip`). */
  onCorrupt?: 'stop' | 'skip' | undefined;
  /** Examples to take at most, from the first on. */
  maxSamples?: number | undefined;
  /** Told of each row left out: `file:line: reason`. */
  onSkipped?: ((reason: string) => void) | undefined;
  /** Ends the pass over the file with an AbortedError. */
  signal?: AbortSignal | undefined;
  /** The key of a configuration that names the file, for messages. */
  key?: string | undefined;
}

/** What one pass over the file found. */
interface Rows {
  starts: Float64Array; // [rows]
  lengths: Uint32Array; // [rows], bytes
  keys: Float64Array; // [rows, texts]
  scores: Float64Array; // [rows], or none
}

export class ExampleFile {
  readonly path: string;
  /** Examples. */
  readonly length: number;
  /** Texts of an example. */
  readonly texts: number;
  /** Rows that could not be used, left out by `onCorrupt: 'skip'`. */
  readonly skipped: number;
  /** Empty lines, which are no examples. */
  readonly blank: number;
  /** The first example, as it was read. */
  readonly first: Example;
  /** SHA-256 over the examples, texts and scores as they were read, hexadecimal. */
  readonly fingerprint: string;
  /** [length, texts]: equal texts have equal keys. */
  readonly keys: Float64Array;
  readonly #rows: Rows;
  readonly #parse: RowParser;
  readonly #handle: FileHandle;

  private constructor(path: string, scan: FileScan, parse: RowParser, handle: FileHandle) {
    this.path = path;
    this.#rows = scan.rows();
    this.length = this.#rows.starts.length;
    this.texts = scan.texts;
    this.keys = this.#rows.keys;
    this.skipped = scan.skipped;
    this.blank = scan.blank;
    this.first = scan.first as Example;
    this.fingerprint = scan.fingerprint();
    this.#parse = parse;
    this.#handle = handle;
  }

  /**
   * Reads the file once.
   * @throws ArgumentError when format or columns cannot be used; FileError; DataError naming file and line for a row
   *   that cannot be used, or when no row can; AbortedError
   */
  static async open(path: string, options: ExampleFileOptions): Promise<ExampleFile> {
    const rowOptions = { ...options, format: options.format ?? guessFormat(path) };
    const headed = hasHeader(rowOptions);
    let parse = headed ? undefined : rowParser(rowOptions);
    const scan = new FileScan(path, rowOptions);
    const { first, rows, close } = await peekRows(scanRows(path, rowOptions.format));
    const problem = headed || options.header !== undefined ? undefined : headerIn(path, rowOptions, first);
    if (problem !== undefined) {
      await close();
      throw problem;
    }
    for await (const row of rows) {
      if (options.signal?.aborted)
        throw new AbortedError('reading was aborted', { cause: options.signal.reason });
      if (isBlankRow(row, rowOptions.format)) scan.blank += 1;
      else if (parse === undefined) parse = parserFor(rowOptions, row, path);
      else if (scan.add(row, parse)) break;
    }
    if (parse === undefined || scan.length === 0) {
      const found =
        scan.skipped > 0
          ? `all ${scan.skipped} rows were left out, the first because of ${scan.firstProblem}`
          : 'there is none';
      throw new DataError(`${path}: expected at least one example but ${found}`);
    }
    try {
      return new ExampleFile(path, scan, parse, await open(path, 'r'));
    } catch (error) {
      throw fileError('read', path, error);
    }
  }

  /** The examples of these rows, in the order given. @throws FileError, DataError when the file has changed */
  read(rows: Iterable<number>): Promise<Example[]> {
    return Promise.all(Array.from(rows, (row) => this.#readOne(row)));
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  async #readOne(row: number): Promise<Example> {
    const { starts, lengths } = this.#rows;
    const bytes = Buffer.alloc(lengths[row] as number);
    try {
      await this.#handle.read(bytes, 0, bytes.length, starts[row]);
    } catch (error) {
      throw fileError('read', this.path, error);
    }
    let example: Example | undefined;
    try {
      example = this.#parse(bytes.toString('utf8'));
    } catch (error) {
      if (!(error instanceof RowProblem)) throw error;
    }
    const same =
      example?.score === this.#rows.scores[row] &&
      example?.texts.every((text, index) => textKey(text) === this.keys[row * this.texts + index]);
    if (same && example !== undefined) return example;
    throw new DataError(
      `${this.path}: expected the same rows as at the start but the file has changed: restore it`,
    );
  }
}

/** In txt too: an empty text is no example. */
function isBlankRow({ text }: ScannedRow, format: TextFormat): boolean {
  return text !== undefined && (format === 'txt' ? text.trim() === '' : isBlankLine(text, format));
}

/** What is wrong when the first row of a table names its columns. */
function headerIn(
  path: string,
  options: ExampleFileOptions,
  first: readonly ScannedRow[],
): DataError | undefined {
  const { format } = options;
  if (format !== 'csv' && format !== 'tsv') return undefined;
  const rows = first.filter((row) => row.text !== undefined && !isBlankLine(row.text, format));
  const fields = rows.map(({ text = '' }) => fieldsOf(text, format)); // what cannot be split has no text
  if (!namesColumns(fields)) return undefined;
  const problem = headerProblem(fields[0] as string[], options.key);
  return new DataError(`${path}:${rows[0]?.line}: ${problem}, or name the columns to read in columns`);
}

function parserFor(options: ExampleRowOptions, row: ScannedRow, path: string): RowParser {
  try {
    if (row.text === undefined) throw new RowProblem(row.problem);
    return rowParser(options, row.text);
  } catch (error) {
    if (error instanceof RowProblem) throw new DataError(`${path}:${row.line}: ${error.message}`);
    throw error;
  }
}

/** The notes of a pass over a file. */
class FileScan {
  readonly texts: number;
  skipped = 0;
  blank = 0;
  length = 0;
  first: Example | undefined;
  /** Of the first row that was left out. */
  firstProblem = '';
  readonly #path: string;
  readonly #options: ExampleFileOptions;
  readonly #starts = new GrowingArray((length) => new Float64Array(length));
  readonly #lengths = new GrowingArray((length) => new Uint32Array(length));
  readonly #keys = new GrowingArray((length) => new Float64Array(length));
  readonly #scores = new GrowingArray((length) => new Float64Array(length));
  readonly #hash = createHash('sha256');

  constructor(path: string, options: ExampleFileOptions) {
    this.#path = path;
    this.#options = options;
    this.texts = options.texts;
  }

  /** Notes a row; true when no more are wanted. @throws DataError when the row cannot be used and that is to stop */
  add(row: ScannedRow, parse: RowParser): boolean {
    let example: Example;
    try {
      if (row.text === undefined) throw new RowProblem(row.problem);
      example = parse(row.text);
    } catch (error) {
      if (!(error instanceof RowProblem)) throw error;
      const reason = `${this.#path}:${row.line}: ${error.message}`;
      if (this.#options.onCorrupt !== 'skip') {
        throw new DataError(`${reason}; correct the row, or leave out such rows with onCorrupt: skip`);
      }
      if (this.skipped === 0) this.firstProblem = reason;
      this.skipped += 1;
      this.#options.onSkipped?.(reason);
      return false;
    }
    this.first ??= example;
    this.#starts.push(row.start);
    this.#lengths.push(row.bytes.length);
    for (const text of example.texts) this.#keys.push(textKey(text));
    if (example.score !== undefined) this.#scores.push(example.score);
    this.#hash.update(`${JSON.stringify([example.texts, example.score])}\n`);
    this.length += 1;
    return this.length === this.#options.maxSamples;
  }

  rows(): Rows {
    return {
      starts: this.#starts.finish(),
      lengths: this.#lengths.finish(),
      keys: this.#keys.finish(),
      scores: this.#scores.finish(),
    };
  }

  fingerprint(): string {
    return this.#hash.digest('hex');
  }
}
