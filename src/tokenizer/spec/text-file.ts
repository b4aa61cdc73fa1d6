// Tokenizer files as text: regular files of bounded size, UTF-8, every failure a TokenizerError naming the file.

import { type FileHandle, open } from 'node:fs/promises';

import { TokenizerError } from '../../errors.ts';

/** The largest published tokenizer.json files are under 40 megabytes. */
const MAX_BYTES = 256 * 1024 * 1024;

/** The text of a file, or undefined when there is none of that name. A byte order mark is dropped. */
export async function readTextFile(path: string): Promise<string | undefined> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'r');
    const stat = await handle.stat();
    if (!stat.isFile()) throw new TokenizerError(`cannot read '${path}': it is not a regular file`);
    if (stat.size > MAX_BYTES) {
      throw new TokenizerError(`cannot read '${path}': it has ${stat.size} bytes, more than ${MAX_BYTES}`);
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(await handle.readFile());
  } catch (error) {
    if (error instanceof TokenizerError) throw error;
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    const reason = error instanceof TypeError ? 'it is not valid UTF-8' : (error as Error).message;
    throw new TokenizerError(`cannot read '${path}': ${reason}`, { cause: error });
  } finally {
    await handle?.close();
  }
}

/** The value of a JSON file that holds an object, or undefined when there is no such file. */
export async function readObjectFile(path: string): Promise<Record<string, unknown> | undefined> {
  const text = await readTextFile(path);
  return text === undefined ? undefined : parseObject(text, path);
}

/** JSON text that must be an object; `path` names it in the error. */
export function parseObject(text: string, path: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new TokenizerError(`'${path}' is not valid JSON: ${(error as Error).message}`, { cause: error });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TokenizerError(`'${path}' does not hold a JSON object`);
  }
  return value as Record<string, unknown>;
}
