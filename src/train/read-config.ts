// A run's configuration from a JSON or YAML file, a ready configuration by name, and `key=value` pairs, put together and
// checked. An error names the key by its path and, for one that is unknown, the nearest there is.

import { extname } from 'node:path';
import type { z } from 'zod';
import { ArgumentError, ConfigError } from '../errors.ts';
import { readWholeFile } from '../io/files/input-file.ts';
import { readJsonFile } from '../io/files/json-file.ts';
import { decodeUtf8 } from '../io/files/json-text.ts';
import { nearestName } from '../options/nearest-name.ts';
import { configSchema, type TrainConfig, type TrainConfigInput } from './config.ts';
import { checkRules } from './config-rules.ts';
import { type CustomObjective, customConfig } from './custom-objective.ts';
import { READY_CONFIGS } from './ready-configs.ts';

type Table = Record<string, unknown>;

/** A text in place of a table stands for this key of it. */
const shorthands: Record<string, string> = { data: 'path', evaluation: 'data', objective: 'name' };

const maxConfigBytes = 2 ** 20;

/**
 * Checks a configuration and fills in the defaults.
 * @param source named in errors
 * @param custom an objective in code, in place of a named one
 * @throws ConfigError, ArgumentError
 */
export function checkConfig(
  value: TrainConfigInput | unknown,
  source: string,
  custom?: CustomObjective,
): TrainConfig {
  const objective = custom && customConfig(custom, value);
  const result = configSchema.safeParse(value);
  if (!result.success) throw new ConfigError(`${source}: ${describeIssue(result.error.issues, value)}`);
  const config = objective === undefined ? result.data : { ...result.data, objective };
  const [problem] = checkRules(config);
  if (problem === undefined) return config;
  throw new ConfigError(`${source}: key "${problem.path.join('.')}": ${problem.message}`);
}

/** The first of the issues; an unknown key before what may be missing for its sake. */
function describeIssue(issues: readonly z.core.$ZodIssue[], value: unknown): string {
  const unknown = issues.find((each) => each.code === 'unrecognized_keys');
  if (unknown !== undefined) return describeUnknown(unknown.path.map(String), unknown.keys[0] as string);
  const [issue] = issues as [z.core.$ZodIssue];
  const path = issue.path.map(String);
  const found = valueAt(value, path);
  if (path.length === 0) return `${issue.message} but found ${describe(found)}`;
  const name = path.join('.');
  const expected = `key "${name}": ${issue.message}`;
  if (found === undefined) return `${expected} but it is missing`;
  const quoted = `, a ${typeof found}: in quotes it is a text, as in --set ${name}='"${found}"'`;
  const remedy = issue.code === 'invalid_type' && issue.expected === 'string' && typeof found !== 'object';
  return `${expected} but found ${describe(found)}${remedy ? quoted : ''}`;
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
 * Sets `a.b.c=value` in a configuration: a value that reads as JSON is that, any other is text. Data sets are numbered from
 * 0; where there is one alone, `data.0.columns` and `data.columns` are the same.
 * @throws ArgumentError when the pair has no `=` or goes below something that is no table
 */
export function setValue(config: Table, pair: string): void {
  const equals = pair.indexOf('=');
  if (equals < 1) {
    const isConfig = Object.hasOwn(READY_CONFIGS, pair) || /\.(json|ya?ml)$/i.test(pair);
    const hint = isConfig ? ": a configuration's name or file comes first, before --set" : '';
    throw new ArgumentError(`expected key=value but received "${pair}"${hint}`);
  }
  const path = pair.slice(0, equals).split('.');
  const [first, second = ''] = path;
  if (first === 'data' && /^\d+$/.test(second) && !Array.isArray(config.data)) {
    config.data = config.data === undefined ? [] : [config.data];
  }
  let here = config;
  for (const [index, key] of path.entries()) {
    checkKey(here, path.slice(0, index + 1), pair);
    if (index === path.length - 1) here[key] = parseValue(pair.slice(equals + 1));
    else here = tableBelow(here, path.slice(0, index + 1), pair);
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
function tableBelow(here: Table, path: readonly string[], pair: string): Table {
  const key = path.at(-1) as string;
  const short = shorthands[/^\d+$/.test(key) ? 'data' : key];
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

/** The value at a path of the schema, where shorthands are written out: `data.0` may be `data` itself, or its path. */
function valueAt(value: unknown, path: readonly string[]): unknown {
  let here = value;
  for (const [index, key] of path.entries()) {
    if (path[0] === 'data' && index === 1 && !Array.isArray(here)) continue;
    if (typeof here === 'string') continue;
    here = isTable(here) || Array.isArray(here) ? (here as Table)[key] : undefined;
  }
  return here;
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  return (JSON.stringify(value) ?? typeof value).slice(0, 60);
}
