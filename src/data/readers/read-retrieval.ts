// The three files of a retrieval task. Corpus and queries: a JSON object per line with `_id` or `id`, `text` and perhaps a
// `title`, which comes first (BEIR's layout), or a TSV of id and text. Judgements (qrels): a TSV of query, document and
// score, with a header or without, TREC's four columns (query, 0, document, score), or a JSON object per line.

import { DataError } from '../../errors.ts';
import { guessFormat } from '../formats/file-format.ts';
import { type Line, readLines } from '../formats/lines.ts';
import { describePath, type ReadOptions } from '../formats/text-blocks.ts';

type JsonObject = Record<string, unknown>;

/** @throws {DataError} A line lacks its id or text; the message names file and line. */
export async function* readIdentifiedTexts(
  path: string,
  options: ReadOptions = {},
): AsyncGenerator<{ id: string; text: string }> {
  const isJson = formatOf(path) === 'jsonl';
  for await (const line of readLines(path, options)) {
    const where = `${describePath(path)}:${line.number}`;
    if (isJson) {
      const object = jsonObject(line, where);
      const title = typeof object.title === 'string' && object.title !== '' ? `${object.title} ` : '';
      yield { id: idIn(object, ['_id', 'id'], where), text: title + stringIn(object, 'text', where) };
    } else {
      const [id = '', text] = line.text.split('\t');
      if (text === undefined) throw new DataError(`${where}: expected an id and a text with a tab between`);
      yield { id, text };
    }
  }
}

/**
 * The documents that are relevant, with a score above 0, by query.
 *
 * @throws {DataError} A line is no judgement; the message names file and line.
 */
export async function readJudgements(
  path: string,
  options: ReadOptions = {},
): Promise<Map<string, Set<string>>> {
  const isJson = formatOf(path) === 'jsonl';
  const relevant = new Map<string, Set<string>>();
  for await (const line of readLines(path, options)) {
    const where = `${describePath(path)}:${line.number}`;
    const [query, document, score] = isJson
      ? jsonJudgement(jsonObject(line, where), where)
      : fields(line, where);
    const value = Number(score);
    if (!isJson && line.number === 1 && isName(score)) continue; // a header
    if (score.trim() === '' || !Number.isFinite(value)) {
      throw new DataError(`${where}: expected a score but found ${JSON.stringify(score.slice(0, 40))}`);
    }
    if (value <= 0) continue;
    const documents = relevant.get(query) ?? new Set();
    relevant.set(query, documents.add(document));
  }
  return relevant;
}

/** Whether a first row's score is the name of a column and not a damaged number, as `1x` or `nan`. */
function isName(score: string): boolean {
  return (
    /^\p{L}[\p{L}\p{N}_ -]*$/u.test(score.trim()) && !/^(nan|inf(inity)?|null|none)$/i.test(score.trim())
  );
}

function formatOf(path: string): 'jsonl' | 'tsv' {
  const format = guessFormat(path);
  if (format === 'jsonl' || format === 'tsv') return format;
  throw new DataError(`expected a .jsonl or .tsv file but received ${path}`);
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

function jsonObject({ text }: Line, where: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new DataError(`${where}: expected a JSON object but found ${JSON.stringify(text.slice(0, 40))}`, {
      cause,
    });
  }
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value as JsonObject;
  throw new DataError(`${where}: expected a JSON object but found ${JSON.stringify(text.slice(0, 40))}`);
}

function idIn(object: JsonObject, keys: readonly string[], where: string): string {
  for (const key of keys) {
    const value = object[key];
    if (typeof value === 'string' || typeof value === 'number') return String(value);
  }
  throw new DataError(`${where}: expected an id as ${keys.map((key) => `"${key}"`).join(' or ')}`);
}

function stringIn(object: JsonObject, key: string, where: string): string {
  const value = object[key];
  if (typeof value === 'string') return value;
  throw new DataError(`${where}: expected a string as "${key}"`);
}
