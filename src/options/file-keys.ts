// What Likewise does with each key of a file that another library wrote: honoured, refused by name, or without effect on
// vectors. Readers hold a file against its table before they read it, and docs/model-folders.md lists the tables.

import type { LikewiseError } from '../errors.ts';

/** What is done with one key, and what the page says about it. */
export type KeyRule =
  | { honoured: string }
  /** Stops the folder from loading, unless the value is null or one that asks for nothing. */
  | { refused: string; unless?: (value: unknown) => boolean }
  | { withoutEffect: string };

/** The keys of one file, or of one object inside it. */
export interface FileKeys {
  /** As the page has it: `modules.json`, or a file and the path of the object inside it. */
  name: string;
  keys: Readonly<Record<string, KeyRule>>;
  /**
   * What a key that is not listed does: `refused` where the library that reads the file refuses it too, `noted` where
   * that library passes over it.
   */
  unknown: 'refused' | 'noted';
}

/**
 * Holds an object against the keys of its file.
 * @param source names the file, and the place in it, in messages
 * @returns notes on keys that are passed over because nobody knows them
 * @throws what `makeError` makes, for a key that is refused
 */
export function checkFileKeys(
  { keys, unknown }: FileKeys,
  value: Readonly<Record<string, unknown>>,
  source: string,
  makeError: (message: string) => LikewiseError,
): string[] {
  const unlisted: string[] = [];
  for (const [key, given] of Object.entries(value)) {
    const rule = Object.hasOwn(keys, key) ? keys[key] : undefined;
    if (rule === undefined) unlisted.push(key);
    else if ('refused' in rule && given !== null && rule.unless?.(given) !== true) {
      throw makeError(
        `${source} sets ${key} to ${shortJson(given)}, which is not supported: ${rule.refused}`,
      );
    }
  }
  if (unlisted.length === 0) return [];
  const names = unlisted.map((key) => `'${key}'`).join(', ');
  if (unknown === 'refused') {
    const known = Object.keys(keys).join(', ');
    throw makeError(`${source} has ${names}, which is unknown; expected only ${known}`);
  }
  return [`${source} has ${names}, which Likewise does not know and ignores`];
}

/** JSON that fits into a message. */
function shortJson(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= 80 ? text : `${text.slice(0, 77)}…`;
}

/** For `unless`: false, 0, an empty text, list or object. */
export function asksForNothing(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0;
  return value === false || value === 0 || value === '';
}
