// The records of a CSV or TSV file: arrays of fields with the line they start on. CSV is RFC 4180 as csv-parse reads
// it (quotes, doubled quotes, newlines inside quotes); TSV is fields between tabs, quotes being ordinary characters.

import { Readable } from 'node:stream';
import { CsvError, type Options, parse } from 'csv-parse';
import { DataError } from '../../errors.ts';
import { isBlankLine } from './blank-line.ts';
import { readLines } from './lines.ts';
import { describePath, type ReadOptions, readTextBlocks } from './text-blocks.ts';

/** One record. */
export interface TableRecord {
  fields: string[];
  /** The line the record ends on, from 1. */
  line: number;
}

/**
 * Reads a table record by record; blank lines are none. In a CSV file every record must have as many fields as the first.
 *
 * @throws {FileError} The file cannot be read.
 * @throws {DataError} A record cannot be parsed; the message names file and line.
 */
export function readTableRecords(
  path: string,
  format: 'csv' | 'tsv',
  options: ReadOptions = {},
): AsyncGenerator<TableRecord> {
  return format === 'csv' ? readCsv(path, options) : readTsv(path, options);
}

async function* readTsv(path: string, options: ReadOptions): AsyncGenerator<TableRecord> {
  for await (const { text, number } of readLines(path, options)) {
    if (isBlankLine(text, 'tsv')) options.onBlank?.();
    else yield { fields: text.split('\t'), line: number };
  }
}

const csvOptions: Options = {
  info: true, // each record with the line it ended on
  record_delimiter: ['\r\n', '\n'],
  skip_empty_lines: true,
  relax_column_count: true, // counted here, for a message that names the line
};

async function* readCsv(path: string, options: ReadOptions): AsyncGenerator<TableRecord> {
  let endsLine = false;
  let [bytes, decodedBytes] = [0, 0]; // of the file, which may be compressed, and of its text
  const onBytes = (read: number) => {
    bytes = read;
  };
  const decoded = async function* () {
    for await (const block of readTextBlocks(path, { ...options, onBytes })) {
      endsLine = block.text.endsWith('\n');
      decodedBytes += Buffer.byteLength(block.text);
      yield block.text;
    }
  };
  const text = Readable.from(decoded());
  const parser = parse(csvOptions);
  text.on('error', (error) => parser.destroy(error));
  text.pipe(parser);
  let expected = -1;
  try {
    for await (const { record, info } of parser as AsyncIterable<{
      record: string[];
      info: { lines: number; bytes: number };
    }>) {
      options.onBytes?.(Math.round((bytes * info.bytes) / decodedBytes));
      if (record.length === 1 && record[0] !== '' && isBlankLine(record[0] as string, 'csv')) {
        options.onBlank?.();
        continue;
      }
      if (expected < 0) expected = record.length;
      if (record.length !== expected) {
        const what = `expected ${expected} fields as in the first record but found ${record.length}`;
        throw new DataError(`${describePath(path)}:${info.lines}: ${what}; are the quotes balanced?`);
      }
      yield { fields: record, line: info.lines };
    }
    // What follows the last line's ending counts as an empty line there.
    const blank = parser.info.empty_lines - (endsLine ? 1 : 0);
    for (let line = 0; line < blank; line++) options.onBlank?.();
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = typeof error.lines === 'number' ? error.lines : 1;
    throw new DataError(`${describePath(path)}:${line}: expected a CSV record: ${error.message}`, {
      cause: error,
    });
  } finally {
    text.destroy();
    parser.destroy();
  }
}
