// What the files of a retrieval task have in common: their formats, and ids in JSON objects.

import { DataError } from '../../errors.ts';
import { guessFormat } from '../formats/file-format.ts';
import type { Line } from '../formats/lines.ts';

export type JsonObject = Record<string, unknown>;

/** @throws DataError for a file of another format */
export function retrievalFormat(path: string): 'jsonl' | 'tsv' {
  const format = guessFormat(path);
  if (format === 'jsonl' || format === 'tsv') return format;
  throw new DataError(`expected a .jsonl or .tsv file but received ${path}`);
}

/** The object of a line. @throws DataError */
export function jsonObject({ text }: Line, where: string): JsonObject {
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

/** The first of these keys that holds an id. @throws DataError when none does */
export function idIn(object: JsonObject, keys: readonly string[], where: string): string {
  for (const key of keys) {
    const value = object[key];
    if (typeof value === 'string' || typeof value === 'number') return String(value);
  }
  throw new DataError(`${where}: expected an id as ${keys.map((key) => `"${key}"`).join(' or ')}`);
}
