// `--set a.b.c=value`: one key of a configuration, wherever its table is, by the schema that says where a text stands for a
// table and one value for a list, and what is a list of texts, which may be written with commas.

import { parse as parseYaml } from 'yaml';
import type { z } from 'zod';
import { ArgumentError } from '../../errors.ts';
import { elementKindAt, mayStandAlone, shorthandAt } from './schema-walk.ts';

type Table = Record<string, unknown>;

/**
 * Sets `a.b.c=value` in a configuration: a value that reads as JSON, or as a list or table in YAML's flow form, is that; any
 * other is text, and where a list is expected `x,y` is one. Elements of a list are numbered from 0; where there is one
 * alone, `data.0.columns` and `data.columns` are the same.
 * @throws ArgumentError when the pair has no `=` or goes below something that is no table, or brackets do not close
 */
export function setKey(config: Table, pair: string, schema: z.ZodType): void {
  const equals = pair.indexOf('=');
  if (equals < 1) throw new ArgumentError(`expected key=value but received "${pair}"`);
  const path = pair.slice(0, equals).split('.');
  const [first = '', second = ''] = path;
  if (/^\d+$/.test(second) && mayStandAlone(schema, [first]) && !Array.isArray(config[first])) {
    config[first] = config[first] === undefined ? [] : [config[first]];
  }
  let here = config;
  for (const [index, key] of path.entries()) {
    const above = path.slice(0, index + 1);
    checkKey(here, above, pair);
    if (index === path.length - 1)
      here[key] = parseValue(
        pair.slice(equals + 1),
        pair,
        elementKindAt(schema, path),
        mayStandAlone(schema, path),
      );
    else here = tableBelow(here, above, pair, shorthandAt(schema, above));
  }
}

/** A list has numbers for keys, and one more can follow its last. */
function checkKey(here: Table, path: readonly string[], pair: string): void {
  const key = path.at(-1) as string;
  if (key === '__proto__')
    throw new ArgumentError(`expected a key of the configuration but received "${pair}"`);
  if (!Array.isArray(here) || (/^\d+$/.test(key) && Number(key) <= here.length)) return;
  const above = path.slice(0, -1).join('.');
  throw new ArgumentError(
    `expected a number from 0 to ${here.length} below ${above}, which is a list, but received "${pair}"` +
      `: ${above}.0 is its first`,
  );
}

/** The table at the end of a path, copied so that whoever it belongs to keeps his own; made where there is none. */
function tableBelow(here: Table, path: readonly string[], pair: string, short: string | undefined): Table {
  const key = path.at(-1) as string;
  const value = Object.hasOwn(here, key) ? here[key] : {};
  const table =
    typeof value === 'string' && short !== undefined ? { [short]: value } : structuredClone(value);
  if (typeof table !== 'object' || table === null) {
    throw new ArgumentError(
      `expected ${path.join('.')} to be a table, because of ${pair}, but it is not one`,
    );
  }
  here[key] = table;
  return table as Table;
}

/** @param elements of what kind, where a list is expected; one that may stand alone is written as a list only in brackets */
function parseValue(written: string, pair: string, elements: string | undefined, alone: boolean): unknown {
  const value = plainValue(written, pair);
  const isOne = typeof value !== 'object' || value === null;
  if (elements === undefined || alone || !isOne || written === '') return value;
  return splitList(written).map((item) => (elements === 'number' ? plainValue(item, pair) : item));
}

function plainValue(written: string, pair: string): unknown {
  if (!/^(-?\d|[[{"]|(true|false|null)$)/.test(written)) return written;
  try {
    return JSON.parse(written);
  } catch {
    return /^[[{]/.test(written) ? flowValue(written, pair) : written;
  }
}

/** `{path: pairs.csv, columns: [1, 2]}`. */
function flowValue(written: string, pair: string): unknown {
  try {
    return parseYaml(written, { maxAliasCount: 100 });
  } catch (cause) {
    const problem = (cause as Error).message.split('\n', 1)[0]?.replace(/:$/, '');
    throw new ArgumentError(
      `expected a list or a table, such as [1, 2] or {path: a.csv}, but "${pair}" is neither: ${problem}`,
      { cause },
    );
  }
}

/** At commas that are in no brackets, which regular expressions may have. */
function splitList(written: string): string[] {
  const items = [''];
  let depth = 0;
  for (const character of written) {
    if ('([{'.includes(character)) depth += 1;
    if (')]}'.includes(character)) depth -= 1;
    if (character === ',' && depth === 0) items.push('');
    else items[items.length - 1] += character;
  }
  return items.map((item) => item.trim());
}
