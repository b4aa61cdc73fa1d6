// The corpus and the queries of a retrieval task: a JSON object per line with `_id` or `id`, `text` and perhaps a `title`
// (BEIR), or a TSV of id, text and perhaps title (ColBERT, DPR, MS MARCO). The title comes first, with a space between, as
// BEIR joins them.

import { DataError } from '../../errors.ts';
import { isBlankLine } from '../formats/blank-line.ts';
import { readLines } from '../formats/lines.ts';
import { peekRows } from '../formats/peek-rows.ts';
import { readTableRecords } from '../formats/table-records.ts';
import { describePath, type ReadOptions } from '../formats/text-blocks.ts';
import { idIn, jsonObject, retrievalFormat } from './retrieval-json.ts';
import { LayoutProblem, type TextColumns, textColumns, unquoted } from './text-columns.ts';

export interface IdentifiedTextOptions extends ReadOptions {
  /** TSV: the columns of id, text and perhaps title, by name or by number from 1; told by a known header otherwise. */
  columns?: readonly string[] | undefined;
  /** The command's option for `columns`, for messages. */
  columnsOption?: string | undefined;
  /** Told how a TSV is read, where that could have been otherwise. */
  onNote?: ((note: string) => void) | undefined;
}

/**
 * @throws {DataError} A line lacks its id or text, or has another number of fields than the first; the message names file and
 *   line.
 * @throws {ArgumentError} The columns cannot be used.
 */
export async function* readIdentifiedTexts(
  path: string,
  options: IdentifiedTextOptions = {},
): AsyncGenerator<{ id: string; text: string }> {
  if (retrievalFormat(path) === 'tsv') {
    yield* tableTexts(path, options);
    return;
  }
  if (options.columns !== undefined) {
    throw new DataError(
      `${path}: expected a tsv, because columns are given, but it is jsonl: leave the columns out`,
    );
  }
  for await (const line of readLines(path, options)) {
    if (isBlankLine(line.text, 'jsonl')) {
      options.onBlank?.();
      continue;
    }
    const where = `${describePath(path)}:${line.number}`;
    const object = jsonObject(line, where);
    const { title, text } = object;
    if (typeof text !== 'string') throw new DataError(`${where}: expected a string as "text"`);
    yield {
      id: idIn(object, ['_id', 'id'], where),
      text: joined(typeof title === 'string' ? title : '', text),
    };
  }
}

const joined = (title: string, text: string) => (title === '' ? text : `${title} ${text}`.trim());

async function* tableTexts(
  path: string,
  options: IdentifiedTextOptions,
): AsyncGenerator<{ id: string; text: string }> {
  const { first, rows, close } = await peekRows(readTableRecords(path, 'tsv', options));
  if (first.length === 0) return;
  let columns: TextColumns;
  try {
    columns = textColumns(
      first.map(({ fields }) => fields),
      options.columns,
    );
  } catch (error) {
    await close();
    if (!(error instanceof LayoutProblem)) throw error;
    const remedy = options.columnsOption === undefined ? '' : ` (${options.columnsOption})`;
    throw new DataError(`${describePath(path)}:${first[0]?.line}: ${error.message}${remedy}`);
  }
  const { id, text, title, width, header, quoted } = columns;
  for (const note of notesOn(columns)) options.onNote?.(`${describePath(path)}: ${note}`);
  let skip = header;
  for await (const { fields, line } of rows) {
    if (skip) {
      skip = false;
      continue;
    }
    if (fields.length !== width) {
      throw new DataError(
        `${describePath(path)}:${line}: expected ${width} fields with tabs between, as in the first row, but found ${fields.length}`,
      );
    }
    const field = (column: number) => {
      const value = fields[column] as string;
      return quoted ? unquoted(value) : value;
    };
    yield { id: fields[id] as string, text: joined(title === undefined ? '' : field(title), field(text)) };
  }
}

/** What is worth a word: a header, a title, columns that are left out, quotes. */
function notesOn({ id, text, title, width, header, quoted }: TextColumns): string[] {
  const used = [id, text, ...(title === undefined ? [] : [title])];
  const read = `read as ${title === undefined ? 'id and text' : 'id, text and title'}, columns ${used
    .map((column) => column + 1)
    .join(', ')} of ${width}`;
  return [
    ...(width > 2 ? [`${read}${header ? ', below a header' : ''}`] : []),
    ...(quoted ? ['texts are in quotes, which are removed, as Python reads them'] : []),
  ];
}
