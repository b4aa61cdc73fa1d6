// A configuration from a JSON or YAML file.

import { extname } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { readWholeFile } from '../../io/files/input-file.ts';
import { readJsonFile } from '../../io/files/json-file.ts';
import { decodeUtf8 } from '../../io/files/json-text.ts';
import { describe } from './check-config.ts';

const maxConfigBytes = 2 ** 20;

/** Whether a name is one of a configuration's file. */
export const isConfigFile = (name: string) => /^\.(json|ya?ml)$/i.test(extname(name));

/** @throws FileError, FormatError, ConfigError */
export async function readConfigFile(path: string): Promise<Record<string, unknown>> {
  const json = extname(path).toLowerCase() === '.json';
  const value = json ? await readJsonFile(path, maxConfigBytes) : await readYaml(path);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new ConfigError(`${path}: expected a table of keys but found ${describe(value)}`);
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
