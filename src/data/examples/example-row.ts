// A row of a file of examples: one text, a pair, a triplet, or a pair with a score, in any of the text formats.
import { ArgumentError } from '../../errors.ts';
import { splitCsvRecord } from '../formats/csv-record.ts';
import type { TextFormat } from '../formats/file-format.ts';
import { quoteAll } from '../formats/quote-names.ts';

/** What an objective learns from. */
export interface Example {
  texts: string[];
  /** Present when the objective asks for one. */
  score?: number;
}

export interface ExampleRowOptions {
  format: TextFormat;
  /** Texts of an example. */
  texts: number;
  /** Whether a score belongs to them. */
  scored: boolean;
  /** How few texts would do, were the columns named. */
  fewestTexts?: number | undefined;
  /** Where the score has to lie; anywhere by default. */
  scoreRange?: readonly [number, number] | undefined;
  /**
   * Where the texts are, and the score last: keys of JSON objects, or places in JSON arrays, from 1; names of csv or tsv
   * columns, which need a header, or their numbers from 1. By default {@link defaultKeys} in jsonl, arrays as they are, and
   * the first columns in tables.
   */
  columns?: readonly string[] | undefined;
  /**
   * csv, tsv only: whether the first row names the columns. Implied by a column that is not a number; otherwise one that
   * seems to name columns is refused unless this says what it is.
   */
  header?: boolean | undefined;
}

/** A row that cannot be used; the reader adds file and line. */
export class RowProblem extends Error {}

/** Reads one row. @throws RowProblem */
export type RowParser = (text: string) => Example;

/** The keys that JSON objects are looked up by when none are named. */
export function defaultKeys(texts: number, scored: boolean): string[] {
  if (scored) return ['sentence1', 'sentence2', 'score'];
  return texts === 1 ? ['text'] : ['anchor', 'positive', 'negative'].slice(0, texts);
}

/** Whether the file's first row is a header. @throws ArgumentError */
export function hasHeader({ format, texts, scored, columns, header }: ExampleRowOptions): boolean {
  const wanted = texts + (scored ? 1 : 0);
  if (columns !== undefined && columns.length !== wanted) {
    const what = `${texts} ${texts === 1 ? 'text' : 'texts'}${scored ? ' and a score' : ''}`;
    throw new ArgumentError(
      `expected ${wanted} columns, for ${what}, but received ${quoteAll([...columns])}`,
    );
  }
  if (format === 'txt' && wanted > 1) {
    throw new ArgumentError(
      `expected jsonl, csv or tsv for examples of ${wanted} values: a line of txt is one text`,
    );
  }
  const name = columns?.find((column) => !isNumber(column));
  if (format === 'csv' || format === 'tsv') {
    if (header !== false || name === undefined) return header ?? name !== undefined;
    throw new ArgumentError(
      `expected a header, which has the column ${JSON.stringify(name)}, but header is false: leave it out, or give ` +
        'columns by number',
    );
  }
  if (header === true) {
    throw new ArgumentError(
      `expected no header in ${format}, which has no columns to name, but header is true: leave it out`,
    );
  }
  if (format === 'txt' && columns !== undefined) {
    throw new ArgumentError(
      `expected no columns in txt, where a line is one text, but received ${quoteAll([...columns])}: leave them out`,
    );
  }
  return false;
}

const isNumber = (column: string) => /^\d+$/.test(column);

/**
 * A parser of a file's rows.
 * @param headerRow the first row, when it is a header
 * @throws ArgumentError, RowProblem when a column cannot be found
 */
export function rowParser(options: ExampleRowOptions, headerRow?: string): RowParser {
  const { format, texts, scored } = options;
  const count = texts + (scored ? 1 : 0);
  if (format === 'txt') return (text) => example([text], options);
  if (format === 'jsonl') {
    return (text) => example(jsonValues(text, options), options);
  }
  const split = (text: string) => fieldsOf(text, format);
  const header = headerRow === undefined ? undefined : split(headerRow);
  const columns = options.columns ?? Array.from({ length: count }, (_, index) => String(index + 1));
  const indices = columns.map((column) => columnIndex(column, header));
  let expected = format === 'csv' ? header?.length : undefined;
  return (text) => {
    const fields = split(text);
    if (format === 'csv') expected ??= fields.length;
    if (expected !== undefined && fields.length !== expected) {
      throw new RowProblem(`expected ${expected} fields as in the first record but found ${fields.length}`);
    }
    const values = indices.map((index) => {
      const field = fields[index];
      if (field === undefined) throw new RowProblem(missingColumn(index, fields.length, options));
      return field;
    });
    return example(values, options);
  };
}

