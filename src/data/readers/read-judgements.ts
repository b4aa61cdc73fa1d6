// Judgements of a retrieval task (qrels), which document is relevant for which query: a TSV of query, document and score,
// with a header or without, TREC's four columns (query, 0, document, score), or a JSON object per line.

import { DataError } from '../../errors.ts';
import { isBlankLine } from '../formats/blank-line.ts';
import { type Line, readLines } from '../formats/lines.ts';
import { describePath, type ReadOptions } from '../formats/text-blocks.ts';
import { idIn, type JsonObject, jsonObject, retrievalFormat } from './retrieval-json.ts';

/** Names of the columns, by what is in them. */
const names: readonly (readonly string[])[] = [
  ['query-id', 'query_id', 'query', 'qid'],
  ['corpus-id', 'corpus_id', 'document', 'document_id', 'doc_id', 'docid', 'pid', 'passage_id'],
  ['score', 'relevance', 'rel', 'label'],
];

/**
 * The documents that are relevant, with a score above 0, by query.
 *
 * @throws {DataError} A line is no judgement; the message names file and line.
 */
export async function readJudgements(
  path: string,
  options: ReadOptions = {},
): Promise<Map<string, Set<string>>> {
  const format = retrievalFormat(path);
  const isJson = format === 'jsonl';
  const relevant = new Map<string, Set<string>>();
  let places = [0, 1, 2];
  let isFirst = true;
  for await (const line of readLines(path, options)) {
    if (isBlankLine(line.text, format)) {
      options.onBlank?.();
      continue;
    }
    const where = `${describePath(path)}:${line.number}`;
    const values = isJson ? jsonJudgement(jsonObject(line, where), where) : fields(line, where);
    if (isFirst && !isJson) {
      isFirst = false;
      const named = placesOf(values);
      places = named ?? places;
      if (named !== undefined || isName(values[2])) continue; // a header
    }
    const [query, document, score] = places.map((place) => values[place]) as [string, string, string];
    const value = Number(score);
    if (score.trim() === '' || !Number.isFinite(value)) {
      throw new DataError(`${where}: expected a score but found ${JSON.stringify(score.slice(0, 40))}`);
    }
    if (value <= 0) continue;
    const documents = relevant.get(query) ?? new Set();
    relevant.set(query, documents.add(document));
  }
  return relevant;
}

/** Where query, document and score are by the names of a header; undefined when it is none that is known. */
function placesOf(header: readonly string[]): number[] | undefined {
  const fields = header.map((field) => field.trim().toLowerCase());
  const places = names.map((known) => fields.findIndex((field) => known.includes(field)));
  return places.includes(-1) ? undefined : places;
}

/** Whether a first row's score is the name of a column and not a damaged number, as `1x` or `nan`. */
function isName(score: string): boolean {
  return (
    /^\p{L}[\p{L}\p{N}_ -]*$/u.test(score.trim()) && !/^(nan|inf(inity)?|null|none)$/i.test(score.trim())
  );
}

function fields({ text }: Line, where: string): [string, string, string] {
  const parts = text.split('\t');
  if (parts.length === 4) return [parts[0] as string, parts[2] as string, parts[3] as string];
  if (parts.length === 3) return parts as [string, string, string];
  throw new DataError(
    `${where}: expected query, document and score with tabs between but found ${parts.length} fields`,
  );
}

function jsonJudgement(object: JsonObject, where: string): [string, string, string] {
  const query = idIn(object, ['query-id', 'query_id', 'query'], where);
  const document = idIn(object, ['corpus-id', 'corpus_id', 'document'], where);
  return [query, document, String(object.score ?? 1)];
}
