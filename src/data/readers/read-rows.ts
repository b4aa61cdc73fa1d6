// The chosen columns of a CSV or TSV file, row by row: pairs of texts, pairs with a score.

import { ArgumentError, DataError } from '../../errors.ts';
import { guessFormat } from '../formats/file-format.ts';
import { headerProblem, namesColumns } from '../formats/header-row.ts';
import { peekRows } from '../formats/peek-rows.ts';
import { quoteAll } from '../formats/quote-names.ts';
import { readTableRecords, type TableRecord } from '../formats/table-records.ts';
import { describePath, type ReadOptions } from '../formats/text-blocks.ts';

/** Which columns, and how the file is written. */
export interface RowOptions extends ReadOptions {
  /** Guessed from the extension when not given. */
  format?: 'csv' | 'tsv' | undefined;
  /** Numbers from 1 or, with a header, names, in the order wanted: `['1', '2', 'score']`. */
  columns: readonly string[];
  /**
   * Whether the first record names the columns and is not a row. Implied by a column that is not a number; otherwise one that
   * seems to name columns is refused unless this says what it is.
   */
  header?: boolean | undefined;
  /** The key of a configuration that names the file, for messages. */
  key?: string | undefined;
}

/** The fields asked for, in the order asked for. */
export interface Row {
  fields: string[];
  line: number;
}

/**
 * Reads the chosen columns of a table in order and in constant memory.
 *
 * @param path The file, or `-` for stdin.
 * @throws {ArgumentError} The columns or the format cannot be used.
 * @throws {FileError} The file cannot be read.
 * @throws {DataError} A record cannot be parsed or lacks a column; the message names file and line.
 */
export async function* readRows(path: string, options: RowOptions): AsyncGenerator<Row> {
  const { columns } = options;
  const format = options.format ?? tableFormat(path);
  const named = columns.find((column) => !isNumber(column));
  if (options.header === false && named !== undefined) {
    throw new ArgumentError(
      `column "${named}" is a name, and names need a header: give columns by number if there is none`,
    );
  }
  const hasHeader = options.header ?? named !== undefined;
  let indices = hasHeader ? undefined : columns.map((column) => columnIndex(column, [], ''));
  const { first, rows, close } = await peekRows(readTableRecords(path, format, options));
  if (options.header === undefined && !hasHeader && namesColumns(first.map(({ fields }) => fields))) {
    await close();
    const [{ fields, line }] = first as [TableRecord];
    throw new DataError(`${describePath(path)}:${line}: ${headerProblem(fields, options.key)}`);
  }
  for await (const { fields, line } of rows) {
    if (indices === undefined) {
      indices = columns.map((column) => columnIndex(column, fields, `${describePath(path)}:${line}`));
      continue;
    }
    const chosen = indices.map((index) => {
      const field = fields[index];
      if (field !== undefined) return field;
      const what = `expected a column ${index + 1} but the row has ${fields.length}`;
      throw new DataError(
        `${describePath(path)}:${line}: ${what}; fields are separated by a ${separator[format]}`,
      );
    });
    yield { fields: chosen, line };
  }
}

const separator = { csv: 'comma', tsv: 'tab' };

function tableFormat(path: string): 'csv' | 'tsv' {
  const format = guessFormat(path);
  if (format === 'csv' || format === 'tsv') return format;
  throw new ArgumentError(
    `expected a table, csv or tsv, but ${path} is ${format}; if it is one, name its format`,
  );
}

function isNumber(column: string): boolean {
  return /^\d+$/.test(column);
}

/** The index of a column, by number or by its name in the header. */
function columnIndex(column: string, header: string[], where: string): number {
  if (isNumber(column)) {
    if (Number(column) >= 1) return Number(column) - 1;
    throw new ArgumentError(`expected a column number from 1 but received ${column}`);
  }
  if (header.length === 0) throw new ArgumentError(`column "${column}" is a name, and names need a header`);
  const index = header.indexOf(column);
  if (index >= 0) return index;
  const remedy = 'name one of them, or give a number if there is no header';
  throw new DataError(
    `${where}: expected a column "${column}" but the header has ${quoteAll(header)}; ${remedy}`,
  );
}
