// The records of a CSV or TSV file: arrays of fields with the line they start on. CSV is RFC 4180 as csv-parse reads
// it (quotes, doubled quotes, newlines inside quotes); TSV is fields between tabs, quotes being ordinary characters.

import { Readable } from 'node:stream';
import { CsvError, type Options, parse } from 'csv-parse';
import { DataError } from '../../errors.ts';
import { readLines } from './lines.ts';
import { describePath, type ReadOptions, readTextBlocks } from './text-blocks.ts';

/** One record. */
export interface TableRecord {
  fields: string[];
  /** The line the record ends on, from 1. */
  line: number;
}

/**
 * Reads a table record by record. In a CSV file every record must have as many fields as the first.
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
  for await (const line of readLines(path, options))
    yield { fields: line.text.split('\t'), line: line.number };
}

const csvOptions: Options = {
  info: true, // each record with the line it ended on
  record_delimiter: ['\r\n', '\n'],
  relax_column_count: true, // counted here, for a message that names the line
};

async function* readCsv(path: string, options: ReadOptions): AsyncGenerator<TableRecord> {
  const text = Readable.from(decodedText(path, options));
  const parser = parse(csvOptions);
  text.on('error', (error) => parser.destroy(error));
  text.pipe(parser);
  let expected = -1;
  try {
    for await (const { record, info } of parser as AsyncIterable<{
      record: string[];
      info: { lines: number };
    }>) {
      if (expected < 0) expected = record.length;
      if (record.length !== expected) {
        const what = `expected ${expected} fields as in the first record but found ${record.length}`;
        throw new DataError(`${describePath(path)}:${info.lines}: ${what}; are the quotes balanced?`);
      }
      yield { fields: record, line: info.lines };
    }
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

async function* decodedText(path: string, options: ReadOptions): AsyncGenerator<string> {
  for await (const block of readTextBlocks(path, options)) yield block.text;
}
