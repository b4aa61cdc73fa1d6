// A run's configuration from a JSON or YAML file, a ready configuration by name, and `key=value` pairs, put together and
// checked. An error names the key by its path and, for one that is unknown, the nearest there is.

import { extname } from 'node:path';
import type { z } from 'zod';
import { ArgumentError, ConfigError } from '../errors.ts';
import { readWholeFile } from '../io/input-file.ts';
import { readJsonFile } from '../io/json-file.ts';
import { decodeUtf8 } from '../io/json-text.ts';
import { configSchema, type TrainConfig, type TrainConfigInput } from './config.ts';
import { nearestName } from './nearest-name.ts';
import { READY_CONFIGS } from './ready-configs.ts';

type Table = Record<string, unknown>;

/** A text in place of a table stands for this key of it. */
const shorthands: Record<string, string> = { data: 'path', evaluation: 'data', objective: 'name' };

const maxConfigBytes = 2 ** 20;

/**
 * Checks a configuration and fills in the defaults.
 * @param source named in errors
 * @throws ConfigError
 */
export function checkConfig(value: TrainConfigInput | unknown, source: string): TrainConfig {
  const result = configSchema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues as [z.core.$ZodIssue];
  throw new ConfigError(`${source}: ${describeIssue(issue, value)}`);
}

function describeIssue(issue: z.core.$ZodIssue, value: unknown): string {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') return describeUnknown(path, issue.keys[0] as string);
  const expected = `key "${path.join('.')}": ${issue.message}`;
  if (issue.code === 'custom') return expected;
  const found = valueAt(value, path);
  if (found === undefined && issue.code === 'invalid_type') return `${expected} but it is missing`;
  return `${expected} but found ${describe(found)}`;
}

function describeUnknown(path: readonly string[], name: string): string {
  const known = keysAt(configSchema, path);
  const near = nearestName(name, known);
  const remedy =
    near === undefined ? `expected one of ${known.join(', ')}` : `did you mean ${[...path, near].join('.')}?`;
  return `unknown key "${[...path, name].join('.')}"; ${remedy}`;
}

/**
 * Reads a ready configuration by its name, or a file.
 * @throws FileError, FormatError, ConfigError
 */
export async function readConfig(nameOrPath: string): Promise<Table> {
  if (Object.hasOwn(READY_CONFIGS, nameOrPath)) return { ...READY_CONFIGS[nameOrPath] };
  const extension = extname(nameOrPath).toLowerCase();
  if (!['.json', '.yaml', '.yml'].includes(extension)) {
    const names = Object.keys(READY_CONFIGS);
    const near = nearestName(nameOrPath, names);
    const hint = near === undefined ? '' : ` (did you mean ${near}?)`;
    throw new ArgumentError(
      `expected ${names.join(', ')}, or a file named .json or .yaml, but received ${nameOrPath}${hint}`,
    );
  }
  const value =
    extension === '.json' ? await readJsonFile(nameOrPath, maxConfigBytes) : await readYaml(nameOrPath);
  if (isTable(value)) return value;
  throw new ConfigError(`${nameOrPath}: expected a table of keys but found ${describe(value)}`);
}

async function readYaml(path: string): Promise<unknown> {
  const text = decodeUtf8(await readWholeFile(path, maxConfigBytes), path);
  const { parse } = await import('yaml');
  try {
    return parse(text, { maxAliasCount: 100 });
  } catch (cause) {
    const problem = (cause as Error).message.split('\n', 1)[0]?.replace(/:$/, '');
    throw new ConfigError(`${path}: expected YAML: ${problem}`, { cause });
  }
}

/**
 * Sets `a.b.c=value` in a configuration: a value that reads as JSON is that, any other is text.
 * @throws ArgumentError when the pair has no `=` or goes below something that is no table
 */
export function setValue(config: Table, pair: string): void {
  const equals = pair.indexOf('=');
  if (equals < 1) throw new ArgumentError(`expected key=value but received "${pair}"`);
  const path = pair.slice(0, equals).split('.');
  let table: unknown = config;
  for (const [index, key] of path.slice(0, -1).entries()) {
    const here = table as Table;
    const name = shorthands[key];
    if (typeof here[key] === 'string' && name !== undefined) here[key] = { [name]: here[key] };
    here[key] = structuredClone(here[key] ?? {});
    table = here[key];
    if (typeof table === 'object' && table !== null) continue;
    throw new ArgumentError(
      `expected ${path.slice(0, index + 1).join('.')} to be a table, for ${pair}, but it is not one`,
    );
  }
  (table as Table)[path.at(-1) as string] = parseValue(pair.slice(equals + 1));
}

function parseValue(written: string): unknown {
  if (!/^(-?\d|[[{"]|(true|false|null)$)/.test(written)) return written;
  try {
    return JSON.parse(written);
  } catch {
    return written;
  }
}

/** The keys that the schema knows at a path. */
function keysAt(schema: z.ZodType, path: readonly string[]): string[] {
  let here: unknown = bare(schema);
  for (const key of path) {
    const { def } = here as { def: { shape?: Record<string, unknown>; element?: unknown } };
    here = bare(def.shape === undefined ? def.element : def.shape[key]);
  }
  return Object.keys((here as { def: { shape?: object } } | undefined)?.def.shape ?? {});
}

/** A schema without its defaults, options and shorthands. */
function bare(schema: unknown): unknown {
  const { def } = schema as { def: { innerType?: unknown; out?: unknown } };
  const inner = def.innerType ?? def.out;
  return inner === undefined ? schema : bare(inner);
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  let here = value;
  for (const key of path) here = isTable(here) || Array.isArray(here) ? (here as Table)[key] : undefined;
  return here;
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  return (JSON.stringify(value) ?? typeof value).slice(0, 60);
}
