// Reading and writing JSON files: bounded size, UTF-8 only (a byte order mark is tolerated), typed errors.

import type { z } from 'zod';

import { type LikewiseError, ModelError } from '../../errors.ts';
import { readWholeFile } from './input-file.ts';
import { decodeUtf8, parseJsonText } from './json-text.ts';

/** Configuration files are a few kilobytes; the index of the largest sharded model is under ten megabytes. */
const MAX_JSON_BYTES = 64 * 1024 * 1024;

/**
 * The value in a JSON file. FileError when it cannot be read; FormatError when it is larger than `maxBytes`, is
 * not UTF-8, is not JSON (with line and column), nests too deep or holds one key twice in an object.
 */
export async function readJsonFile(path: string, maxBytes: number = MAX_JSON_BYTES): Promise<unknown> {
  return parseJsonText(decodeUtf8(await readWholeFile(path, maxBytes), path), path);
}

/** `value` checked by a zod schema; the error names the file, the path of the value and what was expected. */
export function checkJson<T>(
  schema: z.ZodType<T>,
  value: unknown,
  source: string,
  makeError: (message: string) => LikewiseError = (message) => new ModelError(message),
): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = issue === undefined || issue.path.length === 0 ? '' : ` in ${issue.path.join('.')}`;
  throw makeError(`'${source}' cannot be used${path}: ${issue?.message ?? 'unknown problem'}`);
}

/** A JSON file's text: two spaces, a final newline. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
