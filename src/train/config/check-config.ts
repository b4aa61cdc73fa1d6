// A configuration checked by its task's schema and rules, with all defaults. An error names the key by its path and, for one
// that is unknown, the nearest there is.

import type { z } from 'zod';
import { ConfigError } from '../../errors.ts';
import { nearestName } from '../../options/nearest-name.ts';
import type { Task } from '../task.ts';
import type { RunConfig } from './run-config.ts';
import { keysAt, mayStandAlone } from './schema-walk.ts';

/**
 * Checks a configuration and fills in the defaults.
 * @param source named in errors
 * @throws ConfigError, ArgumentError
 */
export function checkConfig<Config extends RunConfig>(
  task: Task<Config>,
  value: unknown,
  source: string,
): Config {
  const result = task.schema.safeParse(value);
  if (!result.success) {
    throw new ConfigError(`${source}: ${describeIssue(task.schema, result.error.issues, value)}`);
  }
  const config = task.complete?.(result.data, value) ?? result.data;
  const [problem] = task.problems(config);
  if (problem === undefined) return config;
  throw new ConfigError(`${source}: key "${problem.path.join('.')}": ${problem.message}`);
}

/** The first of the issues; an unknown key before what may be missing for its sake. */
function describeIssue(schema: z.ZodType, issues: readonly z.core.$ZodIssue[], value: unknown): string {
  const unknown = issues.find((each) => each.code === 'unrecognized_keys');
  if (unknown !== undefined) {
    return describeUnknown(schema, unknown.path.map(String), unknown.keys[0] as string);
  }
  const [issue] = issues as [z.core.$ZodIssue];
  const path = issue.path.map(String);
  const found = valueAt(schema, value, path);
  if (path.length === 0) return `${issue.message} but found ${describe(found)}`;
  const name = path.join('.');
  const expected = `key "${name}": ${issue.message}`;
  if (found === undefined) return `${expected} but it is missing`;
  const quoted = `, a ${typeof found}: put it in quotes to make it a text, as in --set ${name}='"${found}"'`;
  const remedy = issue.code === 'invalid_type' && issue.expected === 'string' && typeof found !== 'object';
  return `${expected} but found ${describe(found)}${remedy ? quoted : ''}`;
}

function describeUnknown(schema: z.ZodType, path: readonly string[], name: string): string {
  const known = keysAt(schema, path);
  const near = nearestName(name, known);
  const remedy =
    near === undefined ? `expected one of ${known.join(', ')}` : `did you mean ${[...path, near].join('.')}?`;
  return `unknown key "${[...path, name].join('.')}"; ${remedy}`;
}

/** The value at a path of the schema, where shorthands are written out: `data.0` may be `data` itself, or its path. */
function valueAt(schema: z.ZodType, value: unknown, path: readonly string[]): unknown {
  let here = value;
  for (const [index, key] of path.entries()) {
    if (!Array.isArray(here) && mayStandAlone(schema, path.slice(0, index))) continue;
    if (typeof here === 'string') continue;
    here = typeof here === 'object' && here !== null ? (here as Record<string, unknown>)[key] : undefined;
  }
  return here;
}

/** A value of a configuration, as it is written, cut short. */
export function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  return (JSON.stringify(value) ?? typeof value).slice(0, 60);
}