function missingColumn(index: number, found: number, { columns, fewestTexts }: ExampleRowOptions): string {
  const missing = `expected a column ${index + 1} but the row has ${found}`;
  if (columns !== undefined || fewestTexts === undefined || found < fewestTexts) return missing;
  const held = Array.from({ length: found }, (_, column) => column + 1).join(', ');
  return `${missing} (where all rows have ${found}, name them with columns: [${held}])`;
}

function columnIndex(column: string, header: readonly string[] | undefined): number {
  if (isNumber(column)) {
    if (Number(column) >= 1) return Number(column) - 1;
    throw new ArgumentError(`expected a column number from 1 but received ${column}`);
  }
  const index = header?.indexOf(column) ?? -1;
  if (index >= 0) return index;
  throw new RowProblem(`expected a column "${column}" but the header has ${quoteAll([...(header ?? [])])}`);
}

/** The fields of a row of a table. @throws RowProblem */
export function fieldsOf(text: string, format: 'csv' | 'tsv'): string[] {
  return format === 'csv' ? csvFields(text) : text.split('\t');
}

function csvFields(text: string): string[] {
  const fields = splitCsvRecord(text);
  if (fields === 'incomplete') throw new RowProblem('expected a closing quote; are the quotes balanced?');
  if ('problem' in fields) throw new RowProblem(`${fields.problem}; are the quotes balanced?`);
  return fields;
}

function jsonValues(text: string, { texts, scored, columns }: ExampleRowOptions): unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new RowProblem(`expected a JSON value but found ${JSON.stringify(text.slice(0, 40))}`);
  }
  if (typeof value === 'string' || Array.isArray(value)) return placedValues([value].flat(), columns);
  if (typeof value !== 'object' || value === null) {
    throw new RowProblem(`expected a string, an array or an object but found ${JSON.stringify(value)}`);
  }
  return (columns ?? defaultKeys(texts, scored)).map((key) => {
    if (Object.hasOwn(value, key)) return (value as Record<string, unknown>)[key];
    const found = Object.keys(value);
    const available = found.length === 0 ? 'no fields' : quoteAll(found);
    throw new RowProblem(`expected a field "${key}" but the object has ${available}`);
  });
}

/** Of a JSON array, or of a text alone: all, or those whose places are named. */
function placedValues(values: unknown[], columns: readonly string[] | undefined): unknown[] {
  return (
    columns?.map((column) => {
      if (!isNumber(column)) {
        throw new RowProblem(
          `expected an object with the field ${JSON.stringify(column)}, which columns names, but found values without names`,
        );
      }
      const index = columnIndex(column, undefined);
      if (index < values.length) return values[index];
      throw new RowProblem(`expected a value ${column} but found ${values.length}`);
    }) ?? values
  );
}

function example(values: readonly unknown[], { texts, scored, scoreRange }: ExampleRowOptions): Example {
  const count = texts + (scored ? 1 : 0);
  if (values.length !== count) throw new RowProblem(`expected ${count} values but found ${values.length}`);
  const checked = values.slice(0, texts).map((value, index) => {
    if (typeof value !== 'string') throw new RowProblem(`expected text ${index + 1} to be a string`);
    if (value.trim() === '') throw new RowProblem(`expected text ${index + 1} to have words but it is empty`);
    return value;
  });
  if (!scored) return { texts: checked };
  const written = values[texts];
  const score = typeof written === 'string' && written.trim() !== '' ? Number(written) : written;
  if (typeof score !== 'number' || !Number.isFinite(score)) {
    const found = JSON.stringify(written)?.slice(0, 40);
    throw new RowProblem(`expected the score to be a number but found ${found}`);
  }
  if (scoreRange !== undefined && !(score >= scoreRange[0] && score <= scoreRange[1])) {
    throw new RowProblem(
      `expected the score to be from ${scoreRange.join(' to ')}, as a cosine is, but found ${score}: bring all scores ` +
        'into that range first (divide those of STS Benchmark by 5)',
    );
  }
  return { texts: checked, score };
}
