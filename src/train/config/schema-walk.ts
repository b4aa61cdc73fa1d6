// Finding one's way through a schema by the path of a key: which keys a table has, what a text in place of it stands for,
// whether one value may stand for a list, what a list is of.

import type { z } from 'zod';

type Walked = {
  def: {
    type?: string;
    innerType?: unknown;
    out?: unknown;
    shape?: Record<string, unknown>;
    element?: unknown;
  };
  shorthandKey?: string;
  oneStandsAlone?: boolean;
};

/** The keys that a schema has at a path; none where it has no table. */
export function keysAt(schema: z.ZodType, path: readonly string[]): string[] {
  return Object.keys(bare(schemaAt(schema, path))?.def.shape ?? {});
}

/** The key that a text in place of a table stands for, if it does. */
export function shorthandAt(schema: z.ZodType, path: readonly string[]): string | undefined {
  const here = schemaAt(schema, path);
  const key = property(here, 'shorthandKey') ?? property(bare(here)?.def.element, 'shorthandKey');
  return key as string | undefined;
}

/** Whether one element may stand alone in place of the list at a path. */
export function mayStandAlone(schema: z.ZodType, path: readonly string[]): boolean {
  return property(schemaAt(schema, path), 'oneStandsAlone') === true;
}

/** The kind of the elements (`string`, `number`, `union`, …) of the list at a path; undefined where it is no list. */
export function elementKindAt(schema: z.ZodType, path: readonly string[]): string | undefined {
  return bare(bare(schemaAt(schema, path))?.def.element)?.def.type;
}

/** The schema at a path, wrapped as it is; undefined where there is none. */
function schemaAt(schema: unknown, path: readonly string[]): unknown {
  return path.reduce(below, schema);
}

/** The number of a list's element may be left out, where there is one alone. */
function below(schema: unknown, key: string): unknown {
  const { shape, element } = bare(schema)?.def ?? {};
  if (shape !== undefined) return Object.hasOwn(shape, key) ? shape[key] : undefined;
  return element === undefined || /^\d+$/.test(key) ? element : below(element, key);
}

/** What stands within defaults, options and shorthands. */
function bare(schema: unknown): Walked | undefined {
  const inner = innerOf(schema);
  return inner === undefined ? (schema as Walked | undefined) : bare(inner);
}

/** What is noted on a schema, however it is wrapped. */
function property(schema: unknown, name: 'shorthandKey' | 'oneStandsAlone'): unknown {
  if (schema === undefined) return undefined;
  return (schema as Walked)[name] ?? property(innerOf(schema), name);
}

function innerOf(schema: unknown): unknown {
  const def = (schema as Walked | undefined)?.def;
  return def?.innerType ?? def?.out;
}
