// The texts of a corpus, one per row, in order, in constant memory: the input of `embed`.

import { DataError } from '../../errors.ts';
import { isBlankLine } from '../formats/blank-line.ts';
import { guessFormat, type TextFormat } from '../formats/file-format.ts';
import { type Line, readLines } from '../formats/lines.ts';
import { quoteAll } from '../formats/quote-names.ts';
import { describePath, type ReadOptions } from '../formats/text-blocks.ts';
import { readRows } from './read-rows.ts';

/** How a corpus is written. */
export interface TextOptions extends ReadOptions {
  /** Guessed from the extension when not given. */
  format?: TextFormat | undefined;
  /**
   * Where the text is, by default `text`: the key of a JSON object; the name of a CSV or TSV column, whose first row is
   * then a header, or its number from 1, for a file without a header.
   */
  textField?: string | undefined;
  /**
   * CSV and TSV: whether the first record names the columns, where `textField` is a number. One that seems to is refused
   * unless this says what it is.
   */
  header?: boolean | undefined;
}

/**
 * Reads one text per row: a line of txt, empty lines included; a JSON string or an object's text field; a CSV or TSV
 * field. Blank lines of the others are no rows.
 *
 * @param path The file, or `-` for stdin.
 * @throws {ArgumentError} The format cannot be told.
 * @throws {FileError} The file cannot be read.
 * @throws {DataError} A row cannot be parsed or has no text; the message names file and line.
 */
export async function* readTexts(path: string, options: TextOptions = {}): AsyncGenerator<string> {
  const format = options.format ?? guessFormat(path);
  const textField = options.textField ?? 'text';
  if (format === 'csv' || format === 'tsv') {
    for await (const row of readRows(path, { ...options, format, columns: [textField] })) {
      yield row.fields[0] ?? '';
    }
  } else {
    for await (const line of readLines(path, options)) {
      if (isBlankLine(line.text, format)) options.onBlank?.();
      else yield format === 'txt' ? line.text : jsonText(line, textField, path);
    }
  }
}

function jsonText(line: Line, textField: string, path: string): string {
  const where = `${describePath(path)}:${line.number}`;
  let value: unknown;
  try {
    value = JSON.parse(line.text);
  } catch (cause) {
    const found = JSON.stringify(line.text.slice(0, 40));
    throw new DataError(`${where}: expected a JSON value but found ${found}`, { cause });
  }
  if (typeof value === 'string') return value;
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new DataError(`${where}: expected a string or an object but found ${describeJson(value)}`);
  }
  if (!Object.hasOwn(value, textField)) {
    const keys = Object.keys(value);
    const available = keys.length === 0 ? 'no fields' : quoteAll(keys);
    throw new DataError(`${where}: expected a field "${textField}" but the object has ${available}`);
  }
  const text = (value as Record<string, unknown>)[textField];
  if (typeof text === 'string') return text;
  throw new DataError(
    `${where}: expected field "${textField}" to be a string but found ${describeJson(text)}`,
  );
}

function describeJson(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `the ${typeof value} ${value}`;
}
