// `--set a.b.c=value`: one key of a configuration, wherever its table is, by the schema that says where a text stands for a
// table and one value for a list.

import type { z } from 'zod';
import { ArgumentError } from '../../errors.ts';
import { mayStandAlone, shorthandAt } from './schema-walk.ts';

type Table = Record<string, unknown>;

/**
 * Sets `a.b.c=value` in a configuration: a value that reads as JSON is that, any other is text. Elements of a list are
 * numbered from 0; where there is one alone, `data.0.columns` and `data.columns` are the same.
 * @throws ArgumentError when the pair has no `=` or goes below something that is no table
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
    if (index === path.length - 1) here[key] = parseValue(pair.slice(equals + 1));
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
    throw new ArgumentError(`expected ${path.join('.')} to be a table, for ${pair}, but it is not one`);
  }
  here[key] = table;
  return table as Table;
}

function parseValue(written: string): unknown {
  if (!/^(-?\d|[[{"]|(true|false|null)$)/.test(written)) return written;
  try {
    return JSON.parse(written);
  } catch {
    return written;
  }
}
