// Which columns of a TSV hold a document's or a query's id, text and title: as asked for, by the header that BEIR, ColBERT,
// DPR and MS MARCO use, or by their number. A layout that could be another one is refused, since a title that is left out,
// or a header that becomes a document, changes every figure without a word.

import { ArgumentError } from '../../errors.ts';
import { namesColumns } from '../formats/header-row.ts';
import { quoteAll } from '../formats/quote-names.ts';

/** Where the fields are, from 0. */
export interface TextColumns {
  id: number;
  text: number;
  /** Put before the text, as BEIR does. */
  title: number | undefined;
  /** Fields of a row. */
  width: number;
  /** Whether the first row is a header. */
  header: boolean;
  /** Whether the text is in quotes with doubled quotes inside, as Python's csv module writes it (DPR). */
  quoted: boolean;
}

const names = {
  id: [
    'id',
    '_id',
    'pid',
    'qid',
    'did',
    'docid',
    'doc_id',
    'doc-id',
    'passage_id',
    'query_id',
    'query-id',
    'corpus-id',
    'corpus_id',
  ],
  text: ['text', 'passage', 'contents', 'content', 'body', 'document', 'query', 'question'],
  title: ['title'],
} as const;

/** What cannot be read, and why; the reader adds file and line. */
export class LayoutProblem extends Error {}

/**
 * @param rows the first ones of the file, at least one
 * @param asked id, text and perhaps title: names or numbers from 1
 * @throws LayoutProblem; ArgumentError when `asked` cannot be used
 */
export function textColumns(rows: readonly (readonly string[])[], asked?: readonly string[]): TextColumns {
  const [first] = rows as [readonly string[]];
  const found = asked === undefined ? guessed(rows) : askedFor(rows, asked);
  const columns = { ...found, width: first.length };
  const texts = (columns.header ? rows.slice(1) : rows).map((row) => row[columns.text] ?? '');
  return { ...columns, quoted: texts.length > 0 && texts.every(isQuoted) };
}

type Found = Omit<TextColumns, 'width' | 'quoted'>;

function askedFor(rows: readonly (readonly string[])[], asked: readonly string[]): Found {
  const [first] = rows as [readonly string[]];
  if (asked.length < 2 || asked.length > 3) {
    throw new ArgumentError(
      `expected two or three columns, id, text and optionally title, but received ${asked.join(',')}`,
    );
  }
  const named = asked.filter((column) => !/^\d+$/.test(column));
  if (named.length > 0 && named.length < asked.length) {
    throw new ArgumentError(`expected columns all by name or all by number but received ${asked.join(',')}`);
  }
  const places = asked.map((column) => {
    const place = named.length > 0 ? first.indexOf(column) : Number(column) - 1;
    if (place >= 0 && place < first.length) return place;
    if (named.length === 0) {
      throw new LayoutProblem(`expected a column ${column} but the row has ${first.length}`);
    }
    throw new LayoutProblem(`expected a column "${column}" but the first row has ${quoteAll(first)}`);
  });
  const [id, text, title] = places as [number, number, number | undefined];
  return { id, text, title, header: named.length > 0 || namesColumns(rows) };
}

/** The places of the columns that a header names; undefined when it is none. */
function headerOf(first: readonly string[]): Found | undefined {
  const fields = first.map((field) => field.trim().toLowerCase());
  const place = (known: readonly string[]) => fields.findIndex((field) => known.includes(field));
  const [id, text, title] = [place(names.id), place(names.text), place(names.title)];
  return id < 0 || text < 0 ? undefined : { id, text, title: title < 0 ? undefined : title, header: true };
}

function guessed(rows: readonly (readonly string[])[]): Found {
  const [first] = rows as [readonly string[]];
  const header = headerOf(first);
  if (header !== undefined) return header;
  if (namesColumns(rows)) {
    throw new LayoutProblem(
      `expected a header of known names, such as id, text and title, but found ${quoteAll(first)}: say which columns they are`,
    );
  }
  if (first.length === 2) return { id: 0, text: 1, title: undefined, header: false };
  const found = `${first.length} fields, ${quoteAll(first)}`;
  if (first.length !== 3) {
    throw new LayoutProblem(
      `expected id and text, or id, text and title, or a header that names them, but found ${found}: say which columns they are`,
    );
  }
  // Of ColBERT's and DPR's layout the title is last, and the shorter one.
  const length = (column: number) => rows.reduce((sum, row) => sum + (row[column]?.length ?? 0), 0);
  if (length(2) <= length(1)) return { id: 0, text: 1, title: 2, header: false };
  throw new LayoutProblem(
    `expected id, text and title, as ColBERT and DPR have them, but the third field is longer than the second, which is unusual ` +
      `for a title, in ${found}: say which columns they are`,
  );
}

const isQuoted = (field: string) => /^"(?:[^"]|"")*"$/.test(field);

/** The text of a field that was written in quotes. */
export function unquoted(field: string): string {
  return isQuoted(field) ? field.slice(1, -1).replaceAll('""', '"') : field;
}
